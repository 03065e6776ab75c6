"""Reading the organisations' tree and the people in it."""

from __future__ import annotations

from collections.abc import Iterable

from rempart.kernel.actors import EVERYTHING, NOTHING, Scope
from rempart.organisations.models import Organisation


def branch_scopes(organisation_ids: Iterable[int]) -> dict[int, Scope]:
    """For each organisation, itself and all below it; the root's branch is everything."""
    wanted = set(organisation_ids)
    places = dict(Organisation.objects.filter(id__in=wanted).values_list("id", "path"))
    result: dict[int, Scope] = dict.fromkeys(wanted, NOTHING)
    for organisation_id, path in places.items():
        if path.count("/") == 2:  # "/1/": the root
            result[organisation_id] = EVERYTHING
            continue
        below = Organisation.objects.filter(path__startswith=path).values_list("id", flat=True)
        result[organisation_id] = Scope(bodies=frozenset(below))
    return result
