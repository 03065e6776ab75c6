"""Messages: queued with the change they tell of, sent by the worker, never twice for one thing.

A channel's threshold decides: at or above it the message leaves at once, below it the daily digest carries it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import F, Q

from rempart.alerts.channels import Bounced, Message, Unreachable, sender_for
from rempart.alerts.messages import compose
from rempart.alerts.models import Delivery, Target, TargetEvent
from rempart.engines.priority import Outcome
from rempart.kernel.time import now
from rempart.organisations import commands as organisations_commands
from rempart.organisations import queries as organisations
from rempart.organisations.queries import Recipient

log = logging.getLogger("rempart.alerts.delivery")

LEASE = timedelta(minutes=2)
MAX_ATTEMPTS = 10
BATCH = 50
D = Delivery.State


def immediate(threshold: str, priority: str) -> bool:
    """Whether a channel with this threshold wants a message of this priority at once."""
    return threshold != "never" and Outcome(priority).rank >= Outcome(threshold).rank


def queue_messages(targets: Iterable[Target], occasion: str, at: datetime, rung: str = "officer") -> int:
    """Queues one message per channel of the recipients of each target; returns how many were added.

    A channel shared by several bodies (a centre's, an officer's of two bodies) gets one message per directive,
    occasion and hour: it lists them all when it is written.
    """
    targets = list(targets)
    recipients = organisations.recipients([target.body_id for target in targets], rung, at)
    queued: dict[str, Delivery] = {}
    for target in targets:
        for recipient in recipients.get(target.body_id, []):
            for key, delivery in _for_recipient(target, recipient, occasion, rung, at):
                queued.setdefault(key, delivery)
    before = Delivery.objects.filter(dedupe_key__in=list(queued)).count() if len(queued) < 900 else None
    Delivery.objects.bulk_create(queued.values(), ignore_conflicts=True, batch_size=400)
    return len(queued) - (before or 0)


def _for_recipient(
    target: Target, recipient: Recipient, occasion: str, rung: str, at: datetime
) -> Iterable[tuple[str, Delivery]]:
    for channel in recipient.channels:
        if not channel.verified or not immediate(channel.immediate_from, target.priority):
            continue
        if rung in {"cocd", "cgcd"}:
            key = f"d{target.directive_id}:{occasion}:{rung}:c{channel.id}:{at:%Y%m%d%H}"
        else:
            round_ = target.reopened if occasion == "reopened" else 0
            key = f"d{target.directive_id}:t{target.pk}:{occasion}:{round_}:c{channel.id}"
        yield (
            key,
            Delivery(
                body_id=target.body_id,
                target=target,
                channel_id=channel.id,
                person_id=recipient.person_id,
                occasion=occasion,
                dedupe_key=key,
                created_at=at,
                next_attempt_at=at,
            ),
        )


def _claim(at: datetime) -> list[Delivery]:
    due = Delivery.objects.filter(
        Q(claimed_until__isnull=True) | Q(claimed_until__lt=at),
        state__in=[D.QUEUED, D.RETRYING],
        next_attempt_at__lte=at,
    ).order_by("next_attempt_at")
    claimed = []
    for delivery in due[:BATCH]:
        if Delivery.objects.filter(
            Q(claimed_until__isnull=True) | Q(claimed_until__lt=at),
            id=delivery.id,
            state__in=[D.QUEUED, D.RETRYING],
        ).update(claimed_until=at + LEASE, attempts=F("attempts") + 1):
            delivery.attempts += 1
            claimed.append(delivery)
    return claimed


def deliver_due() -> int:
    """Sends what is due, one batch; returns how many messages were tried."""
    claimed = _claim(now())
    for delivery in claimed:
        _send(delivery)
    return len(claimed)


def _send(delivery: Delivery) -> None:
    channel = organisations.channel(delivery.channel_id) if delivery.channel_id else None
    if channel is None:
        _finish(delivery, D.FAILED, error="channel removed")
        return
    try:
        message: Message = compose(delivery, channel)
        message_id = sender_for(channel.medium)(channel, message)
    except Bounced as error:
        _finish(delivery, D.BOUNCED, error=str(error))
        organisations_commands.record_bounce(channel_id=channel.id, reason=str(error))
    except Unreachable as error:
        _retry(delivery, str(error))
    else:
        _finish(delivery, D.SENT, message_id=message_id)
        organisations_commands.record_success(channel_id=channel.id)
        _delivered(delivery)


def _finish(delivery: Delivery, state: str, *, error: str = "", message_id: str = "") -> None:
    Delivery.objects.filter(id=delivery.id).update(
        state=state,
        sent_at=now() if state == D.SENT else None,
        error=error[:500],
        message_id=message_id[:250],
        claimed_until=None,
    )


def _retry(delivery: Delivery, error: str) -> None:
    given_up = delivery.attempts >= MAX_ATTEMPTS
    Delivery.objects.filter(id=delivery.id).update(
        state=D.FAILED if given_up else D.RETRYING,
        error=error[:500],
        claimed_until=None,
        next_attempt_at=now() + timedelta(seconds=min(15 * 2**delivery.attempts, 3600)),
    )
    log.warning("delivery %s attempt %s failed", delivery.id, delivery.attempts)


def _delivered(delivery: Delivery) -> None:
    """The first message received makes its target delivered."""
    at = now()
    if delivery.target_id is None or delivery.occasion != "issued":
        return
    if Target.objects.filter(id=delivery.target_id, state=Target.State.SENT).update(
        state=Target.State.DELIVERED, delivered_at=at
    ):
        TargetEvent.objects.create(
            target_id=delivery.target_id,
            body_id=delivery.body_id,
            at=at,
            kind="delivered",
            actor_label="alerts",
            detail={"delivery": delivery.pk},
        )
