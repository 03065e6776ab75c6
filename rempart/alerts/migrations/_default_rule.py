"""The rule a government starts with: what is known to be exploited and must be acted on now is sent at once."""

from typing import Any


def add(apps: Any, schema_editor: Any) -> None:
    apps.get_model("alerts", "AlertRule").objects.create(
        name_fr="Vulnérabilité activement exploitée, à traiter maintenant",
        name_en="Known exploited vulnerability to act on now",
        enabled=True,
        kev_only=True,
        minimum_priority="act_now",
        marking="TLP:AMBER",
    )
