"""What the shell of every page shows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.timezone import get_current_timezone_name

from rempart.kernel.time import now
from rempart.web import formats, mfa, navigation


def shell(request: HttpRequest) -> dict[str, Any]:
    """Who looks, their menu, what they must still set up, and when the page was made."""
    at = now()
    actor = getattr(request, "actor", None)
    moment = {
        "actor": actor,
        "shell_moment": at,
        "shell_zone": formats.zone(at),
        "shell_zone_name": get_current_timezone_name(),
    }
    if actor is None or not request.user.is_authenticated:
        return {**moment, "navigation": (), "needs_mfa": False, "search_url": ""}
    return {
        **moment,
        "navigation": SimpleLazyObject(lambda: navigation.menu(request, actor)),
        "needs_mfa": SimpleLazyObject(lambda: mfa.missing(request.user, actor)),
        "search_url": navigation.address("search"),
    }
