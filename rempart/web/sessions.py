"""How long a session lasts: so many hours since sign-in, and so many minutes without activity."""

from __future__ import annotations

from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from rempart.kernel.time import now

_BEGAN = "rempart_began"
_SEEN = "rempart_seen"
_TOUCH = 300  # a session writes its activity at most this often, in seconds


@receiver(user_logged_in)
def begin(sender: Any, request: HttpRequest, **kwargs: Any) -> None:
    request.session[_BEGAN] = request.session[_SEEN] = int(now().timestamp())


def is_over(session: Any) -> bool:
    """Whether a session has lasted too long, or stayed idle too long."""
    at = int(now().timestamp())
    began, seen = session.get(_BEGAN, at), session.get(_SEEN, at)
    return at - began > settings.SESSION_COOKIE_AGE or at - seen > settings.SESSION_IDLE_AGE


def ended(request: HttpRequest) -> bool:
    """Whether a signed-in session is over; ends it when it is, and notes its activity when it is not."""
    at = int(now().timestamp())
    seen = request.session.get(_SEEN)
    if seen is None:
        request.session[_BEGAN] = request.session[_SEEN] = at
        return False
    if is_over(request.session):
        logout(request)
        return True
    if at - seen > _TOUCH:
        request.session[_SEEN] = at
        UserSession.objects.filter(session_key=request.session.session_key).update(last_seen_at=now())
    return False
