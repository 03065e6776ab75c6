"""The ladder: who is told when, on the business calendar of Québec, and what stops it."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from rempart.alerts import commands
from rempart.alerts.ladder import steps
from rempart.alerts.models import AlertRule, Delivery, TargetEvent

pytestmark = pytest.mark.django_db

QUEBEC = ZoneInfo("America/Toronto")


def local(moment) -> str:
    return f"{moment.astimezone(QUEBEC):%m-%d %H:%M}"


def test_what_must_be_done_now_climbs_at_any_hour(world, clock) -> None:
    clock.to(2026, 6, 24, 2, 0)  # the night of the Fête nationale
    body = world.body()
    deputy, centre, command = (
        world.give_deputy(body),
        world.answers_at(world.centre),
        world.answers_at(world.command),
    )
    world.expose(body)
    for minutes, person in ((30, deputy), (30, centre), (60, command)):
        clock.advance(minutes=minutes - 1)
        assert commands.escalate_due() == 0
        clock.advance(minutes=1)
        assert commands.escalate_due() == 1
        assert Delivery.objects.order_by("-id").first().person == person
    clock.advance(days=3)
    assert commands.escalate_due() == 0
    assert world.target(body).escalate_at is None
    kinds = TargetEvent.objects.filter(kind="escalated").order_by("id")
    assert [event.detail["rung"] for event in kinds] == ["deputy", "cocd", "cgcd"]


def test_the_rest_follows_business_hours_and_holidays(clock) -> None:
    # Tuesday 23 June 2026, 15 h: one hour and a half is left before the Fête nationale (24 June).
    sent = clock.to(2026, 6, 23, 15, 0)
    assert [(str(rung), local(at)) for rung, at in steps("out_of_cycle", sent)] == [
        ("officer", "06-23 15:00"),
        ("deputy", "06-25 11:00"),
        ("cocd", "06-25 15:00"),
        ("cgcd", "06-26 15:00"),
    ]
    # Friday 4 September 2026, 16 h: Labour Day is Monday the 7th.
    assert local(steps("out_of_cycle", clock.to(2026, 9, 4, 16, 0))[1][1]) == "09-08 12:00"


def test_an_acknowledgement_stops_the_ladder(world, clock) -> None:
    body = world.body()
    world.give_deputy(body)
    world.expose(body)
    commands.acknowledge(world.officer_of(body), target_id=world.target(body).pk)
    clock.advance(hours=5)
    assert commands.escalate_due() == 0


def test_a_closed_target_is_left_alone(world, clock) -> None:
    body = world.body()
    world.expose(body)
    world.fix(body)
    clock.advance(hours=5)
    assert commands.escalate_due() == 0
    assert not Delivery.objects.filter(occasion="escalated").exists()


def test_after_a_stop_of_the_platform_each_rung_still_gets_a_quarter_of_an_hour(world, clock) -> None:
    body = world.body()
    world.give_deputy(body)
    world.answers_at(world.centre)
    world.expose(body)
    clock.advance(hours=8)
    assert commands.escalate_due() == 1
    assert commands.escalate_due() == 0
    clock.advance(minutes=15)
    assert commands.escalate_due() == 1


def test_reopened_the_clock_starts_afresh(world, clock) -> None:
    body = world.body()
    world.give_deputy(body)
    world.expose(body)
    clock.advance(hours=10)
    world.fix(body)
    clock.advance(days=20)
    world.back(body)
    assert world.target(body).escalate_at == clock.at + timedelta(minutes=30)


def test_outside_business_hours_a_deadline_still_reminds_once(world, clock) -> None:
    clock.to(2026, 11, 20, 9, 0)
    AlertRule.objects.update(minimum_priority="scheduled")
    body = world.body()
    world.expose(body, urgent=False)
    due = world.target(body).due_at
    clock.at = due - timedelta(hours=23)
    commands.remind_due()
    commands.remind_due()
    assert Delivery.objects.filter(occasion="reminder").count() == 1
    clock.at = due + timedelta(hours=1)
    assert commands.remind_due() == 0
    assert timezone.now() == clock.at
