"""Rows that an index holds in order, of each combination, body and span of days: the first of all, merged.

Spans of days come from ``ExposureDays``: where rows of a span of one time stand in the order of another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet

from rempart.exposure.models import ExposureDays
from rempart.kernel.sql import instant

Rows = QuerySet[Any]
Span = tuple[datetime | None, datetime | None]

_KINDS = {"due_at": "due", "closed_at": "closed"}  # of days that are kept beside the one of opening
_DAY = timedelta(days=1)
_AT_ONCE = 400  # SQLite joins 500 selections in one statement
_PARAMETERS = 30_000  # and takes 32,766 of them
_OF_BODY = "exposure_body_facet"
# Hold the places of a stream's own values in a statement.
_FACET, _BODY, _LOW, _HIGH = -1, -2, datetime(1, 1, 1, tzinfo=UTC), datetime(1, 1, 2, tzinfo=UTC)
_TYPES = {"facet": "integer", "body": "bigint", "low": "timestamptz", "high": "timestamptz"}


class Stream(NamedTuple):
    """Rows of a combination; where they are given, of a body, from ``low`` on and before ``high``."""

    facet: int
    body: int | None = None
    low: datetime | None = None
    high: datetime | None = None


def held_days(members: Iterable[int], spans: Mapping[str, Span], name: str) -> list[tuple[date, list[int]]]:
    """The days of this time on which rows within the spans may stand, in order, with their combinations."""
    kind = _KINDS.get(name, "due")
    rows = ExposureDays.objects.filter(facet__in=sorted(members), kind=kind)
    for column, held in (("opened_at", "opened_on"), (f"{kind}_at", "day")):
        low, high = spans.get(column, (None, None))
        if low is not None:
            rows = rows.filter(**{f"{held}__gte": low.astimezone(UTC).date()})
        if high is not None:
            rows = rows.filter(**{f"{held}__lte": high.astimezone(UTC).date()})
    day = "day" if name in _KINDS else "opened_on"
    found = rows.order_by(day).values_list(day, "facet").distinct()
    return [(at, [one for _, one in group]) for at, group in groupby(found, key=itemgetter(0))]


def runs(days: Iterable[tuple[date, Sequence[int]]]) -> list[Stream]:
    """Days in order as spans of time: those of a combination that follow one another are one."""
    last: dict[int, tuple[date, date]] = {}
    found = []
    for day, members in days:
        for one in members:
            first, end = last.get(one, (day, day))
            if day - end > _DAY:
                found.append((one, first, end))
                first = day
            last[one] = (first, day)
    found += [(one, *run) for one, run in last.items()]
    return [Stream(one, None, _midnight(first), _midnight(end + _DAY)) for one, first, end in found]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def statements(
    rows: Rows, size: int, name: str, streams: Sequence[Stream]
) -> Iterator[tuple[str, list[Any]]]:
    """The first ``size`` of these rows in each stream, not sorted together, as statements and parameters.

    Streams all have the same of their values; ``name`` is the time that their spans are of.
    """
    if not streams:
        return
    like, marks = streams[0], {_FACET: "facet"}
    rows = rows.filter(facet=_FACET)
    if like.body is not None:
        rows, marks[_BODY] = rows.filter(body_id=_BODY), "body"
    if like.low is not None:
        rows = rows.filter(**{f"{name}__gte": _LOW, f"{name}__lt": _HIGH})
        marks |= {instant(_LOW): "low", instant(_HIGH): "high"}
    sql, parameters = rows[:size].query.sql_with_params()
    if connection.vendor == "postgresql":
        yield _laterally(sql, parameters, marks, streams)
        return
    if like.body is not None:
        sql = sql.replace(" WHERE ", f" INDEXED BY {_OF_BODY} WHERE ", 1)  # it would find a span, and sort
    at_once = max(1, _PARAMETERS // len(parameters))
    for begin in range(0, len(streams), at_once):
        yield _united(sql, parameters, marks, streams[begin : begin + at_once])


def _laterally(
    sql: str, parameters: Sequence[Any], marks: Mapping[Any, str], streams: Sequence[Stream]
) -> tuple[str, list[Any]]:
    """One statement for each row of a table of streams: it is planned once."""
    names = list(marks.values())
    first, *pieces = sql.split("%s")
    text, values = first, []
    for given, piece in zip(parameters, pieces, strict=True):
        if given in marks:
            text += f"s.{marks[given]}{piece}"
        else:
            text, values = f"{text}%s{piece}", [*values, given]
    arrays = ", ".join(f"CAST(%s AS {_TYPES[name]}[])" for name in names)
    return (
        f"SELECT r.* FROM UNNEST({arrays}) AS s({', '.join(names)}) CROSS JOIN LATERAL ({text}) AS r",  # noqa: S608
        [*([getattr(one, name) for one in streams] for name in names), *values],
    )


def _united(
    sql: str, parameters: Sequence[Any], marks: Mapping[Any, str], streams: Sequence[Stream]
) -> tuple[str, list[Any]]:
    """One selection for each stream, joined: SQLite has no other way."""
    values = [
        _stored(getattr(one, marks[given])) if given in marks else given
        for one in streams
        for given in parameters
    ]
    parts = [f"SELECT * FROM ({sql}) AS s{n}" for n in range(len(streams))]  # noqa: S608
    joined = [" UNION ALL ".join(parts[first : first + _AT_ONCE]) for first in range(0, len(parts), _AT_ONCE)]
    return " UNION ALL ".join(f"SELECT * FROM ({each}) AS j{n}" for n, each in enumerate(joined)), values  # noqa: S608


def _stored(value: Any) -> Any:
    return instant(value) if isinstance(value, datetime) else value
