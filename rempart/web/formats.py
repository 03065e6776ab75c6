"""Numbers, durations and moments as people of each language write them.

French follows the Office québécois de la langue française: narrow no-break spaces in numbers and before
« % », "14 h 05", AAAA-MM-JJ. English: "14:05", comma for thousands. Nothing here reads the clock by itself.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache

from babel.numbers import format_decimal, format_percent
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rempart.kernel.text import language_of_reader

NARROW = "\u202f"  # narrow no-break space
FIXED = "\u00a0"  # no-break space


def locale() -> str:
    """The reader's locale, as Babel names it."""
    return f"{language_of_reader()}_CA"


def number(value: float | None, decimals: int | None = None) -> str:
    """1204 → "1 204" or "1,204". ``decimals`` fixes the digits after the separator; None keeps up to two."""
    if value is None:
        return "–"
    if type(value) is int and not decimals:  # most numbers of a page; Babel is a hundred times slower
        return f"{value:,}" if locale() == "en_CA" else f"{value:,}".replace(",", NARROW)
    pattern = "#,##0" + (".##" if decimals is None else "." + "0" * decimals if decimals else "")
    return format_decimal(value, format=pattern, locale=locale()).replace(FIXED, NARROW)


def percent(ratio: float | None, decimals: int = 0) -> str:
    """0.914 → "91 %" or "91%"."""
    if ratio is None:
        return "–"
    pattern = (
        "#,##0" + ("." + "0" * decimals if decimals else "") + ("%" if locale() == "en_CA" else NARROW + "%")
    )
    return format_percent(ratio, format=pattern, locale=locale()).replace(FIXED, NARROW)


def clock(moment: datetime) -> str:
    """The time of day in the government's zone: "14 h 05" or "14:05"."""
    return _clock(timezone.localtime(moment), locale())


def _clock(local: datetime, reader: str) -> str:
    return f"{local:%H:%M}" if reader == "en_CA" else f"{local.hour}{FIXED}h{FIXED}{local:%M}"


def day(moment: date) -> str:
    """The date, in the order of both languages here: 2026-01-31."""
    if isinstance(moment, datetime):
        moment = timezone.localtime(moment).date()
    return moment.isoformat()


def exact(moment: datetime) -> str:
    """The date, the time and the zone: "2026-01-31, 14 h 05 (HNE)"."""
    return _exact(moment, locale())


@lru_cache(maxsize=4096)
def _exact(moment: datetime, reader: str) -> str:
    """The same few moments fill a list: the deadline of a directive is that of all its bodies."""
    local = timezone.localtime(moment)
    return f"{local.date().isoformat()}, {_clock(local, reader)} ({_zone(local, reader)})"


def zone(moment: datetime) -> str:
    """The zone's short name at that moment, in the reader's language."""
    return _zone(timezone.localtime(moment), locale())


def _zone(local: datetime, reader: str) -> str:
    name = local.tzname() or "UTC"
    return name if reader == "en_CA" else {"EST": "HNE", "EDT": "HAE"}.get(name, name)


def span(length: timedelta) -> str:
    """A length of time in its two largest useful units: "2 h 10", "47 min", "9 h", "3 j", "6 s"."""
    seconds = int(abs(length.total_seconds()))
    if seconds < 60:
        return f"{seconds}{FIXED}s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes}{FIXED}min"
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        short = f"{hours}{FIXED}h"
        if not rest or hours >= 24:
            return short
        return f"{short}{FIXED}{rest:02}" + (f"{FIXED}min" if locale() == "en_CA" else "")
    days = hours // 24
    return f"{number(days)}{FIXED}{_('j')}"


def long_span(length: timedelta) -> str:
    """The same in whole words for days and more: "3 jours", "2 mois"; short units below two days."""
    days = int(abs(length.total_seconds())) // 86_400
    if days < 2:
        return span(length)
    if days < 60:
        return ngettext("%(count)s jour", "%(count)s jours", days) % {"count": number(days)}
    if days < 730:
        months = days // 30
        return ngettext("%(count)s mois", "%(count)s mois", months) % {"count": number(months)}
    years = days // 365
    return ngettext("%(count)s an", "%(count)s ans", years) % {"count": number(years)}


def relative(moment: datetime, at: datetime) -> str:
    """How far ``moment`` is from ``at``: "il y a 12 min", "dans 2 h 10", "à l’instant"."""
    length = moment - at
    if abs(length) < timedelta(seconds=5):
        return _("à l’instant")
    if length < timedelta(0):
        return _("il y a %(span)s") % {"span": long_span(length)}
    return _("dans %(span)s") % {"span": long_span(length)}


def remaining(due: datetime, at: datetime) -> str:
    """What is left before ``due``, or how late it is: "2 h 10", "en retard de 3 h"."""
    if due < at:
        return _("en retard de %(span)s") % {"span": span(at - due)}
    return span(due - at)
