"""What the rules in force cover of ATT&CK, and what they leave open."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from rempart.detection import library_wording as wording
from rempart.detection import queries
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.permissions import Permission

_GAPS_SHOWN = 15


@page(Permission.DETECTION_READ)
def coverage(request: ActorRequest) -> HttpResponseBase:
    """The matrix: a column for each tactic, a cell for each technique."""
    found = queries.coverage(request.actor)
    context: dict[str, Any] = {
        "coverage": found,
        "columns": [
            {
                "words": wording.tactic(tactic),
                "cells": [(cell, _strength(cell)) for cell in cells],
                "covered": sum(1 for cell in cells if cell.rules),
            }
            for tactic, cells in found.columns
        ],
        "gaps": found.gaps[:_GAPS_SHOWN],
        "figures": [
            {
                "label": _("Techniques couvertes"),
                "value": f"{number_format(found.covered)} / {number_format(found.known)}",
            },
            {
                "label": _("Employées et sans règle"),
                "value": number_format(len(found.gaps)),
                "meaning": "critical" if found.gaps else "ok",
                "url": "#gaps",
            },
            {
                "label": _("Règles sans technique"),
                "value": number_format(found.untagged, force_grouping=True),
            },
        ],
    }
    return render(request, "detection/coverage.html", context)


def _strength(cell: Any) -> str:
    """How a cell looks: a gap, nothing, a few rules, many."""
    if cell.gap:
        return "gap"
    return "none" if not cell.rules else "some" if cell.rules < 5 else "many"
