from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class OrganisationsConfig(AppConfig):
    name = "rempart.organisations"
    label = "organisations"

    def ready(self) -> None:
        from rempart.kernel.actors import register_branch_resolver
        from rempart.organisations.queries import branch_scopes

        register_branch_resolver(branch_scopes)
        for room in ("reactions", "jobs"):
            if find_spec(f"{self.name}.{room}"):
                import_module(f"{self.name}.{room}")
