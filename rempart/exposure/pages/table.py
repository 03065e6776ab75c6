"""The decision table: read by all who read exposures, edited by the command centre with a preview."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext

from rempart.engines.priority import Deadlines, Outcome, Point, Table
from rempart.exposure import commands, queries, wording
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import DomainError, Invalid
from rempart.kernel.permissions import Permission


@page(Permission.EXPOSURE_READ, Permission.PRIORITY_EDIT)
def priority_table(request: ActorRequest) -> HttpResponseBase:
    """The matrix and its deadlines; a post previews them, or saves them when asked to."""
    table, deadlines = queries.priority_table(), queries.priority_deadlines()
    may_edit = request.actor.scope(Permission.PRIORITY_EDIT).everything
    context: dict[str, Any] = {"may_edit": may_edit, "outcomes": list(wording.PRIORITIES.items())}
    status = 200
    if request.method == "POST":
        request.actor.require_everywhere(Permission.PRIORITY_EDIT)
        try:
            table, deadlines = _posted(request.POST)
            if request.POST.get("step") == "save":
                reason = request.POST.get("reason", "")[:2000]
                commands.edit_priority_table(
                    request.actor, rows=table.to_rows(), deadlines=deadlines.to_rows(), reason=reason
                )
                messages.success(
                    request,
                    gettext("Table enregistrée ; les priorités changent dans les minutes qui suivent."),
                )
                return redirect("priority_table")
            context["preview"] = _preview(commands.preview_priority_table(request.actor, table))
        except DomainError as error:
            context["error"], status = error, error.status
    context |= {"groups": _matrix(table), "impacts": list(wording.VALUES["impact"].values())}
    context["deadlines"] = _deadlines(deadlines)
    context["units"] = list(wording.UNITS.items())
    context["reason"] = request.POST.get("reason", "")
    return render(request, "exposure/priority_table.html", context, status=status)


def _name(point: Point) -> str:
    return ".".join(point)


def _matrix(table: Table) -> list[dict[str, Any]]:
    """Exploitation → lines (exposure, automatable) → four cells by impact."""
    groups = []
    for exploitation, group in groupby(table, key=lambda item: item[0].exploitation):
        lines = []
        for (exposure, automatable), cells in groupby(
            group, key=lambda item: (item[0].exposure, item[0].automatable)
        ):
            lines.append(
                {
                    "exposure": wording.VALUES["exposure"][exposure.value],
                    "automatable": wording.VALUES["automatable"][automatable.value],
                    "cells": [
                        {
                            "name": _name(point),
                            "value": outcome.value,
                            "impact": wording.VALUES["impact"][point.impact.value],
                        }
                        for point, outcome in cells
                    ],
                }
            )
        groups.append({"label": wording.VALUES["exploitation"][exploitation.value], "lines": lines})
    return groups


def _deadlines(deadlines: Deadlines) -> list[dict[str, Any]]:
    return [{**row, "label": wording.PRIORITIES[str(row["outcome"])]} for row in deadlines.to_rows()]


def _posted(form: QueryDict) -> tuple[Table, Deadlines]:
    rows = []
    for point, _outcome in queries.priority_table():
        values = dict(zip(point._fields, (value.value for value in point), strict=True))
        rows.append({**values, "outcome": form.get(_name(point), "")})
    times = []
    for outcome in Outcome:
        amount = form.get(f"amount.{outcome}", "")
        if not amount.isdecimal() or len(amount) > 6:
            raise Invalid(gettext("Un délai est un nombre entier."), field=f"amount.{outcome}")
        times.append(
            {
                "outcome": outcome.value,
                "amount": int(amount),
                "unit": form.get(f"unit.{outcome}", ""),
                "business": form.get(f"business.{outcome}") == "on",
            }
        )
    return commands.parse_table(rows), commands.parse_deadlines(times)


def _preview(preview: commands.TablePreview) -> dict[str, Any]:
    lines = [
        {"outcome": name, "before": preview.before[name], "after": preview.after[name]}
        for name in preview.before
    ]
    return {"counts": preview, "lines": lines}
