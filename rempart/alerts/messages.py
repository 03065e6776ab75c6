"""Writes the message of a delivery, in the reader's language first, then in the other.

What the marking does not let out of the platform stays in it: the message then carries the number of the
directive and the link alone.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from rempart.alerts.channels import Message
from rempart.alerts.models import Delivery, Directive, Target
from rempart.alerts.states import OPEN
from rempart.kernel.markings import Audience, Marking, may_leave
from rempart.kernel.signing import make_link_token
from rempart.kernel.time import now
from rempart.organisations.queries import ChannelInfo

ACKNOWLEDGE = "acknowledge-target"  # the purpose of the links sent by e-mail
LINK_LIFE = timedelta(days=14)


def compose(delivery: Delivery, channel: ChannelInfo) -> Message:
    """The message as it stands when it is sent: bodies that have answered since are no longer listed."""
    targets = _targets(delivery)
    directive = targets[0].directive
    english_first = channel.language == "en"
    languages = ("en", "fr") if english_first else ("fr", "en")
    withheld = not may_leave(Marking.read(directive.marking), Audience.ORGANISATION)
    parts = [_part(language, delivery, directive, targets, withheld) for language in languages]
    return Message(
        id=f"rempart-{delivery.pk}",
        subject=parts[0]["subject"],
        text=render_to_string("alerts/messages/directive.txt", {"parts": parts}),
        html=render_to_string("alerts/messages/directive.html", {"parts": parts, "language": languages[0]}),
        event=_event(delivery, directive, targets, withheld),
    )


def _targets(delivery: Delivery) -> list[Target]:
    """The target of the delivery; for a centre, every body of the directive that still has not answered."""
    first = Target.objects.select_related("directive", "body").get(id=delivery.target_id)
    if delivery.occasion != "escalated" or ":t" in delivery.dedupe_key:
        return [first]
    at_same_rung = Target.objects.select_related("directive", "body").filter(
        directive_id=first.directive_id, rung__gte=first.rung, acknowledged_at__isnull=True, state__in=OPEN,
        body__path__startswith=_centre_path(first, delivery),
    )  # fmt: skip
    return list(at_same_rung.order_by("due_at")) or [first]


def _centre_path(target: Target, delivery: Delivery) -> str:
    """The branch that the person written to answers for."""
    place = delivery.person.body if delivery.person is not None else target.body.parent
    return target.body.path if place is None else place.path if target.body.path.startswith(place.path) else "/"


def _part(
    language: str, delivery: Delivery, directive: Directive, targets: list[Target], withheld: bool
) -> dict[str, Any]:
    with translation.override(language):
        return {
            "language": language,
            "subject": _subject(delivery, directive, targets, withheld),
            "occasion": delivery.occasion,
            "directive": directive,
            "title": "" if withheld else directive.title,
            "text": "" if withheld else directive.text,
            "marking": Marking.read(directive.marking).label,
            "withheld": withheld,
            "targets": [
                {
                    "body": target.body.name,
                    "due_at": target.due_at,
                    "open": target.exposures_open,
                    "link": _link(target),
                }
                for target in targets
            ],
            "waiting": delivery.occasion in {"issued", "escalated"},
            "address": f"{settings.PUBLIC_URL}/directives/{directive.number}/",
        }


def _link(target: Target) -> str:
    token = make_link_token(ACKNOWLEDGE, {"target": target.pk}, now() + LINK_LIFE)
    return f"{settings.PUBLIC_URL}/acknowledge/{token}/"


def _subject(delivery: Delivery, directive: Directive, targets: list[Target], withheld: bool) -> str:
    what = directive.number if withheld else f"{directive.number} · {directive.title}"
    prefix = {
        "issued": _("Directive"),
        "escalated": _("Sans accusé de réception"),
        "reopened": _("Rouverte"),
    }[delivery.occasion]
    urgent = _("AGIR MAINTENANT") + " · " if targets[0].priority == "act_now" else ""
    marking = Marking.read(directive.marking).label
    return f"[{marking}] {urgent}{prefix} {what}".replace("\n", " ")[:250]


def _event(delivery: Delivery, directive: Directive, targets: list[Target], withheld: bool) -> dict[str, Any]:
    """CloudEvents 1.0 (JSON format)."""
    data: dict[str, Any] = {
        "directive": directive.number,
        "marking": directive.marking,
        "priority": directive.priority,
        "bodies": [{"code": target.body.code, "due_at": target.due_at.isoformat()} for target in targets],
        "address": f"{settings.PUBLIC_URL}/directives/{directive.number}/",
    }
    if not withheld:
        data["title"] = {"fr": directive.title_fr, "en": directive.title_en}
        data["vulnerability"] = str(directive.vulnerability) if directive.vulnerability_id else None
        data["exposures_open"] = sum(target.exposures_open for target in targets)
    return {
        "specversion": "1.0",
        "id": f"rempart-{delivery.pk}",
        "source": f"{settings.PUBLIC_URL}/directives",
        "type": f"rempart.directive.{delivery.occasion}",
        "subject": directive.number,
        "time": now().isoformat(),
        "datacontenttype": "application/json",
        "data": data,
    }
