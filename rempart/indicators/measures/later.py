"""Measures of what later slices hold: each registers its own, and none is called by name from here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from rempart.indicators.measures.model import Measure, Places, shares

# Body → (numerator, denominator), over a period.
Parts = Callable[[datetime, datetime], Mapping[int, tuple[float, float]]]

_shares: dict[str, Parts] = {}


def register_share(code: str, parts: Parts) -> None:
    """Gives an indicator of ``definitions`` (a share) what it is made of; once more, it replaces that."""
    _shares[code] = parts


def later_shares(places: Places, since: datetime, until: datetime) -> dict[str, dict[int, Measure]]:
    """The registered shares, for each place."""
    return {code: shares(places, dict(parts(since, until))) for code, parts in _shares.items()}
