"""Who is to be told, for many bodies at once: a bounded number of queries, whatever the number of bodies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q

from rempart.kernel import walls
from rempart.organisations.models import ContactChannel, Duty, Kind, OnCallPeriod, Organisation, Person
from rempart.organisations.office import office_in_force

RUNGS = ("officer", "deputy", "cocd", "cgcd")


@dataclass(frozen=True, slots=True)
class ChannelInfo:
    """One way to reach someone, and the language of whoever reads.

    ``secret`` signs webhooks; ``immediate_from`` (act_now | out_of_cycle | scheduled | never) is the
    threshold of what is sent at once.
    """

    id: int
    medium: str
    address: str
    secret: str
    immediate_from: str
    digest: bool
    verified: bool
    language: str = "fr"


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person to tell, or an organisation's own channel (``person_id`` is then None)."""

    person_id: int | None
    name: str
    language: str
    channels: list[ChannelInfo] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Answering:
    """Someone who answers for an organisation, and who answers in their place."""

    person: Person
    deputy: Person | None


@walls.lifted()
def recipients(body_ids: Iterable[int], rung: str, at: datetime) -> dict[int, list[Recipient]]:
    """For each body, who is told at this rung of the ladder, the first to be reached first.

    ``rung`` is one of RUNGS; ``at`` is aware. Outside business hours whoever is on call comes before the
    holders of duties. Only active people are told; a unit without anyone is answered for by the body above
    it. Every body has an entry, empty when no one answers for it. Raises ValueError for another rung.
    """
    if rung not in RUNGS:
        raise ValueError(f"rung {rung!r}: expected one of {', '.join(RUNGS)}")
    answering = _answering_places(set(body_ids), rung)
    places = {place for candidates in answering.values() for place in candidates}
    people = _people(places, at)
    own = rung != "deputy"
    chosen = {}
    for body_id, candidates in answering.items():
        place = next((p for p in candidates if people.get(p)), candidates[0] if candidates else None)
        chosen[body_id] = (place, _of_rung(people.get(place, []), rung) if place else [])
    channels = _channels({p.pk for _, persons in chosen.values() for p in persons}, places if own else set())
    result = {}
    for body_id, (place, persons) in chosen.items():
        told = [Recipient(p.pk, p.name, p.language, channels.get((None, p.pk), [])) for p in persons]
        if own and place is not None and (place, None) in channels:
            told.append(Recipient(None, "", "fr", channels[(place, None)]))
        result[body_id] = told
    return result


def _of_rung(answering: list[_Answering], rung: str) -> list[Person]:
    found = [each.deputy if rung == "deputy" else each.person for each in answering]
    return list(dict.fromkeys(person for person in found if person is not None and person.active))


def _answering_places(body_ids: set[int], rung: str) -> dict[int, list[int]]:
    """For each body, the organisations whose people answer at this rung, in order of preference."""
    ways = {
        body_id: [int(part) for part in path.strip("/").split("/") if part]
        for body_id, path in Organisation.objects.filter(id__in=body_ids).values_list("id", "path")
    }
    kinds = dict(
        Organisation.objects.filter(id__in={i for way in ways.values() for i in way}).values_list(
            "id", "kind"
        )
    )
    result: dict[int, list[int]] = {}
    for body_id in body_ids:
        way = ways.get(body_id, [])[::-1]
        if rung in ("cocd", "cgcd"):
            result[body_id] = [place for place in way if kinds.get(place) == rung][:1]
        elif kinds.get(body_id) == Kind.UNIT:
            above = [place for place in way if kinds.get(place) in (Kind.UNIT, Kind.BODY)]
            result[body_id] = above
        else:
            result[body_id] = way[:1]
    return result


def _people(places: set[int], at: datetime) -> dict[int, list[_Answering]]:
    """Who answers for each organisation at an instant, in the order in which they are reached."""
    day = at.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    holders: dict[int, list[_Answering]] = defaultdict(list)
    duties = (
        Duty.objects.filter(body_id__in=places, title__receives_alerts=True, starts_on__lte=day)
        .filter(Duty.going_on(day))
        .filter(Q(person__active=True) | Q(deputy__active=True))
        .select_related("person", "deputy")
        .order_by("title__rank", "id")
    )
    for duty in duties:
        holders[duty.body_id].append(_Answering(duty.person, duty.deputy))
    if office_in_force().calendar(day.year).is_open(at):
        return holders
    periods = (
        OnCallPeriod.objects.filter(body_id__in=places, starts_at__lte=at, ends_at__gt=at)
        .filter(Q(person__active=True) | Q(deputy__active=True))
        .select_related("person", "deputy")
        .order_by("starts_at", "id")
    )
    first: dict[int, list[_Answering]] = defaultdict(list)
    for period in periods:
        first[period.body_id].append(_Answering(period.person, period.deputy))
    return {place: first.get(place, []) + holders.get(place, []) for place in {*first, *holders}}


def _channels(
    person_ids: set[int], places: set[int]
) -> dict[tuple[int | None, int | None], list[ChannelInfo]]:
    """Channels by (None, person) or by (organisation, None) for those of an organisation itself."""
    result: dict[tuple[int | None, int | None], list[ChannelInfo]] = defaultdict(list)
    rows = ContactChannel.objects.filter(
        Q(person_id__in=person_ids) | Q(person__isnull=True, body_id__in=places)
    ).order_by("id")
    for row in rows.select_related("person"):
        key = (None, row.person_id) if row.person_id else (row.body_id, None)
        result[key].append(channel_info(row))
    return result


def channel_info(row: ContactChannel) -> ChannelInfo:
    """A channel as senders see it; its person must be loaded."""
    return ChannelInfo(
        row.pk,
        row.medium,
        row.address,
        row.secret,
        row.immediate_from,
        row.digest,
        row.verified_at is not None,
        row.person.language if row.person else "fr",
    )
