"""The link of a message: acknowledges for the person it was sent to, while they still answer for the body."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from rempart.alerts.commands.acting import leave_trace, locked, note_acknowledged
from rempart.alerts.messages import ACKNOWLEDGE
from rempart.alerts.models import Delivery, Target
from rempart.alerts.states import CLOSED, WAITING
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Conflict, Invalid, NotFound
from rempart.kernel.signing import LinkExpired, LinkRefused, read_link_token
from rempart.kernel.time import now
from rempart.organisations import queries as organisations


@dataclass(frozen=True)
class Link:
    """What a link is for: the target, the message that carried it, and whoever it acts for."""

    target: Target
    delivery: Delivery
    actor: Actor


def read_link(token: str) -> Link:
    """Reads a link without doing anything. Raises Invalid, NotFound or Conflict, each in words for its
    holder.
    """
    try:
        payload = read_link_token(ACKNOWLEDGE, token, now())
    except LinkExpired as error:
        raise Invalid(_("Ce lien a expiré. Ouvrez la directive dans Rempart."), code="expired") from error
    except LinkRefused as error:
        raise Invalid(_("Ce lien n’est pas valable, ou n’est pas complet."), code="tampered") from error
    delivery = (
        Delivery.objects.select_related("target__directive", "target__body", "person__user")
        .filter(id=payload["delivery"], target_id=payload["target"])
        .first()
    )
    if delivery is None or delivery.target is None:
        raise NotFound(_("Cette directive n’existe plus."))
    return Link(delivery.target, delivery, _holder(delivery))


def _holder(delivery: Delivery) -> Actor:
    """Whoever the message was sent to, if they still answer for the body."""
    gone = Conflict(
        _("La personne à qui ce lien a été envoyé ne répond plus de cet organisme."), code="no_longer_in_duty"
    )
    channel = organisations.channel(delivery.channel_id) if delivery.channel_id else None
    if channel is None or not channel.verified:
        raise gone
    if delivery.person_id is None:
        return Actor(None, channel.address, kind="link")
    person = organisations.answers_for(delivery.person_id, delivery.body_id, now())
    if person is None or (person.user is not None and not person.user.is_active):
        raise gone
    return Actor(person.user_id, person.name, kind="link")


@transaction.atomic
def acknowledge_by_link(token: str) -> Target:
    """Acknowledges as the person the link was sent to. Doing it again changes nothing."""
    link = read_link(token)
    target = locked(link.target.pk)
    if target is None:
        raise NotFound(_("Cette directive n’existe plus."))
    if target.state not in WAITING:
        if target.state in CLOSED and target.acknowledged_at is None:
            raise Conflict(_("Cette directive est close pour cet organisme."), code="wrong_state")
        return target
    at, before = now(), target.state
    note_acknowledged(link.actor, target, at)
    target.save(update_fields=["state", "acknowledged_at", "acknowledged_by", "escalate_at", "delivered_at"])
    leave_trace(
        link.actor, target, "acknowledged", at, behalf=False, reason="", before={"state": before},
        after={"state": target.state, "by": "signed link", "delivery": link.delivery.pk},
    )  # fmt: skip
    return target
