"""The pages of the shell."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from rempart.kernel.edge import public, signed_in
from rempart.web import columns


@public
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


def _back(request: HttpRequest) -> HttpResponseRedirect:
    """To the page the form came from, when it is one of ours."""
    target = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(target if ours else "/")


@signed_in
@require_POST
def list_columns(request: HttpRequest) -> HttpResponse:
    """Keeps the columns that a person chose for a list, or forgets their choice."""
    chosen = [] if "reset" in request.POST else request.POST.getlist("columns") or ["-"]
    columns.choose(request.user, request.POST.get("list", "")[:60], chosen)
    return _back(request)


urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("preferences/columns/", list_columns, name="list_columns"),
]
