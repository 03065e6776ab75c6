"""The tree as measures need it, read once."""

from __future__ import annotations

from collections import defaultdict

from rempart.indicators.measures.model import Places
from rempart.kernel.actors import system
from rempart.kernel.time import today
from rempart.organisations import queries as organisations


def all_places() -> Places:
    """Every government, centre and body in activity, with what is below it. One query."""
    rows = organisations.organisations(system("indicators")).values_list("id", "path", "kind", "active_to")
    day = today()
    below: dict[int, set[int]] = defaultdict(set)
    bodies: dict[int, set[int]] = defaultdict(set)
    measured = set()
    for place, path, kind, active_to in rows:
        if active_to is not None and active_to <= day:
            continue
        if kind != "unit":
            measured.add(place)
        for part in path.strip("/").split("/"):
            below[int(part)].add(place)
            if kind == "body":
                bodies[int(part)].add(place)
    return Places(
        {place: frozenset(below[place]) for place in measured},
        {place: frozenset(bodies[place]) for place in measured},
    )
