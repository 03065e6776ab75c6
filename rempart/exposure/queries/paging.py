"""One page of the exposures under any filters and in any order, whatever their number, reading few of them.

What is counted by combination (``facets``) is known before a row is read, so the way is chosen on facts:

- few rows answer: they are all sorted, and any page is cut from them;
- many answer, in order of time or of a combination's part: each combination is already in order in an index,
  and the first rows of each are merged;
- many answer, in order of what another table holds: that table is walked in order, its exposures with it.

Where a filter is a span of one time and the order is that of another, only the days of the second on which
some row of the span may stand are read (``ExposureDays``), a few at a time.

The last two go on from the row where the last page ended (a *cursor*) as fast at any depth. Pages by number
alone reach ``BY_NUMBER`` rows from either end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from django.db import connection
from django.db.models import Case, F, IntegerField, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from rempart.exposure import facets
from rempart.exposure.facets import Facet
from rempart.exposure.models import Exposure, ExposureCount
from rempart.exposure.queries.streams import Span, Stream, held_days, runs, statements
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Invalid
from rempart.kernel.keeping import Kept, changes
from rempart.kernel.permissions import Permission
from rempart.kernel.sql import fetch

FEW = 50_000  # sorted whole
COUNTED = 10_000  # beyond which what no count is kept of is said to be "more than"
TIMED = 300_000  # the same where a filter is a span of time: an index holds all that is read of these rows
BY_NUMBER = 2_000
_RUNS = 2_000  # streams merged for one page, at most

Rows = QuerySet[Any]


@dataclass(frozen=True, slots=True)
class Order:
    """``keys`` sort the rows, the last one unique; ``group`` is what of the combination goes before them."""

    keys: tuple[str, ...]
    group: Callable[[Facet], int] | None = None


ORDERS = {
    "due": Order(("due_at", "id")),
    "opened": Order(("opened_at", "id")),
    "closed": Order(("closed_at", "id"), lambda one: int(one.state == 0)),
    "priority": Order(("due_at", "id"), lambda one: one.priority),
    "state": Order(("due_at", "id"), lambda one: one.state),
    "criticality": Order(("due_at", "id"), lambda one: one.criticality),
    "certainty": Order(("due_at", "id"), lambda one: one.certainty),
    "vulnerability": Order(("vulnerability__cve_id", "asset_id", "component_id")),
    "asset": Order(("asset__key", "asset_id", "id")),
    "component": Order(("component__product", "component_id", "vulnerability_id", "asset_id")),
    "body": Order(("body__code", "facet", "due_at", "id")),
}
_JOIN = re.compile(r'FROM "exposure_exposure" INNER JOIN ("\w+") ON')
_IN_STREAMS = {"due_at", "opened_at", "closed_at"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked: rows of these bodies (None: every body), whose combination ``fits``.

    ``narrow`` applies the filters of which no count is kept; ``selective`` says that they name one
    vulnerability, asset or service, so that their rows are few enough to be sorted whatever their number.
    Where they are spans of time alone, ``timed`` names the first keys by which an index alone sorts their
    rows. ``spans`` are those of the opening and due date, by column, where they are all that narrows.
    """

    bodies: frozenset[int] | None
    fits: Callable[[Facet], bool]
    narrow: Callable[[Rows], Rows] | None = None
    selective: bool = False
    timed: frozenset[str] = frozenset()
    spans: Mapping[str, Span] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """The page: ids in order, how many answer (``beyond``: at least), and the cursors of its two ends."""

    ids: list[int]
    total: int
    beyond: bool
    number: int
    first: str = ""
    last: str = ""


@dataclass(slots=True)
class _Way:
    """A page being read: the rows asked, in which combinations, in what order and direction.

    ``hidden``: what narrows the rows leads to them better than their combinations. ``held``: the combinations
    of each body, where they are few enough to be read each in order of due date.
    """

    rows: Rows
    counts: dict[int, int]
    order: Order
    backwards: bool
    narrowed: bool
    hidden: bool
    spans: Mapping[str, Span]
    held: Sequence[tuple[int, int]] = ()
    groups: list[tuple[int, list[int]]] = field(init=False)

    def __post_init__(self) -> None:
        rank = self.order.group or (lambda _: 0)
        ranked = sorted((rank(facets.decode(one)), one) for one in self.counts)
        self.groups = [
            (key, [one for _, one in members]) for key, members in groupby(ranked, key=lambda pair: pair[0])
        ]


def count_by_facet(actor: Actor, bodies: frozenset[int] | None) -> dict[int, int]:
    """How many exposures of each combination the actor may see, in these bodies or in all.

    Counted once for those who see the same, until something changes.
    """
    key = (actor.scope(Permission.EXPOSURE_READ), bodies)
    return _counted.get(key, lambda: _counts(actor, bodies), changes())


_counted: Kept[dict[int, int]] = Kept(seconds=30)


def _counts(actor: Actor, bodies: frozenset[int] | None) -> dict[int, int]:
    return dict(_kept(actor, bodies).values_list("facet").annotate(Sum("n")).order_by())


def _kept(actor: Actor, bodies: frozenset[int] | None) -> Rows:
    """The counts of what there is some of, in these bodies or in all, that the actor may see."""
    rows = ExposureCount.objects.visible_to(actor, Permission.EXPOSURE_READ).filter(n__gt=0)
    return rows if bodies is None else rows.filter(body_id__in=sorted(bodies))


def _held(
    actor: Actor, bodies: frozenset[int] | None, counts: Mapping[int, int]
) -> Sequence[tuple[int, int]]:
    """(combination, body) of what the actor may see, when few enough for each to be read in order.

    What some bodies hold may be scarce among all that is due on the same days.
    """
    if bodies is None and actor.scope(Permission.EXPOSURE_READ).everything:
        return []
    rows = _kept(actor, bodies).filter(facet__in=sorted(counts))
    found = rows.values_list("facet", "body_id")[: _RUNS + 1]
    return [] if len(found) > _RUNS else list(found)


def bodies_called(actor: Actor, code: str) -> frozenset[int]:
    """The body of this code, when the actor may see exposures of it."""
    rows = ExposureCount.objects.visible_to(actor, Permission.EXPOSURE_READ).filter(body__code=code)
    return frozenset(rows.values_list("body_id", flat=True).distinct())


def find(
    actor: Actor, wanted: Wanted, sort: str, *, number: int, size: int, cursor: Mapping[str, str]
) -> Found:
    """The page ``number`` of ``size`` rows; ``cursor`` may hold "after" or "before". Raises Invalid."""
    counts = {
        one: n for one, n in count_by_facet(actor, wanted.bodies).items() if wanted.fits(facets.decode(one))
    }
    rows = Exposure.objects.visible_to(actor, Permission.EXPOSURE_READ)
    if wanted.bodies is not None:
        rows = rows.filter(body_id__in=sorted(wanted.bodies))
    known = sum(counts.values())
    total, beyond = known, False
    if wanted.narrow is not None and known:
        rows = wanted.narrow(rows)
        most = TIMED if wanted.timed else COUNTED
        total = _count(rows, counts, wanted, most + 1)
        beyond = total > most
        total = min(total, most)
    order, backwards = ORDERS[sort.lstrip("-")], sort.startswith("-")
    last_page = max(1, -(-total // size))
    narrowed = wanted.narrow is not None
    way = _Way(rows, counts, order, backwards, narrowed, narrowed and not wanted.timed, wanted.spans)
    if not total:
        return Found([], 0, False, 1)
    # Where spans are all that narrows, rows are found in order as fast as they are counted.
    sortable = TIMED if order.keys[0] in wanted.timed and not wanted.spans else COUNTED
    if known <= FEW or wanted.selective or (narrowed and not beyond and total <= sortable):
        number = max(1, number if beyond else min(number, last_page))
        return Found(_sorted_whole(way, (number - 1) * size, size), total, beyond, number)
    way.held = _held(actor, wanted.bodies, counts)
    return _walked(way, total, beyond, max(1, number if beyond else min(number, last_page)), size, cursor)


def _count(rows: Rows, counts: Mapping[int, int], wanted: Wanted, most: int) -> int:
    """How many of these narrowed rows there are, up to ``most``."""
    if len(wanted.spans) > 1:
        streams = runs(held_days(counts, wanted.spans, "opened_at"))
        unions = statements(rows.order_by().values_list("id"), most, "opened_at", streams)
        count = "SELECT COUNT(*) FROM ({text} LIMIT {most}) AS c"
        found = sum(fetch(count.format(text=text, most=most), values)[0][0] for text, values in unions)
        return min(found, most)
    among = _unindexed(rows, counts) if wanted.selective else rows.filter(facet__in=sorted(counts))
    return among.order_by().values("pk")[:most].count()


def _unindexed(rows: Rows, counts: Iterable[int]) -> Rows:
    """Keeps these combinations, by what each row holds: an index of combinations would lead astray."""
    return rows.alias(kind=F("facet") + 0).filter(kind__in=sorted(counts))


def _sorted_whole(way: _Way, offset: int, size: int) -> list[int]:
    """A page of few rows. The order is hidden from the planner, which would walk a whole index for it."""
    # What is open has no end: it goes by its due date.
    keys: list[Any] = [
        Coalesce(F(name), F("due_at" if name == "closed_at" else name)) for name in way.order.keys
    ]
    if way.order.group is not None:
        ranks = (When(facet__in=members, then=Value(key)) for key, members in way.groups)
        keys.insert(0, Case(*ranks, default=Value(0), output_field=IntegerField()))
    ordered = [key.desc() if way.backwards else key.asc() for key in keys]
    rows = _unindexed(way.rows, way.counts) if way.hidden else way.rows.filter(facet__in=sorted(way.counts))
    return list(rows.order_by(*ordered).values_list("pk", flat=True)[offset : offset + size])


def _walked(way: _Way, total: int, beyond: bool, number: int, size: int, cursor: Mapping[str, str]) -> Found:
    """A page of many rows: from a cursor, or by number near one of the two ends."""
    after, before = (_read(cursor.get(name, ""), way.order) for name in ("after", "before"))
    offset, turned, start = (number - 1) * size, False, after
    if after is not None or before is not None:
        offset, turned, start = 0, after is None, before if after is None else after
    elif offset > BY_NUMBER and not beyond and total - offset - size <= BY_NUMBER:
        offset, turned = max(total - offset - size, 0), True  # counted from the end
        size = min(size, total - (number - 1) * size)
    elif offset > BY_NUMBER:
        raise Invalid(
            _("Au-delà de %(rows)s lignes, passez d’une page à la suivante ou filtrez la liste.")
            % {"rows": BY_NUMBER},
            field="page",
        )
    step = _merged if way.order.keys[0] in _IN_STREAMS else _followed
    found = step(way, way.backwards != turned, start, offset, size)
    if turned:
        found.reverse()
    if not found:
        return Found([], total, beyond, number)
    return Found([row[-1] for row in found], total, beyond, number, _write(found[0]), _write(found[-1]))


def _merged(
    way: _Way, down: bool, start: Sequence[Any] | None, offset: int, size: int
) -> list[Sequence[Any]]:
    """Rows (group, key, id): the first of each combination's stream, group after group."""
    found: list[Sequence[Any]] = []
    for key, members in reversed(way.groups) if down else way.groups:
        if start is not None and (key > start[0] if down else key < start[0]):
            continue
        group_size = sum(way.counts[one] for one in members)
        if not way.narrowed and start is None and offset >= group_size:
            offset -= group_size
            continue
        name = way.order.keys[0]
        if name == "closed_at" and key:
            name = "due_at"  # what is open has no end: it is in order of due date
        here = start[1:] if start is not None and key == start[0] else None
        wanted = offset + size - len(found)
        if name == "due_at" and way.held:
            among = set(members)
            streams = [Stream(one, body) for one, body in way.held if one in among]
            rows = _streams(way, streams, name, down, here, wanted)
        elif way.spans.keys() - {name}:
            rows = _by_days(way, members, name, down, here, wanted)
        else:
            rows = _streams(way, [Stream(one) for one in members], name, down, here, wanted)
        passed = min(offset, len(rows))
        offset -= passed
        found += [(key, *row) for row in rows[passed:]]
        if len(found) >= size:
            break
    return found


def _by_days(
    way: _Way, members: Sequence[int], name: str, down: bool, start: Sequence[Any] | None, size: int
) -> list[Sequence[Any]]:
    """The first rows (key, id) of these combinations, looking only where rows within the spans may stand.

    A few days at a time, then twice as many: what is asked may be scarce on them.
    """
    days = held_days(members, way.spans, name)
    if down:
        days.reverse()
    if start is not None:
        first = start[0].astimezone(UTC).date()
        days = [one for one in days if (one[0] <= first if down else one[0] >= first)]
    found: list[Sequence[Any]] = []
    width = 1
    while days and len(found) < size:
        found += _streams(way, runs(sorted(days[:width])), name, down, start, size - len(found))
        days = days[width:]
        width = min(2 * width, max(1, _RUNS // len(members)))
    return found


def _streams(
    way: _Way, streams: Sequence[Stream], name: str, down: bool, start: Sequence[Any] | None, size: int
) -> list[Sequence[Any]]:
    """The first rows (key, id), merged from the index of each stream."""
    mark = "-" if down else ""
    rows = way.rows
    if name == "closed_at":
        rows = rows.filter(closed_at__isnull=False)  # as its index says
    if start is not None:
        rows = rows.filter(_beyond((name, "id"), start, down))
    rows = rows.order_by(f"{mark}{name}", f"{mark}id").values_list(name, "id")
    way_down = "DESC" if down else "ASC"
    found: list[Sequence[Any]] = []
    for text, values in statements(rows, size, name, streams):
        found += fetch(f"{text} ORDER BY 1 {way_down}, 2 {way_down} LIMIT {int(size)}", values)
    return sorted(found, key=lambda row: (row[0] is None, row), reverse=down)[:size]


def _followed(
    way: _Way, down: bool, start: Sequence[Any] | None, offset: int, size: int
) -> list[Sequence[Any]]:
    """Rows of the order's keys, then the id: another table in its order, and its exposures."""
    rows = _unindexed(way.rows, way.counts)
    keys = way.order.keys
    if start is not None:
        rows = rows.filter(_beyond(keys, start, down))
    ordered = rows.order_by(*(f"-{name}" if down else name for name in keys))
    sql, parameters = ordered.values_list(*keys, "id")[offset : offset + size].query.sql_with_params()
    joined = _JOIN.search(sql)
    if connection.vendor == "sqlite" and joined:
        # It takes tables joined by CROSS JOIN in the order written; by itself it begins with the exposures.
        # The number of what is walked is in order in its own table: of the exposures', it does not see that.
        table, number = joined[1], f"{keys[0].partition('__')[0]}_id"
        sql = sql.replace(joined[0], f'FROM {table} CROSS JOIN "exposure_exposure" ON', 1)
        sql = sql.replace(f'"exposure_exposure"."{number}" AS', f'{table}."id" AS', 1)
        # A list of bodies would have it look each of them up, and then sort.
        sql = sql.replace(f'"exposure_exposure"."{number}" IN', f'+{table}."id" IN')
    return fetch(sql, parameters)


def _beyond(keys: Sequence[str], start: Sequence[Any], down: bool) -> Q:
    """The rows beyond the one with these keys. The condition on the first lets its index be entered there."""
    sign = "lt" if down else "gt"
    *before, (name, value) = zip(keys, start, strict=False)
    found = Q(**{f"{name}__{sign}": value})
    for name, value in reversed(before):
        found = Q(**{f"{name}__{sign}": value}) | Q(**{name: value}) & found
    return Q(**{f"{keys[0]}__{sign}e": start[0]}) & found


def cursor_of(row: Exposure, order: Order, group: int = 0) -> str:
    """The cursor of a page that ends with this row; ``group`` is its place among the order's groups."""
    names = ["due_at" if name == "closed_at" and group else name for name in order.keys]
    values: list[Any] = []
    for name in names:
        value: Any = row
        for part in name.split("__"):
            value = getattr(value, part)
        values.append(value)
    return _write([group, *values] if order.keys[0] in _IN_STREAMS else [*values, row.pk])


def _write(row: Sequence[Any]) -> str:
    return json.dumps([one.isoformat() if isinstance(one, datetime) else one for one in row])


def _read(text: str, order: Order) -> list[Any] | None:
    """The keys that a cursor holds; None for a text that is not one of this order."""
    try:
        values = json.loads(text[:1000]) if text else None
    except (ValueError, RecursionError):
        return None
    streams = order.keys[0] in _IN_STREAMS
    names = ("group", *order.keys) if streams else order.keys
    if not isinstance(values, list) or len(values) < len(names):
        return None
    found = []
    for name, value in zip(names, values, strict=False):
        if name.endswith("_at"):
            value = _instant(value)  # noqa: PLW2901 - in its own type
        kind = datetime if name.endswith("_at") else str if "__" in name else int
        if not isinstance(value, kind) or (isinstance(value, int) and not 0 <= value < 2**63):
            return None
        found.append(value)
    return found


def _instant(text: Any) -> datetime | None:
    """SQLite keeps instants in UTC without saying so."""
    try:
        found = parse_datetime(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)
