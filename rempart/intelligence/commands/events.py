"""What this slice tells the others."""

from __future__ import annotations

from collections.abc import Iterable

from rempart.intelligence.commands.counts import batches
from rempart.kernel import outbox

CHANGED = "intelligence.vulnerabilities_changed"


def publish_changed(ids: Iterable[int], *, affected_changed: bool, run_id: int | None) -> None:
    """Tells which vulnerabilities changed, at most 500 in an event, in the caller's transaction.

    ``run_id`` is the reading of the feed (FeedRun) that brought it, if one did.
    """
    for batch in batches(sorted(ids)):
        payload = {"ids": batch, "affected_changed": affected_changed, "run_id": run_id}
        outbox.publish(CHANGED, "intelligence", payload)
