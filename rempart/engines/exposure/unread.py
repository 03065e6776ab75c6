"""The ranges of a statement that no version can be compared with, whoever installed the product."""

from __future__ import annotations

from typing import Final, NamedTuple

from rempart.engines.exposure.model import Affected
from rempart.engines.exposure.ranges import compile_affected

#: Why a range decides nothing, whoever installed the product: of the codes of ``matching.REASONS``.
UNREAD: Final = (
    "contradictory_range",
    "contradictory_default",
    "unreadable_range",
    "unstated_version",
    "git_range",
)


class Unread(NamedTuple):
    """A range as its source writes it, and why it decides nothing, one of ``UNREAD``."""

    reason: str
    text: str


def unread_ranges(affected: Affected) -> tuple[Unread, ...]:
    """What stays unread of a statement; of texts that name no version at all, one stands for all."""
    compiled = compile_affected(affected)
    found = [Unread(one.problem, one.quote) for one in compiled.ranges if one.problem]
    if compiled.contradictory:
        found.append(Unread("contradictory_default", f"defaultStatus: {affected.default_status}"))
    return tuple(found)
