"""The board's rows in words, with their links."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rempart.alerts.wording import EVENT_MEANINGS, EVENTS
from rempart.exposure.queries import AGES
from rempart.indicators import wording
from rempart.indicators.queries import Reading
from rempart.web.board.gather import Arrival, Board, FeedResult
from rempart.web.formats import FIXED, number

_RECENT = 12


@dataclass(frozen=True, slots=True)
class Line:
    """Something that happened: what, where it leads, and its meaning."""

    key: str
    at: datetime
    text: str
    url: str
    meaning: str = ""
    note: str = ""
    note_url: str = ""


def reading(one: Reading, place: str) -> dict[str, Any]:
    """An indicator as a figure of the board, with its target."""
    meaning = {"met": "", "missed": "warn"}.get(one.state, "")
    aim = wording.target(one.indicator)
    return {
        "label": one.indicator.name,
        # Ordinary spaces: on a phone a long duration wraps.
        "value": wording.written(one.indicator, one.measure.value).replace(FIXED, " "),
        "note": _("cible %(target)s") % {"target": aim} if aim != "–" else "",
        "url": reverse("indicator", args=[one.indicator.code]) + "?" + urlencode({"organisation": place}),
        "meaning": meaning,
    }


def heat(found: Board) -> dict[str, Any]:
    """Rows, columns and cells of the heat map; every cell leads to its exposures."""
    cells = {
        (row.code, age): (count, _exposures(row.code, found.heat_by, age=age))
        for row in found.heat
        for age, count in row.cells.items()
        if count
    }
    return {
        "rows": [(row.code, row.name, _exposures(row.code, found.heat_by)) for row in found.heat],
        "columns": [(age, age.replace("-", "–")) for age, _days in AGES],
        "cells": cells,
        "total": sum(row.total for row in found.heat),
    }


def _exposures(code: str, by: str, **more: str) -> str:
    query = {"state": "open", "certainty": "affected", "kev": "yes", by: code, **more}
    return reverse("exposure_list") + "?" + urlencode(query)


def recent(found: Board) -> list[Line]:
    """What just happened, latest first."""
    lines = [
        Line(
            f"target-{each.target_id}-{each.kind}-{each.at:%H%M%S}",
            each.at,
            f"{each.body} · {EVENTS.get(each.kind, each.kind)}",
            reverse("target", args=[each.target_id]),
            EVENT_MEANINGS.get(each.kind, ""),
            each.title,
        )
        for each in found.events
    ]
    lines += [_arrival(each) for each in found.arrivals]
    lines += [_run(each) for each in found.runs]
    return sorted(lines, key=lambda line: line.at, reverse=True)[:_RECENT]


def _arrival(one: Arrival) -> Line:
    bodies = one.reached.bodies
    reach = ngettext("%(n)s organisme exposé", "%(n)s organismes exposés", bodies) % {"n": number(bodies)}
    query = urlencode({"vulnerability": one.cve_id, "state": "open", "certainty": "affected"})
    return Line(
        f"kev-{one.cve_id}",
        one.at,
        _("Catalogue des exploitées : %(cve)s") % {"cve": one.cve_id},
        reverse("vulnerability", args=[one.cve_id]),
        "critical" if bodies else "",
        f"{one.name} · {reach}",
        reverse("exposure_list") + "?" + query if bodies else "",
    )


def _run(one: FeedResult) -> Line:
    if one.outcome == "failed":
        text, meaning = _("Source %(name)s : lecture échouée") % {"name": one.name}, "critical"
    else:
        text, meaning = (
            _("Source %(name)s : %(added)s ajouts, %(changed)s changements")
            % {
                "name": one.name,
                "added": number(one.added),
                "changed": number(one.changed),
            },
            "",
        )
    note = (
        ngettext("%(n)s enregistrement rejeté", "%(n)s enregistrements rejetés", one.rejected)
        % {"n": number(one.rejected)}
        if one.rejected
        else ""
    )
    return Line(f"run-{one.name}-{one.at:%H%M%S}", one.at, text, reverse("feed_list"), meaning, note)
