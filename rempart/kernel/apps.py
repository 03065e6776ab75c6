from importlib import import_module

from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "rempart.kernel"
    label = "kernel"
    verbose_name = "Kernel"

    def ready(self) -> None:
        import_module("rempart.kernel.french").install()
        import_module("rempart.kernel.commands")  # registers the upkeep that the worker runs
