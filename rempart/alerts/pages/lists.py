"""The lists of directives, targets and messages: columns, filters, and what their exports hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _

from rempart.alerts import queries, wording
from rempart.alerts.models import Target
from rempart.alerts.pages.cells import directive_row
from rempart.alerts.states import IN_HAND, OPEN, OTHER_ENDS, WAITING
from rempart.kernel.actors import Actor
from rempart.kernel.exports import Cell
from rempart.kernel.listing import Column, Filter, Listing
from rempart.kernel.markings import Marking, most_restrictive
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now
from rempart.organisations import queries as organisations

Rows = QuerySet[Any]

_YES = (("yes", _("oui")),)


def _among(field: str, words: dict[str, Any]) -> Callable[[Rows, str], Rows]:
    return lambda rows, value: rows.filter(**{field: value}) if value in words else rows.none()


def _when_yes(condition: Callable[[Rows], Rows]) -> Callable[[Rows, str], Rows]:
    return lambda rows, value: condition(rows) if value == "yes" else rows


def _in_states(name: str, label: Any, states: frozenset[Target.State]) -> Filter:
    """Those in one of these states, when asked."""
    return Filter(name, label, _when_yes(lambda rows: rows.filter(state__in=states)), _YES, folded=True)


def with_urgency(rows: Rows) -> Rows:
    """Adds ``urgency``, by which priorities are sorted: 0 is to act on now."""
    ranks = (When(priority=name, then=Value(rank)) for rank, name in enumerate(wording.PRIORITIES))
    return rows.annotate(urgency=Case(*ranks, default=Value(9), output_field=IntegerField()))


def _places(actor: Actor) -> organisations.PlaceChoices:
    return organisations.choices(actor, Permission.ALERT_READ)


def _priority() -> Filter:
    return Filter(
        "priority", _("Priorité"), _among("priority", wording.PRIORITIES), tuple(wording.PRIORITIES.items())
    )


DIRECTIVE_COLUMNS = (
    Column("number", _("Directive"), ("number",)),
    Column("title", _("Objet"), ("title_fr",)),
    Column("priority", _("Priorité"), ("urgency", "due_at")),
    Column("state", _("État"), ("state",)),
    Column("progress", _("Avancement"), ("verified",)),
    Column("bodies", _("Organismes"), ("bodies",), numeric=True),
    Column("late", _("En retard"), ("late",), numeric=True),
    Column("due", _("Échéance"), ("due_at",)),
    Column("issued", _("Émise"), ("issued_at",), optional=True),
    Column("marking", _("Marquage"), ("marking",), optional=True),
)


def directive_listing(actor: Actor) -> Listing:
    """The list of directives; rows are ``queries.directives`` with urgency."""

    def binding(**condition: Any) -> Callable[[Rows], Rows]:
        mine = queries.targets(actor).order_by().values("directive_id")
        return lambda rows: rows.filter(pk__in=mine.filter(**condition))

    filters = (
        Filter(
            "state",
            _("État"),
            _among("state", wording.DIRECTIVE_STATES),
            tuple(wording.DIRECTIVE_STATES.items()),
        ),
        _priority(),
        Filter("late", _("En retard"), _when_yes(lambda rows: rows.filter(late__gt=0)), _YES),
        Filter(
            "unacknowledged",
            _("Sans accusé"),
            _when_yes(lambda rows: rows.filter(silent__gt=0)),
            _YES,
            folded=True,
        ),
        Filter(
            "vulnerability",
            _("Vulnérabilité"),
            lambda rows, value: rows.filter(vulnerability__cve_id__iexact=value),
            folded=True,
        ),
        Filter(
            "body",
            _("Organisme"),
            lambda rows, value: binding(body__code=value)(rows),
            lambda: _places(actor).bodies,
        ),
        Filter(
            "centre",
            _("Centre opérationnel"),
            lambda rows, value: binding(body__parent__code=value)(rows),
            lambda: _places(actor).centres,
            folded=True,
        ),
    )
    return Listing("directives", DIRECTIVE_COLUMNS, filters, "priority", directive_row)


def directive_cells(rows: Rows) -> Iterator[list[Cell]]:
    for one in rows.iterator(chunk_size=1000):
        yield [
            one.number,
            one.title,
            str(wording.PRIORITIES.get(one.priority, one.priority)),
            str(wording.DIRECTIVE_STATES[one.state]),
            f"{one.verified} / {one.bodies}",
            one.bodies,
            one.late,
            one.due_at,
            one.issued_at,
            str(Marking.read(one.marking).label),
        ]


TARGET_COLUMNS = (
    Column("body", _("Organisme"), ("body__code",)),
    Column("directive", _("Directive"), ("directive__number",)),
    Column("title", _("Objet"), ("directive__title_fr",)),
    Column("priority", _("Priorité"), ("urgency", "due_at")),
    Column("state", _("État"), ("state",)),
    Column("due", _("Échéance"), ("ended", "due_at")),
    Column("open", _("Expositions ouvertes"), ("exposures_open",), numeric=True),
    Column("acknowledged", _("Accusé"), ("acknowledged_at",)),
    Column("assigned", _("Confiée à"), ("assigned_to__name",), optional=True),
    Column("verified", _("Vérifiée"), ("verified_at",), optional=True),
)


def _late(rows: Rows) -> Rows:
    return rows.filter(state__in=OPEN, due_at__lt=now())


def with_ends(rows: Rows) -> Rows:
    """Adds ``ended`` to targets with urgency: what is closed comes after what is open."""
    closed = Case(When(closed_at__isnull=True, then=Value(0)), default=Value(1), output_field=IntegerField())
    return with_urgency(rows).annotate(ended=closed)


def target_listing(actor: Actor, *, one_directive: bool = False) -> Listing:
    """The list of bodies bound by directives, or by one; rows are ``queries.targets`` with ``with_ends``."""
    filters = (
        Filter(
            "state", _("État"), _among("state", wording.TARGET_STATES), tuple(wording.TARGET_STATES.items())
        ),
        _priority(),
        _in_states("open", _("Ouverte"), OPEN),
        Filter("late", _("En retard"), _when_yes(_late), _YES),
        _in_states("unacknowledged", _("Sans accusé"), WAITING),
        _in_states("in_hand", _("Prise en charge"), IN_HAND),
        _in_states("other_end", _("Close autrement"), OTHER_ENDS),
        Filter(
            "delay",
            _("Délai demandé"),
            _when_yes(lambda rows: rows.filter(state__in=OPEN, delay_requested_until__isnull=False)),
            _YES,
            folded=True,
        ),
        Filter(
            "recent",
            _("Vérifiée depuis hier"),
            _when_yes(lambda rows: rows.filter(verified_at__gt=now() - timedelta(days=1))),
            _YES,
            folded=True,
        ),
        Filter(
            "directive",
            _("Directive"),
            lambda rows, value: rows.filter(directive__number__iexact=value),
            folded=True,
        ),
        Filter(
            "vulnerability",
            _("Vulnérabilité"),
            lambda rows, value: rows.filter(directive__vulnerability__cve_id__iexact=value),
            folded=True,
        ),
        Filter(
            "body",
            _("Organisme"),
            lambda rows, value: rows.filter(body__code=value),
            lambda: _places(actor).bodies,
        ),
        Filter(
            "centre",
            _("Centre opérationnel"),
            lambda rows, value: rows.filter(body__parent__code=value),
            lambda: _places(actor).centres,
            folded=True,
        ),
    )
    if not one_directive:
        return Listing("targets", TARGET_COLUMNS, filters, "due")
    columns = tuple(each for each in TARGET_COLUMNS if each.key not in {"directive", "title"})
    mine = tuple(each for each in filters if each.key not in {"directive", "vulnerability", "priority"})
    return Listing("directive_targets", columns, mine, "due")


def target_cells(rows: Rows) -> Iterator[list[Cell]]:
    for one in rows.iterator(chunk_size=2000):
        yield [
            one.body.name,
            one.directive.number,
            one.directive.title,
            str(wording.PRIORITIES.get(one.priority, one.priority)),
            str(wording.TARGET_STATES[one.state]),
            one.due_at,
            one.exposures_open,
            one.acknowledged_at,
            one.assigned_to.name if one.assigned_to is not None else "",
            one.verified_at,
        ]


def marking_of(rows: Rows, field: str = "marking") -> Marking:
    """The marking that binds a list of directives, or of their targets (``directive__marking``)."""
    found = rows.order_by().values_list(field, flat=True).distinct()
    return most_restrictive([Marking.AMBER, *found])


DELIVERY_COLUMNS = (
    Column("to", _("Destinataire"), ("person__name",)),
    Column("body", _("Organisme"), ("body__code",)),
    Column("directive", _("Directive"), ("target__directive__number",)),
    Column("occasion", _("Occasion"), ("occasion",)),
    Column("rung", _("Palier"), ("rung",), optional=True),
    Column("state", _("État"), ("state",)),
    Column("error", _("Réponse du serveur"), ()),
    Column("attempts", _("Essais"), ("attempts",), numeric=True),
    Column("created", _("Mis en file"), ("created_at",)),
    Column("sent", _("Envoyé"), ("sent_at",)),
)


def _troubled(rows: Rows) -> Rows:
    return rows.filter(state__in=["failed", "bounced", "retrying"])


def delivery_listing(actor: Actor) -> Listing:
    """The list of messages; rows are ``queries.deliveries``."""
    filters = (
        Filter("trouble", _("En difficulté"), _when_yes(_troubled), _YES),
        Filter(
            "state",
            _("État"),
            _among("state", wording.DELIVERY_STATES),
            tuple(wording.DELIVERY_STATES.items()),
        ),
        Filter(
            "occasion",
            _("Occasion"),
            _among("occasion", wording.OCCASIONS),
            tuple(wording.OCCASIONS.items()),
            folded=True,
        ),
        Filter(
            "directive",
            _("Directive"),
            lambda rows, value: rows.filter(target__directive__number__iexact=value),
            folded=True,
        ),
        Filter(
            "body",
            _("Organisme"),
            lambda rows, value: rows.filter(body__code=value),
            lambda: _places(actor).bodies,
        ),
    )
    return Listing("deliveries", DELIVERY_COLUMNS, filters, "-created")


def delivery_cells(rows: Rows) -> Iterator[list[Cell]]:
    for one in rows.iterator(chunk_size=2000):
        yield [
            one.person.name if one.person is not None else "",
            one.body.name,
            one.target.directive.number if one.target is not None else "",
            str(wording.OCCASIONS.get(one.occasion, one.occasion)),
            str(wording.RUNGS.get(one.rung, one.rung)),
            str(wording.DELIVERY_STATES[one.state]),
            one.error,
            one.attempts,
            one.created_at,
            one.sent_at,
        ]
