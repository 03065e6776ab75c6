"""Responses of the actor's own bodies, what they did, and what they block."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Q, QuerySet
from django.utils.translation import gettext as _

from rempart.detection.models import Response, ResponseAction
from rempart.kernel.actors import Actor
from rempart.kernel.errors import NotFound
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now

_BLOCKED = 20_000
S = ResponseAction.State


def responses(actor: Actor) -> QuerySet[Response]:
    """The responses of the actor's own bodies, each with how many times it acted, and how often this hour."""
    real = Q(actions__dry=False)
    return (
        Response.objects.visible_to(actor, Permission.TELEMETRY_READ)
        .select_related("body", "authorised_by")
        .annotate(
            acted=Count("actions", filter=real & Q(actions__state__in=[S.DONE, S.UNDONE, S.UNDOING])),
            this_hour=Count(
                "actions", filter=real & Q(actions__counted_at__gt=now() - timedelta(hours=1))
            ),
            waiting=Count("actions", filter=real & Q(actions__state__in=[S.LIMITED, S.FAILED])),
            last_at=Max("actions__at"),
        )
    )  # fmt: skip


def get_response(actor: Actor, response_id: int) -> Response:
    """Raises NotFound when there is none that the actor may see."""
    found: Response | None = responses(actor).filter(pk=response_id).first()
    if found is None:
        raise NotFound(_("Cette réponse n’existe pas, ou elle est d’un autre organisme."))
    return found


def actions(actor: Actor) -> QuerySet[ResponseAction]:
    """What the responses of the actor's own bodies did, or would have done."""
    rows = ResponseAction.objects.visible_to(actor, Permission.TELEMETRY_READ)
    return rows.select_related("response", "detection", "directive", "undone_by", "body")


def tried(actor: Actor, response: Response) -> bool:
    """Whether a response was seen at work without effect since it last changed."""
    return actions(actor).filter(response=response, dry=True, at__gte=response.changed_at).exists()


def block_list(actor: Actor, body_id: int) -> list[dict[str, Any]]:
    """What the responses of a body block now, the latest first: each value once, since when, and the rule."""
    rows = ResponseAction.objects.visible_to(actor, Permission.BLOCK_LIST_READ).filter(
        body_id=body_id, response__kind=Response.Kind.BLOCK, state=S.DONE, dry=False
    )
    found: dict[str, dict[str, Any]] = {}
    values = rows.order_by("-done_at", "-pk").values_list("subject", "done_at", "detection__rule_id")
    since: datetime | None
    for subject, since, rule_id in values[:_BLOCKED]:
        found.setdefault(subject, {"value": subject, "since": since, "rule_id": rule_id})
    return list(found.values())
