"""Timelines in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from rempart.alerts import wording
from rempart.kernel.addresses import address


def entries(events: Iterable[Any], *, with_body: bool = False) -> list[dict[str, Any]]:
    """What ``{% timeline %}`` shows: at, text, who, detail, meaning, and the body's page when asked."""
    return [_entry(event, with_body) for event in events]


def _entry(event: Any, with_body: bool) -> dict[str, Any]:
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
        "text": f"{event.body.name} · {text}" if with_body else text,
        "url": address("target", event.target_id) if with_body else "",
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
