"""This slice's codes in words, for whoever reads the audit trail or the operations page."""

from __future__ import annotations

from typing import Any

from rempart.detection import detections_vocabulary as found
from rempart.detection import hunts_vocabulary as hunts
from rempart.detection import library_vocabulary as library

ACTIONS: dict[str, Any] = {**library.ACTIONS, **found.ACTIONS, **hunts.ACTIONS}
FIELDS: dict[str, Any] = {**library.FIELDS, **found.FIELDS, **hunts.FIELDS}
OBJECTS: dict[str, Any] = {**library.OBJECTS, **found.OBJECTS, **hunts.OBJECTS}
JOBS: dict[str, Any] = {**library.JOBS, **found.JOBS}
EVENTS: dict[str, Any] = {**library.EVENTS, **found.EVENTS, **hunts.EVENTS}
