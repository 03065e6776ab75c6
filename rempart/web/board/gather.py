"""What the board shows, read within the reader's scope: a dozen queries whatever the government's size."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import get_language

from rempart.alerts import queries as alerts
from rempart.alerts.queries import DirectiveProgress, RecentEvent, SentenceCounts
from rempart.exposure import queries as exposure
from rempart.exposure.queries import ExposedService, HeatRow
from rempart.indicators import queries as indicators
from rempart.indicators.queries import Reading
from rempart.intelligence import queries as intelligence
from rempart.kernel import outbox
from rempart.kernel.actors import Actor
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now

DIRECTIVES = 12
HEAT_ROWS = 14
EVENTS = 10
ARRIVALS = 5
RUNS = 3
_FIGURES = ("time_to_alert", "time_to_acknowledge_p90", "kev_on_time")
_SCOPED_BY = (
    Permission.ALERT_READ,
    Permission.EXPOSURE_READ,
    Permission.INDICATOR_READ,
    Permission.INTELLIGENCE_READ,
    Permission.OPERATIONS_READ,
    Permission.ORGANISATION_READ,
)


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a vulnerability reaches: exposures open for certain, their assets and their bodies."""

    exposures: int = 0
    assets: int = 0
    bodies: int = 0


@dataclass(frozen=True, slots=True)
class Arrival:
    """An entry of the catalogue of exploited vulnerabilities."""

    cve_id: str
    name: str
    at: datetime
    reached: Reached


@dataclass(frozen=True, slots=True)
class FeedResult:
    """What a reading of a feed brought."""

    name: str
    at: datetime
    outcome: str
    added: int
    changed: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Board:
    """Everything on the board, at one moment."""

    at: datetime
    counts: SentenceCounts
    first_due: DirectiveProgress | None
    act_now_bodies: int
    act_now_yesterday: float | None
    bodies: int
    services: list[ExposedService]
    readings: list[Reading]
    place: str
    directives: list[DirectiveProgress]
    reached: dict[str, Reached]
    heat: list[HeatRow]
    heat_by: str
    heat_hidden: int
    events: list[RecentEvent]
    arrivals: list[Arrival]
    runs: list[FeedResult]

    @property
    def essential(self) -> int:
        return sum(service.essential for service in self.services)

    @property
    def quiet(self) -> bool:
        """Whether nothing was ever asked of anyone here."""
        return not self.directives and not self.heat and not self.events


def scope_key(actor: Actor, by: str) -> tuple[Hashable, int]:
    """What tells one board from another (scopes, language, rows), and the newest event's id."""
    scopes = tuple(actor.scope(permission) for permission in _SCOPED_BY)
    return (scopes, get_language(), by), outbox.newest()


def board(actor: Actor, by: str) -> Board:
    """The board of a scope, now. ``by``: centre or body, the heat map's rows."""
    directives = alerts.directive_progress(actor, DIRECTIVES)
    arrived = intelligence.recent_arrivals(actor, ARRIVALS) if actor.may(Permission.INTELLIGENCE_READ) else []
    reached = _reached(actor, {one.cve_id for one in directives if one.cve_id} | {v.cve_id for v in arrived})
    place, readings, yesterday, bodies = _indicators(actor)
    heat = [row for row in exposure.heat(actor, by) if row.total]
    at = now()
    waiting = [one for one in directives if one.silent and one.due_at > at]
    return Board(
        at=at,
        counts=alerts.sentence_counts(actor),
        first_due=min(waiting, key=lambda one: one.due_at, default=None),
        act_now_bodies=len(exposure.act_now(actor)),
        act_now_yesterday=yesterday,
        bodies=bodies,
        services=exposure.exposed_services(None, actor),
        readings=readings,
        place=place,
        directives=directives,
        reached=reached,
        heat=heat[:HEAT_ROWS],
        heat_by=by,
        heat_hidden=max(len(heat) - HEAT_ROWS, 0),
        events=alerts.recent_events(actor, EVENTS),
        arrivals=[
            Arrival(
                one.cve_id,
                one.kev_name or one.title,
                one.kev_seen_at or one.first_seen_at,
                reached.get(one.cve_id, Reached()),
            )
            for one in arrived
        ],
        runs=_runs(actor),
    )


def _reached(actor: Actor, cve_ids: set[str]) -> dict[str, Reached]:
    return {cve_id: Reached(*counts) for cve_id, counts in exposure.reached(actor, cve_ids).items()}


def _indicators(actor: Actor) -> tuple[str, list[Reading], float | None, int]:
    """The place measured, the board's readings of it, yesterday's bodies to act now, and its bodies."""
    if not actor.may(Permission.INDICATOR_READ):
        return "", [], None, 0
    where = indicators.place(actor)
    found = indicators.standing(actor, where)
    exposed = found["bodies_act_now"]
    before = [value for day, value in exposed.trend if day < found.as_of.date()]
    yesterday = before[-1] if before else None
    return where.code, [found[code] for code in _FIGURES], yesterday, int(exposed.measure.denominator or 0)


def _runs(actor: Actor) -> list[FeedResult]:
    if not actor.may(Permission.OPERATIONS_READ):
        return []
    rows = intelligence.feed_runs(actor).filter(outcome__in=["changed", "failed"])
    return [
        FeedResult(run.feed.name, run.started_at, run.outcome, run.added, run.changed, run.rejected)
        for run in rows.select_related("feed").order_by("-started_at")[:RUNS]
    ]
