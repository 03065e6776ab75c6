"""Makes the demo government through the same commands as anyone: what it shows is what the platform does."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.conf import settings

from rempart.assets import commands as assets
from rempart.demo import plan, watching
from rempart.demo.accounts import SIGN_INS, passwords
from rempart.kernel.actors import system
from rempart.kernel.errors import DomainError
from rempart.kernel.permissions import Permission, Role
from rempart.organisations import commands as organisations
from rempart.organisations import queries

_DEMO = system("demo")
_SINCE = date(2021, 1, 1)
_RECIPE = "demo-recipe.json"
# Duties of the demo: code, French, English, receives alerts, rank.
_TITLES = (
    ("comsi", "Coordonnateur organisationnel des mesures de sécurité (COMSI)", "Security measures coordinator (COMSI)", True, 10),
    ("csio", "Chef de la sécurité de l’information organisationnelle (CSIO)", "Organisational CISO (CSIO)", False, 20),
    ("garde", "Analyste de garde", "Analyst on duty", True, 10),
    ("adjoint", "Adjoint du COMSI", "Deputy COMSI", False, 30),
)  # fmt: skip

# The sign-ins that answer alerts are people of the plan: their duty and their place.
_ON_DUTY = {
    Role.BODY_OFFICER: "comsi.op-001",
    Role.COCD_ANALYST: "garde.cocd-sante",
    Role.CGCD_ANALYST: "garde.cgcd",
}
SOURCE = "cmdb"  # the name of the bodies' inventories


class NoDemo(DomainError):
    """There is no demo government to play with."""

    def __init__(self) -> None:
        super().__init__("aucun gouvernement de démonstration : rempart demo make · make the demo first")


Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Made:
    """How much was made."""

    bodies: int
    people: int
    assets: int
    installs: int
    rules: int
    detections: int


@dataclass(frozen=True)
class Recipe:
    """What the demo government was made from: enough to compute its inventories again."""

    bodies: int
    assets: int
    seed: int


def _keep(recipe: Recipe) -> None:
    (settings.VAR / _RECIPE).write_text(json.dumps(recipe.__dict__), encoding="utf-8")


def recipe() -> Recipe | None:
    """The recipe of the demo government in the database; None when there is no such government."""
    path = settings.VAR / _RECIPE
    return Recipe(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def is_empty() -> bool:
    """Whether the platform holds no organisation yet."""
    return not queries.bodies(_DEMO, Permission.ORGANISATION_READ).exists()


def make(*, bodies: int, total_assets: int, seed: int, progress: Progress) -> Made:
    """Makes the tree, its people and sign-ins, every body's inventory, and what some detect in their logs."""
    tree = plan.places(bodies, seed)
    ids: dict[str, int] = {}
    for number, place in enumerate(tree):
        ids[place.code] = organisations.create_organisation(
            _DEMO, code=place.code, kind=place.kind, parent_code=place.parent, name_fr=place.name_fr,
            name_en=place.name_en, sector=place.sector, essential=place.essential, active_from=_SINCE,
        ).pk  # fmt: skip
        progress("organismes · organisations", number + 1, len(tree))
    people = _people(tree, ids, seed, progress)
    _sign_ins(ids, people)
    _keep(Recipe(bodies, total_assets, seed))
    held = installs = 0
    for number, inventory in enumerate(plan.inventories(tree, total_assets, seed)):
        body_id = ids[inventory.place]
        for location in plan.locations(f"{seed}:{inventory.place}"):
            assets.save_location(_DEMO, body_id=body_id, **location)
        assets.upsert_inventory(_DEMO, body_id=body_id, source=SOURCE, assets=inventory.assets, complete=True)
        held += len(inventory.assets)
        installs += sum(len(asset["components"]) for asset in inventory.assets)
        progress("inventaires · inventories", number + 1, bodies)
    watched = watching.watch(tree, ids, seed)
    return Made(bodies, len(people), held, installs, watched.rules, watched.detections)


def _people(tree: list[plan.Place], ids: dict[str, int], seed: int, progress: Progress) -> dict[str, int]:
    """Address → person."""
    for code, french, english, receives, rank in _TITLES:
        organisations.save_duty_title(
            _DEMO, code=code, name_fr=french, name_en=english, receives_alerts=receives, rank=rank
        )
    staff = plan.staff(tree, seed)
    people: dict[str, int] = {}
    for number, someone in enumerate(staff):
        person = organisations.add_person(
            _DEMO,
            body_id=ids[someone.place],
            name=someone.name,
            email=someone.email,
            language=someone.language,
        )
        people[someone.email] = person.pk
        organisations.give_duty(
            _DEMO, person_id=person.pk, title_code=someone.duty, starts_on=_SINCE,
            deputy_id=people.get(someone.deputy),
        )  # fmt: skip
        organisations.add_channel(
            _DEMO, medium="email", address=someone.email, person_id=person.pk, verified=True
        )
        progress("personnes · people", number + 1, len(staff))
    return people


def _sign_ins(ids: dict[str, int], people: dict[str, int]) -> None:
    known = passwords()
    for each in SIGN_INS:
        user = organisations.create_user(_DEMO, email=each.email, name=each.name, password=known[each.email])
        organisations.grant_role(_DEMO, user_id=user.pk, role=each.role, organisation_code=each.place)
        planned = people.get(f"{_ON_DUTY.get(each.role, '')}@demo.rempart.test")
        if planned is None:
            person = organisations.add_person(
                _DEMO, body_id=ids[each.place], name=each.name, email=each.email, user_id=user.pk
            )
        else:
            person = organisations.edit_person(
                _DEMO, person_id=planned, name=each.name, email=each.email, user_id=user.pk
            )
        organisations.add_channel(
            _DEMO, medium="email", address=each.email, person_id=person.pk, verified=True
        )
