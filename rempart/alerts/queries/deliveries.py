"""Messages and whether they arrived."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from rempart.alerts.models import Delivery
from rempart.kernel.actors import Actor
from rempart.kernel.errors import NotFound
from rempart.kernel.permissions import Permission
from rempart.kernel.scoping import ScopedQuerySet
from rempart.kernel.time import now
from rempart.organisations import queries as organisations

_TROUBLED = (Delivery.State.FAILED, Delivery.State.BOUNCED, Delivery.State.RETRYING)


def deliveries(actor: Actor) -> ScopedQuerySet:
    """The messages about the bodies whose alerts the actor may see."""
    rows: ScopedQuerySet = Delivery.objects.visible_to(actor, Permission.ALERT_READ)
    return rows.select_related("target__directive", "channel", "person", "body")


def troubled(actor: Actor) -> QuerySet[Delivery]:
    """Those that failed, were refused, or wait for another try."""
    return deliveries(actor).filter(state__in=_TROUBLED)


def get_delivery(actor: Actor, delivery_id: int) -> Delivery:
    """Raises NotFound when there is none that the actor may see."""
    found: Delivery | None = deliveries(actor).filter(pk=delivery_id).first()
    if found is None:
        raise NotFound(_("Ce message n’existe pas, ou vous n’y avez pas accès."))
    return found


@dataclass(frozen=True, slots=True)
class Silent:
    """A body that no message could reach: nobody to write to, or every address refused."""

    code: str
    name: str
    why: str  # nobody | refused


def silent_channels(actor: Actor) -> list[Silent]:
    """The bodies of the actor that a directive could not reach now. A bounded number of queries."""
    bodies = {one.pk: one for one in organisations.bodies(actor, Permission.ALERT_READ).order_by("code")}
    found = organisations.recipients(bodies, "officer", now()) if bodies else {}
    refused = _refused()
    silent = []
    for body_id, body in bodies.items():
        ways = [c for person in found.get(body_id, []) for c in person.channels if c.verified]
        if not ways:
            silent.append(Silent(body.code, body.name, "nobody"))
        elif all(channel.id in refused for channel in ways):
            silent.append(Silent(body.code, body.name, "refused"))
    return silent


def _refused() -> set[int]:
    """The channels whose last message came back."""
    sent_since = Delivery.objects.filter(
        channel=OuterRef("channel"), state=Delivery.State.SENT, sent_at__gt=OuterRef("created_at")
    )
    rows = Delivery.objects.filter(~Exists(sent_since), state=Delivery.State.BOUNCED, channel__isnull=False)
    return set(rows.values_list("channel_id", flat=True))
