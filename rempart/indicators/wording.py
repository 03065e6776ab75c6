"""Values as each language writes them, outside pages too (exports, the report, the command line)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from babel.numbers import format_decimal
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from rempart.indicators.definitions import Indicator
from rempart.indicators.measures import Measure
from rempart.kernel.text import language_of_reader

NARROW = "\u202f"
FIXED = "\u00a0"


def _english() -> bool:
    return language_of_reader() == "en"


def number(value: float, decimals: int = 0) -> str:
    """1204 → "1 204" or "1,204"."""
    pattern = "#,##0" + ("." + "#" * decimals if decimals else "")
    return format_decimal(value, format=pattern, locale="en_CA" if _english() else "fr_CA").replace(
        FIXED, NARROW
    )


def duration(seconds: float) -> str:
    """The two largest useful units: "6 s", "47 min", "2 h 10", "3,5 j"."""
    if seconds < 60:
        return f"{number(seconds, 1 if seconds < 10 else 0)}{FIXED}s"
    if seconds < 3600:
        return f"{number(seconds / 60)}{FIXED}min"
    if seconds < 48 * 3600:
        hours, minutes = divmod(round(seconds / 60), 60)
        if not minutes or hours >= 24:
            return f"{hours}{FIXED}h"
        return f"{hours}{FIXED}h{FIXED}{minutes:02}" + (f"{FIXED}min" if _english() else "")
    return f"{number(seconds / 86400, 1)}{FIXED}{_('j')}"


def written(indicator: Indicator, value: float | None) -> str:
    """A value of this indicator in the active language; a dash when there is none."""
    if value is None:
        return "–"
    match indicator.unit:
        case "duration":
            return duration(value)
        case "share":
            # One decimal near the ends, where a rounded 100 % would hide what is missing.
            percent = value * 100
            fine = 0 < percent < 1 or 99 < percent < 100
            return number(percent, 1 if fine else 0) + ("" if _english() else NARROW) + "%"
        case "count":
            return number(value)
        case _:
            return number(value, 1 if value < 100 else 0)


def target(indicator: Indicator) -> str:
    """The target with its direction: "≥ 95 %", "≤ 60 s"."""
    if indicator.target is None:
        return "–"
    value = written(indicator, indicator.target)
    if indicator.unit == "count" or (indicator.unit == "share" and indicator.target == 1.0):
        return value
    return ("≤" if indicator.direction == "down" else "≥") + FIXED + value


def unit(indicator: Indicator) -> str:
    """The unit in words."""
    return {
        "duration": _("durée"),
        "share": _("part"),
        "count": _("organismes"),
        "days": _("jours pondérés par 100 actifs"),
    }[indicator.unit]


STATES: dict[str, Any] = {
    "met": gettext_lazy("Cible atteinte"),
    "missed": gettext_lazy("Cible non atteinte"),
    "followed": gettext_lazy("Suivi, sans cible"),
    "unknown": gettext_lazy("Pas encore de mesure"),
}


def basis(indicator: Indicator, measure: Measure) -> str:
    """What the value was made of: "38 sur 400", "212 directives"."""
    if measure.denominator is None or not measure.denominator:
        return ""
    if indicator.unit == "duration":
        return ngettext("%(n)s réponse mesurée", "%(n)s réponses mesurées", int(measure.denominator)) % {
            "n": number(measure.denominator)
        }
    if indicator.unit == "days":
        return ngettext("%(n)s actif", "%(n)s actifs", int(measure.denominator)) % {
            "n": number(measure.denominator)
        }
    return _("%(part)s sur %(whole)s") % {
        "part": number(measure.numerator or 0),
        "whole": number(measure.denominator),
    }


def trend(indicator: Indicator, values: Sequence[float]) -> str:
    """How the value went, in words, for whoever does not see the line."""
    if len(values) < 2:
        return _("pas encore d’historique")
    return _("de %(first)s à %(last)s en %(count)s relevés") % {
        "first": written(indicator, values[0]),
        "last": written(indicator, values[-1]),
        "count": len(values),
    }


@dataclass(frozen=True, slots=True)
class Scaled:
    """A trend in the unit that its axis is read in."""

    points: list[tuple[date, float | None]]
    target: float | None
    unit: str
    ratio: bool


def scaled(indicator: Indicator, points: Sequence[tuple[date, float | None]]) -> Scaled:
    """The points of a chart, in seconds, minutes, hours or days by what is largest."""
    size, unit = 1.0, ""
    if indicator.unit == "duration":
        highest = max([value for _day, value in points if value is not None] + [indicator.target or 0.0])
        size, unit = next(
            (size, unit)
            for size, unit in ((86400.0, _("j")), (3600.0, "h"), (60.0, "min"), (1.0, "s"))
            if highest >= 2 * size or size == 1.0
        )
    return Scaled(
        [(day, None if value is None else value / size) for day, value in points],
        None if indicator.target is None else indicator.target / size,
        unit,
        indicator.unit == "share",
    )
