"""Importing people and their duties from a CSV file: what would change is shown first, then all or nothing.

Columns (any order, French or English headings): organisation, name, email; phone, language, active, duty,
deputy. One line for each duty; someone without a duty has one line. ``deputy`` is the address of a person of
the same organisation, in the file or already there. Who is new is asked to prove their address. A file names
only what it describes: people and duties that it leaves out stay as they are.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from rempart.kernel import audit
from rempart.kernel.actors import Actor
from rempart.kernel.errors import DomainError, Invalid
from rempart.kernel.permissions import Permission
from rempart.kernel.time import today
from rempart.organisations.commands.people import (
    add_person,
    clean_person,
    edit_person,
    give_duty,
    set_deputy,
)
from rempart.organisations.commands.tables import RowError, check_cells, read_lines, yes_or_no
from rempart.organisations.models import Duty, DutyTitle, Organisation, Person

_HEADINGS = {
    "organisation": "organisation",
    "organisme": "organisation",
    "code": "organisation",
    "name": "name",
    "nom": "name",
    "email": "email",
    "e-mail": "email",
    "courriel": "email",
    "phone": "phone",
    "téléphone": "phone",
    "language": "language",
    "langue": "language",
    "active": "active",
    "en fonction": "active",
    "duty": "duty",
    "fonction": "duty",
    "deputy": "deputy",
    "suppléance": "deputy",
    "suppléant": "deputy",
}
_REQUIRED = ("organisation", "name", "email")
_LANGUAGES = {"": "fr", "français": "fr", "french": "fr", "anglais": "en", "english": "en"}
_KNOWN = ("name", "phone", "language", "active")

Key = tuple[int, str]  # organisation, address


@dataclass(frozen=True, slots=True)
class StaffRow:
    """What a line does: to the person (create, edit, same) and to the duty (give, deputy, same or "")."""

    line: int
    organisation: str
    values: dict[str, Any]
    action: str
    duty_action: str

    @property
    def changes(self) -> bool:
        """Whether the line changes anything."""
        return self.action != "same" or self.duty_action not in {"", "same"}


@dataclass
class StaffPlan:
    """What a file would change. It can be applied when ``errors`` is empty."""

    rows: list[StaffRow] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """How many people and duties each action touches."""
        people = Counter(row.action for row in self.rows)
        duties = Counter(row.duty_action for row in self.rows)
        return {
            **{action: people[action] for action in ("create", "edit")},
            **{f"duty_{action}": duties[action] for action in ("give", "deputy")},
        }

    @property
    def changes(self) -> int:
        """How many lines would change something."""
        return sum(row.changes for row in self.rows)


class _Present:
    """What is there already, read at once: organisations, people, duties in force, titles."""

    def __init__(self, actor: Actor) -> None:
        may = Organisation.objects.visible_to(actor, Permission.ORGANISATION_MANAGE)
        self.organisations = {each.code: each for each in may.filter(active_to__isnull=True)}
        rows = Person.objects.filter(body__in=may)
        self.people: dict[Key, Person] = {(each.body_id, each.email): each for each in rows}
        duties = Duty.objects.filter(Duty.going_on(today()), body__in=may)
        self.duties = {
            (each.person_id, each.title.code): each for each in duties.select_related("title", "deputy")
        }
        self.titles = set(DutyTitle.objects.values_list("code", flat=True))


def plan_people(actor: Actor, *, path: Path) -> StaffPlan:
    """Reads a file and tells what it would change, without changing it; wrong lines are in ``errors``.

    Raises Invalid when the file as a whole cannot be read, NotPermitted.
    """
    actor.require(Permission.ORGANISATION_MANAGE)
    present, plan = _Present(actor), StaffPlan()
    first: dict[Key, StaffRow] = {}
    seen: set[tuple[int, str, str]] = set()
    for line, cells in read_lines(path, _HEADINGS, _REQUIRED):
        try:
            row = _planned(present, first, line, cells)
            _refuse_twice(seen, row)
        except DomainError as error:
            plan.errors.append(RowError(line, error.field, str(error.message)))
            continue
        plan.rows.append(row)
    for row in plan.rows:
        if row.values["deputy"] and not _known(present, first, row):
            plan.errors.append(
                RowError(row.line, "deputy", _("Aucune personne de l’organisme n’a cette adresse."))
            )
    plan.errors.sort(key=lambda error: error.line)
    return plan


@transaction.atomic
def apply_people(actor: Actor, *, path: Path) -> StaffPlan:
    """Applies a file whole: people first, then their duties. Applied again, it changes nothing.

    Raises Invalid naming the first wrong line; nothing is then written.
    """
    plan = plan_people(actor, path=path)
    if plan.errors:
        raise plan.errors[0].refusal()
    for apply in (_apply_person, _apply_duty):
        for row in plan.rows:
            try:
                apply(actor, row)
            except DomainError as error:
                raise RowError(row.line, error.field, str(error.message)).refusal() from error
    if plan.changes:
        audit.record(actor, "person.import", object_type="organisations.person", after=plan.counts)
    return plan


def _planned(present: _Present, first: dict[Key, StaffRow], line: int, cells: dict[str, str]) -> StaffRow:
    values = _clean(cells)
    organisation = present.organisations.get(values["organisation"])
    if organisation is None:
        raise Invalid(
            _("Aucun organisme que vous gérez ne porte le code « %(code)s ».")
            % {"code": values["organisation"][:40]},
            field="organisation",
        )
    if values["duty"] and values["duty"] not in present.titles:
        raise Invalid(
            _("Aucune fonction ne porte le code « %(code)s ».") % {"code": values["duty"][:30]}, field="duty"
        )
    if values["deputy"] and values["deputy"] == values["email"]:
        raise Invalid(_("Une personne ne se supplée pas elle-même."), field="deputy")
    key = (organisation.pk, values["email"])
    earlier = first.get(key)
    if earlier is not None:
        differs = next((name for name in _KNOWN if earlier.values[name] != values[name]), None)
        if differs:
            raise Invalid(
                _("La ligne %(line)d dit autre chose de cette personne.") % {"line": earlier.line},
                field=differs,
            )
    person = present.people.get(key)
    action = "same"
    if earlier is None:
        action = "create" if person is None else _compared(person, values)
    kept = {**values, "body_id": organisation.pk}
    row = StaffRow(line, organisation.code, kept, action, _duty_action(present, person, values))
    first.setdefault(key, row)
    return row


def _refuse_twice(seen: set[tuple[int, str, str]], row: StaffRow) -> None:
    key = (row.values["body_id"], row.values["email"], row.values["duty"])
    if key in seen:
        raise Invalid(_("Cette personne est déjà dans le fichier avec cette fonction."), field="duty")
    seen.add(key)


def _compared(person: Person, values: dict[str, Any]) -> str:
    return "same" if all(getattr(person, name) == values[name] for name in _KNOWN) else "edit"


def _duty_action(present: _Present, person: Person | None, values: dict[str, Any]) -> str:
    if not values["duty"]:
        return ""
    duty = present.duties.get((person.pk, values["duty"])) if person is not None else None
    if duty is None:
        return "give"
    deputy = duty.deputy.email if duty.deputy else ""
    return "deputy" if values["deputy"] and values["deputy"] != deputy else "same"


def _known(present: _Present, first: dict[Key, StaffRow], row: StaffRow) -> bool:
    key = (row.values["body_id"], row.values["deputy"])
    return key in first or (key in present.people and present.people[key].active)


def _clean(cells: dict[str, str]) -> dict[str, Any]:
    check_cells(cells)
    language = cells.get("language", "").strip().lower()
    person = clean_person(
        cells.get("name", ""), cells.get("email", ""), cells.get("phone", ""),
        _LANGUAGES.get(language, language),
    )  # fmt: skip
    return {
        **person,
        "active": yes_or_no(cells, "active", empty=True),
        "organisation": cells.get("organisation", "").strip().lower(),
        "duty": cells.get("duty", "").strip().lower(),
        "deputy": cells.get("deputy", "").strip().lower(),
    }


def _apply_person(actor: Actor, row: StaffRow) -> None:
    known = {name: row.values[name] for name in ("name", "email", "phone", "language")}
    if row.action == "create":
        made = add_person(actor, body_id=row.values["body_id"], **known, reach=row.values["active"])
        if not row.values["active"]:
            edit_person(actor, person_id=made.pk, **known, active=False, user_id=made.user_id)
    elif row.action == "edit":
        person = Person.objects.get(body_id=row.values["body_id"], email=row.values["email"])
        edit_person(actor, person_id=person.pk, **known, active=row.values["active"], user_id=person.user_id)


def _apply_duty(actor: Actor, row: StaffRow) -> None:
    if row.duty_action not in {"give", "deputy"}:
        return
    people = Person.objects.filter(body_id=row.values["body_id"])
    person = people.get(email=row.values["email"])
    deputy = people.get(email=row.values["deputy"]) if row.values["deputy"] else None
    deputy_id = deputy.pk if deputy is not None else None
    if row.duty_action == "give":
        give_duty(actor, person_id=person.pk, title_code=row.values["duty"], deputy_id=deputy_id)
        return
    held = Duty.objects.filter(
        Duty.going_on(today()),
        person=person,
        body_id=row.values["body_id"],
        title__code=row.values["duty"],
    )
    set_deputy(actor, duty_id=held.earliest("starts_on").pk, deputy_id=deputy_id)
