"""The board, its live fragment, and the rows behind its figures that no slice lists."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from rempart.kernel import walls
from rempart.kernel.actors import Actor
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.keeping import Kept, Later
from rempart.kernel.permissions import Permission
from rempart.web.board import rows, words
from rempart.web.board.gather import Board, board, scope_key
from rempart.web.formats import number

log = logging.getLogger("rempart.board")

# The drawn board, by scope and language: many people of a centre watch the same one.
# Deadlines pass and exposures age without any event, by the minute. The board asks again by itself.
kept: Kept[SafeString] = Kept(seconds=60, share=10)
_AGAIN = 15  # seconds between two looks of an open page, whatever it hears
_SOON = 3  # when what it was given is late


class _Answer(HttpResponse):
    """An answer after which something is done: the server calls ``close`` once all of it is sent."""

    def __init__(self, content: str | SafeString, after: list[Callable[[], object]]) -> None:
        super().__init__(content)
        self._after = after

    def close(self) -> None:
        super().close()
        for each in self._after:
            try:
                each()
            except Exception:
                log.exception("what follows an answer failed")


def _answer(request: ActorRequest, template: str) -> HttpResponse:
    """The board in a template; when it is late, it is drawn anew behind the answer, and asked for soon."""
    after: list[Callable[[], object]] = []
    now, by = _now(request, after.append)
    context = {"now": now, "by": by, "again": _SOON if after else _AGAIN}
    return _Answer(render_to_string(template, context, request), after)


def _now(request: ActorRequest, later: Later) -> tuple[SafeString, str]:
    by = "body" if request.GET.get("by") == "body" else "centre"
    key, newest = scope_key(request.actor, by)
    actor, language = request.actor, get_language()

    def drawn() -> SafeString:
        with walls.within(actor), override(language):
            return _drawn(actor, by)

    return kept.get(key, drawn, newest, later), by


def _drawn(actor: Actor, by: str) -> SafeString:
    """The board's content, with nothing in it of the person who asks but their scope and language."""
    found = board(actor, by)
    context = {
        "board": found,
        "figures": _figures(found),
        "lines": [(one, found.reached.get(one.cve_id)) for one in found.directives],
        "heat": words.heat(found),
        "recent": words.recent(found),
        "by": by,
        "other_by": "centre" if by == "body" else "body",
    }
    return render_to_string("web/board/_now.html", context)


def _figures(found: Board) -> list[dict[str, Any]]:
    note = _("sur %(bodies)s") % {"bodies": number(found.bodies)} if found.bodies else ""
    if found.act_now_yesterday is not None:
        note += _(" · hier %(count)s") % {"count": number(round(found.act_now_yesterday))}
    figures: list[dict[str, Any]] = [
        {
            "label": _("Organismes exposés, agir maintenant"),
            "value": number(found.act_now_bodies),
            "note": note,
            "url": _address("board_bodies", why="act_now"),
            "meaning": "critical" if found.act_now_bodies else "ok",
        },
        {
            "label": _("Services publics touchés"),
            "value": number(len(found.services)),
            "note": _("dont %(count)s essentiels") % {"count": number(found.essential)}
            if found.essential
            else "",
            "url": _address("board_services"),
            "meaning": "critical" if found.essential else "",
        },
    ]
    return figures + [words.reading(one, found.place) for one in found.readings]


def _address(name: str, *arguments: Any, **query: Any) -> str:
    return reverse(name, args=arguments) + (f"?{urlencode(query)}" if query else "")


@page(Permission.ALERT_READ)
@require_GET
def board_page(request: ActorRequest) -> HttpResponse:
    """What matters now, in the reader's scope."""
    return _answer(request, "web/board/board.html")


@page(Permission.ALERT_READ)
@require_GET
def board_now(request: ActorRequest) -> HttpResponse:
    """The board's content alone, fetched again when something changes."""
    return _answer(request, "web/board/_board.html")


@page(Permission.ALERT_READ)
@require_GET
def board_bodies(request: ActorRequest) -> HttpResponse:
    """The bodies counted by the board: to act now, without acknowledgement, or late."""
    why = request.GET.get("why", "")
    if why not in rows.REASONS:
        why = "act_now"
    context = {"why": why, "reasons": rows.REASONS, "rows": rows.bodies(request.actor, why)}
    return render(request, "web/board/bodies.html", context)


@page(Permission.EXPOSURE_READ)
@require_GET
def board_services(request: ActorRequest) -> HttpResponse:
    """The public services that exposed assets hold up."""
    return render(request, "web/board/services.html", {"rows": rows.services(request.actor)})


urlpatterns = [
    path("board/", board_page, name="board"),
    path("board/_now/", board_now, name="board_now"),
    path("board/bodies/", board_bodies, name="board_bodies"),
    path("board/services/", board_services, name="board_services"),
]
