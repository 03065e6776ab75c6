"""What directives add to a vulnerability's page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from rempart.alerts import queries
from rempart.alerts.pages import timelines
from rempart.intelligence.sections import register_section
from rempart.kernel.actors import Actor
from rempart.kernel.permissions import Permission


def install() -> None:
    register_section(30, _("Directives"), render_section)


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
        "timeline": timelines.entries(steps, with_body=True),
        "may_issue": may_issue and not any(one.state == one.State.OPEN for one in found),
        "vulnerability": vulnerability,
    }
    return render_to_string("alerts/_vulnerability_section.html", context, request=request)
