"""Whatever people, inventories and feeds do, in whatever order, what directives promise holds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from rempart.alerts import commands
from rempart.alerts.models import Delivery, Directive, Target, TargetEvent
from rempart.alerts.states import CLOSED, OPEN
from rempart.alerts.tests.conftest import build_world
from rempart.exposure import commands as exposure_commands
from rempart.exposure import queries as exposure
from rempart.exposure.models import Statement
from rempart.kernel import audit, outbox
from rempart.kernel.errors import DomainError

BODIES = 3
which = st.integers(0, BODIES - 1)


class Government(RuleBasedStateMachine):
    """Three bodies under one centre, an exploited vulnerability, and a clock."""

    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.offset = timedelta(0)
        real = timezone.now
        self.clock = patch.object(timezone, "now", lambda: real() + self.offset)
        self.clock.start()
        mail.outbox = []
        self.world = build_world()
        self.bodies = [self.world.body() for _ in range(BODIES)]
        self.world.give_deputy(self.bodies[0])
        self.world.answers_at(self.world.centre)
        self.officers = [self.world.officer_of(body) for body in self.bodies]
        self.reviewer = self.world.centre_analyst()

    def teardown(self) -> None:
        self.clock.stop()
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)

    def _target(self, number: int) -> Target | None:
        return Target.objects.filter(body=self.bodies[number]).first()

    def _try(self, command: Any, number: int, **terms: Any) -> None:
        """People try what they like; what the state forbids is refused and changes nothing."""
        target = self._target(number)
        if target is None:
            return
        before = Target.objects.filter(pk=target.pk).values().get()
        try:
            with transaction.atomic():
                command(self.officers[number], target_id=target.pk, **terms)
        except DomainError:
            assert Target.objects.filter(pk=target.pk).values().get() == before

    @rule(number=which, urgent=st.booleans())
    def found_exposed(self, number: int, urgent: bool) -> None:
        self.world.expose(self.bodies[number], urgent=urgent)

    @rule(number=which, count=st.sampled_from([1, None]))
    def fixed(self, number: int, count: int | None) -> None:
        self.world.fix(self.bodies[number], count)

    @rule(number=which)
    def installed_again(self, number: int) -> None:
        self.world.back(self.bodies[number])

    @rule(number=which)
    def same_inventory_again(self, number: int) -> None:
        self.world.inventory(self.bodies[number])

    @rule(number=which)
    def acknowledges(self, number: int) -> None:
        self._try(commands.acknowledge, number)

    @rule(number=which)
    def starts(self, number: int) -> None:
        self._try(commands.start, number)

    @rule(number=which)
    def declares(self, number: int) -> None:
        self._try(commands.declare, number)

    @rule(number=which, days=st.integers(1, 30))
    def asks_for_time(self, number: int, days: int) -> None:
        until = timezone.now() + timedelta(days=days)
        self._try(commands.request_delay, number, until=until, reason="Fenêtre de maintenance")

    @rule(number=which)
    def says_not_affected(self, number: int) -> None:
        self._try(
            commands.state_not_affected,
            number,
            justification="vulnerable_code_not_present",
            explanation="Retiré",
        )

    @rule(accept=st.booleans())
    def centre_reviews(self, accept: bool) -> None:
        for statement in Statement.objects.filter(state="proposed"):
            exposure_commands.review_statement(
                self.reviewer, statement_id=statement.pk, accept=accept, note="Vu"
            )
        outbox.drain()

    @rule(published=st.booleans())
    def record_changes(self, published: bool) -> None:
        (self.world.restore_record if published else self.world.withdraw_record)()

    @rule(minutes=st.sampled_from([1, 20, 45, 300, 3000]))
    def time_passes(self, minutes: int) -> None:
        self.offset += timedelta(minutes=minutes)
        commands.escalate_due()
        commands.remind_due()
        commands.queue_digests()

    @rule()
    def messages_leave(self) -> None:
        while commands.deliver_due():
            pass

    @precondition(lambda self: Directive.objects.exists())
    @rule()
    def routed_again(self) -> None:
        before = list(Target.objects.order_by("id").values("id", "state", "reopened"))
        commands.route_vulnerability(self.world.vulnerability.pk)
        assert list(Target.objects.order_by("id").values("id", "state", "reopened")) == before

    @invariant()
    def open_exactly_where_exposed(self) -> None:
        if Directive.objects.exists():
            exposed = {one.body_id for one in exposure.exposed_bodies(self.world.vulnerability.pk)}
            bound = set(Target.objects.filter(state__in=OPEN).values_list("body_id", flat=True))
            assert bound == exposed
        assert Directive.objects.count() <= 1

    @invariant()
    def verified_only_by_evidence(self) -> None:
        for target in Target.objects.filter(state="verified"):
            counts = exposure.state_counts(self.world.vulnerability.pk, [target.body_id])[target.body_id]
            assert counts.get("verified", 0) > 0
            assert not counts.get("open", 0)
        assert not TargetEvent.objects.filter(kind="verified", actor__isnull=False).exists()

    @invariant()
    def nobody_is_pressed_without_reason(self) -> None:
        closed = Target.objects.filter(state__in=CLOSED)
        assert all(target.escalate_at is None and target.closed_at is not None for target in closed)
        assert not Target.objects.filter(acknowledged_at__isnull=False, escalate_at__isnull=False).exists()
        for target in Target.objects.filter(acknowledged_at__isnull=False):
            later = TargetEvent.objects.filter(target=target, kind="escalated", at__gt=target.acknowledged_at)
            assert not later.exists()

    @invariant()
    def nothing_is_said_twice(self) -> None:
        said = [message.extra_headers["Message-ID"] for message in mail.outbox]
        assert len(said) == len(set(said)) == Delivery.objects.filter(state="sent").count()

    @invariant()
    def the_trail_holds(self) -> None:
        assert not list(audit.verify())


@pytest.mark.django_db
def test_the_promises_hold_in_any_order() -> None:
    run_state_machine_as_test(
        Government,
        settings=settings(
            max_examples=6, stateful_step_count=18, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.mark.full
@pytest.mark.django_db
def test_the_promises_hold_over_long_runs() -> None:
    run_state_machine_as_test(
        Government,
        settings=settings(
            max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
