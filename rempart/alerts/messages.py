"""Writes the message of a delivery, in the reader's language first, then in the other.

What the marking does not let out of the platform stays in it: the message then carries the number of the
directive and the link alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from rempart.alerts.channels import Message
from rempart.alerts.digest import Digest, digest_for
from rempart.alerts.models import Delivery, Directive, Target
from rempart.alerts.states import OPEN
from rempart.kernel.markings import Audience, Marking, may_leave
from rempart.kernel.signing import make_link_token
from rempart.kernel.time import now
from rempart.organisations.queries import ChannelInfo

ACKNOWLEDGE = "acknowledge-target"  # the purpose of the links sent by e-mail
LINK_LIFE = timedelta(days=14)
_BODIES_LISTED = 200


@dataclass(frozen=True)
class _Subject:
    """What a message is about, read once for both languages."""

    delivery: Delivery
    directive: Directive
    targets: list[Target]
    withheld: bool
    links: dict[int, str]  # target → the link that acknowledges it

    @property
    def marking(self) -> Marking:
        return Marking.read(self.directive.marking)

    @property
    def address(self) -> str:
        return f"{settings.PUBLIC_URL}/directives/{self.directive.number}/"


def compose(delivery: Delivery, channel: ChannelInfo) -> Message | None:
    """The message as it stands when it is sent; None when nothing is left to say.

    Bodies that have answered since the message was queued are no longer listed.
    """
    languages = ("en", "fr") if channel.language == "en" else ("fr", "en")
    if delivery.occasion == "digest":
        return _compose_digest(delivery, channel, languages)
    targets = _targets(delivery)
    if not targets:
        return None
    directive = targets[0].directive
    withheld = not may_leave(Marking.read(directive.marking), Audience.ORGANISATION)
    about = _Subject(delivery, directive, targets, withheld, _links(delivery, targets))
    return _message(delivery, "directive", languages, lambda: _part(about), _event(about))


def _message(
    delivery: Delivery,
    template: str,
    languages: tuple[str, str],
    words: Callable[[], dict[str, Any]],
    event: dict[str, Any],
) -> Message:
    """Both languages, each rendered in its own; the subject is in the reader's."""
    subject = ""
    text, html = [], []
    for language in languages:
        with translation.override(language):
            context = {"language": language, **words()}
            subject = subject or context["subject"]
            text.append(render_to_string(f"alerts/messages/{template}.txt", context).strip())
            html.append(
                {"language": language, "html": render_to_string(f"alerts/messages/{template}.html", context)}
            )
    with translation.override(languages[0]):
        whole = render_to_string("alerts/messages/shell.html", {"parts": html, "language": languages[0]})
    separator = "\n\n" + "─" * 60 + "\n\n"
    return Message(f"rempart-{delivery.pk}", subject, separator.join(text) + "\n", whole, event)


def _targets(delivery: Delivery) -> list[Target]:
    """The target of the delivery; for a centre, each body of the directive that it answers for and that is
    silent.
    """
    first = (
        Target.objects.select_related("directive", "body__parent")
        .filter(id=delivery.target_id, directive__state=Directive.State.OPEN)
        .first()
    )
    if first is None:
        return []
    if delivery.rung not in {"cocd", "cgcd"}:
        return [first]
    silent = Target.objects.select_related("directive", "body").filter(
        directive_id=first.directive_id,
        rung__gte=first.rung,
        acknowledged_at__isnull=True,
        state__in=OPEN,
        body__path__startswith=_branch(first, delivery),
    )
    return list(silent.order_by("due_at", "id")[:_BODIES_LISTED])


def _branch(target: Target, delivery: Delivery) -> str:
    """The branch that the centre written to answers for: its own, or the whole government for the command
    centre.
    """
    if delivery.rung == "cgcd":
        return "/"
    place = delivery.person.body if delivery.person is not None else target.body.parent
    return place.path if place is not None and target.body.path.startswith(place.path) else target.body.path


def _part(about: _Subject) -> dict[str, Any]:
    """What a template says of a directive, in the active language."""
    centre = about.delivery.rung in {"cocd", "cgcd"}
    at = now()
    return {
        "subject": _subject(about),
        "occasion": about.delivery.occasion,
        "rung": about.delivery.rung,
        "number": about.directive.number,
        "title": "" if about.withheld else about.directive.title,
        "text": "" if about.withheld else about.directive.text,
        "marking": str(about.marking.label),
        "marking_means": about.marking.explained(),
        "withheld": about.withheld,
        "centre": centre,
        "targets": [
            {
                "body": target.body.name,
                "due_at": target.due_at,
                "late": target.due_at <= at,
                "open": target.exposures_open,
                "link": about.links.get(target.pk, ""),
            }
            for target in about.targets
        ],
        "address": about.address,
    }


def _links(delivery: Delivery, targets: list[Target]) -> dict[int, str]:
    """Target → the link that acknowledges it, signed once for both languages. A centre has none."""
    if delivery.rung in {"cocd", "cgcd"}:
        return {}
    expires = now() + LINK_LIFE
    links = {}
    for target in targets:
        if target.acknowledged_at is None:
            payload = {"target": target.pk, "delivery": delivery.pk}
            token = make_link_token(ACKNOWLEDGE, payload, expires)
            links[target.pk] = f"{settings.PUBLIC_URL}/acknowledge/{token}/"
    return links


def _subject(about: _Subject) -> str:
    number = about.directive.number
    what = number if about.withheld else f"{number} · {about.directive.title}"
    prefix = {
        "issued": _("Directive"),
        "escalated": _("Sans accusé de réception"),
        "reopened": _("Rouverte"),
        "reminder": _("Échéance proche"),
    }[about.delivery.occasion]
    urgent = _("AGIR MAINTENANT") + " · " if about.targets[0].priority == "act_now" else ""
    return " ".join(f"[{about.marking.label}] {urgent}{prefix} {what}".split())[:250]


def _event(about: _Subject) -> dict[str, Any]:
    """CloudEvents 1.0 (JSON format)."""
    directive = about.directive
    data: dict[str, Any] = {
        "directive": directive.number,
        "marking": directive.marking,
        "priority": directive.priority,
        "bodies": [{"code": each.body.code, "due_at": each.due_at.isoformat()} for each in about.targets],
        "address": about.address,
    }
    if not about.withheld:
        data["title"] = {"fr": directive.title_fr, "en": directive.title_en}
        data["vulnerability"] = str(directive.vulnerability) if directive.vulnerability_id else None
        data["exposures_open"] = sum(target.exposures_open for target in about.targets)
    return _cloud_event(
        about.delivery, f"rempart.directive.{about.delivery.occasion}", directive.number, data
    )


def _cloud_event(delivery: Delivery, kind: str, subject: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"rempart-{delivery.pk}",
        "source": f"{settings.PUBLIC_URL}/directives",
        "type": kind,
        "subject": subject,
        "time": now().isoformat(),
        "datacontenttype": "application/json",
        "data": data,
    }


def _compose_digest(delivery: Delivery, channel: ChannelInfo, languages: tuple[str, str]) -> Message | None:
    digest = digest_for(channel.id, delivery.person_id, delivery.created_at)
    if digest.empty:
        return None
    counts = {name: len(lines) for name, lines in digest.sections()}
    data = {**counts, "address": f"{settings.PUBLIC_URL}/inbox/"}
    event = _cloud_event(delivery, "rempart.digest", "digest", data)
    return _message(delivery, "digest", languages, lambda: _digest_part(digest), event)


def _digest_part(digest: Digest) -> dict[str, Any]:
    titles = {
        "fresh": _("Nouvelles directives"),
        "near": _("Échéances qui approchent ou dépassées"),
        "declared": _("Déclarées, à prouver par un inventaire"),
        "verified": _("Vérifiées depuis hier"),
    }
    sections = [
        {
            "title": titles[name],
            "lines": [
                {
                    "number": line.number,
                    "title": line.title,
                    "body": line.body,
                    "due_at": line.due_at if name in {"fresh", "near"} else None,
                    "address": f"{settings.PUBLIC_URL}/targets/{line.target_id}/",
                }
                for line in lines
            ],
        }
        for name, lines in digest.sections()
        if lines
    ]
    return {
        "subject": f"[{digest.marking.label}] "
        + _("Condensé du jour : %(what)s") % {"what": _summary(digest)},
        "marking": str(digest.marking.label),
        "marking_means": digest.marking.explained(),
        "sections": sections,
        "address": f"{settings.PUBLIC_URL}/inbox/",
    }


def _summary(digest: Digest) -> str:
    words = [
        (_("%(n)d à commencer"), len(digest.fresh)),
        (_("%(n)d échéances"), len(digest.near)),
        (_("%(n)d à prouver"), len(digest.declared)),
        (_("%(n)d vérifiées"), len(digest.verified)),
    ]
    return ", ".join(text % {"n": count} for text, count in words if count)
