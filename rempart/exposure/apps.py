from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ExposureConfig(AppConfig):
    name = "rempart.exposure"
    label = "exposure"

    def ready(self) -> None:
        for room in ("reactions", "jobs"):
            if find_spec(f"{self.name}.{room}"):
                import_module(f"{self.name}.{room}")
        from rempart.exposure import counting

        post_migrate.connect(counting.install, sender=self)
