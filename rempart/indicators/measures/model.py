"""What a measure is, and over which bodies a place of the tree is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Measure:
    """A value with what it was made of: numerator and denominator, or (percentiles) how many were ranked."""

    value: float | None
    numerator: float | None = None
    denominator: float | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """The places measured: for each, all that stands below it (itself included), and its public bodies."""

    below: Mapping[int, frozenset[int]] = field(default_factory=dict)
    bodies: Mapping[int, frozenset[int]] = field(default_factory=dict)


def shares(
    places: Places, parts: Mapping[int, tuple[float, float]], *, scale: float = 1.0
) -> dict[int, Measure]:
    """Each place's Σ numerator ÷ Σ denominator × scale; no value where there is nothing to divide by."""
    found = {}
    for place, below in places.below.items():
        pairs = [parts[each] for each in below & parts.keys()]
        numerator, denominator = sum(n for n, _ in pairs), sum(d for _, d in pairs)
        found[place] = Measure(
            numerator / denominator * scale if denominator else None, numerator, denominator
        )
    return found


def share_of_bodies(places: Places, good: frozenset[int]) -> dict[int, Measure]:
    """Each place's share of public bodies that are ``good``."""
    parts = {each: (float(each in good), 1.0) for bodies in places.bodies.values() for each in bodies}
    return shares(places, parts)


def count_of_bodies(places: Places, found: frozenset[int]) -> dict[int, Measure]:
    """Each place's number of public bodies among ``found``, of all its bodies."""
    return {
        place: Measure(float(len(bodies & found)), float(len(bodies & found)), float(len(bodies)))
        for place, bodies in places.bodies.items()
    }
