"""What can wait for the morning: one message a day per person, at half past seven, local time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q, QuerySet

from rempart.alerts.models import Delivery, Target
from rempart.alerts.states import OPEN
from rempart.kernel.markings import Audience, Marking, may_leave, most_restrictive
from rempart.kernel.text import in_language
from rempart.organisations import queries as organisations

AT = time(7, 30)
UNTIL = time(12, 0)  # a platform that starts later than noon leaves the day's digest to the next morning
NEAR = timedelta(days=3)
_MOST = 50  # lines of a section


@dataclass(frozen=True)
class Line:
    """A target as a digest names it."""

    target_id: int
    number: str
    title_fr: str
    title_en: str
    body_fr: str
    body_en: str
    due_at: datetime
    marking: Marking

    @property
    def title(self) -> str:
        """In the active language; empty when the marking keeps it in the platform."""
        withheld = not may_leave(self.marking, Audience.ORGANISATION)
        return "" if withheld else in_language(self.title_fr, self.title_en)

    @property
    def body(self) -> str:
        return in_language(self.body_fr, self.body_en)


@dataclass(frozen=True)
class Digest:
    """New directives below the person's threshold, near deadlines, what is declared, what was verified."""

    fresh: list[Line] = field(default_factory=list)
    near: list[Line] = field(default_factory=list)
    declared: list[Line] = field(default_factory=list)
    verified: list[Line] = field(default_factory=list)

    def sections(self) -> Iterator[tuple[str, list[Line]]]:
        for name in ("fresh", "near", "declared", "verified"):
            yield name, getattr(self, name)

    @property
    def empty(self) -> bool:
        return not any(lines for _, lines in self.sections())

    @property
    def marking(self) -> Marking:
        """The most restrictive marking among its lines."""
        return most_restrictive(line.marking for _, lines in self.sections() for line in lines)


def moment(at: datetime) -> datetime | None:
    """The instant of the day's digest when it is time to send it, else None."""
    zone = ZoneInfo(settings.TIME_ZONE)
    local = at.astimezone(zone)
    if not AT <= local.time() < UNTIL:
        return None
    return datetime.combine(local.date(), AT, zone)


def digest_for(channel_id: int, person_id: int | None, at: datetime) -> Digest:
    """What the digest of ``at`` says on this channel: four queries over the branches that the person
    answers for.
    """
    waiting = Delivery.objects.filter(
        channel_id=channel_id, state=Delivery.State.DIGESTED, sent_at__isnull=True, created_at__lte=at
    )
    rows = _lines_of(Target.objects.filter(state__in=OPEN, deliveries__in=waiting).distinct())
    mine = _answered_for(person_id) if person_id is not None else Q(pk__in=[])
    yesterday = at - timedelta(days=1)
    near = Target.objects.filter(
        mine, state__in=OPEN - {Target.State.DECLARED}, due_at__lte=at + NEAR, directive__state="open"
    )
    declared = Target.objects.filter(mine, state=Target.State.DECLARED, directive__state="open")
    verified = Target.objects.filter(mine, verified_at__gt=yesterday, verified_at__lte=at)
    fresh_ids = {line.target_id for line in rows}
    return Digest(
        rows,
        [line for line in _lines_of(near) if line.target_id not in fresh_ids],
        _lines_of(declared),
        _lines_of(verified),
    )


def _answered_for(person_id: int) -> Q:
    return organisations.branch_filter(organisations.places_of(person_id), "body__path")


def _lines_of(rows: QuerySet[Target]) -> list[Line]:
    return [
        Line(
            target.pk,
            target.directive.number,
            target.directive.title_fr,
            target.directive.title_en,
            target.body.name_fr,
            target.body.name_en,
            target.due_at,
            Marking.read(target.directive.marking),
        )
        for target in rows.select_related("directive", "body").order_by("due_at", "id")[:_MOST]
    ]
