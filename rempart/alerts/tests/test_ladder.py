"""The escalation ladder and the office hours as data: seen before they are saved, then followed by all."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from rempart.alerts import commands, ladder, queries
from rempart.alerts.models import AlertRule, Delivery, EscalationStep, TargetEvent
from rempart.exposure.models import Exposure
from rempart.kernel import outbox
from rempart.kernel.actors import Actor, NotPermitted, system
from rempart.kernel.errors import Conflict, Invalid
from rempart.kernel.models import AuditEntry
from rempart.kernel.permissions import Role
from rempart.kernel.worker import Worker
from rempart.organisations.models import OnCallPeriod
from rempart.organisations.queries import recipients
from tests import factories

pytestmark = pytest.mark.django_db

WORKED = ("monday", "tuesday", "wednesday", "thursday", "friday")
QUEBEC = ZoneInfo("America/Toronto")


def local(moment: datetime) -> str:
    return f"{moment.astimezone(QUEBEC):%m-%d %H:%M}"


def document() -> dict[str, Any]:
    return copy.deepcopy(ladder.in_force().to_document())


def with_steps(priority: str, *steps: tuple[str, int, bool]) -> dict[str, Any]:
    changed = document()
    changed["ladders"][priority] = [
        {"rung": rung, "minutes": minutes, "business": business} for rung, minutes, business in steps
    ]
    return changed


def commander(world: Any) -> Actor:
    return factories.actor(Role.CGCD_COMMANDER, world.command.parent)


def save(actor: Actor, given: dict[str, Any], **options: Any) -> Any:
    return commands.save_ladder(actor, terms=commands.read_ladder(given), **options)


def test_what_an_upgrade_keeps_is_what_was_counted_until_then() -> None:
    kept = ladder.in_force()
    assert kept.ladders == ladder.DEFAULT_LADDERS
    assert commands.read_ladder(kept.to_document()) == kept
    assert kept.office.to_document() == {
        "time_zone": "America/Toronto",
        "statutory_holidays": True,
        "hours": {
            **{day: ["08:30", "16:30"] for day in WORKED},
            "saturday": None,
            "sunday": None,
        },
        "closed_days": [],
    }
    EscalationStep.objects.all().delete()
    assert ladder.in_force() == kept


def test_a_changed_ladder_tells_others_at_another_time(world, clock) -> None:
    clock.to(2026, 6, 22, 9, 0)
    waiting, answered = world.body(), world.body()
    centre = world.answers_at(world.centre)
    command = world.answers_at(world.command)
    for body in (waiting, answered):
        world.give_deputy(body)
        world.expose(body)
    commands.acknowledge(world.officer_of(answered), target_id=world.target(answered).pk)
    # No deputy any more: the centre after 10 minutes, the command after 20.
    changed = with_steps("act_now", ("officer", 0, False), ("cocd", 10, False), ("cgcd", 20, False))
    actor = commander(world)
    seen = commands.preview_ladder(actor, terms=commands.read_ladder(changed))
    assert (seen.waiting, seen.sooner, seen.later, seen.started, seen.stopped) == (1, 1, 0, 0, 0)
    (moved,) = seen.moved
    assert (moved.body, moved.rung, moved.directive) == (waiting.name, "cocd", world.directive().number)
    assert (local(moved.before), local(moved.after)) == ("06-22 09:30", "06-22 09:10")
    told = {each.rung: each for each in seen.sent_now["act_now"]}
    assert told["deputy"].after is None
    assert local(told["cgcd"].before), local(told["cgcd"].after) == ("06-22 11:00", "06-22 09:20")
    assert local(world.target(waiting).escalate_at) == "06-22 09:30"

    effect = save(actor, changed, reason="Exercice")
    assert effect == seen
    assert local(world.target(waiting).escalate_at) == "06-22 09:10"
    assert world.target(answered).escalate_at is None
    assert save(actor, changed) is None
    for minutes, person in ((10, centre), (10, command)):
        clock.advance(minutes=minutes - 1)
        assert commands.escalate_due() == 0
        clock.advance(minutes=1)
        assert commands.escalate_due() == 1
        assert Delivery.objects.order_by("-id").first().person == person
    kinds = TargetEvent.objects.filter(kind="escalated").order_by("id")
    assert [event.detail["rung"] for event in kinds] == ["cocd", "cgcd"]
    clock.advance(days=2)
    assert commands.escalate_due() == 0
    entry = AuditEntry.objects.get(action="escalation.save")
    assert entry.reason == "Exercice"
    assert entry.before == {
        "act_now.deputy": {"minutes": 30, "business": False},
        "act_now.cocd": {"minutes": 60, "business": False},
        "act_now.cgcd": {"minutes": 120, "business": False},
    }
    assert entry.after == {
        "act_now.deputy": None,
        "act_now.cocd": {"minutes": 10, "business": False},
        "act_now.cgcd": {"minutes": 20, "business": False},
        "moved": 1,
    }
    assert not AuditEntry.objects.filter(action="office.save").exists()


def test_a_rung_added_above_tells_those_who_were_at_the_top(world, clock) -> None:
    clock.to(2026, 6, 22, 9, 0)
    AlertRule.objects.update(minimum_priority="scheduled")
    body = world.body()
    world.expose(body, urgent=False)
    while commands.escalate_due() or world.target(body).escalate_at:
        clock.at = max(clock.at, world.target(body).escalate_at or clock.at)
    assert (world.target(body).priority, world.target(body).rung) == ("scheduled", 2)
    steps = (("officer", 0, False), ("deputy", 960, True), ("cocd", 2400, True))
    effect = save(commander(world), with_steps("scheduled", *steps, ("cgcd", 4800, True)))
    assert (effect.started, effect.sooner) == (1, 0)
    assert world.target(body).escalate_at is not None
    effect = save(commander(world), with_steps("scheduled", *steps))
    assert effect.stopped == 1
    assert world.target(body).escalate_at is None


def test_what_is_due_already_is_not_put_off(world, clock) -> None:
    clock.to(2026, 6, 22, 9, 0)
    body = world.body()
    world.give_deputy(body)
    world.expose(body)
    clock.advance(minutes=31)
    slow = with_steps("act_now", ("officer", 0, False), ("deputy", 600, False), ("cgcd", 900, False))
    assert save(commander(world), slow).changed == 0
    assert world.target(body).escalate_at <= clock.at


def test_a_closed_day_and_shorter_hours_move_what_is_counted_in_open_time(world, clock) -> None:
    sent = clock.to(2026, 6, 22, 15, 30)  # Monday; the Fête nationale is Wednesday
    assert local(ladder.steps("out_of_cycle", sent)[1][1]) == "06-23 11:30"
    changed = document()
    changed["closed_days"] = [{"day": "2026-06-23", "name_fr": "Déménagement", "name_en": "Move"}]
    save(commander(world), changed)
    assert local(ladder.steps("out_of_cycle", sent)[1][1]) == "06-25 11:30"
    changed["statutory_holidays"] = False
    changed["hours"]["wednesday"] = ["10:00", "12:00"]
    save(commander(world), changed)
    assert local(ladder.steps("out_of_cycle", sent)[1][1]) == "06-25 09:30"
    changed["time_zone"] = "America/Vancouver"
    save(commander(world), changed)
    assert ladder.in_force().office.calendar(2026, 2026).is_open(datetime(2026, 6, 22, 23, tzinfo=UTC))
    entries = list(AuditEntry.objects.filter(action="office.save").order_by("seq"))
    assert [each.after["statutory_holidays"] for each in entries] == [True, False, False]
    assert entries[0].before["closed_days"] == []


def test_a_closed_day_moves_deadlines_and_who_is_told_first(world, clock) -> None:
    clock.to(2026, 6, 22, 9, 0)
    AlertRule.objects.update(minimum_priority="scheduled")
    world.vulnerability.kev_due_on = None
    world.vulnerability.save(update_fields=["kev_due_on"])
    body = world.body()
    world.expose(body, urgent=False)
    Exposure.objects.update(priority="scheduled")
    before = Exposure.objects.get().due_at
    on_call = factories.officer(body)
    OnCallPeriod.objects.create(
        body=body, person=on_call, starts_at=clock.at, ends_at=clock.at + timedelta(days=7)
    )
    at = clock.at + timedelta(hours=1)
    assert recipients([body.pk], "officer", at)[body.pk][0].person_id != on_call.pk
    changed = document()
    changed["closed_days"] = [{"day": f"2026-06-{day}", "name_fr": "Tempête"} for day in (22, 30)]
    save(commander(world), changed)
    Worker().drain()
    assert Exposure.objects.get().due_at > before
    assert recipients([body.pk], "officer", at)[body.pk][0].person_id == on_call.pk
    # The date that the body was given stays: only a delay granted moves it later.
    assert world.target(body).due_at == before


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"ladders": {}}, "ladders"),
        ({"ladders": None}, "ladders"),
        ({"act_now": []}, "ladders.act_now"),
        ({"act_now": "officer"}, "ladders.act_now"),
        ({"act_now": [("officer", 0, False), ("cocd", 60, False)]}, "ladders.act_now.cgcd"),
        ({"act_now": [("deputy", 30, False), ("cgcd", 60, False)]}, "ladders.act_now.officer"),
        ({"act_now": [("officer", 5, False), ("cgcd", 60, False)]}, "ladders.act_now.officer"),
        ({"scheduled": [("officer", 0, False), ("cocd", 60, True), ("deputy", 90, True)]},
         "ladders.scheduled.deputy"),
        ({"scheduled": [("officer", 0, False), ("deputy", 60, True), ("cocd", 60, True)]},
         "ladders.scheduled.cocd"),
        ({"scheduled": [("officer", 0, False), ("deputy", 60, True), ("cocd", 90, False)]},
         "ladders.scheduled.cocd"),
        ({"scheduled": [("officer", 0, False), ("minister", 60, True)]}, "ladders.scheduled"),
        ({"scheduled": [("officer", 0, False), ("deputy", 10**9, True)]}, "ladders.scheduled.deputy"),
        ({"scheduled": [("officer", 0, False), ("deputy", "60", True)]}, "ladders.scheduled.deputy"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"time_zone": 5}, "time_zone"),
        ({"statutory_holidays": "oui"}, "statutory_holidays"),
        ({"hours": []}, "hours"),
        ({"monday": ["16:30", "08:30"]}, "hours.monday"),
        ({"monday": ["8 h", "16 h"]}, "hours.monday"),
        ({"monday": 8}, "hours.monday"),
        (dict.fromkeys(WORKED[:3]), "hours"),
        ({day: ["09:00", "09:30"] for day in WORKED}, "hours"),
        ({"closed_days": [{"day": "2026-02-30", "name_fr": "X"}]}, "closed_days.0"),
        ({"closed_days": [{"day": "2026-02-03", "name_fr": " "}]}, "closed_days.0"),
        ({"closed_days": [{"day": "2026-02-03", "name_fr": "X" * 101}]}, "closed_days.0"),
        ({"closed_days": [{"day": "2026-02-03", "name_fr": "X"}] * 2}, "closed_days.1"),
        ({"closed_days": [{"day": "1026-02-03", "name_fr": "X"}]}, "closed_days.0"),
        ({"closed_days": [None]}, "closed_days.0"),
        ({"closed_days": [{"day": "2026-02-03", "name_fr": "X"}] * 201}, "closed_days"),
    ],
)  # fmt: skip
def test_a_bad_ladder_is_refused_whole_by_its_field(wrong: dict[str, Any], field: str) -> None:
    before, given = ladder.in_force(), document()
    for name, value in wrong.items():
        if name in given["ladders"]:
            steps = value
            if isinstance(value, list):
                steps = [{"rung": r, "minutes": m, "business": b} for r, m, b in value]
            given["ladders"][name] = steps
        elif name in given["hours"]:
            given["hours"][name] = value
        else:
            given[name] = value
    given.setdefault("reason", "")
    with pytest.raises(Invalid) as refused:
        save(system("test"), given)
    assert refused.value.field == field
    assert ladder.in_force() == before
    assert not AuditEntry.objects.exists()


def test_only_the_command_changes_it_and_who_reads_directives_reads_it(world) -> None:
    terms = commands.read_ladder(document())
    for actor in (world.analyst(), world.centre_analyst(), world.officer_of(world.body())):
        assert queries.escalation(actor) == terms
        with pytest.raises(NotPermitted):
            commands.save_ladder(actor, terms=terms)
        with pytest.raises(NotPermitted):
            commands.preview_ladder(actor, terms=terms)
    with pytest.raises(NotPermitted):
        queries.escalation(factories.actor(Role.AUTHORITY, world.command.parent))


def test_who_changes_what_has_changed_meanwhile_is_told(world) -> None:
    read = ladder.in_force().version
    changed = with_steps("act_now", ("officer", 0, False), ("cgcd", 20, False))
    save(commander(world), changed, version=read)
    with pytest.raises(Conflict) as refused:
        save(commander(world), {**document(), "time_zone": "UTC"}, version=read)
    assert refused.value.code == "stale"
    assert ladder.in_force().office.time_zone == "America/Toronto"
    save(commander(world), {**document(), "time_zone": "UTC"}, version=ladder.in_force().version)


def test_whatever_failed_leaves_nothing_in_memory(world, monkeypatch) -> None:
    """What another process, or a transaction that was undone, wrote is never what this one follows."""
    before = ladder.in_force()
    changed = {**with_steps("act_now", ("officer", 0, False), ("cgcd", 20, False)), "time_zone": "UTC"}

    def fail(*_given: Any, **_named: Any) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("rempart.organisations.commands.office.audit.record", fail)
    with pytest.raises(RuntimeError):
        save(commander(world), changed)
    assert ladder.in_force() == before
    monkeypatch.undo()
    EscalationStep.objects.filter(priority="act_now", rung="deputy").update(minutes=7)  # as elsewhere
    at = datetime(2026, 6, 22, 13, tzinfo=UTC)
    assert ladder.steps("act_now", at)[1][1] == at + timedelta(minutes=7)


def test_a_ladder_of_many_directives_is_read_once(world, clock) -> None:
    clock.to(2026, 6, 22, 9, 0)
    with CaptureQueriesContext(connection) as asked:
        ladder.in_force()
    assert len(asked) == 2
    for _ in range(3):
        world.expose(world.body(), settle=False)
    outbox.drain()
    clock.advance(minutes=31)
    with CaptureQueriesContext(connection) as asked:
        assert commands.escalate_due() == 3
    few = sum("alerts_escalationstep" in each["sql"] for each in asked)
    assert few == 1


_minutes = st.integers(1, 20_000)
_climbing = st.lists(_minutes, min_size=3, max_size=3, unique=True).map(sorted)
_from = st.integers(0, 3)  # the first rung counted in open hours: those above it are too


@given(_climbing, _from, st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC)))
def test_an_accepted_ladder_always_climbs(minutes: list[int], first: int, at: datetime) -> None:
    rungs = ("deputy", "cocd", "cgcd")
    steps = [
        {"rung": rung, "minutes": delay, "business": number >= first}
        for number, (rung, delay) in enumerate(zip(rungs, minutes, strict=True))
    ]
    given_steps = [{"rung": "officer", "minutes": 0, "business": False}, *steps]
    office = ladder.Office("America/Toronto").to_document()
    made = commands.read_ladder({"ladders": dict.fromkeys(ladder.PRIORITIES, given_steps), **office})
    instants = [told for _rung, told in made.steps("act_now", at)]
    assert instants == sorted(set(instants))
    assert instants[0] == at
