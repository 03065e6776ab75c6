"""How the API knows its caller, and how it answers errors (RFC 9457 problem details)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import APIKeyCookie, HttpBearer

from rempart.kernel import tokens
from rempart.kernel.actors import NotPermitted, actor_for
from rempart.kernel.errors import DomainError


class BearerToken(HttpBearer):
    """``Authorization: Bearer rmp_…``."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        found = tokens.authenticate(token)
        if found is None:
            return None
        user, api_token = found
        request.user = user
        request.actor = actor_for(user, api_token)  # type: ignore[attr-defined]
        return user


class Session(APIKeyCookie):
    """The browser's session, with its CSRF token for writes."""

    param_name = "rempart_session"

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        return request.user if request.user.is_authenticated else None


def install_errors(api: NinjaAPI) -> None:
    """Every error of the API is a problem document that names the field."""

    def problem(request: HttpRequest, status: int, title: str, **more: Any) -> HttpResponse:
        response = api.create_response(request, {"status": status, "title": title, **more}, status=status)
        response["Content-Type"] = "application/problem+json"
        return response

    @api.exception_handler(NotPermitted)
    def not_permitted(request: HttpRequest, error: NotPermitted) -> HttpResponse:
        return problem(request, 403, "Not permitted", permission=str(error.permission))

    @api.exception_handler(DomainError)
    def domain(request: HttpRequest, error: DomainError) -> HttpResponse:
        return problem(
            request, error.status, str(error.message), code=error.code, field=error.field, values=error.values
        )

    @api.exception_handler(ValidationError)
    def validation(request: HttpRequest, error: ValidationError) -> HttpResponse:
        errors = [
            {"field": ".".join(str(part) for part in each["loc"]), "message": each["msg"]}
            for each in error.errors
        ]
        return problem(request, 422, "Invalid request", errors=errors)

    @api.exception_handler(AuthenticationError)
    def unknown_caller(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
        response = problem(request, 401, "Sign in, or send a valid API token")
        response["WWW-Authenticate"] = "Bearer"
        return response

    @api.exception_handler(HttpError)
    def unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
        return problem(request, error.status_code, str(error))
