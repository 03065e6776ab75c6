"""Events: published with their change, dispatched in order, retried, and set aside when they keep failing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from rempart.kernel import commands, leases, outbox
from rempart.kernel.actors import system
from rempart.kernel.errors import Conflict
from rempart.kernel.models import OutboxEvent, ReactionDone
from rempart.kernel.time import now

pytestmark = pytest.mark.django_db


@pytest.fixture
def seen(monkeypatch):
    """What the reactions to "test.happened" received; ``seen.failing`` makes the second one fail."""
    monkeypatch.setattr(outbox, "_reactions", {})

    class Seen(list):
        failing = False

    received = Seen()

    @outbox.reacts_to("test.happened")
    def one(event):
        received.append(("one", event.aggregate, event.payload.get("n")))

    @outbox.reacts_to("test.happened")
    def two(event):
        if received.failing:
            raise ValueError("not now")
        received.append(("two", event.aggregate, event.payload.get("n")))

    return received


def _publish(aggregate, n):
    with transaction.atomic():
        outbox.publish("test.happened", aggregate, {"n": n})


def _due():
    OutboxEvent.objects.update(next_attempt_at=now() - timedelta(seconds=1))


@pytest.mark.django_db(transaction=True)
def test_an_event_needs_its_change_s_transaction_and_goes_with_it(seen):
    with pytest.raises(RuntimeError, match="transaction"):
        outbox.publish("test.happened", "a")
    with transaction.atomic():
        outbox.publish("test.happened", "a")
        transaction.set_rollback(True)
    assert OutboxEvent.objects.count() == 0


def test_each_reaction_runs_once_in_order(seen):
    for n in range(3):
        _publish("a", n)
    assert outbox.drain() == 3
    assert seen == [(name, "a", n) for n in range(3) for name in ("one", "two")]
    assert outbox.drain() == 0


def test_a_failure_holds_its_aggregate_back_and_no_other(seen):
    seen.failing = True
    _publish("a", 1)
    outbox.drain()
    seen.failing = False
    _publish("a", 2)
    _publish("b", 3)
    outbox.drain()
    assert seen == [("one", "a", 1), ("one", "b", 3), ("two", "b", 3)]
    _due()
    outbox.drain()
    # The reaction that had succeeded did not run again, and the order of the aggregate is kept.
    assert seen[3:] == [("two", "a", 1), ("one", "a", 2), ("two", "a", 2)]


def test_an_event_that_keeps_failing_is_set_aside_then_retried_by_an_operator(seen):
    seen.failing = True
    _publish("a", 1)
    _publish("a", 2)
    for _ in range(outbox.MAX_FAILURES):
        _due()
        outbox.drain()
    event = OutboxEvent.objects.order_by("id").first()
    assert event.parked
    assert "not now" in event.error
    seen.failing = False
    _due()
    outbox.drain()
    assert ("two", "a", 2) in seen
    commands.retry_event(system("test"), event_id=event.pk)
    outbox.drain()
    assert seen[-1] == ("two", "a", 1)
    with pytest.raises(Conflict):
        commands.retry_event(system("test"), event_id=event.pk)


def test_a_claim_holds_until_its_lease_ends(seen):
    _publish("a", 1)
    OutboxEvent.objects.update(claimed_until=now() + timedelta(seconds=30))
    assert outbox.drain() == 0
    OutboxEvent.objects.update(claimed_until=now() - timedelta(seconds=1))
    assert outbox.drain() == 1


def test_a_reaction_done_before_a_crash_does_not_run_again(seen):
    _publish("a", 1)
    event = OutboxEvent.objects.get()
    name = f"{__name__}.seen.<locals>.one"
    ReactionDone.objects.create(event=event, reaction=name, at=now())
    outbox.drain()
    assert [entry[0] for entry in seen] == ["two"]


def test_an_event_that_kills_its_workers_is_given_up(seen):
    _publish("a", 1)
    OutboxEvent.objects.update(attempts=leases.MAX_DEATHS)
    outbox.drain()
    assert seen == []
    assert OutboxEvent.objects.get().parked


def test_deaths_of_workers_do_not_count_as_failures_of_the_event(seen):
    _publish("a", 1)
    OutboxEvent.objects.update(attempts=outbox.MAX_FAILURES + 5)
    seen.failing = True
    outbox.drain()
    assert not OutboxEvent.objects.get().parked
    seen.failing = False
    _due()
    outbox.drain()
    assert seen[-1] == ("two", "a", 1)
