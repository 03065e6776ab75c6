"""Importing the tree from a CSV file: what would change is shown first, then all of it happens or nothing.

Columns (any order, French or English headings): code, kind, parent, name_fr, name_en, sector, essential.
A file names only what it describes: organisations that it leaves out stay as they are.
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
from rempart.kernel.errors import DomainError
from rempart.kernel.permissions import Permission
from rempart.organisations.commands.tables import RowError, check_cells, read_lines, yes_or_no
from rempart.organisations.commands.tree import (
    PARENTS,
    clean_fields,
    create_organisation,
    edit_organisation,
    move_organisation,
)
from rempart.organisations.models import Kind, Organisation

_HEADINGS = {
    "code": "code",
    "kind": "kind",
    "genre": "kind",
    "type": "kind",
    "parent": "parent",
    "parent_code": "parent",
    "relève de": "parent",
    "name_fr": "name_fr",
    "nom": "name_fr",
    "nom_fr": "name_fr",
    "name_en": "name_en",
    "nom_en": "name_en",
    "sector": "sector",
    "secteur": "sector",
    "essential": "essential",
    "essentiel": "essential",
}
_KINDS = {"gouvernement": "government", "organisme": "body", "unité": "unit", "unite": "unit"}
_REQUIRED = ("code", "kind", "parent", "name_fr")


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """What would happen to one organisation: ``action`` is create, edit, move, edit_move or same."""

    line: int
    code: str
    action: str
    values: dict[str, Any]
    before: dict[str, Any] | None


@dataclass
class ImportPlan:
    """What a file would change. It can be applied when ``errors`` is empty."""

    rows: list[PlannedRow] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """How many organisations each action touches."""
        found = Counter(row.action for row in self.rows)
        return {action: found[action] for action in ("create", "edit", "move", "edit_move", "same")}

    @property
    def changes(self) -> int:
        """How many organisations would change."""
        return sum(row.action != "same" for row in self.rows)


def plan_tree(actor: Actor, *, path: Path) -> ImportPlan:
    """Reads a file and tells what it would change, without changing it; wrong lines are in ``errors``.

    Raises Invalid when the file as a whole cannot be read, NotPermitted.
    """
    actor.require(Permission.ORGANISATION_MANAGE)
    plan = ImportPlan()
    existing = {o.code: o for o in Organisation.objects.select_related("parent")}
    lines: dict[str, tuple[int, dict[str, Any]]] = {}
    for line, cells in read_lines(path, _HEADINGS, _REQUIRED):
        try:
            values = _clean(cells)
        except DomainError as error:
            plan.errors.append(RowError(line, error.field, str(error.message)))
            continue
        if values["code"] in lines:
            first = lines[values["code"]][0]
            plan.errors.append(
                RowError(line, "code", _("Code déjà donné à la ligne %(line)d.") % {"line": first})
            )
            continue
        lines[values["code"]] = (line, values)
    _check_tree(lines, existing, plan)
    _check_rights(actor, lines, existing, plan)
    plan.rows = [_planned(line, values, existing.get(code)) for code, (line, values) in lines.items()]
    plan.errors.sort(key=lambda error: error.line)
    return plan


@transaction.atomic
def apply_tree(actor: Actor, *, path: Path) -> ImportPlan:
    """Applies a file whole, parents before what stands below them. Applied again, it changes nothing.

    Raises Invalid naming the first wrong line; nothing is then written.
    """
    plan = plan_tree(actor, path=path)
    if plan.errors:
        raise plan.errors[0].refusal({"errors": len(plan.errors)})
    waiting = {row.code: row for row in plan.rows}
    for row in _parents_first(waiting):
        try:
            _apply_row(actor, row)
        except DomainError as error:
            raise RowError(row.line, error.field, str(error.message)).refusal() from error
    if plan.changes:
        audit.record(
            actor, "organisation.import", object_type="organisations.organisation", after=plan.counts
        )
    return plan


def _apply_row(actor: Actor, row: PlannedRow) -> None:
    values = row.values
    if row.action == "create":
        create_organisation(
            actor,
            code=row.code,
            kind=values["kind"],
            parent_code=values["parent"],
            name_fr=values["name_fr"],
            name_en=values["name_en"],
            sector=values["sector"],
            essential=values["essential"],
        )
    if "move" in row.action:
        move_organisation(actor, code=row.code, parent_code=values["parent"])
    if "edit" in row.action:
        edit_organisation(
            actor,
            code=row.code,
            name_fr=values["name_fr"],
            name_en=values["name_en"],
            sector=values["sector"],
            essential=values["essential"],
        )


def _clean(cells: dict[str, str]) -> dict[str, Any]:
    check_cells(cells)
    texts = {
        name: " ".join(cells.get(name, "").split())
        for name in ("code", "kind", "name_fr", "name_en", "sector")
    }
    texts["code"] = texts["code"].lower()
    texts["kind"] = _KINDS.get(texts["kind"].lower(), texts["kind"].lower())
    essential = yes_or_no(cells, "essential", empty=False)
    return {**clean_fields(texts, essential=essential), "parent": cells.get("parent", "").strip().lower()}


def _check_tree(
    lines: dict[str, tuple[int, dict[str, Any]]], existing: dict[str, Organisation], plan: ImportPlan
) -> None:
    """Parents must exist, here or in the file; kinds must fit; and no organisation may stand below itself."""
    parents = {code: o.parent.code if o.parent else "" for code, o in existing.items()}
    kinds = {code: o.kind for code, o in existing.items()}
    parents |= {code: values["parent"] for code, (_line, values) in lines.items()}
    kinds |= {code: values["kind"] for code, (_line, values) in lines.items()}
    roots = {code for code, parent in parents.items() if not parent}
    for code, (line, values) in lines.items():
        kind, parent = values["kind"], values["parent"]
        if code in existing and existing[code].kind != kind:
            plan.errors.append(RowError(line, "kind", _("Le genre d’un organisme ne change pas.")))
        elif not parent and (kind != Kind.GOVERNMENT or len(roots) > 1):
            plan.errors.append(RowError(line, "parent", _("Nommez l’organisme dont celui-ci relève.")))
        elif parent and parent not in kinds:
            plan.errors.append(
                RowError(
                    line,
                    "parent",
                    _("Aucun organisme ne porte le code « %(code)s ».") % {"code": parent[:40]},
                )
            )
        elif _in_a_loop(code, parents):
            plan.errors.append(RowError(line, "parent", _("Cet organisme relèverait de lui-même.")))
        elif parent and kinds[parent] not in PARENTS[kind]:
            plan.errors.append(
                RowError(
                    line,
                    "parent",
                    _("Un organisme de genre « %(kind)s » ne peut relever d’un « %(parent)s ».")
                    % {"kind": kind, "parent": kinds[parent]},
                )
            )


def _in_a_loop(code: str, parents: dict[str, str]) -> bool:
    seen: set[str] = set()
    while code:
        if code in seen:
            return True
        seen.add(code)
        code = parents.get(code, "")
    return False


def _check_rights(
    actor: Actor,
    lines: dict[str, tuple[int, dict[str, Any]]],
    existing: dict[str, Organisation],
    plan: ImportPlan,
) -> None:
    """What is new needs the right over the nearest organisation above it that exists already."""
    scope = actor.scope(Permission.ORGANISATION_MANAGE)
    if scope.everything:
        return
    for code, (line, _values) in lines.items():
        above, seen = code, set()
        while above and above not in existing and above not in seen:
            seen.add(above)
            above = lines[above][1]["parent"] if above in lines else ""
        parent = existing.get(lines[code][1]["parent"])
        if above not in existing or existing[above].pk not in scope or (parent and parent.pk not in scope):
            plan.errors.append(RowError(line, "code", _("Vous ne gérez pas cette partie de l’arbre.")))


def _planned(line: int, values: dict[str, Any], present: Organisation | None) -> PlannedRow:
    if present is None:
        return PlannedRow(line, values["code"], "create", values, None)
    before = {
        "parent": present.parent.code if present.parent else "",
        **{name: getattr(present, name) for name in ("name_fr", "name_en", "sector", "essential")},
    }
    moved = before["parent"] != values["parent"]
    edited = any(before[name] != values[name] for name in before if name != "parent")
    action = {(True, True): "edit_move", (True, False): "move", (False, True): "edit"}.get(
        (moved, edited), "same"
    )
    return PlannedRow(line, values["code"], action, values, before)


def _parents_first(rows: dict[str, PlannedRow]) -> list[PlannedRow]:
    ordered: dict[str, PlannedRow] = {}
    for start in rows:
        way, code = [], start
        while code in rows and code not in ordered:
            way.append(code)
            code = rows[code].values["parent"]
        ordered |= {each: rows[each] for each in reversed(way)}
    return list(ordered.values())
