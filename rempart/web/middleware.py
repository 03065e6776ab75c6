"""Who is asking, from where, and what an error looks like."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import structlog
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import translation
from django.utils.functional import SimpleLazyObject

from rempart.kernel import audit
from rempart.kernel.actors import NotPermitted, actor_for
from rempart.kernel.errors import DomainError

# Pages of these apps declare nothing of ours: allauth guards its own, Django serves files and languages.
_OPEN_NAMESPACES = ("/account/", "/static/", "/language/")
_OWN_AUTHENTICATION = ("/api/",)


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
        return response


class SignedIn:
    """Every page needs a signed-in person and a declaration (``kernel.edge``), unless declared public."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.actor = SimpleLazyObject(lambda: actor_for(request.user))  # type: ignore[attr-defined]
        response = self.get_response(request)
        if request.user.is_authenticated and not response.has_header("Cache-Control"):
            response["Cache-Control"] = "private, no-store"
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        if request.path.startswith(_OPEN_NAMESPACES + _OWN_AUTHENTICATION) or getattr(view, "public", False):
            return None
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if getattr(view, "required_permissions", None) is None:
            return render(request, "web/error.html", {"status": 403}, status=403)
        language = getattr(request.user, "language", None)
        if language and "rempart_language" not in request.COOKIES:
            translation.activate(language)
            request.LANGUAGE_CODE = language
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if request.path.startswith(_OWN_AUTHENTICATION):
            return None
        if isinstance(error, NotPermitted):
            return render(request, "web/error.html", {"status": 403, "error": error}, status=403)
        if isinstance(error, DomainError):
            return render(request, "web/error.html", {"status": error.status, "error": error}, status=error.status)
        return None
