"""What directives add to the pages of a vulnerability and of a body."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from rempart.alerts import queries
from rempart.alerts.pages import timelines
from rempart.alerts.queries import portfolios
from rempart.alerts.states import OPEN
from rempart.intelligence.sections import register_section
from rempart.kernel.actors import Actor
from rempart.kernel.addresses import address
from rempart.kernel.permissions import Permission
from rempart.organisations import sections as organisation_sections


def install() -> None:
    register_section(30, _("Directives"), render_section)
    organisation_sections.register_section(10, _("Directives"), body_section)


def render_section(request: HttpRequest, vulnerability: Any) -> str | None:
    """The directives about it, the latest steps, and the way to issue one."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    may_issue = actor.scope(Permission.ALERT_ISSUE).everything
    if not actor.may(Permission.ALERT_READ):
        return None
    found = queries.of_vulnerability(actor, vulnerability.pk)
    if not found and not may_issue:
        return None
    steps = queries.timeline_of_directive(actor, found[0], 10) if found else []
    context = {
        "directives": found,
        "timeline": timelines.entries_of_bodies(steps),
        "may_issue": may_issue and not any(one.state == one.State.OPEN for one in found),
        "vulnerability": vulnerability,
    }
    return render_to_string("alerts/_vulnerability_section.html", context, request=request)


_FIRST = 5  # of a body's open directives, by deadline; the whole list is one click away
# Figure of a body's page: its label, the count, the filter of the body's directives, its meaning.
_BODY_FIGURES = (
    (_("En retard"), "late", "late=yes", "critical"),
    (_("Sans réponse"), "silent", "unacknowledged=yes", "critical"),
    (_("À prouver"), "declared", "state=declared", "warn"),
    (_("Ouvertes"), "open", "open=yes", ""),
)


def body_section(request: HttpRequest, organisation: Any) -> str | None:
    """What a body was asked: figures that lead to their rows, then what is due first."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if organisation.kind != "body" or not actor.may(Permission.ALERT_READ, organisation.pk):
        return None
    standing = next(iter(portfolios.standing(actor, organisation.path)), None)
    page = address("body_directives", organisation.code)
    figures = [
        {"label": label, "value": count, "url": f"{page}?{query}", "meaning": meaning if count else ""}
        for label, key, query, meaning in _BODY_FIGURES
        for count in [getattr(standing, key, 0)]
    ]
    first = queries.target_lines(actor).filter(body_id=organisation.pk, state__in=OPEN)
    context = {
        "figures": figures,
        "first": first.order_by("due_at", "id")[:_FIRST] if standing else [],
        "more": page if standing and standing.open > _FIRST else "",
        "answering": actor.may(Permission.ALERT_RESPOND, organisation.pk),
    }
    return render_to_string("alerts/_of_body.html", context, request=request)
