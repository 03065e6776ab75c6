from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class DetectionConfig(AppConfig):
    name = "rempart.detection"
    label = "detection"

    def ready(self) -> None:
        for room in ("reactions", "jobs", "health"):
            if find_spec(f"{self.name}.{room}"):
                import_module(f"{self.name}.{room}")
