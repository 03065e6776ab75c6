"""Whose VEX statements a feed may bring: authors accepted or waiting, and documents sent by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from rempart.intelligence import commands, jobs, queries
from rempart.kernel import uploads
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import DomainError, Invalid
from rempart.kernel.permissions import Permission

MAX_BYTES = 50 * 1024 * 1024


@page(Permission.OPERATIONS_READ, Permission.INTELLIGENCE_MANAGE)
def feed_authors(request: ActorRequest, name: str) -> HttpResponseBase:
    """The authors of one feed of VEX statements; a post accepts one, withdraws one, or sends a document."""
    feed = queries.vex_feed(request.actor, name)
    context: dict[str, Any] = {}
    status = 200
    if request.method == "POST":
        request.actor.require_everywhere(Permission.INTELLIGENCE_MANAGE)
        try:
            _act(request, name)
            return HttpResponseRedirect(reverse("feed_authors", args=[name]))
        except DomainError as error:
            context["error"], status = error, error.status
    context |= {
        "feed": feed,
        "authors": sorted(feed.authors.items(), key=lambda one: (one[1], one[0].casefold())),
        "waiting": sum(not accepted for accepted in feed.authors.values()),
        "may_manage": request.actor.scope(Permission.INTELLIGENCE_MANAGE).everything,
    }
    return render(request, "intelligence/feed_authors.html", context, status=status)


def _act(request: ActorRequest, name: str) -> None:
    if request.POST.get("step") == "send":
        _receive(request, name)
        return
    accepted = request.POST.get("step") == "accept"
    author = request.POST.get("author", "")
    commands.accept_author(
        request.actor, name=name, author=author, accepted=accepted, reason=request.POST.get("reason", "")
    )
    if accepted:
        jobs.request_reading(name)
        messages.success(request, _("Les déclarations de %(author)s comptent.") % {"author": author})
    else:
        messages.success(request, _("Les déclarations de %(author)s ne comptent plus.") % {"author": author})


def _receive(request: ActorRequest, name: str) -> None:
    sent = request.FILES.get("file")
    if sent is None:
        raise Invalid(_("Choisissez un fichier."), field="file")
    stored = uploads.receive(
        sent,
        kinds=(uploads.Kind.JSON,),
        max_bytes=MAX_BYTES,
        spool_dir=Path(settings.UPLOAD_DIR) / "vex",
    )
    try:
        counts = commands.load_vex(request.actor, stored.path, feed=name, called=(sent.name or "")[:200])
    finally:
        stored.path.unlink(missing_ok=True)
    said = _("%(file)s : %(taken)d document pris, %(unchanged)d déjà connu, %(rejected)d mis de côté.") % {
        "file": sent.name,
        "taken": counts.added + counts.changed,
        "unchanged": counts.unchanged,
        "rejected": counts.rejected,
    }
    (messages.warning if counts.rejected else messages.success)(request, said)
