"""Who answers for which places, and through which channels: for the platform's own messages, not scoped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from rempart.kernel import walls
from rempart.kernel.time import today
from rempart.organisations.models import ContactChannel, Duty, Organisation, Person
from rempart.organisations.queries.recipients import RUNGS, ChannelInfo, channel_info, recipients


@dataclass(frozen=True, slots=True)
class DigestPerson:
    """Someone whose verified channels take the daily digest; ``body_id`` is a place they answer for."""

    person_id: int
    body_id: int
    channels: list[ChannelInfo]


def channel(channel_id: int) -> ChannelInfo | None:
    """One channel as the platform sends to it; None when it is gone, or its person is no longer active."""
    row = ContactChannel.objects.filter(pk=channel_id).select_related("person").first()
    return None if row is None or (row.person is not None and not row.person.active) else channel_info(row)


def _duties() -> QuerySet[Duty]:
    """The duties in force that receive alerts."""
    day = today()
    rows = Duty.objects.filter(title__receives_alerts=True, starts_on__lte=day)
    return rows.filter(Duty.going_on(day))


def places_of(person_id: int) -> list[int]:
    """The places a person answers for: a duty that receives alerts is theirs there, or theirs as deputy."""
    held = _duties().filter(Q(person_id=person_id) | Q(deputy_id=person_id))
    return sorted(set(held.values_list("body_id", flat=True)))


def branch_filter(place_ids: Iterable[int], path_field: str) -> Q:
    """The condition that keeps the rows of these branches; ``path_field`` leads to an organisation's path."""
    condition = Q(pk__in=[])
    for path in Organisation.objects.filter(pk__in=list(place_ids)).values_list("path", flat=True):
        condition |= Q(**{f"{path_field}__startswith": path})
    return condition


def digest_people() -> list[DigestPerson]:
    """Every active person who answers for a place and takes the daily digest. Two queries."""
    channels: dict[int, list[ChannelInfo]] = defaultdict(list)
    taking = ContactChannel.objects.filter(
        person__active=True, digest=True, verified_at__isnull=False, bounced_at__isnull=True
    )
    for row in taking.select_related("person").order_by("id"):
        channels[row.person_id].append(channel_info(row))
    places: dict[int, int] = {}
    for person_id, deputy_id, body_id in (
        _duties().order_by("id").values_list("person_id", "deputy_id", "body_id")
    ):
        for each in (person_id, deputy_id):
            if each in channels:
                places.setdefault(each, body_id)
    return [DigestPerson(person_id, places[person_id], channels[person_id]) for person_id in sorted(places)]


@walls.lifted()
def answers_for(person_id: int, body_id: int, at: datetime) -> Person | None:
    """The person, when they are still active and still told, at some rung, of what concerns this body."""
    for rung in RUNGS:
        if any(one.person_id == person_id for one in recipients([body_id], rung, at)[body_id]):
            return Person.objects.filter(pk=person_id).select_related("user").first()
    return None
