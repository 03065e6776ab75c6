"""Every read of this slice: indicators of a place of the tree that the actor may measure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.core.cache import caches
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from rempart.indicators.definitions import BY_CODE, INDICATORS, PERIODS, Indicator
from rempart.indicators.measures import Measure, all_places, measure
from rempart.indicators.models import Snapshot
from rempart.kernel import walls
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Invalid, NotFound
from rempart.kernel.keeping import Kept
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now, today
from rempart.organisations import queries as organisations

if TYPE_CHECKING:
    from rempart.organisations.models import Organisation

# Snapshots are taken every hour, and the moment of what is read is shown beside it. Older than this, no
# worker has run for long, and the values are measured now: seconds of a reader's time over a government.
_RECENT = timedelta(days=1)
_KEPT_SECONDS = 60
_MEASURED = ("government", "cocd", "body")


@dataclass(frozen=True, slots=True)
class Reading:
    """An indicator's value for a place; ``trend`` holds the daily values kept, the oldest first."""

    indicator: Indicator
    measure: Measure
    trend: Sequence[tuple[date, float | None]] = ()

    @property
    def met(self) -> bool | None:
        return self.indicator.met(self.measure.value)

    @property
    def state(self) -> str:
        """met | missed | followed (no target) | unknown (no value)."""
        if self.measure.value is None:
            return "unknown"
        return {True: "met", False: "missed", None: "followed"}[self.met]

    @property
    def values(self) -> list[float]:
        """The trend's known values, for a sparkline."""
        return [value for _day, value in self.trend if value is not None]


@dataclass(frozen=True, slots=True)
class Standing:
    """All the readings of a place over a period, and the moment they were measured."""

    place: Organisation
    days: int
    as_of: datetime
    readings: list[Reading]

    @property
    def of_today(self) -> bool:
        return localtime(self.as_of).date() == today()

    @property
    def met(self) -> int:
        return sum(reading.state == "met" for reading in self.readings)

    @property
    def missed(self) -> list[Reading]:
        return [reading for reading in self.readings if reading.state == "missed"]

    @property
    def judged(self) -> int:
        return sum(reading.met is not None for reading in self.readings)

    def __getitem__(self, code: str) -> Reading:
        for reading in self.readings:
            if reading.indicator.code == code:
                return reading
        raise KeyError(code)


@dataclass(frozen=True, slots=True)
class Rank:
    """A body or centre in an indicator's ranking."""

    place: Organisation
    reading: Reading


def places(actor: Actor) -> list[Organisation]:
    """The government, centres and bodies whose indicators the actor may read, from the widest.

    As of a minute ago at most: every page of indicators offers them, and they change a few times a year.
    """
    key = (actor.scope(Permission.ORGANISATION_READ), actor.scope(Permission.INDICATOR_READ))
    return _places.get(key, lambda: _read_places(actor))


_places: Kept[list[Organisation]] = Kept(seconds=60)


def _read_places(actor: Actor) -> list[Organisation]:
    every = organisations.organisations(actor).filter(kind__in=_MEASURED, active_to__isnull=True)
    rows = every.select_related(None).only("code", "kind", "name_fr", "name_en", "path")
    scope = actor.scope(Permission.INDICATOR_READ)
    if not scope.everything:
        rows = rows.filter(pk__in=scope.bodies)
    order = {kind: number for number, kind in enumerate(_MEASURED)}
    return sorted(rows, key=lambda one: (order[one.kind], one.code))


def place(actor: Actor, code: str = "", among: Sequence[Organisation] | None = None) -> Organisation:
    """The organisation of this code, or the widest that the actor may measure. Raises NotFound.

    ``among``: the actor's places, when they were read already.
    """
    known = places(actor) if among is None else among
    found = next((one for one in known if not code or one.code == code), None)
    if found is None:
        raise NotFound(
            _("Vous n’avez pas d’indicateurs à consulter pour cet organisme."), field="organisation"
        )
    return found


def period(text: str) -> int:
    """The days of a period from an address; the first of the periods when empty. Raises Invalid."""
    if not text:
        return PERIODS[0]
    if text not in {str(days) for days in PERIODS}:
        raise Invalid(
            _("La période est de %(days)s jours.") % {"days": ", ".join(map(str, PERIODS))}, field="period"
        )
    return int(text)


def indicator(code: str) -> Indicator:
    """Raises NotFound for an unknown code."""
    found = BY_CODE.get(code)
    if found is None:
        raise NotFound(_("Cet indicateur n’existe pas."), field="code")
    return found


def standing(actor: Actor, where: Organisation, days: int = PERIODS[0]) -> Standing:
    """The indicators of a place, with their daily trend over the period."""
    actor.require(Permission.INDICATOR_READ, where.pk)
    codes = [each.code for each in INDICATORS]
    found = _measured(actor, [where.pk], days, codes)
    readings = [
        Reading(each, found.measure(each.code, where.pk), found.trends.get((each.code, where.pk), ()))
        for each in INDICATORS
    ]
    return Standing(where, days, found.as_of, readings)


def ranking(actor: Actor, one: Indicator, where: Organisation, days: int = PERIODS[0]) -> list[Rank]:
    """The bodies below a place (itself, for a body), the furthest from the target first, unknown last."""
    actor.require(Permission.INDICATOR_READ, where.pk)
    return _ranked(actor, one, organisations.bodies(actor, Permission.INDICATOR_READ), where, days)


def centre_ranking(actor: Actor, one: Indicator, where: Organisation, days: int = PERIODS[0]) -> list[Rank]:
    """The same for the operational centres below a place."""
    actor.require(Permission.INDICATOR_READ, where.pk)
    rows = organisations.organisations(actor).filter(kind="cocd", active_to__isnull=True)
    return _ranked(actor, one, rows, where, days)


def _ranked(actor: Actor, one: Indicator, rows: object, where: Organisation, days: int) -> list[Rank]:
    below = [each for each in rows if each.path.startswith(where.path)]  # type: ignore[attr-defined]
    ids = [each.pk for each in below]
    found = _measured(actor, ids, days, [one.code])
    ranks = [
        Rank(each, Reading(one, found.measure(one.code, each.pk), found.trends.get((one.code, each.pk), ())))
        for each in below
        if (one.code, each.pk) in found.measures
    ]
    sign = -1 if one.direction == "down" else 1

    def far(rank: Rank) -> tuple[bool, float, str]:
        value = rank.reading.measure.value
        return value is None, sign * (value or 0.0), rank.place.code

    return sorted(ranks, key=far)


@dataclass(frozen=True, slots=True)
class _Found:
    """What was read of some places: by (code, place id), the present measure and the daily values."""

    measures: dict[tuple[str, int], Measure]
    trends: dict[tuple[str, int], list[tuple[date, float | None]]]
    as_of: datetime

    def measure(self, code: str, place: int) -> Measure:
        return self.measures.get((code, place), Measure(None))


def _measured(actor: Actor, place_ids: Iterable[int], days: int, codes: Sequence[str]) -> _Found:
    """These places' measures, among those that the actor may read: the last snapshot, or measured now."""
    wanted = {each for each in place_ids if actor.may(Permission.INDICATOR_READ, each)}
    rows = (
        Snapshot.objects.visible_to(actor, Permission.INDICATOR_READ)
        .filter(body_id__in=wanted, indicator__in=codes, day__gt=today() - timedelta(days=days))
        .order_by("day")
        .values_list("indicator", "body_id", "day", "value", "numerator", "denominator", "taken_at")
    )
    trends: dict[tuple[str, int], list[tuple[date, float | None]]] = defaultdict(list)
    present: dict[tuple[str, int], Measure] = {}
    taken = now() - _RECENT
    for code, body_id, day, value, numerator, denominator, at in rows:
        trends[(code, body_id)].append((day, value))
        if at > taken:
            present, taken = {}, at
        if at == taken:
            present[(code, body_id)] = Measure(value, numerator, denominator)
    if days == PERIODS[0] and present:
        return _Found(present, trends, taken)
    everything, as_of = _whole(days)
    measures = {(code, k): v for code in codes for k, v in everything[code].items() if k in wanted}
    return _Found(measures, trends, as_of)


@walls.lifted()
def _whole(days: int) -> tuple[dict[str, dict[int, Measure]], datetime]:
    """Every place measured at once, kept a minute: the next reader asks about the same rows."""
    key = f"indicators:{days}"
    kept: tuple[dict[str, dict[int, Measure]], datetime] | None = caches["process"].get(key)
    if kept is None:
        at = now()
        kept = measure(all_places(), at - timedelta(days=days), at), at
        caches["process"].set(key, kept, _KEPT_SECONDS)
    return kept
