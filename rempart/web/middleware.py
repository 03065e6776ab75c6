"""Who is asking, from where, and what an error looks like."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from rempart.kernel import audit
from rempart.kernel.actors import NotPermitted, actor_for
from rempart.kernel.errors import DomainError
from rempart.web import language, mfa, sessions

# Pages of these apps declare nothing of ours: allauth guards its own, Django serves files and languages.
_OPEN_NAMESPACES = ("/account/", "/static/", "/language/")
_OWN_AUTHENTICATION = ("/api/",)
_NO_DEVICES = "accelerometer=(), camera=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()"


class RequestContext:
    """Gives each request an id, carried by its logs, its audit entries and its answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = uuid.uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        token = audit.origin.set({"request": request_id, "address": request.META.get("REMOTE_ADDR", "")})
        try:
            response = self.get_response(request)
        finally:
            audit.origin.reset(token)
        response["X-Request-Id"] = request_id
        response["Permissions-Policy"] = _NO_DEVICES
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        return response


class SignedIn:
    """Every page needs a signed-in person and a declaration (``kernel.edge``), unless declared public."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.user.is_authenticated and sessions.ended(request):
            request.session_ended = True  # type: ignore[attr-defined]
        request.actor = SimpleLazyObject(lambda: actor_for(request.user))  # type: ignore[attr-defined]
        response = self.get_response(request)
        if request.user.is_authenticated and not response.has_header("Cache-Control"):
            response["Cache-Control"] = "private, no-store"
        return response

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        language.follow_account(request)
        if request.path.startswith(_OPEN_NAMESPACES) or getattr(view, "public", False):
            return None
        if self._lacks_second_factor(request):
            if request.path.startswith(_OWN_AUTHENTICATION):
                return JsonResponse({"code": "second_factor_needed"}, status=403)
            return redirect("mfa_index")
        if request.path.startswith(_OWN_AUTHENTICATION):
            return None
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        if getattr(view, "required_permissions", None) is None:
            return render(request, "web/error.html", {"status": 403}, status=403)
        return None

    def _lacks_second_factor(self, request: HttpRequest) -> bool:
        if not settings.REQUIRE_MFA or not request.user.is_authenticated:
            return False
        return mfa.missing(request.user, request.actor)  # type: ignore[arg-type, attr-defined]

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if request.path.startswith(_OWN_AUTHENTICATION):
            return None
        if isinstance(error, NotPermitted):
            return render(request, "web/error.html", {"status": 403, "error": error}, status=403)
        if isinstance(error, DomainError):
            context = {"status": error.status, "error": error}
            return render(request, "web/error.html", context, status=error.status)
        return None


def _to_sign_in(request: HttpRequest) -> HttpResponseBase:
    """To the sign-in page and back; a fragment cannot show it, so the whole page goes there."""
    if getattr(request, "htmx", False):
        answer = HttpResponse(_("Votre session est terminée."), status=401)
        answer["HX-Refresh"] = "true"
        return answer
    if request.method != "GET":
        return redirect_to_login("/")
    return redirect_to_login(request.get_full_path())


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The answer to a form whose proof of origin is missing or too old."""
    return render(request, "web/error.html", {"status": "csrf"}, status=403)
