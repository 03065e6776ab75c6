"""The lists of exposures and statements: columns, filters, and what their exports hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _

from rempart.exposure import facets, queries, wording
from rempart.exposure.facets import Facet
from rempart.exposure.pages.cells import exposure_row
from rempart.kernel.actors import Actor
from rempart.kernel.exports import Cell
from rempart.kernel.listing import Column, Filter, Listing, Page, wanted_page
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now
from rempart.organisations import queries as organisations

Rows = QuerySet[Any]

_YES_NO = (("yes", _("oui")), ("no", _("non")))
_URGENCY = ("act_now", "out_of_cycle", "scheduled", "defer")


def _among(field: str, allowed: Any) -> Callable[[Rows, str], Rows]:
    return lambda rows, value: rows.filter(**{field: value}) if value in allowed else rows.none()


def _either(**condition: Any) -> Callable[[Rows, str], Rows]:
    def apply(rows: Rows, value: str) -> Rows:
        return {"yes": rows.filter(**condition), "no": rows.exclude(**condition)}.get(value, rows)

    return apply


def _due(rows: Rows, value: str) -> Rows:
    chosen = {"yes": {"due_at__lt": now()}, "no": {"due_at__gte": now()}}.get(value)
    return rows if chosen is None else rows.filter(**chosen)


def _due_span(value: str) -> queries.Span | None:
    return {"yes": (None, now()), "no": (now(), None)}.get(value)


def _late(rows: Rows, value: str) -> Rows:
    return _due(rows, value).filter(state="open") if value in {"yes", "no"} else rows


def _age(rows: Rows, value: str) -> Rows:
    limits = queries.age_limits(value, now())
    if limits is None:
        return rows.none()
    after, until = limits
    rows = rows.filter(opened_at__lte=until)
    return rows if after is None else rows.filter(opened_at__gt=after)


def _closed(rows: Rows, value: str) -> Rows:
    return rows.filter(closed_at__gte=queries.midnight()) if value == "today" else rows


def _asset(rows: Rows, value: str) -> Rows:
    """By the asset's number, as links write it, or its key."""
    if value.isdecimal() and len(value) < 19:
        return rows.filter(asset_id=int(value))
    return rows.filter(asset__key=value)


def _vulnerability(rows: Rows, value: str) -> Rows:
    return rows.filter(vulnerability__cve_id=value.upper())


def with_urgency(rows: Rows) -> Rows:
    """Adds ``urgency``, by which priorities are sorted: 0 is to act on now."""
    ranks = (When(priority=name, then=Value(rank)) for rank, name in enumerate(_URGENCY))
    return rows.annotate(urgency=Case(*ranks, default=Value(9), output_field=IntegerField()))


COLUMNS = (
    Column("vulnerability", _("Vulnérabilité"), ("vulnerability__cve_id",)),
    Column("priority", _("Priorité"), ("urgency", "due_at")),
    Column("due", _("Échéance"), ("due_at",)),
    Column("asset", _("Actif"), ("asset__key",)),
    Column("component", _("Composant"), ("component__product",)),
    Column("body", _("Organisme"), ("body__code",)),
    Column("state", _("État"), ("state",)),
    Column("criticality", _("Criticité"), ("criticality",), numeric=True),
    Column("certainty", _("Certitude"), ("certainty",)),
    Column("opened", _("Ouverte depuis"), ("opened_at",)),
    Column("closed", _("Close"), ("closed_at",), optional=True),
)


def exposure_listing(actor: Actor) -> Listing:
    """The list of exposures, with the bodies and centres that the actor may choose."""
    places = partial(organisations.choices, actor, Permission.EXPOSURE_READ)
    filters = (
        Filter("state", _("État"), _among("state", wording.STATES), tuple(wording.STATES.items())),
        Filter(
            "priority",
            _("Priorité"),
            _among("priority", wording.PRIORITIES),
            tuple(wording.PRIORITIES.items()),
        ),
        Filter(
            "certainty",
            _("Certitude"),
            _among("certainty", wording.CERTAINTIES),
            tuple(wording.CERTAINTIES.items()),
            folded=True,
        ),
        Filter("late", _("En retard"), _late, _YES_NO, folded=True),
        Filter(
            "body",
            _("Organisme"),
            lambda rows, value: rows.filter(body__code=value),
            lambda: places().bodies,
        ),
        Filter(
            "centre",
            _("Centre opérationnel"),
            lambda rows, value: rows.filter(body_id__in=list(queries.bodies_of_centre(actor, value))),
            lambda: places().centres,
            folded=True,
        ),
        Filter("vulnerability", _("Vulnérabilité"), _vulnerability),
        Filter("asset", _("Actif"), _asset, folded=True),
        Filter("service", _("Service"), queries.under_service, folded=True),
        Filter(
            "criticality",
            _("Criticité"),
            _among("criticality", wording.CRITICALITIES),
            tuple(wording.CRITICALITIES.items()),
            folded=True,
        ),
        Filter(
            "kev",
            _("Exploitée (KEV)"),
            _either(exploited=True),
            _YES_NO,
            folded=True,
        ),
        Filter(
            "internet",
            _("Exposé à Internet"),
            _either(internet=True),
            _YES_NO,
            folded=True,
        ),
        Filter("age", _("Âge"), _age, tuple(wording.AGES.items()), folded=True),
        Filter("closed", _("Close"), _closed, (("today", _("aujourd’hui")),), folded=True),
    )
    return Listing("exposures", COLUMNS, filters, "due", exposure_row)


# What no count is kept of; of these, what names so few rows that they can all be sorted.
_NARROWING = ("late", "age", "closed", "vulnerability", "asset", "service")
_SELECTIVE = {"vulnerability", "asset", "service"}
# Spans of time, without what combinations say already; the column and instants of each; what an index alone
# sorts their rows by.
_TIMED = {"late": _due, "age": _age, "closed": _closed}
_SPANS: dict[str, tuple[str, Callable[[str], queries.Span | None]]] = {
    "late": ("due_at", _due_span),
    "age": ("opened_at", lambda value: queries.age_limits(value, now())),
}
_BOTH = frozenset({"due_at", "opened_at", "body__code"})
_SORTED = {"late": _BOTH, "age": _BOTH, "closed": _BOTH | {"closed_at"}}


def exposure_page(actor: Actor, parameters: Mapping[str, str]) -> Page:
    """One page of the list, as ``queries.find`` finds it. Raises Invalid for a page too deep."""
    listing = exposure_listing(actor)
    filters, sort = listing.read(parameters)
    number, size = wanted_page(parameters)
    found = queries.find(
        actor, _wanted(actor, listing, filters), sort, number=number, size=size, cursor=parameters
    )
    rows = queries.in_order(actor, found.ids)
    return Page(
        listing, rows, found.total, found.number, size, sort, filters, found.beyond, found.first, found.last
    )


def _wanted(actor: Actor, listing: Listing, filters: Mapping[str, str]) -> queries.Wanted:
    bodies = None
    if "body" in filters:
        bodies = queries.bodies_called(actor, filters["body"])
    if "centre" in filters:
        of_centre = frozenset(queries.bodies_of_centre(actor, filters["centre"]))
        bodies = of_centre if bodies is None else bodies & of_centre
    chosen = [each for each in listing.filters if each.key in filters and each.key in _NARROWING]

    def narrow(rows: Rows) -> Rows:
        for each in chosen:
            rows = _TIMED.get(each.key, each.apply)(rows, filters[each.key])
        return rows

    spans = {}
    if all(each.key in _SPANS for each in chosen):
        read = ((column, of(filters[key])) for key, (column, of) in _SPANS.items() if key in filters)
        spans = {column: span for column, span in read if span is not None}
    return queries.Wanted(
        bodies,
        lambda one: all(fits(one, filters.get(key, "")) for key, fits in _FITS.items()),
        narrow if chosen else None,
        any(each.key in _SELECTIVE for each in chosen),
        frozenset.intersection(*(_SORTED.get(each.key, frozenset()) for each in chosen))
        if chosen
        else frozenset(),
        spans,
    )


def _part(part: str, values: tuple[str, ...]) -> Callable[[Facet, str], bool]:
    return lambda one, value: not value or values[getattr(one, part)] == value


def _flag(part: str) -> Callable[[Facet, str], bool]:
    return lambda one, value: value not in {"yes", "no"} or bool(getattr(one, part)) == (value == "yes")


# Whether a combination answers each filter of which counts are kept, as ``Filter.apply`` does row by row.
_FITS: dict[str, Callable[[Facet, str], bool]] = {
    "state": _part("state", facets.STATES),
    "priority": _part("priority", facets.PRIORITIES),
    "certainty": _part("certainty", facets.CERTAINTIES),
    "criticality": _part("criticality", tuple(map(str, range(facets.CRITICALITIES)))),
    "kev": _flag("exploited"),
    "internet": _flag("internet"),
    "late": lambda one, value: value not in {"yes", "no"} or one.state == 0,
}


def exposure_cells(rows: Rows) -> Iterator[list[Cell]]:
    """The cells of an export, in the order of ``COLUMNS``."""
    for one in rows.iterator(chunk_size=2000):
        yield [
            one.vulnerability.cve_id,
            str(wording.PRIORITIES.get(one.priority, one.priority)),
            one.due_at,
            f"{one.asset.name} ({one.asset.key})",
            str(one.component),
            one.body.name,
            str(wording.STATES[one.state]),
            one.criticality,
            str(wording.CERTAINTIES.get(one.certainty, one.certainty)),
            one.opened_at,
            one.closed_at,
        ]


STATEMENTS = Listing(
    "statements",
    (
        Column("vulnerability", _("Vulnérabilité"), ("vulnerability__cve_id",)),
        Column("body", _("Organisme"), ("body__code",)),
        Column("kind", _("Déclaration"), ("kind",)),
        Column("state", _("État"), ("state",)),
        Column("made", _("Faite"), ("made_at",)),
        Column("until", _("Jusqu’au"), ("valid_until",)),
    ),
    (
        Filter(
            "state",
            _("État"),
            _among("state", wording.STATEMENT_STATES),
            tuple(wording.STATEMENT_STATES.items()),
        ),
        Filter("kind", _("Déclaration"), _among("kind", wording.KINDS), tuple(wording.KINDS.items())),
        Filter("vulnerability", _("Vulnérabilité"), _vulnerability),
        Filter("body", _("Organisme"), lambda rows, value: rows.filter(body__code=value)),
    ),
    "-made",
)
