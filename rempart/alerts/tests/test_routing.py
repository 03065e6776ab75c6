"""A directive binds exactly the bodies exposed, and follows the evidence."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from rempart.alerts import commands
from rempart.alerts.models import AlertRule, Delivery, Directive, Target
from rempart.kernel.models import AuditEntry
from tests import factories

pytestmark = pytest.mark.django_db


def test_an_exploited_vulnerability_alerts_exactly_the_exposed(world) -> None:
    exposed, spared = world.body(), world.body()
    world.expose(exposed)
    directive = world.directive()
    assert [target.body for target in directive.targets.all()] == [exposed]
    assert directive.number == f"D-{timezone.now().year}-0001"
    assert (directive.priority, directive.audience) == ("act_now", "exposed")
    assert directive.issued_by_rule is not None
    delivery = Delivery.objects.get()
    assert (delivery.body, delivery.occasion, delivery.state) == (exposed, "issued", "queued")
    assert AuditEntry.objects.filter(action="directive.issue").count() == 1
    assert not Target.objects.filter(body=spared).exists()


def test_a_body_exposed_later_is_alerted_and_the_others_are_not_written_to_again(world) -> None:
    first, later = world.body(), world.body()
    world.expose(first)
    world.expose(later)
    world.expose(first)
    assert set(world.directive().targets.values_list("body_id", flat=True)) == {first.pk, later.pk}
    assert Delivery.objects.count() == 2
    assert world.target(first).exposures_open == 2


def test_what_is_not_urgent_is_not_sent_by_rule(world) -> None:
    world.expose(world.body(), urgent=False)
    assert not Directive.objects.exists()


def test_what_is_not_known_to_be_exploited_is_not_sent_by_rule(worlds) -> None:
    world = worlds(kev_added_on=None, exploitation="active")
    world.expose(world.body())
    assert not Directive.objects.exists()


def test_a_rule_may_be_off_or_look_at_recent_entries_only(world) -> None:
    AlertRule.objects.update(kev_added_within_days=30)
    type(world.vulnerability).objects.update(kev_added_on=timezone.localdate() - timedelta(days=31))
    world.expose(world.body())
    assert not Directive.objects.exists()
    AlertRule.objects.update(kev_added_within_days=None, enabled=False)
    world.expose(world.body())
    assert not Directive.objects.exists()


def test_an_inventory_verifies(world) -> None:
    body = world.body()
    world.expose(body)
    world.expose(body)
    world.fix(body, 1)
    assert (world.target(body).state, world.target(body).exposures_open) == ("sent", 1)
    world.fix(body)
    target = world.target(body)
    assert (target.state, target.exposures_open, target.exposures_total) == ("verified", 0, 2)
    assert target.verified_at is not None
    assert target.escalate_at is None
    assert world.directive().state == "open"  # whoever is exposed later is still alerted


def test_what_was_declared_and_is_still_there_comes_back(world) -> None:
    body = world.body()
    world.expose(body)
    officer = world.officer_of(body)
    commands.declare(officer, target_id=world.target(body).pk)
    world.inventory(body, observed_at=timezone.now() - timedelta(hours=1))
    assert world.target(body).state == "declared"  # taken before the declaration: it proves nothing
    world.inventory(body)
    target = world.target(body)
    assert (target.state, target.reopened, target.declared_at) == ("in_progress", 1, None)
    assert Delivery.objects.filter(occasion="reopened").count() == 1


def test_verified_then_back_is_reopened_and_told_again(world) -> None:
    body = world.body()
    world.expose(body)
    world.fix(body)
    world.back(body)
    target = world.target(body)
    assert (target.state, target.reopened, target.verified_at, target.rung) == ("sent", 1, None, 0)
    assert target.escalate_at is not None
    world.fix(body)
    world.back(body)
    assert Delivery.objects.filter(occasion="reopened").count() == 2
    assert world.directive().targets.count() == 1


def test_a_withdrawn_record_withdraws(world) -> None:
    body = world.body()
    world.expose(body)
    world.withdraw_record()
    assert world.target(body).state == "withdrawn"
    world.restore_record()
    assert world.target(body).state == "sent"


def test_what_a_person_cancelled_a_rule_does_not_issue_again(world) -> None:
    body = world.body()
    world.expose(body)
    commands.cancel_directive(world.analyst(), directive_id=world.directive().pk, reason="Erreur de cible")
    assert world.target(body).state == "withdrawn"
    world.expose(world.body())
    assert Directive.objects.count() == 1


def test_a_body_without_anyone_to_write_to_is_raised_at_once(world) -> None:
    centre = world.answers_at(world.centre)
    world.expose(world.body(officer=False))
    while commands.escalate_due():
        pass
    assert Delivery.objects.get().person == centre
    assert Target.objects.get().rung == 2


def test_routing_many_bodies_takes_a_bounded_number_of_queries(world) -> None:
    def route(count: int) -> int:
        for _ in range(count):
            world.expose(world.body(), settle=False)
        for body_id in world.installs:
            commands_of_exposure.reconcile_body(body_id)
        Directive.objects.all().delete()
        with CaptureQueriesContext(
            connection,
        ) as captured:
            commands.route_vulnerability(world.vulnerability.pk)
        assert Target.objects.count() == len(world.installs)
        Delivery.objects.all().delete()
        Target.objects.all().delete()
        return len(captured)

    from rempart.exposure import commands as commands_of_exposure

    few, many = route(3), route(40)
    assert many <= few + 4


def test_a_second_directive_for_the_same_vulnerability_is_refused(world) -> None:
    from rempart.kernel.errors import Conflict

    world.expose(world.body())
    with pytest.raises(Conflict):
        commands.issue_directive(world.analyst(), vulnerability_id=world.vulnerability.pk)


def test_a_free_text_directive_reaches_a_portfolio_and_is_proved_by_its_centre(world) -> None:
    inside = [world.body(), world.body()]
    outside = factories.organisation("body", factories.organisation("cocd", world.command))
    directive = commands.issue_directive(
        world.analyst(),
        audience="portfolio",
        portfolio_id=world.centre.pk,
        title_fr="Rotation des clés",
        title_en="Rotate keys",
        text_fr="Changez-les.",
        text_en="Change them.",
        due_at=timezone.now() + timedelta(days=5),
    )
    assert set(directive.targets.values_list("body_id", flat=True)) == {body.pk for body in inside}
    assert outside.pk not in directive.targets.values_list("body_id", flat=True)
    reviewer = world.centre_analyst()
    for body in inside:
        target = commands.declare(world.officer_of(body), target_id=world.target(body).pk)
        commands.accept_proof(reviewer, target_id=target.pk, reason="Relevé joint au dossier 12")
    directive.refresh_from_db()
    assert directive.state == "closed"
