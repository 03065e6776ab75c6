"""How long a session lasts: so many hours since sign-in, and so many minutes without activity."""

from __future__ import annotations

import logging
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext as _

from rempart.kernel import audit
from rempart.kernel.actors import Actor, actor_for
from rempart.kernel.errors import NotFound
from rempart.kernel.models import User
from rempart.kernel.time import now

log = logging.getLogger("rempart.sessions")

_BEGAN = "rempart_began"
_SEEN = "rempart_seen"
_TOUCH = 300  # a session writes its activity at most this often, in seconds


@receiver(user_logged_in)
def begin(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Notes when the session began, and records the sign-in with the factors that proved it."""
    request.session[_BEGAN] = request.session[_SEEN] = int(now().timestamp())
    methods = [each.get("method", "") for each in request.session.get("account_authentication_methods", [])]
    with transaction.atomic():
        audit.record(actor_for(user), "session.begin", user, after={"methods": methods})


@receiver(user_logged_out)
def leave(sender: Any, request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    if user is not None:
        with transaction.atomic():
            audit.record(actor_for(user), "session.end", user)


@receiver(user_login_failed)
def refuse(sender: Any, credentials: dict[str, Any], **kwargs: Any) -> None:
    """Failures go to the logs, not to the audit chain: anyone may cause as many as they like."""
    log.warning("sign-in refused", extra={"account": str(credentials.get("email", ""))[:254]})


@transaction.atomic
def close(actor: Actor, session_id: int) -> None:
    """Ends another session of the actor's own account. Raises NotFound when there is none."""
    found = UserSession.objects.filter(id=session_id, user_id=actor.user_id).first()
    if found is None:
        raise NotFound(_("Cette session est déjà fermée."))
    audit.record(actor, "session.close", label=f"{found.ip} {found.user_agent}", object_id=str(found.pk))
    found.end()


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
