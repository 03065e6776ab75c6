"""The pages of the shell."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from rempart.kernel.edge import public


@public
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


urlpatterns = [path("healthz", healthz, name="healthz")]
