"""Codes in words: what people read of actions, fields, kinds of objects, jobs and events.

Each room tells its own in its ``vocabulary.py`` (ACTIONS, FIELDS, OBJECTS, JOBS, EVENTS); an unknown code
reads as itself.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps


@cache
def known(kind: str) -> dict[str, Any]:
    """Every room's words of one kind: "ACTIONS", "FIELDS", "OBJECTS", "JOBS" or "EVENTS"."""
    found: dict[str, Any] = {}
    for config in apps.get_app_configs():
        name = f"{config.name}.vocabulary"
        if config.name.startswith("rempart.") and find_spec(name):
            found.update(getattr(import_module(name), kind, {}))
    return found


def action(code: str) -> str:
    """What an audit entry's action was."""
    return str(known("ACTIONS").get(code, code))


def field(name: str) -> str:
    """A field of an audit entry."""
    return str(known("FIELDS").get(name, name))


def thing(object_type: str) -> str:
    """What kind of object an audit entry is about."""
    return str(known("OBJECTS").get(object_type, object_type))


def job(path: str) -> str:
    """What a job or a scheduled task does, from where its function is ("rempart.alerts.jobs.deliver")."""
    parts = path.split(".")
    return str(known("JOBS").get(f"{parts[1]}.{parts[-1]}" if len(parts) > 2 else path, path))


def event(kind: str) -> str:
    """What an event tells."""
    return str(known("EVENTS").get(kind, kind))
