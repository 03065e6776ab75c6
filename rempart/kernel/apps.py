from importlib import import_module

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


class KernelConfig(AppConfig):
    name = "rempart.kernel"
    label = "kernel"
    verbose_name = "Kernel"

    def ready(self) -> None:
        import_module("rempart.kernel.french").install()
        import_module("rempart.kernel.commands")  # registers the upkeep that the worker runs
        caching, walls = import_module("rempart.kernel.caching"), import_module("rempart.kernel.walls")
        connection_created.connect(walls.on_connection)
        post_migrate.connect(caching.make_table, sender=self)
        post_migrate.connect(walls.build, sender=self)
