"""What a page of the report says, as plain data in one language."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from rempart.engines import drawing
from rempart.engines.drawing import Cell, Label
from rempart.exposure import queries as exposure
from rempart.exposure.queries import HeatRow
from rempart.indicators import queries, wording
from rempart.indicators.definitions import OBJECTIVES
from rempart.indicators.measures import Late, all_places, late
from rempart.indicators.queries import Reading, Standing
from rempart.kernel.actors import Actor, system
from rempart.kernel.markings import Marking
from rempart.kernel.permissions import Permission

if TYPE_CHECKING:
    from rempart.organisations.models import Organisation

MARKING = Marking.AMBER
CHARTED = ("kev_on_time", "time_to_acknowledge_p90")
_LATE_SHOWN = 8
_NAME_LENGTH = 44
_HEAT_SHOWN = 12
_SYMBOLS = {"met": "✓", "missed": "✗", "followed": "–", "unknown": "–"}


def gather(actor: Actor, where: Organisation, at: datetime) -> dict[str, Any]:
    """Everything that the pages are written from, read once."""
    standing = queries.standing(actor, where)
    parts = _parts(actor, where)
    late_by_place = late(all_places(), at)
    named = {one.pk: one for one in parts}
    # The heat is read by the platform, then held to the places whose indicators the reader may read: an
    # authority sees the totals of its centres, and never a row behind them.
    by = "centre" if where.kind == "government" else "body"
    heat = [row for row in exposure.heat(system("indicators"), by) if row.id in named]
    return {
        "standing": standing,
        "late": [
            (named[place], late_by_place[place])
            for place in sorted(named, key=lambda each: _by_lateness(late_by_place.get(each, Late())))
            if late_by_place.get(place, Late()).directives
        ],
        "late_total": late_by_place.get(where.pk, Late()),
        "heat": heat,
        "names": named,
        "at": at,
    }


def _parts(actor: Actor, where: Organisation) -> list[Organisation]:
    """What the place is broken down by: centres (government), bodies (centre), itself (body)."""
    wanted = {"government": "cocd", "cocd": "body"}.get(where.kind, "")
    below = [one for one in queries.places(actor) if one.path.startswith(where.path) and one.kind == wanted]
    return below if wanted else [where]


def _by_lateness(one: Late) -> tuple[int, float]:
    return -one.directives, -one.longest


def page(found: dict[str, Any], language: str) -> dict[str, Any]:
    """One page of the report in a language, ready to be set."""
    with override(language):
        standing: Standing = found["standing"]
        local = timezone.localtime(found["at"])
        since = timezone.localtime(found["at"] - timedelta(days=standing.days))
        return {
            "language": language,
            "title": _("Cyberdéfense : indicateurs aux autorités"),
            "place": standing.place.name,
            "period": _("Du %(since)s au %(until)s")
            % {"since": f"{since:%Y-%m-%d}", "until": f"{local:%Y-%m-%d}"},
            "marking": MARKING.label_in(language),
            "marking_rule": MARKING.explained(),
            "sentence": _sentence(found),
            "headings": [_("Indicateur"), _("Valeur"), _("Cible"), _("État"), _("Mesuré sur")],
            "groups": _groups(standing),
            "charts": [_chart(standing[code]) for code in CHARTED],
            "heat_title": _("Où l’exposition vieillit"),
            "heat_text": _("Expositions ouvertes à ce qui est exploité, par ancienneté en jours."),
            "heat": _heat(found["heat"], found["names"]),
            "heat_empty": _("Aucune exposition ouverte à une vulnérabilité exploitée."),
            "late_title": _("Directives en retard"),
            "late_headings": [
                _("Où"),
                _("En retard"),
                _("Organismes en retard"),
                _("Dont sans réponse"),
                _("Plus long retard"),
            ],
            "late": [_late_row(place, one) for place, one in found["late"][:_LATE_SHOWN]],
            "late_more": _late_more(found["late"][_LATE_SHOWN:]),
            "late_empty": _("Aucune directive n’est en retard."),
            "footer": _(
                "« Corrigé » veut dire prouvé par un inventaire postérieur ; "
                "une déclaration seule ne compte pas."
            ),
            "made": _("Établi le %(day)s par Rempart") % {"day": f"{local:%Y-%m-%d}"},
            "page_of": _("page %(page)s de 2") % {"page": 1 if language == "fr" else 2},
        }


def _sentence(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The page in words: pieces of text, each maybe with a meaning (critical, warn, ok)."""
    standing: Standing = found["standing"]
    total: Late = found["late_total"]
    act = standing["bodies_act_now"].measure
    pieces = [
        {
            "text": ngettext(
                "%(met)s cible atteinte sur %(judged)s.",
                "%(met)s cibles atteintes sur %(judged)s.",
                standing.met,
            )
            % {"met": wording.number(standing.met), "judged": wording.number(standing.judged)},
            "meaning": "ok" if not standing.missed else "",
        }
    ]
    exposed = int(act.value or 0)
    if exposed:
        text = ngettext(
            "%(n)s organisme sur %(all)s est exposé à ce qui exige d’agir maintenant.",
            "%(n)s organismes sur %(all)s sont exposés à ce qui exige d’agir maintenant.",
            exposed,
        ) % {"n": wording.number(exposed), "all": wording.number(act.denominator or 0)}
        pieces.append({"text": text, "meaning": "critical"})
    else:
        pieces.append(
            {"text": _("Aucun organisme n’est exposé à ce qui exige d’agir maintenant."), "meaning": "ok"}
        )
    if total.directives:
        text = ngettext(
            "%(n)s directive est en retard, dont %(silent)s sans réponse.",
            "%(n)s directives sont en retard, dont %(silent)s sans réponse.",
            total.directives,
        ) % {"n": wording.number(total.directives), "silent": wording.number(total.silent)}
        pieces.append({"text": text, "meaning": "warn"})
    return pieces


def _groups(standing: Standing) -> list[dict[str, Any]]:
    groups: dict[str, list[dict[str, str]]] = {}
    for reading in standing.readings:
        one = reading.indicator
        groups.setdefault(one.objective, []).append(
            {
                "name": str(one.name),
                "value": wording.written(one, reading.measure.value),
                "target": wording.target(one),
                "symbol": _SYMBOLS[reading.state],
                "state": str(wording.STATES[reading.state]),
                "meaning": {"met": "ok", "missed": "critical"}.get(reading.state, "calm"),
                "basis": wording.basis(one, reading.measure) or "–",
            }
        )
    return [{"code": code, "name": str(OBJECTIVES[code]), "rows": rows} for code, rows in groups.items()]


def _chart(reading: Reading) -> dict[str, str]:
    one, trend = reading.indicator, reading.trend
    words = wording.trend(one, reading.values)
    if len(reading.values) < 2:
        return {
            "title": str(one.name),
            "svg": "",
            "words": _("L’évolution se dessine à partir du deuxième jour."),
        }
    scaled = wording.scaled(one, trend)

    def write(value: float) -> str:
        if scaled.ratio:
            return wording.written(one, value)
        return wording.number(value, 1) + (f" {scaled.unit}" if scaled.unit else "")

    svg = drawing.line_chart(
        str(one.name),
        words,
        scaled.points,
        number=write,
        target=scaled.target,
        target_label="" if scaled.target is None else _("cible %(value)s") % {"value": write(scaled.target)},
        width=360,
        height=130,
    )
    return {"title": str(one.name), "svg": drawing.standalone(svg), "words": words}


def _heat(rows: list[HeatRow], names: dict[int, Organisation]) -> dict[str, str]:
    hot = [row for row in rows if row.total][:_HEAT_SHOWN]
    if not hot:
        return {"svg": "", "words": ""}
    columns = {key: Label(key.replace("-", "–")) for key, _days in exposure.AGES}
    cells = {(row.id, key): Cell(float(count)) for row in hot for key, count in row.cells.items() if count}
    words = ", ".join(f"{names[row.id].name} : {wording.number(row.total)}" for row in hot)
    svg = drawing.heat_map(
        _("Où l’exposition vieillit"),
        words,
        {row.id: Label(names[row.id].name) for row in hot},
        columns,
        cells,
        number=wording.number,
        width=560,
    )
    return {"svg": drawing.standalone(svg), "words": words}


def _late_row(place: Organisation, one: Late) -> list[str]:
    return [
        _cut(place.name),
        wording.number(one.directives),
        wording.number(one.bodies),
        wording.number(one.silent),
        wording.duration(one.longest),
    ]


def _cut(name: str) -> str:
    """A name that fits on a line or two, so that a page of the report stays a page."""
    return name if len(name) <= _NAME_LENGTH else name[: _NAME_LENGTH - 1].rstrip() + "…"


def _late_more(rest: list[tuple[Organisation, Late]]) -> str:
    if not rest:
        return ""
    return ngettext(
        "et %(places)s autre, %(n)s en retard", "et %(places)s autres, %(n)s en retard", len(rest)
    ) % {
        "places": wording.number(len(rest)),
        "n": wording.number(sum(one.directives for _place, one in rest)),
    }


def may_read(actor: Actor, where: Organisation) -> None:
    """Raises NotPermitted unless the actor may read the indicators of the place."""
    actor.require(Permission.INDICATOR_READ, where.pk)
