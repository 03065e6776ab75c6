"""Which techniques of ATT&CK the rules in force cover, beside what is known to use them and what was seen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from django.db.models import Sum

from rempart.detection.attack import TACTICS
from rempart.detection.models import Rule, Technique
from rempart.detection.queries.sightings import recent
from rempart.kernel.actors import Actor
from rempart.kernel.permissions import Permission


@dataclass
class Cell:
    """A technique: its rules (those of its parts too), the groups known to use it, the detections seen."""

    code: str
    name: str
    rules: int = 0
    groups: int = 0
    seen: int = 0
    parts: list[Cell] = field(default_factory=list)

    @property
    def gap(self) -> bool:
        """Whether someone is known to use it and no rule looks for it."""
        return not self.rules and bool(self.groups or self.seen)


@dataclass
class Coverage:
    """The matrix: (tactic, its techniques); ``named`` when ATT&CK was loaded; gaps, the most used first."""

    columns: list[tuple[str, list[Cell]]]
    gaps: list[Cell]
    covered: int
    known: int
    named: bool
    untagged: int  # rules that name no technique


def coverage(actor: Actor) -> Coverage:
    """The matrix as the actor's rules and sightings make it."""
    rules, by_tactic, untagged = _rules(actor)
    seen = _seen(actor)
    rows = list(Technique.objects.order_by("code"))
    cells = {row.code: Cell(row.code, row.name, groups=row.groups) for row in rows}
    places = {row.code: list(row.tactics) for row in rows}
    for code in rules.keys() | seen.keys():
        if code not in cells:  # newer or older than the data that was loaded
            cells[code] = Cell(code, "")
            places[code] = sorted(by_tactic.get(code, ()))
    for code, cell in cells.items():
        cell.rules, cell.seen = rules[code], seen[code]
    for code in sorted(cells):
        parent = code.partition(".")[0]
        if parent != code and parent in cells:
            cells[parent].parts.append(cells[code])
            cells[parent].rules += rules[code]
            cells[parent].seen += seen[code]
    tops = [cell for code, cell in cells.items() if "." not in code or code.partition(".")[0] not in cells]
    tactics = {tactic for cell in tops for tactic in places[cell.code]}
    order = [each for each in TACTICS if each in tactics] + sorted(tactics - set(TACTICS))
    columns = [(tactic, _sorted(cell for cell in tops if tactic in places[cell.code])) for tactic in order]
    homeless = [cell for cell in tops if not places[cell.code]]
    if homeless:
        columns.append(("", _sorted(homeless)))
    gaps = sorted((cell for cell in tops if cell.gap), key=lambda cell: (-cell.seen, -cell.groups, cell.code))
    return Coverage(columns, gaps, sum(1 for cell in tops if cell.rules), len(tops), bool(rows), untagged)


def _sorted(cells: object) -> list[Cell]:
    return sorted(cells, key=lambda cell: (-cell.rules, cell.code))  # type: ignore[call-overload]


def _rules(actor: Actor) -> tuple[Counter[str], dict[str, set[str]], int]:
    """Rules in force by technique; the tactics that their tags name; how many name no technique."""
    counts: Counter[str] = Counter()
    tactics: dict[str, set[str]] = {}
    untagged = 0
    rows = Rule.objects.visible_to(actor, Permission.DETECTION_READ).filter(state="active")
    for techniques, tags in rows.exclude(verdict="defective").values_list("techniques", "tags").iterator():
        codes = set(techniques.split())
        untagged += not codes
        named = {tag[7:].replace("_", "-") for tag in tags if tag.startswith("attack.")}
        for code in codes:
            counts[code] += 1
            tactics.setdefault(code, set()).update(named & set(TACTICS))
    return counts, tactics, untagged


def _seen(actor: Actor) -> Counter[str]:
    """Detections of the last 90 days by technique, as sightings tell."""
    counts: Counter[str] = Counter()
    for techniques, total in (
        recent(actor).exclude(techniques="").values_list("techniques").annotate(Sum("count"))
    ):
        for code in techniques.split():
            counts[code] += total
    return counts
