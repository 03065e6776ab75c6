"""The lines that the platform itself writes in the timelines, and the event that tells the other slices."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from rempart.alerts import events
from rempart.alerts.models import Target, TargetEvent
from rempart.kernel import outbox
from rempart.kernel.actors import system

ROUTER = system("alerts")
_TOLD_AT_ONCE = 500


def record_events(targets: Iterable[Target], kind: str, at: datetime, detail: dict[str, object]) -> None:
    """The same line in the timeline of each target, by the platform."""
    TargetEvent.objects.bulk_create(
        [
            TargetEvent(
                target=target,
                body_id=target.body_id,
                at=at,
                kind=kind,
                actor_label=ROUTER.label,
                detail=detail,
            )
            for target in targets
        ],
        batch_size=500,
    )


def tell(directive_id: int, targets: Iterable[Target], what: str) -> None:
    """Publishes that these targets of a directive changed; nothing when there are none."""
    ids = [target.pk for target in targets]
    for start in range(0, len(ids), _TOLD_AT_ONCE):
        outbox.publish(
            events.CHANGED,
            f"directive:{directive_id}",
            {"directive_id": directive_id, "target_ids": ids[start : start + _TOLD_AT_ONCE], "what": what},
        )
