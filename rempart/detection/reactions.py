"""What detection does when something is detected, and the work it does regularly for it."""

from __future__ import annotations

from datetime import timedelta

from rempart.detection.commands import responding, retention
from rempart.detection.queries.triage_measures import triaged_in_time
from rempart.indicators.measures import register_share
from rempart.kernel.outbox import Event, reacts_to
from rempart.kernel.worker import every

_BATCHES = 10  # of one turn: the worker has other work

register_share("detections_triaged", triaged_in_time)


@every(timedelta(hours=1))
def forget_detections() -> None:
    """Forgets the detections that their bodies have kept for as long as they keep them."""
    retention.forget_due()


@reacts_to("detection.recorded")
def answer_detections(event: Event) -> None:
    responding.respond(event.payload["body_id"], event.payload["detection_ids"])


@every(timedelta(seconds=2))
def send_responses() -> None:
    """Sends the webhooks of responses that are due."""
    for _ in range(_BATCHES):
        if not responding.send_due():
            return
