"""The choice of language: kept in a cookie for this browser, and on the account for the next ones."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import translation
from django.utils.translation import check_for_language
from django.views.i18n import set_language as set_cookie

from rempart.web import accounts


def set_language(request: HttpRequest) -> HttpResponseBase:
    """Answers the language form: ``language`` and ``next``; an unknown language changes nothing."""
    chosen = request.POST.get("language", "")
    known = chosen in dict(settings.LANGUAGES) and check_for_language(chosen)
    if request.method == "POST" and known and request.user.is_authenticated:
        accounts.choose_language(request.user, chosen)
    return set_cookie(request)


def follow_account(request: HttpRequest) -> None:
    """Reads in the account's language, unless this browser chose one."""
    language = getattr(request.user, "language", None)
    if language and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
        translation.activate(language)
        request.LANGUAGE_CODE = language  # type: ignore[attr-defined]
