"""Messages: queued with the change they tell of, sent by the worker, never twice for one thing.

A channel's threshold decides: at or above it the message leaves at once, below it the daily digest carries
it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext as _

from rempart.alerts.channels import Bounced, Unreachable, sender_for
from rempart.alerts.channels.email import one_connection
from rempart.alerts.messages import compose
from rempart.alerts.models import Delivery, Target, TargetEvent
from rempart.alerts.states import WAITING
from rempart.engines.priority import Outcome
from rempart.kernel import audit
from rempart.kernel.actors import Actor, system
from rempart.kernel.errors import NotFound
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now
from rempart.organisations import commands as organisations_commands
from rempart.organisations import queries as organisations
from rempart.organisations.queries import ChannelInfo, Recipient

log = logging.getLogger("rempart.alerts.delivery")

LEASE = timedelta(minutes=2)
MAX_FAILURES = 10
BATCH = 50
CENTRES = frozenset({"cocd", "cgcd"})
D = Delivery.State
_SENDER = system("alerts.delivery")


def immediate(threshold: str, priority: str) -> bool:
    """Whether a channel with this threshold wants a message of this priority at once."""
    return threshold != "never" and Outcome(priority).rank >= Outcome(threshold).rank


def queue_messages(targets: Iterable[Target], occasion: str, at: datetime, rung: str = "officer") -> int:
    """Queues one message per channel of whoever answers for each target at this rung; returns how many are
    new.

    A centre's channel gets one message per directive, which lists its bodies when it is written. A rung where
    nobody can be written to does not hold the ladder back: the next one is told at once.
    """
    ordered = sorted(targets, key=lambda target: target.pk)
    recipients = organisations.recipients({target.body_id for target in ordered}, rung, at)
    queued: dict[tuple[int, int, int], Delivery] = {}
    unreachable = []
    for target in ordered:
        ways = list(_ways(recipients.get(target.body_id, [])))
        if not ways:
            unreachable.append(target.pk)
        for recipient, channel in ways:
            about = (target.directive_id, 0 if rung in CENTRES else target.pk, channel.id)
            queued.setdefault(about, _message(target, recipient, channel, occasion, rung, at))
    keys = [delivery.dedupe_key for delivery in queued.values()]
    known = set(Delivery.objects.filter(dedupe_key__in=keys).values_list("dedupe_key", flat=True))
    fresh = [delivery for delivery in queued.values() if delivery.dedupe_key not in known]
    Delivery.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=300)
    if unreachable and occasion != "reminder":
        Target.objects.filter(id__in=unreachable, escalate_at__gt=at).update(escalate_at=at)
    return len(fresh)


def _ways(recipients: Iterable[Recipient]) -> Iterator[tuple[Recipient, ChannelInfo]]:
    for recipient in recipients:
        for channel in recipient.channels:
            if channel.verified:
                yield recipient, channel


def _message(
    target: Target, recipient: Recipient, channel: ChannelInfo, occasion: str, rung: str, at: datetime
) -> Delivery:
    now_or_digest = D.QUEUED if immediate(channel.immediate_from, target.priority) else D.DIGESTED
    when = f"{target.due_at:%Y%m%d}" if occasion == "reminder" else str(target.reopened)
    return Delivery(
        body_id=target.body_id,
        target=target,
        channel_id=channel.id,
        person_id=recipient.person_id,
        occasion=occasion,
        rung=rung,
        dedupe_key=f"d{target.directive_id}:t{target.pk}:{occasion}:{rung}:{when}:c{channel.id}",
        state=now_or_digest,
        created_at=at,
        next_attempt_at=at,
    )


def deliver_due() -> int:
    """Sends what is due, one batch; returns how many messages were tried."""
    claimed = _claim(now())
    if claimed:
        with one_connection():
            for delivery in claimed:
                _send(delivery)
    return len(claimed)


def _claim(at: datetime) -> list[Delivery]:
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lt=at)
    due = Delivery.objects.filter(free, state__in=[D.QUEUED, D.RETRYING], next_attempt_at__lte=at)
    claimed = []
    for delivery in due.order_by("next_attempt_at", "id")[:BATCH]:
        if Delivery.objects.filter(free, id=delivery.pk, state__in=[D.QUEUED, D.RETRYING]).update(
            claimed_until=at + LEASE, attempts=F("attempts") + 1
        ):
            delivery.attempts += 1
            delivery.claimed_until = at + LEASE
            claimed.append(delivery)
    return claimed


def _send(delivery: Delivery) -> None:
    # A slow batch outlives its claim: each message is claimed again before it leaves, or left to who took it.
    until = now() + LEASE
    mine = Delivery.objects.filter(id=delivery.pk, claimed_until=delivery.claimed_until)
    if not mine.update(claimed_until=until):
        return
    channel = organisations.channel(delivery.channel_id) if delivery.channel_id else None
    if channel is None or not channel.verified:
        _finish(delivery, D.FAILED, error="channel removed or no longer verified")
        return
    try:
        message = compose(delivery, channel)
        if message is None:
            _finish(delivery, D.DIGESTED, error="nothing left to say")
            return
        message_id = sender_for(channel.medium)(channel, message)
    except Bounced as error:
        _finish(delivery, D.BOUNCED, error=str(error))
        organisations_commands.mark_bounced(_SENDER, channel_id=channel.id, reason=str(error))
    except Unreachable as error:
        _retry(delivery, str(error))
    else:
        _finish(delivery, D.SENT, message_id=message_id)
        organisations_commands.mark_reached(channel_ids=[channel.id])


@transaction.atomic
def _finish(delivery: Delivery, state: str, *, error: str = "", message_id: str = "") -> None:
    """The end of a delivery, and what it means for its target, together."""
    at = now()
    Delivery.objects.filter(id=delivery.pk).update(
        state=state,
        sent_at=at if state == D.SENT else None,
        error=error[:500],
        message_id=message_id[:250],
        claimed_until=None,
    )
    if state == D.SENT:
        _delivered(delivery, at)
    elif state in {D.BOUNCED, D.FAILED}:
        _climb_if_unreached(delivery, at)


def _retry(delivery: Delivery, error: str) -> None:
    failures = delivery.failures + 1
    if failures >= MAX_FAILURES:
        _finish(delivery, D.FAILED, error=error)
        return
    Delivery.objects.filter(id=delivery.pk).update(
        state=D.RETRYING,
        error=error[:500],
        failures=failures,
        claimed_until=None,
        next_attempt_at=now() + timedelta(seconds=min(15 * 2**failures, 3600)),
    )
    log.warning("delivery %s failed, time %s", delivery.pk, failures)


def _delivered(delivery: Delivery, at: datetime) -> None:
    """The first message received makes its target delivered; a digest, those that it carried."""
    if delivery.occasion == "digest":
        carried = Delivery.objects.filter(
            channel_id=delivery.channel_id, state=D.DIGESTED, sent_at__isnull=True, target__isnull=False,
            created_at__lte=delivery.created_at,
        )  # fmt: skip
        target_ids = set(carried.values_list("target_id", flat=True))
        carried.update(sent_at=at)
    else:
        target_ids = {delivery.target_id} if delivery.rung == "officer" else set()
    fresh = list(
        Target.objects.select_for_update(of=("self",))
        .filter(id__in=target_ids, state=Target.State.SENT)
        .order_by("id")
    )
    Target.objects.filter(id__in=[target.pk for target in fresh]).update(
        state=Target.State.DELIVERED, delivered_at=at
    )
    TargetEvent.objects.bulk_create(
        TargetEvent(
            target=target, body_id=target.body_id, at=at, kind="delivered", actor_label=_SENDER.label,
            detail={"delivery": delivery.pk},
        )
        for target in fresh
    )  # fmt: skip


def _climb_if_unreached(delivery: Delivery, at: datetime) -> None:
    """When the last way to a rung has failed, the next rung is told at once."""
    if delivery.target_id is None or delivery.occasion == "reminder":
        return
    hope = Delivery.objects.filter(
        target_id=OuterRef("pk"), rung=delivery.rung, state__in=[D.QUEUED, D.RETRYING, D.SENT]
    )
    Target.objects.filter(~Exists(hope), id=delivery.target_id, state__in=WAITING, escalate_at__gt=at).update(
        escalate_at=at
    )


@transaction.atomic
def retry_delivery(actor: Actor, *, delivery_id: int) -> bool:
    """Puts a failed or refused message back in the queue; False when it is not one."""
    delivery = Delivery.objects.visible_to(actor, Permission.ALERT_ISSUE).filter(id=delivery_id).first()
    if delivery is None:
        raise NotFound(_("Ce message n’existe pas, ou vous n’y avez pas accès."))
    done = Delivery.objects.filter(id=delivery_id, state__in=[D.FAILED, D.BOUNCED]).update(
        state=D.QUEUED, attempts=0, next_attempt_at=now(), claimed_until=None, error=""
    )
    if done:
        audit.record(actor, "delivery.retry", delivery, before={"state": delivery.state})
    return bool(done)
