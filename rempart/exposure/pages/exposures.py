"""The list of exposures and the page of each."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from rempart.exposure import queries, wording
from rempart.exposure.pages import downloads, lists
from rempart.exposure.queries import offers
from rempart.intelligence.wording import source_in_words
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.permissions import Permission


@page(Permission.EXPOSURE_READ)
def exposure_list(request: ActorRequest) -> HttpResponseBase:
    """Exposures; without a filter, those that are open, or all once the last filter is taken off."""
    if not request.GET and "HX-Request" not in request.headers:
        return HttpResponseRedirect("?" + urlencode({"state": "open"}))
    shown = lists.exposure_page(request.actor, request.GET)
    if downloads.wanted(request):
        listing, rows = shown.listing, lists.with_urgency(queries.exposures(request.actor))
        cells = lists.exposure_cells(listing.rows(rows, request.GET))
        headings = [column.label for column in lists.COLUMNS]
        return downloads.download(request, "expositions", _("Expositions"), headings, cells, shown)
    context = {
        "page": shown,
        "export_url": request.path,
        "may_name": request.actor.scope(Permission.INTELLIGENCE_MANAGE).everything,
    }
    return render(request, "exposure/exposure_list.html", context)


@page(Permission.EXPOSURE_READ)
def exposure(request: ActorRequest, exposure_id: int) -> HttpResponseBase:
    """One exposure: the verdict and its reason, the priority and its inputs, what happened."""
    found = queries.get_exposure(request.actor, exposure_id)
    finding = queries.finding_of(found)
    actor = request.actor
    may_state = actor.may(Permission.ALERT_RESPOND, found.body_id) or actor.may(
        Permission.ALERT_ASSIST, found.body_id
    )
    contested = finding is not None and bool(finding.detail.get("disagreement"))
    words = wording.STATUSES | (wording.CONTESTED if contested else {})
    context: dict[str, Any] = {
        "exposure": found,
        "finding": finding,
        "verdict": wording.verdict(finding.reason, finding.detail, finding.range) if finding else "",
        "status": words.get(finding.status, finding.status) if finding else "",
        "source": source_in_words(finding.source) if finding else "",
        "disagreement": wording.said_otherwise(finding.detail.get("disagreement", "")) if finding else "",
        "disagreement_ranges": wording.ranges_in_words(
            finding.detail.get("disagreement_ranges", "") if finding else ""
        ),
        "undecided": wording.said_otherwise(finding.detail.get("undecided", "")) if finding else "",
        "justification": wording.justified(finding.detail) if finding else "",
        "why": queries.priority_for(found),
        "history": queries.history(found, finding),
        "proof": queries.proof_in_words(found),
        "certainty": words.get(found.certainty, found.certainty),
        "state": wording.STATES[found.state],
        "criticality": wording.CRITICALITIES.get(str(found.criticality), found.criticality),
        "may_state": may_state and found.state == found.State.OPEN,
        "statements": queries.statements_about(found),
        "offers": offers.offers_for(found) if may_state else [],
    }
    return render(request, "exposure/exposure.html", context)
