from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "rempart.web"
    label = "web"

    def ready(self) -> None:
        for room in ("reactions", "jobs", "sessions"):
            if find_spec(f"{self.name}.{room}"):
                import_module(f"{self.name}.{room}")
