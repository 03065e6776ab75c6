"""The addresses of detections and of what leaves bodies."""

from __future__ import annotations

from django.urls import path

import rempart.kernel.pages  # noqa: F401 - registers the converter "seq"
from rempart.detection.pages import detections, sightings

urlpatterns = [
    path("detections/", detections.detection_list, name="detection_list"),
    path("detections/triage/", detections.detections_triage, name="detections_triage"),
    path("detections/<seq:detection_id>/", detections.detection, name="detection"),
    path("detections/<seq:detection_id>/days/<slug:kind>/", detections.entity, name="entity"),
    path("detections/<seq:detection_id>/<slug:action>/", detections.detection_act, name="detection_act"),
    path("sightings/", sightings.sighting_list, name="sighting_list"),
    path("sightings/leaving/", sightings.leaving, name="leaving"),
    path("sightings/pseudonyms/<slug:code>/", sightings.pseudonyms_renew, name="pseudonyms_renew"),
]
