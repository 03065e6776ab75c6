"""The bodies and centres that a list offers to filter by."""

from __future__ import annotations

from dataclasses import dataclass

from rempart.kernel.actors import Actor
from rempart.kernel.keeping import Kept
from rempart.kernel.permissions import Permission
from rempart.kernel.text import in_language, language_of_reader
from rempart.organisations.models import Kind
from rempart.organisations.queries.tree import bodies


@dataclass(frozen=True, slots=True)
class PlaceChoices:
    """(code, name) of bodies and of the operational centres above them, by code."""

    bodies: tuple[tuple[str, str], ...]
    centres: tuple[tuple[str, str], ...]


# Every list of every page offers them, and they change a few times a year.
_kept: Kept[PlaceChoices] = Kept(seconds=60)


def choices(actor: Actor, permission: Permission) -> PlaceChoices:
    """The bodies over which the actor holds this permission and their centres, as of a minute ago at most."""
    key = (actor.scope(permission), language_of_reader())
    return _kept.get(key, lambda: _read(actor, permission))


def _read(actor: Actor, permission: Permission) -> PlaceChoices:
    rows = bodies(actor, permission).order_by("code").values_list(
        "code", "name_fr", "name_en", "parent__kind", "parent__code", "parent__name_fr", "parent__name_en"
    )  # fmt: skip
    found, centres = [], {}
    for code, french, english, kind, above, above_fr, above_en in rows:
        found.append((code, in_language(french, english)))
        if kind == Kind.COCD:
            centres[above] = in_language(above_fr, above_en)
    return PlaceChoices(tuple(found), tuple(sorted(centres.items())))
