"""What the slice does when exposure or inventories change."""

from __future__ import annotations

from django.utils.dateparse import parse_datetime

from rempart.alerts import commands
from rempart.kernel.outbox import Event, reacts_to
from rempart.kernel.time import now


@reacts_to("exposure.changed")
def route(event: Event) -> None:
    commands.route_vulnerabilities(event.payload["vulnerability_ids"])


@reacts_to("assets.inventory_changed")
def compare_with_declared(event: Event) -> None:
    observed = event.payload.get("observed_at")
    commands.body_reported(
        event.payload["body_id"],
        (parse_datetime(observed) if observed else None) or now(),
        event.payload.get("import_id"),
    )
