"""Timelines in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from rempart.alerts import wording
from rempart.alerts.queries import Line
from rempart.kernel.addresses import address

_TO_BODIES = {"sent", "delivered"}


def entries(events: Iterable[Any]) -> list[dict[str, Any]]:
    """What ``{% timeline %}`` shows of one body: at, text, who, detail, meaning."""
    return [_entry(event) for event in events]


def entries_of_bodies(lines: Iterable[Line]) -> list[dict[str, Any]]:
    """The same of a directive, with the body and its page; a line of several bodies folds them."""
    return [_folded(line) if line.bodies > 1 else _of_body(line.events[0]) for line in lines if line.events]


def _of_body(event: Any) -> dict[str, Any]:
    entry = _entry(event)
    text = f"{event.body.name} · {entry['text']}"
    return {**entry, "text": text, "url": address("target", event.target_id)}


def _folded(line: Line) -> dict[str, Any]:
    first = _entry(line.events[0])
    bodies = {
        event.target_id: {
            "text": event.body.name,
            "url": address("target", event.target_id),
            "detail": _detail(event),
        }
        for event in line.events
    }
    if all(each["detail"] == first["detail"] for each in bodies.values()):
        bodies = {target_id: {**each, "detail": ""} for target_id, each in bodies.items()}
    else:
        first["detail"] = ""
    many = _("%(what)s à %(count)s organismes")
    if line.events[0].kind not in _TO_BODIES:
        many = _("%(what)s · %(count)s organismes")
    return {
        **first,
        "at": line.at,
        "text": many % {"what": first["text"], "count": line.bodies},
        "fold": list(bodies.values()),
        "left_out": line.bodies - len(bodies),
    }


def _entry(event: Any) -> dict[str, Any]:
    text = str(wording.EVENTS.get(event.kind, event.kind))
    if event.kind == "escalated":
        text = _("Escalade : %(rung)s") % {"rung": wording.RUNGS.get(event.detail.get("rung", ""), "?")}
    who = event.actor_label if event.actor_id is not None else ""
    if event.on_behalf:
        who = _("%(who)s, au nom de l’organisme") % {"who": who}
    elif event.detail.get("by") == "signed link":
        who = _("%(who)s, par lien signé") % {"who": event.actor_label}
    return {
        "at": event.at,
        "text": text,
        "who": who,
        "detail": _detail(event),
        "meaning": wording.EVENT_MEANINGS.get(event.kind, ""),
    }


def _detail(event: Any) -> str:
    if event.reason:
        return event.reason
    detail = event.detail
    if event.kind == "delay_requested" and (until := parse_datetime(str(detail.get("requested", "")))):
        return _("jusqu’au %(day)s") % {"day": timezone.localtime(until).date().isoformat()}
    for key in ("assigned_to", "explanation", "reason"):
        if detail.get(key):
            return str(detail[key])
    return ""
