"""What this slice does when the others change."""

from __future__ import annotations

from rempart.exposure import commands, jobs
from rempart.exposure.commands import lifecycle
from rempart.kernel.jobs import enqueue_once
from rempart.kernel.outbox import Event, reacts_to


@reacts_to("intelligence.vulnerabilities_changed")
def vulnerabilities_changed(event: Event) -> None:
    """New statements are matched; new facts (KEV, EPSS, SSVC) only change what is urgent."""
    if event.payload.get("affected_changed", True):
        commands.rematch_vulnerabilities(event.payload["ids"], event.payload.get("run_id"))
    else:
        commands.reprioritise(
            vulnerability_ids=event.payload["ids"], cause="facts", feed_run_id=event.payload.get("run_id")
        )


@reacts_to("assets.inventory_changed")
def inventory_changed(event: Event) -> None:
    payload = event.payload
    commands.reconcile_body(payload["body_id"], payload.get("import_id"), payload.get("asset_ids"))


@reacts_to("assets.criticality_changed")
def criticality_changed(event: Event) -> None:
    commands.reprioritise(
        asset_ids=event.payload.get("asset_ids"), body_id=event.payload.get("body_id"), cause="criticality"
    )


@reacts_to("assets.network_exposure_changed")
def network_exposure_changed(event: Event) -> None:
    commands.reprioritise(asset_ids=event.payload["asset_ids"], cause="network_exposure")


@reacts_to("assets.inventory_changed")
def support_follows_inventory(event: Event) -> None:
    lifecycle.hold_support(event.payload["body_id"])


@reacts_to("organisations.office_changed")
def office_changed(event: Event) -> None:
    """Due dates counted in open hours or days are counted again: not while events wait."""
    enqueue_once(jobs.reprioritise_all, "exposure.reprioritise")


@reacts_to("intelligence.lifecycle_changed")
def support_dates_changed(event: Event) -> None:
    """Hundreds of thousands of components are looked up again: not while events wait."""
    jobs.relocate_all.enqueue()
