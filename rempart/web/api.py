"""The API: every slice's routes under one OpenAPI document."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.conf import settings
from ninja import NinjaAPI

from rempart.kernel.api import BearerToken, Session, install_errors

api = NinjaAPI(
    title="Rempart",
    version="1.0",
    description="Organisations, assets, vulnerabilities, exposures, directives, indicators, detection.",
    auth=[BearerToken(), Session(csrf=True)],
    urls_namespace="api",
)
install_errors(api)
for _slice in ("kernel", *settings.SLICES):
    if find_spec(f"rempart.{_slice}.api"):
        api.add_router(f"/{_slice}/", import_module(f"rempart.{_slice}.api").router, tags=[_slice])
# What detection finds and hunts have addresses of their own beside the rules: nodes know them.
api.add_router("/detections/", import_module("rempart.detection.detections_api").router, tags=["detections"])
api.add_router("/hunts/", import_module("rempart.detection.hunts_api").router, tags=["hunts"])
