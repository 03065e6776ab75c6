"""The lists of detections and of sightings: columns, filters, and what their exports hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from rempart.detection import detections_wording as wording
from rempart.detection.findings import LEVELS
from rempart.detection.pages.filters import Rows, among, technique, whole
from rempart.detection.pages.numbers import number_of
from rempart.detection.pseudonyms import canonical
from rempart.detection.queries.hunts import brought
from rempart.detection.queries.sightings import own_bodies
from rempart.kernel.actors import Actor
from rempart.kernel.exports import Cell
from rempart.kernel.listing import Choices, Column, Filter, Listing
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now
from rempart.organisations import queries as organisations

_LEVELS = (
    *((str(int(level)), words) for level, words in wording.LEVELS.items()),
    ("high+", _("Élevé ou critique")),
)
_AS_RULES_SAY = {name: str(place) for place, name in enumerate(LEVELS)}


def _level(rows: Rows, value: str) -> Rows:
    if value == "high+":
        return rows.filter(level__gte=3)
    return rows.filter(level=int(value)) if value in {"0", "1", "2", "3", "4"} else rows.none()


def _rule(rows: Rows, value: str) -> Rows:
    """By the rule's id, or words of its title."""
    wanted = Q(rule_id__iexact=value)
    titled = Q()
    for word in value.split()[:6]:
        titled &= Q(rule_title__icontains=word)
    return rows.filter(wanted | titled)


def _age(field: str) -> Callable[[Rows, str], Rows]:
    def apply(rows: Rows, value: str) -> Rows:
        if value not in wording.AGES:
            return rows.none()
        return rows.filter(**{f"{field}__gte": now() - timedelta(days=int(value))})

    return apply


def _entity(field: str) -> Callable[[Rows, str], Rows]:
    return lambda rows, value: rows.filter(**{field: canonical(value)})


def _hunt(sighting: str) -> Filter:
    """What a hunt brought, by its number; ``sighting`` is the field of the sighting's number."""

    def apply(rows: Rows, value: str) -> Rows:
        number = number_of(value)
        return rows.none() if number is None else rows.filter(**{f"{sighting}__in": brought(number)})

    return Filter("hunt", _("Chasse (numéro)"), apply, folded=True)


def _body(choices: Callable[[], list[tuple[str, str]]], *, folded: bool = False) -> Filter:
    return Filter("body", _("Organisme"), whole("body__code"), choices, folded=folded)


def _level_filter() -> Filter:
    return Filter("level", pgettext_lazy("detection", "Niveau"), _level, _LEVELS, aliases=_AS_RULES_SAY)


def age_filter(field: str) -> Filter:
    return Filter("age", pgettext_lazy("detection", "Vue"), _age(field), tuple(wording.AGES.items()))


DETECTION_COLUMNS = (
    Column("rule", pgettext_lazy("detection", "Règle"), ("rule_title",)),
    Column("level", pgettext_lazy("detection", "Niveau"), ("-level", "-seen_at")),
    Column("host", _("Hôte"), ("host_key",)),
    Column("user", _("Compte"), ("user_key",)),
    Column("count", _("Événements"), ("count",), numeric=True),
    Column("seen", _("Premier"), ("seen_at",)),
    Column("state", _("Triage"), ("state",)),
    Column("assignee", _("Confiée à"), ("assignee__name",), optional=True),
    Column("technique", _("Technique"), ("techniques",), optional=True),
    Column("last", _("Dernier"), ("last_at",), optional=True),
    Column("recorded", _("Reçue"), ("recorded_at",), optional=True),
    Column("body", _("Organisme"), ("body__code",), optional=True),
)


def detection_listing(actor: Actor) -> Listing:
    """The list of a body's detections; rows are ``queries.detections``."""

    def bodies() -> list[tuple[str, str]]:
        return [(one.code, one.name) for one in own_bodies(actor)]

    filters = (
        Filter("state", _("Triage"), among("state", wording.STATES), tuple(wording.STATES.items())),
        _level_filter(),
        Filter("rule", pgettext_lazy("detection", "Règle"), _rule),
        Filter("host", _("Hôte"), _entity("host_key")),
        Filter("user", _("Compte"), _entity("user_key")),
        age_filter("seen_at"),
        Filter("technique", _("Technique"), technique, folded=True),
        _hunt("sighting_id"),
        _body(bodies, folded=True),
    )
    return Listing("detections", DETECTION_COLUMNS, filters, "-seen")


def detection_cells(rows: Rows) -> Iterator[list[Cell]]:
    for one in rows.iterator(chunk_size=1000):
        yield [
            one.rule_title,
            str(wording.level_words(one)[0]),
            one.host,
            one.user,
            one.count,
            one.seen_at,
            str(wording.STATES[one.state]),
            one.assignee.name if one.assignee is not None else "",
            one.techniques.strip(),
            one.last_at,
            one.recorded_at,
            one.body.name,
        ]


SIGHTING_COLUMNS = (
    Column("rule", pgettext_lazy("detection", "Règle"), ("rule_title",)),
    Column("level", pgettext_lazy("detection", "Niveau"), ("-level", "-recorded_at")),
    Column("body", _("Organisme"), ("body__code",)),
    Column("technique", _("Technique"), ("techniques",)),
    Column("count", _("Événements"), ("count",), numeric=True),
    Column("first", _("Premier"), ("first_at",), optional=True),
    Column("last", _("Dernier"), ("last_at",)),
    Column("host", _("Hôte (pseudonyme)"), ("host",)),
    Column("user", _("Compte (pseudonyme)"), ("user",)),
    Column("recorded", _("Reçu"), ("recorded_at",)),
    Column("kind", _("Genre"), ("kind",), optional=True),
    Column("rule_id", _("Identifiant de la règle"), ("rule_id",), optional=True),
    Column("rule_digest", _("Empreinte de la règle"), ("rule_digest",), optional=True),
)


def sighting_listing(actor: Actor, *, own: bool = False) -> Listing:
    """The list of what leaves bodies; ``own``: of the actor's own bodies, to see what left them."""

    def bodies() -> Choices:
        if own:
            return [(one.code, one.name) for one in own_bodies(actor)]
        return organisations.choices(actor, Permission.SIGHTING_READ).bodies

    filters = (
        _level_filter(),
        Filter("rule", pgettext_lazy("detection", "Règle"), _rule),
        Filter("technique", _("Technique"), technique),
        _body(bodies),
        age_filter("recorded_at"),
        Filter("pseudonym", _("Pseudonyme"), _pseudonym, folded=True),
        _hunt("pk"),
    )
    return Listing("leaving" if own else "sightings", SIGHTING_COLUMNS, filters, "-recorded")


def _pseudonym(rows: Rows, value: str) -> Rows:
    return rows.filter(Q(host=value.lower()) | Q(user=value.lower()))


def sighting_cells(rows: Rows) -> Iterator[list[Cell]]:
    for one in rows.iterator(chunk_size=1000):
        yield [
            one.rule_title,
            str(wording.level_words(one)[0]),
            one.body.name,
            one.techniques.strip(),
            one.count,
            one.first_at,
            one.last_at,
            one.host,
            one.user,
            one.recorded_at,
            str(wording.KINDS.get(one.kind, one.kind)),
            one.rule_id,
            one.rule_digest,
        ]
