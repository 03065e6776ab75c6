"""What a body already has, that its inventories refer to: owners, locations, services, assets."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice

from rempart.assets.folding import folded
from rempart.assets.models import Asset, Location
from rempart.kernel.actors import Actor, system
from rempart.kernel.permissions import Permission
from rempart.organisations import queries as organisations

_CHUNK = 5_000


@dataclass(frozen=True)
class Surroundings:
    """The body's own words → ids. Names are folded; e-mails in lower case; services by key and by name."""

    body_id: int
    body_words: frozenset[str]
    owners: dict[str, int]
    locations: dict[str, int]
    services: dict[str, str]


def surroundings_of(body_id: int) -> Surroundings:
    """Reads what rows may refer to, in four queries."""
    platform = system("assets")
    words = organisations.organisations(platform).values_list("code", "name_fr", "name_en").get(id=body_id)
    emails = organisations.people(platform).filter(body_id=body_id, active=True).values_list("email", "id")
    locations: dict[str, int] = {}
    for location_id, *names in Location.objects.filter(body_id=body_id).values_list(
        "id", "name_fr", "name_en", "code"
    ):
        locations.update({folded(name): location_id for name in names if name})
    services: dict[str, str] = {}
    known = Asset.objects.filter(body_id=body_id, kind=Asset.Kind.SERVICE)
    for key, *names in known.values_list("key", "name_fr", "name_en"):
        services.update({folded(name): key for name in (*names, key) if name})
    return Surroundings(
        body_id=body_id,
        body_words=frozenset(folded(word) for word in words if word),
        owners={email.lower(): person_id for email, person_id in emails},
        locations=locations,
        services=services,
    )


def existing_keys(body_id: int, keys: Collection[str]) -> set[str]:
    """Which of these keys the body has already."""
    found: set[str] = set()
    for chunk in _chunks(keys):
        found.update(Asset.objects.filter(body_id=body_id, key__in=chunk).values_list("key", flat=True))
    return found


def assets_elsewhere(actor: Actor, references: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """(body code, key) → id of the assets of any body that the actor may see."""
    by_code: dict[str, list[str]] = {}
    for code, key in references:
        by_code.setdefault(code, []).append(key)
    visible = Asset.objects.visible_to(actor, Permission.ASSET_READ)
    found: dict[tuple[str, str], int] = {}
    for code, keys in by_code.items():
        for chunk in _chunks(keys):
            rows = visible.filter(body__code=code, key__in=chunk).values_list("key", "id")
            found.update({(code, key): asset_id for key, asset_id in rows})
    return found


def _chunks(values: Collection[str]) -> Iterator[list[str]]:
    waiting = iter(values)
    while chunk := list(islice(waiting, _CHUNK)):
        yield chunk
