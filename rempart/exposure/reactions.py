"""What this slice does when the others change."""

from __future__ import annotations

from rempart.exposure import commands
from rempart.kernel.outbox import Event, reacts_to


@reacts_to("intelligence.vulnerabilities_changed")
def vulnerabilities_changed(event: Event) -> None:
    """New statements are matched; new facts (KEV, EPSS, SSVC) only change what is urgent."""
    if event.payload.get("affected_changed", True):
        commands.rematch_vulnerabilities(event.payload["ids"])
    else:
        commands.reprioritise(vulnerability_ids=event.payload["ids"], cause="facts")


@reacts_to("assets.inventory_changed")
def inventory_changed(event: Event) -> None:
    commands.reconcile_body(event.payload["body_id"], event.payload.get("import_id"))


@reacts_to("assets.criticality_changed")
def criticality_changed(event: Event) -> None:
    commands.reprioritise(
        asset_ids=event.payload.get("asset_ids"), body_id=event.payload.get("body_id"), cause="criticality"
    )
