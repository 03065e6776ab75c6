"""The addresses of detections and of what leaves bodies."""

from __future__ import annotations

from django.urls import path

import rempart.kernel.pages  # noqa: F401 - registers the converter "seq"
from rempart.detection.pages import detections, hunts, responses, retention, sightings

urlpatterns = [
    path("detections/", detections.detection_list, name="detection_list"),
    path("detections/triage/", detections.detections_triage, name="detections_triage"),
    path("detections/retention/", retention.retention, name="retention"),
    path("detections/<seq:detection_id>/", detections.detection, name="detection"),
    path("detections/<seq:detection_id>/days/<slug:kind>/", detections.entity, name="entity"),
    path("detections/<seq:detection_id>/<slug:action>/", detections.detection_act, name="detection_act"),
    path("sightings/", sightings.sighting_list, name="sighting_list"),
    path("sightings/leaving/", sightings.leaving, name="leaving"),
    path("sightings/pseudonyms/<slug:code>/", sightings.pseudonyms_renew, name="pseudonyms_renew"),
    path("hunts/", hunts.hunt_list, name="hunt_list"),
    path("hunts/new/", hunts.hunt_new, name="hunt_new"),
    path("hunts/authorisation/", hunts.hunt_authorisation, name="hunt_authorisation"),
    path("hunts/runs/<seq:run_id>/<slug:action>/", hunts.hunt_run_act, name="hunt_run_act"),
    path("hunts/<seq:hunt_id>/", hunts.hunt, name="hunt"),
    path("hunts/<seq:hunt_id>/cancel/", hunts.hunt_cancel, name="hunt_cancel"),
    path("responses/", responses.response_list, name="response_list"),
    path("responses/new/", responses.response_new, name="response_new"),
    path("responses/actions/", responses.action_list, name="action_list"),
    path("responses/actions/<seq:action_id>/<slug:action>/", responses.action_act, name="action_act"),
    path("responses/<seq:response_id>/", responses.response, name="response"),
    path("responses/<seq:response_id>/<slug:action>/", responses.response_act, name="response_act"),
]
