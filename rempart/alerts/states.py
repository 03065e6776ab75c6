"""The life of a directive in one body: which steps exist, and which may follow which.

sent → delivered → acknowledged → in_progress → declared → verified, with three other ends: not affected,
risk accepted (until a date), withdrawn. Only proof leads to *verified*; only new evidence reopens an end.
"""

from __future__ import annotations

from collections.abc import Mapping

from rempart.alerts.models import Target

S = Target.State

# What a person may do from where. Verification, withdrawal and reopening are the platform's, from evidence.
BY_PERSON: dict[S, frozenset[S]] = {
    S.SENT: frozenset({S.ACKNOWLEDGED}),
    S.DELIVERED: frozenset({S.ACKNOWLEDGED}),
    S.ACKNOWLEDGED: frozenset({S.IN_PROGRESS, S.DECLARED}),
    S.IN_PROGRESS: frozenset({S.DECLARED}),
    S.DECLARED: frozenset({S.IN_PROGRESS}),
}

WAITING = frozenset({S.SENT, S.DELIVERED})
OPEN = frozenset({S.SENT, S.DELIVERED, S.ACKNOWLEDGED, S.IN_PROGRESS, S.DECLARED})
IN_HAND = frozenset({S.ACKNOWLEDGED, S.IN_PROGRESS})  # and nothing declared
OTHER_ENDS = frozenset({S.NOT_AFFECTED, S.ACCEPTED, S.WITHDRAWN})
CLOSED = OTHER_ENDS | {S.VERIFIED}


def after_evidence(
    state: S, acknowledged: bool, counts: Mapping[str, int], *, seen_since_declared: bool
) -> S:
    """The state that the exposures of the body impose on its target.

    ``counts`` are its exposures to the vulnerability by state (open, verified, not_affected, accepted,
    withdrawn). ``seen_since_declared``: an inventory taken after the declaration still shows one open.
    A target stays where it is when nothing contradicts it.
    """
    if counts.get("open", 0):
        if state in CLOSED:
            return S.IN_PROGRESS if acknowledged else S.SENT
        if state == S.DECLARED and seen_since_declared:
            return S.IN_PROGRESS
        return state
    for exposure_state, target_state in (
        ("verified", S.VERIFIED),
        ("accepted", S.ACCEPTED),
        ("not_affected", S.NOT_AFFECTED),
        ("withdrawn", S.WITHDRAWN),
    ):
        if counts.get(exposure_state, 0):
            return target_state
    return S.WITHDRAWN if state in OPEN else state
