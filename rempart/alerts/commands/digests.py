"""Queues the morning's digests."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from rempart.alerts.digest import digest_for, moment
from rempart.alerts.models import Delivery
from rempart.kernel.time import now
from rempart.organisations import queries as organisations
from rempart.organisations.queries import ChannelInfo


def queue_digests() -> int:
    """Queues the day's digest of each person who has something to read; returns how many were added.

    One message a person and a day, on their first channel that takes digests.
    """
    at = moment(now())
    if at is None:
        return 0
    prefix = f"digest:{at:%Y%m%d}:"
    done = set(Delivery.objects.filter(dedupe_key__startswith=prefix).values_list("dedupe_key", flat=True))
    queued = []
    for person in organisations.digest_people():
        key = f"{prefix}p{person.person_id}"
        channel = _first(person.channels)
        if key in done or channel is None or digest_for(channel.id, person.person_id, at).empty:
            continue
        queued.append(_digest(key, person.body_id, person.person_id, channel, at))
    with transaction.atomic():
        Delivery.objects.bulk_create(queued, ignore_conflicts=True, batch_size=300)
    return len(queued)


def _first(channels: list[ChannelInfo]) -> ChannelInfo | None:
    taking = [channel for channel in channels if channel.verified and channel.digest]
    return min(taking, key=lambda channel: (channel.medium != "email", channel.id), default=None)


def _digest(key: str, body_id: int, person_id: int | None, channel: ChannelInfo, at: datetime) -> Delivery:
    return Delivery(
        body_id=body_id,
        channel_id=channel.id,
        person_id=person_id,
        occasion="digest",
        dedupe_key=key,
        created_at=at,
        next_attempt_at=at,
    )
