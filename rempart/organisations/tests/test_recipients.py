"""Who is told: the right people at each rung, in few queries whatever the number of bodies."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from rempart.organisations import queries
from rempart.organisations.models import ContactChannel, Duty, DutyTitle, OnCallPeriod, Person
from tests import factories

pytestmark = pytest.mark.django_db

QUEBEC = ZoneInfo("America/Toronto")
WORKDAY = datetime(2026, 3, 3, 10, 0, tzinfo=QUEBEC)  # a Tuesday
NIGHT = datetime(2026, 3, 3, 23, 0, tzinfo=QUEBEC)


def _person(body, name, **fields):
    return Person.objects.create(body=body, name=name, email=f"{name.lower()}@exemple.test", **fields)


def test_the_officer_with_a_duty_that_receives_alerts_is_told():
    body = factories.organisation()
    officer = factories.officer(body)
    other = _person(body, "Archiviste")
    title = DutyTitle.objects.create(code="archives", name_fr="Archives", name_en="Archives")
    Duty.objects.create(body=body, person=other, title=title, starts_on=date(2020, 1, 1))
    told = queries.recipients([body.pk], "officer", WORKDAY)[body.pk]
    assert [recipient.person_id for recipient in told] == [officer.pk]
    assert [(c.medium, c.address, c.verified) for c in told[0].channels] == [("email", officer.email, True)]


def test_people_who_left_and_duties_that_ended_or_wait_are_not_told():
    body = factories.organisation()
    officer = factories.officer(body)
    duty = officer.duties.get()
    for change in (
        lambda: Person.objects.filter(pk=officer.pk).update(active=False),
        lambda: Duty.objects.filter(pk=duty.pk).update(ends_on=date(2026, 3, 2)),
        lambda: Duty.objects.filter(pk=duty.pk).update(starts_on=date(2026, 3, 4)),
    ):
        assert queries.recipients([body.pk], "officer", WORKDAY)[body.pk]
        change()
        assert queries.recipients([body.pk], "officer", WORKDAY)[body.pk] == []
        Person.objects.filter(pk=officer.pk).update(active=True)
        Duty.objects.filter(pk=duty.pk).update(starts_on=date(2020, 1, 1), ends_on=None)


def test_outside_business_hours_whoever_is_on_call_comes_first():
    body = factories.organisation()
    officer = factories.officer(body)
    guard = _person(body, "Garde")
    stand_in = _person(body, "Relève")
    OnCallPeriod.objects.create(
        body=body, person=guard, deputy=stand_in, starts_at=WORKDAY, ends_at=WORKDAY + timedelta(days=1)
    )
    ids = lambda rung, at: [r.person_id for r in queries.recipients([body.pk], rung, at)[body.pk]]  # noqa: E731
    assert ids("officer", NIGHT) == [guard.pk, officer.pk]
    assert ids("officer", WORKDAY) == [officer.pk]
    assert ids("deputy", NIGHT) == [stand_in.pk]
    assert ids("deputy", WORKDAY) == []


def test_the_deputy_of_the_duty_answers_even_when_its_holder_left():
    body = factories.organisation()
    officer = factories.officer(body)
    deputy = _person(body, "Suppléante")
    officer.duties.update(deputy=deputy)
    Person.objects.filter(pk=officer.pk).update(active=False)
    assert [r.person_id for r in queries.recipients([body.pk], "deputy", WORKDAY)[body.pk]] == [deputy.pk]
    assert queries.recipients([body.pk], "officer", WORKDAY)[body.pk] == []


def test_each_centre_above_is_told_at_its_rung():
    body = factories.organisation()
    cocd, cgcd = body.parent, body.parent.parent
    of_cocd, of_cgcd = factories.officer(cocd), factories.officer(cgcd)
    assert [r.person_id for r in queries.recipients([body.pk], "cocd", WORKDAY)[body.pk]] == [of_cocd.pk]
    assert [r.person_id for r in queries.recipients([body.pk], "cgcd", WORKDAY)[body.pk]] == [of_cgcd.pk]


def test_a_unit_without_anyone_is_answered_for_by_the_body_above():
    unit = factories.organisation("unit")
    officer = factories.officer(unit.parent)
    assert [r.person_id for r in queries.recipients([unit.pk], "officer", WORKDAY)[unit.pk]] == [officer.pk]
    own = factories.officer(unit)
    assert [r.person_id for r in queries.recipients([unit.pk], "officer", WORKDAY)[unit.pk]] == [own.pk]


def test_the_organisation_s_own_channel_is_told_beside_its_people():
    body = factories.organisation()
    ContactChannel.objects.create(
        body=body, medium="webhook", address="https://exemple.test/crochet", secret="s"
    )
    told = queries.recipients([body.pk], "officer", WORKDAY)[body.pk]
    assert [(r.person_id, r.channels[0].medium) for r in told] == [(None, "webhook")]
    assert queries.recipients([body.pk], "deputy", WORKDAY)[body.pk] == []


def test_every_body_has_an_entry_and_an_unknown_rung_is_refused():
    body = factories.organisation()
    assert queries.recipients([body.pk, 999_999], "officer", WORKDAY) == {body.pk: [], 999_999: []}
    with pytest.raises(ValueError, match="rung"):
        queries.recipients([body.pk], "minister", WORKDAY)


def test_four_hundred_bodies_take_as_many_queries_as_one():
    cocd = factories.organisation("cocd")
    title = DutyTitle.objects.get_or_create(code="comsi", defaults={"receives_alerts": True, "rank": 10})[0]
    bodies = [factories.organisation("body", cocd) for _ in range(400)]
    people = Person.objects.bulk_create(
        Person(body=body, name=f"P{body.pk}", email=f"p{body.pk}@exemple.test") for body in bodies
    )
    Duty.objects.bulk_create(
        Duty(body=p.body, person=p, title=title, starts_on=date(2020, 1, 1)) for p in people
    )
    ContactChannel.objects.bulk_create(
        ContactChannel(body=p.body, person=p, medium="email", address=p.email) for p in people
    )
    for rung in queries.RUNGS:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            told = queries.recipients([body.pk for body in bodies], rung, NIGHT)
        assert len(seen) <= 6
        assert len(told) == 400
    told = queries.recipients([body.pk for body in bodies], "officer", NIGHT)
    assert all(len(recipients) == 1 and recipients[0].channels for recipients in told.values())


def test_the_portfolio_is_the_nearest_operational_centre():
    unit = factories.organisation("unit")
    lone = factories.organisation("cgcd")
    assert queries.portfolio_of([unit.pk, unit.parent_id, lone.pk]) == {
        unit.pk: unit.parent.parent_id,
        unit.parent_id: unit.parent.parent_id,
    }
