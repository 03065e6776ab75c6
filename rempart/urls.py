"""Every address of the platform: each slice's pages, the API, and sign-in."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from rempart.web.api import api
from rempart.web.language import set_language

urlpatterns: list[URLPattern | URLResolver] = [
    path("account/", include("allauth.urls")),
    path("language/", set_language, name="set_language"),
    path("api/v1/", api.urls),
]
for _slice in ("kernel", *settings.SLICES, "web"):
    if find_spec(f"rempart.{_slice}.pages"):
        urlpatterns += import_module(f"rempart.{_slice}.pages").urlpatterns
