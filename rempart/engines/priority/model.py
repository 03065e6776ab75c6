"""The four inputs of a decision and its outcome.

The inputs are those of the deployer's tree of SSVC (Stakeholder-Specific Vulnerability Categorization,
CERT/CC, also used by CISA): state of exploitation, exposure of the system, whether an attack can be
automated, and the impact on the mission. Values are declared from the least to the most worrying: their
order is their meaning.
"""

from collections.abc import Iterator
from enum import StrEnum
from itertools import product
from typing import NamedTuple, Self


class Scale(StrEnum):
    """Text values in rising order of concern."""

    @property
    def rank(self) -> int:
        """Position in the scale, from 0."""
        return list(type(self)).index(self)

    def softer(self) -> Self | None:
        """Return the value one step less worrying, `None` at the bottom."""
        return list(type(self))[self.rank - 1] if self.rank else None


class Exploitation(Scale):
    """Is the vulnerability exploited: nothing known, a public proof of concept, or attacks seen (KEV)."""

    NONE = "none"
    POC = "poc"
    ACTIVE = "active"


class Exposure(Scale):
    """Who can reach the affected system: internal users, a controlled perimeter, anyone on the internet."""

    INTERNAL = "internal"
    CONTROLLED = "controlled"
    INTERNET = "internet"


class Automatable(Scale):
    """Can an attacker automate every step up to exploitation."""

    NO = "no"
    YES = "yes"


class Impact(Scale):
    """Impact on the mission, from the criticality that the asset inherits."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    VERY_HIGH = "very_high"

    @classmethod
    def from_criticality(cls, criticality: int) -> "Impact":
        """Return the impact of a criticality of 1..4; 0 (none stated) counts as 1.

        Raises `ValueError` outside 0..4.
        """
        if not 0 <= criticality <= 4:
            raise ValueError(f"criticality {criticality}: expected 0..4")
        return list(cls)[max(criticality, 1) - 1]


class Outcome(Scale):
    """What to do, from the softest to the most urgent."""

    DEFER = "defer"
    SCHEDULED = "scheduled"
    OUT_OF_CYCLE = "out_of_cycle"
    ACT_NOW = "act_now"


class Point(NamedTuple):
    """One combination of the inputs."""

    exploitation: Exploitation
    exposure: Exposure
    automatable: Automatable
    impact: Impact

    def softenings(self) -> Iterator[tuple[str, "Point"]]:
        """Yield each input's name with the point where that input alone is one step less worrying."""
        if (exploitation := self.exploitation.softer()) is not None:
            yield "exploitation", self._replace(exploitation=exploitation)
        if (exposure := self.exposure.softer()) is not None:
            yield "exposure", self._replace(exposure=exposure)
        if (automatable := self.automatable.softer()) is not None:
            yield "automatable", self._replace(automatable=automatable)
        if (impact := self.impact.softer()) is not None:
            yield "impact", self._replace(impact=impact)


def all_points() -> list[Point]:
    """Return the 72 combinations, in the order of a printed table."""
    return [Point(*values) for values in product(Exploitation, Exposure, Automatable, Impact)]
