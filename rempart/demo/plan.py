"""What the demo government is made of, computed from a seed alone: the same seed, the same government."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rempart.demo import names
from rempart.demo.catalogue import PRODUCTS, Product

ROOT, COMMAND = "gouvernement", "cgcd"


@dataclass(frozen=True)
class Place:
    code: str
    kind: str
    parent: str
    name_fr: str
    name_en: str
    sector: str = ""
    essential: bool = False


@dataclass(frozen=True)
class Staff:
    """Someone and their duty in a place; ``deputy`` is the e-mail of who answers in their absence."""

    place: str
    name: str
    email: str
    duty: str
    language: str
    deputy: str = ""


@dataclass(frozen=True)
class Inventory:
    """What a body holds: rows for ``assets.commands.upsert_inventory``."""

    place: str
    assets: list[dict[str, Any]] = field(default_factory=list)


def places(bodies: int, seed: int) -> list[Place]:
    """The tree, parents first: government, command centre, 12 operational centres, and the bodies in turn."""
    made = [
        Place(ROOT, "government", "", "Gouvernement fictif", "Fictional government"),
        Place(
            COMMAND,
            "cgcd",
            ROOT,
            "Centre gouvernemental de cyberdéfense (démo)",
            "Government Cyberdefence Centre (demo)",
        ),
    ]
    for code, french, english in names.CENTRES:
        made.append(
            Place(
                f"cocd-{code}",
                "cocd",
                COMMAND,
                f"COCD {french} (démo)",
                f"{english} operational centre (demo)",
                french,
            )
        )
    for number in range(bodies):
        sector, french, _english = names.CENTRES[number % len(names.CENTRES)]
        kinds, turn = names.KINDS[sector], number // len(names.CENTRES)
        kind_fr, kind_en = kinds[turn % len(kinds)]
        place = (turn // len(kinds) + number * 7) % len(names.PLACES)
        series = number // (len(names.PLACES) * len(names.CENTRES))
        suffix = f" {series + 1}" if series else ""
        made.append(
            Place(
                f"op-{number + 1:03d}",
                "body",
                f"cocd-{sector}",
                kind_fr.format(names.PLACES[place]) + suffix,
                kind_en.format(names.PLACES_EN[place]) + suffix,
                french,
                random.Random(f"{seed}:{number}").random() < 0.2,
            )
        )
    return _distinct(made)


def _distinct(made: list[Place]) -> list[Place]:
    """Adds a number to names that came out twice."""
    seen: dict[str, int] = {}
    result = []
    for place in made:
        times = seen[place.name_fr] = seen.get(place.name_fr, 0) + 1
        if times == 1:
            result.append(place)
            continue
        result.append(
            Place(
                place.code,
                place.kind,
                place.parent,
                f"{place.name_fr} ({times})",
                f"{place.name_en} ({times})",
                place.sector,
                place.essential,
            )
        )
    return result


def staff(tree: list[Place], seed: int) -> list[Staff]:
    """A COMSI and a deputy for each body, an analyst on duty for each centre and for the command."""
    people = []
    for place in tree:
        draw = random.Random(f"{seed}:staff:{place.code}")

        def someone(duty: str, place: Place = place, draw: random.Random = draw) -> Staff:
            name = f"{draw.choice(names.FIRST_NAMES)} {draw.choice(names.LAST_NAMES)}"
            language = "en" if draw.random() < 0.1 else "fr"
            return Staff(place.code, name, f"{duty}.{place.code}@demo.rempart.test", duty, language)

        if place.kind == "body":
            deputy, csio = someone("adjoint"), someone("csio")
            comsi = someone("comsi")
            people += [deputy, csio, Staff(**{**comsi.__dict__, "deputy": deputy.email})]
        elif place.kind in {"cocd", "cgcd"}:
            people.append(someone("garde"))
    return people


def inventories(tree: list[Place], assets: int, seed: int) -> Iterator[Inventory]:
    """For each body its services, systems and assets with what is installed; about ``assets`` in all."""
    bodies = [place for place in tree if place.kind == "body"]
    for number, place in enumerate(bodies):
        draw = random.Random(f"{seed}:assets:{place.code}")
        share = assets // len(bodies) + (1 if number < assets % len(bodies) else 0)
        yield Inventory(place.code, _body_assets(place, max(share, 12), draw))


def _body_assets(place: Place, total: int, draw: random.Random) -> list[dict[str, Any]]:
    services = draw.sample(names.SERVICES, min(len(names.SERVICES), 2 + total // 60, 6))
    if place.essential and not any(service[4] for service in services):
        services[0] = next(service for service in names.SERVICES if service[4])
    rows: list[dict[str, Any]] = []
    systems: list[tuple[str, bool]] = []
    for key, french, english, criticality, essential, public in services:
        needs = []
        for layer in ("web", "app", "bd"):
            system = f"sys-{key}-{layer}"
            systems.append((system, public and layer == "web"))
            needs.append(system)
            rows.append(_asset(system, "system", f"{french} · {layer}", f"{english} · {layer}", place, draw))
        rows.append(
            _asset(f"srv-{key}", "service", french, english, place, draw)
            | {
                "criticality": criticality,
                "essential": essential,
                "network_exposure": "internet" if public else "internal",
                "rto_hours": {4: 4, 3: 24, 2: 72, 1: 168}[criticality],
                "rpo_hours": {4: 1, 3: 12, 2: 24, 1: 72}[criticality],
                "confidentiality": min(4, criticality + draw.randint(-1, 1)) or 1,
                "integrity": criticality,
                "availability": criticality,
                "depends_on": needs,
            }
        )
    behind = draw.random()  # how far behind its updates this body is
    by_system: dict[str, list[str]] = {}
    for number in range(total - len(rows)):
        row, system = _machine(number, systems, behind, place, draw)
        rows.append(row)
        if system:
            by_system.setdefault(system, []).append(row["key"])
    for row in rows:
        if row["kind"] == "system":
            row["depends_on"] = by_system.get(row["key"], [])
    return rows


_MACHINES = (
    ("server", 0.34),
    ("workstation", 0.40),
    ("application", 0.10),
    ("container", 0.08),
    ("network", 0.08),
)


_LABELS = {
    "server": ("Serveur", "Server"),
    "workstation": ("Poste", "Workstation"),
    "application": ("Application", "Application"),
    "container": ("Conteneur", "Container"),
    "network": ("Équipement réseau", "Network device"),
}


def _machine(
    number: int, systems: list[tuple[str, bool]], behind: float, place: Place, draw: random.Random
) -> tuple[dict[str, Any], str]:
    kind = draw.choices([kind for kind, _ in _MACHINES], [weight for _, weight in _MACHINES])[0]
    label = _LABELS[kind]
    name = f"{place.code}-{number + 1:04d}"
    row = _asset(
        f"{kind[:3]}-{number + 1:05d}", kind, f"{label[0]} {name}", f"{label[1]} {name}", place, draw
    )
    row["components"] = list(_software(kind, behind, draw))
    system = ""
    if kind != "workstation":
        system, public = draw.choice(systems)
        if kind == "network" or (public and draw.random() < 0.7):
            row["network_exposure"] = "internet"
        elif draw.random() < 0.3:
            row["network_exposure"] = "controlled"
    return row, system


def _software(kind: str, behind: float, draw: random.Random) -> Iterator[dict[str, str]]:
    for product in PRODUCTS:
        if kind in product.runs_on and draw.random() < product.share:
            yield component(product, _version(product, behind, draw))


def _version(product: Product, behind: float, draw: random.Random) -> str:
    newest = len(product.versions) - 1
    lag = draw.random() * behind * (newest + 1)
    return product.versions[max(0, newest - int(lag))]


def component(product: Product, version: str) -> dict[str, str]:
    """A product at a version, as an inventory states it."""
    stated = {"vendor": product.vendor, "product": product.name, "version": version}
    if product.purl:
        stated["purl"] = product.purl.format(version)
    if product.cpe:
        stated["cpe"] = product.cpe.format(version.lower().replace(":", "\\:"))
    return stated


def _asset(
    key: str, kind: str, french: str, english: str, place: Place, draw: random.Random
) -> dict[str, Any]:
    cloud = draw.random() < 0.15
    return {
        "key": key,
        "kind": kind,
        "name": french,
        "name_en": english,
        "network_exposure": "internal",
        "location": "infonuagique" if cloud else "siege",
        "owner": f"csio.{place.code}@demo.rempart.test" if draw.random() < 0.8 else "",
        "components": [],
        "depends_on": [],
    }


def locations(draw_key: str) -> list[dict[str, str]]:
    """The two places where a body's things are."""
    draw = random.Random(draw_key)
    return [
        {"code": "siege", "name_fr": "Siège", "name_en": "Head office", "region": draw.choice(names.REGIONS)},
        {
            "code": "infonuagique", "name_fr": "Région infonuagique", "name_en": "Cloud region",
            "cloud_provider": "Nuage fictif", "cloud_region": "qc-1",
        },
    ]  # fmt: skip
