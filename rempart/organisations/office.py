"""The government's office: its opening hours, its time zone, and the days when it is closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.utils.translation import gettext as _

from rempart.engines.clocks import OFFICE_WEEK, BusinessCalendar, Hours, Week, quebec_holidays
from rempart.kernel.errors import Invalid
from rempart.kernel.text import in_language
from rempart.organisations.models import OfficeCalendar

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MAX_CLOSED_DAYS = 200
MAX_NAME = 100
_LEAST_DAYS, _LEAST_WEEK = 3, timedelta(hours=24)
# The longest that deadlines and ladders count: a year of open hours, three of working days.
_LONGEST_HOURS, _LONGEST_DAYS = timedelta(days=366), 3 * 366
_YEARS_OF_CLOSED_DAYS = range(2000, 2101)


@dataclass(frozen=True, slots=True)
class ClosedDay:
    """A day when the office is closed beyond the statutory holidays; ``name_en`` may be empty."""

    day: date
    name_fr: str
    name_en: str = ""

    @property
    def name(self) -> str:
        """In the reader's language."""
        return in_language(self.name_fr, self.name_en)


@dataclass(frozen=True, slots=True)
class Office:
    """What business hours and days are. ``statutory_holidays``: those of Québec are closed days."""

    time_zone: str
    statutory_holidays: bool = True
    week: Week = OFFICE_WEEK
    closed_days: tuple[ClosedDay, ...] = ()

    def calendar(self, first: int, last: int | None = None) -> BusinessCalendar:
        """The calendar for what begins in these years (both included; ``first`` alone without ``last``)."""
        # The longest delays may take ten years of a small office.
        return _calendar(self, first - 1, (last or first) + 10)

    def to_document(self) -> dict[str, Any]:
        """As it is kept, shown and given back: ``office_of`` reads it."""
        hours = [[f"{each.open:%H:%M}", f"{each.close:%H:%M}"] if each else None for each in self.week]
        return {
            "time_zone": self.time_zone,
            "statutory_holidays": self.statutory_holidays,
            "hours": dict(zip(WEEKDAYS, hours, strict=True)),
            "closed_days": [
                {"day": each.day.isoformat(), "name_fr": each.name_fr, "name_en": each.name_en}
                for each in self.closed_days
            ],
        }


@lru_cache(maxsize=64)
def _calendar(office: Office, first: int, last: int) -> BusinessCalendar:
    years = range(first, last + 1) if office.statutory_holidays else ()
    return BusinessCalendar(
        quebec_holidays(years, (each.day for each in office.closed_days)),
        office.week,
        ZoneInfo(office.time_zone),
    )


def office_in_force() -> Office:
    """The office that counts now, in one query; that of a new installation where none is kept."""
    row = OfficeCalendar.objects.filter(pk=OfficeCalendar.ONLY).first()
    if row is None:
        return Office(settings.TIME_ZONE)
    return Office(
        row.time_zone,
        row.statutory_holidays,
        tuple(Hours(*(time.fromisoformat(at) for at in pair)) if pair else None for pair in row.week),
        tuple(
            ClosedDay(date.fromisoformat(each["day"]), each["name_fr"], each["name_en"])
            for each in row.closed_days
        ),
    )


def office_of(document: Mapping[str, Any]) -> Office:
    """The office that a document describes, its closed days by date. Raises Invalid that names the field."""
    office = Office(
        _time_zone(document.get("time_zone")),
        _holidays(document.get("statutory_holidays", True)),
        _week(document.get("hours")),
        _closed_days(document.get("closed_days") or ()),
    )
    _check_reach(office)
    return office


def _time_zone(given: Any) -> str:
    if not isinstance(given, str) or given not in available_timezones():
        raise Invalid(
            _("Ce fuseau horaire est inconnu : donnez son nom, comme « America/Toronto »."), field="time_zone"
        )
    return given


def _holidays(given: Any) -> bool:
    if not isinstance(given, bool):
        raise Invalid(_("Dites vrai ou faux."), field="statutory_holidays")
    return given


def _week(given: Any) -> Week:
    if not isinstance(given, Mapping) or set(given) != set(WEEKDAYS):
        raise Invalid(
            _("Donnez les heures de chacun des sept jours, de « monday » à « sunday »."), field="hours"
        )
    week = tuple(_hours(day, given[day]) for day in WEEKDAYS)
    total = sum((_length(each) for each in week if each), timedelta())
    if sum(each is not None for each in week) < _LEAST_DAYS or total < _LEAST_WEEK:
        raise Invalid(_("Le bureau ouvre au moins trois jours et 24 heures par semaine."), field="hours")
    return week


def _length(hours: Hours) -> timedelta:
    return datetime.combine(date.min, hours.close) - datetime.combine(date.min, hours.open)


def _hours(day: str, given: Any) -> Hours | None:
    if given is None:
        return None
    field = f"hours.{day}"
    try:
        opens, closes = (datetime.strptime(str(at), "%H:%M").time() for at in given)
        return Hours(opens, closes)
    except (TypeError, ValueError) as error:
        raise Invalid(
            _("Donnez une heure d’ouverture et une heure de fermeture plus tardive, comme 08:30 et 16:30."),
            field=field,
        ) from error


def _closed_days(given: Any) -> tuple[ClosedDay, ...]:
    rows = list(given)
    if len(rows) > MAX_CLOSED_DAYS:
        raise Invalid(_("Au plus %(count)d jours fermés.") % {"count": MAX_CLOSED_DAYS}, field="closed_days")
    found: dict[date, ClosedDay] = {}
    for number, row in enumerate(rows):
        one = _closed_day(f"closed_days.{number}", row)
        if one.day in found:
            raise Invalid(
                _("Le %(day)s est donné deux fois.") % {"day": one.day.isoformat()},
                field=f"closed_days.{number}",
            )
        found[one.day] = one
    return tuple(found[day] for day in sorted(found))


def _closed_day(field: str, row: Any) -> ClosedDay:
    try:
        day = row["day"] if isinstance(row["day"], date) else date.fromisoformat(row["day"])
        names = [" ".join(str(row.get(name) or "").split()) for name in ("name_fr", "name_en")]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Invalid(_("Donnez une date, comme 2026-12-24, et un nom."), field=field) from error
    if day.year not in _YEARS_OF_CLOSED_DAYS:
        raise Invalid(_("Cette date n’est pas entre 2000 et 2100."), field=field)
    if not names[0] or max(map(len, names)) > MAX_NAME:
        raise Invalid(_("Nommez ce jour, en 100 caractères au plus."), field=field)
    return ClosedDay(day, *names)


def _check_reach(office: Office) -> None:
    """Raises Invalid unless the longest delays end, whatever the priority table asks later."""
    start = datetime.combine(
        min((each.day for each in office.closed_days), default=date(2026, 1, 1)), time(), UTC
    )
    calendar = office.calendar(start.year)
    try:
        calendar.add_business_hours(start, _LONGEST_HOURS)
        calendar.add_business_days(start, _LONGEST_DAYS)
    except ValueError as error:
        raise Invalid(
            _("Le bureau est fermé trop souvent : un délai d’un an d’heures ouvrables n’y finirait pas."),
            field="closed_days",
        ) from error
