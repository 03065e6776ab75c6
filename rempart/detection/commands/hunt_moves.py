"""How the state of a hunt's run changes, whoever changes it: in order, audited, told to open pages."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from rempart.detection.events import HUNT_MOVED
from rempart.detection.models import HuntRun
from rempart.kernel import audit, outbox
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Conflict
from rempart.kernel.time import now

S = HuntRun.State
_FOLLOWS: dict[str, frozenset[str]] = {
    S.ESTIMATED: frozenset({S.ASKED}),
    S.AUTHORISED: frozenset({S.ESTIMATED}),
    S.REFUSED: frozenset({S.ASKED, S.ESTIMATED}),
    S.RUNNING: frozenset({S.AUTHORISED}),
    S.DONE: frozenset({S.RUNNING}),
    S.FAILED: frozenset({S.ASKED, S.ESTIMATED, S.AUTHORISED, S.RUNNING}),
    S.CANCELLED: frozenset({S.ASKED, S.ESTIMATED, S.AUTHORISED, S.RUNNING}),
}


def move(
    actor: Actor, run: HuntRun, state: str, *, reason: str = "", told: dict[str, Any] | None = None
) -> None:
    """Puts a run that the caller holds (``select_for_update``) in a state, with what else changed of it.

    ``reason`` is a person's; ``told`` goes to the audit trail. Raises Conflict when the state before does not
    lead there.
    """
    before = run.state
    if before not in _FOLLOWS[state]:
        raise Conflict(_("Cette chasse n’en est plus là."), code="hunt_state")
    run.state = state
    if state in HuntRun.ENDED:
        run.ended_at = now()
    run.save()
    audit.record(
        actor, "hunt.moved", run, before={"state": before}, after={"state": state, **(told or {})},
        reason=reason,
    )  # fmt: skip
    tell(run)


def tell(run: HuntRun) -> None:
    """Tells open pages, and whoever reacts, that a run changed."""
    outbox.publish(
        HUNT_MOVED, f"hunt:{run.hunt_id}",
        {"body_id": run.body_id, "hunt_id": run.hunt_id, "run_id": run.pk, "state": run.state},
    )  # fmt: skip
