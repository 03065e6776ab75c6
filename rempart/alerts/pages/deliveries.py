"""Whether messages arrive: those in difficulty, and the bodies that nothing reaches."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _t
from django.views.decorators.http import require_POST

from rempart.alerts import commands, queries, wording
from rempart.alerts.pages import downloads, lists
from rempart.alerts.pages.targets import where_from
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.markings import Marking
from rempart.kernel.permissions import Permission


@page(Permission.OPERATIONS_READ, Permission.ALERT_REVIEW)
def delivery_list(request: ActorRequest) -> HttpResponseBase:
    listing = lists.delivery_listing(request.actor)
    rows = queries.deliveries(request.actor)
    if downloads.wanted(request):
        chosen = listing.rows(rows, request.GET)
        return downloads.download(
            request, listing, _t("Messages"), lists.delivery_cells(chosen), Marking.AMBER_STRICT
        )
    shown = listing.page(rows, request.GET)
    for row in shown.rows:
        row.failure = wording.failure(row.error)
        row.occasion_words = wording.OCCASIONS.get(row.occasion, row.occasion)
        row.rung_words = wording.RUNGS.get(row.rung, row.rung)
    context = {
        "page": shown,
        "export_url": request.path,
        "troubled": queries.troubled(request.actor).count(),
        "silent": queries.silent_channels(request.actor),
        "may_retry": request.actor.may(Permission.ALERT_ISSUE),
    }
    return render(request, "alerts/delivery_list.html", context)


@page(Permission.ALERT_ISSUE)
@require_POST
def delivery_retry(request: ActorRequest, delivery_id: int) -> HttpResponseBase:
    if commands.retry_delivery(request.actor, delivery_id=delivery_id):
        messages.success(request, _t("Message remis en file."))
    return redirect(where_from(request, "/deliveries/"))
