"""Jobs: run, retried with back-off, taken from dead workers, deduplicated, followed and stopped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import transaction
from django_tasks import TaskResultStatus, task

from rempart.kernel import commands, jobs, leases, outbox, worker
from rempart.kernel.actors import system
from rempart.kernel.errors import Conflict
from rempart.kernel.models import Job
from rempart.kernel.time import now

pytestmark = pytest.mark.django_db

ran: list[object] = []


@dataclass
class Counts:
    read: int
    at: object


@task()
def work(value):
    ran.append(value)
    return Counts(1, now())


@task()
def fail():
    raise ValueError("broken\x00")


@task()
def follow():
    jobs.progress(1, 3, "un")
    commands.cancel_job(system("test"), job_id=Job.objects.get().pk)
    jobs.progress(2, 3, "deux")
    ran.append("went on")


@task(priority=10, queue_name="urgent")
def urgent():
    ran.append("urgent")


@task(priority=-10, queue_name="bulk")
def long_work(parts):
    for part in range(parts):
        ran.append(f"part {part}")
        if part == 0:
            work.enqueue("arrived meanwhile")
            work.using(priority=-20).enqueue("can wait")
            with transaction.atomic():
                outbox.publish("test.urgent", "test", {})
        jobs.progress(part, parts)
        jobs.give_way()
        jobs.progress(part + 1, parts)


@pytest.fixture(autouse=True)
def _this_module(monkeypatch):
    """Tests are imported under another name than their path; the worker finds tasks by path."""
    ran.clear()
    monkeypatch.setattr(jobs, "import_string", lambda path: globals()[path.rpartition(".")[2]])


def test_a_job_runs_once_and_keeps_its_outcome():
    result = work.enqueue(7)
    assert jobs.run_one("w")
    assert not jobs.run_one("w")
    assert ran == [7]
    assert jobs._result(Job.objects.get()).status == TaskResultStatus.SUCCESSFUL
    assert Job.objects.get(pk=result.id).result["read"] == 1


def test_a_failing_job_waits_longer_each_time_then_stays_failed_until_retried():
    fail.enqueue()
    waits = []
    for _ in range(jobs.MAX_FAILURES):
        assert jobs.run_one("w")
        job = Job.objects.get()
        waits.append(job.run_after - now())
        assert not jobs.run_one("w")
        Job.objects.update(run_after=now() - timedelta(seconds=1))
    assert waits == sorted(waits)
    assert job.state == "FAILED"
    assert len(job.errors) == jobs.MAX_FAILURES
    assert "broken" in job.errors[-1]["traceback"]
    commands.retry_job(system("test"), job_id=job.pk)
    assert jobs.run_one("w")
    assert Job.objects.get().state == "READY"
    with pytest.raises(Conflict):
        commands.retry_job(system("test"), job_id=job.pk)


def test_a_dead_worker_s_job_is_taken_when_its_lease_ends_and_its_late_word_is_ignored():
    work.enqueue(1)
    dead = jobs._claim("dead", None)
    assert not jobs.run_one("w")
    Job.objects.update(lease_until=now() - timedelta(seconds=1))
    assert jobs.run_one("w")
    assert ran == [1]
    assert not jobs._held(dead).exists()
    assert Job.objects.get().worker == "w"


def test_a_job_that_kills_its_workers_is_given_up():
    work.enqueue(1)
    Job.objects.update(state="RUNNING", attempts=leases.MAX_DEATHS, lease_until=now() - timedelta(seconds=1))
    assert jobs.run_one("w")
    assert ran == []
    assert Job.objects.get().state == "FAILED"


def test_a_job_whose_workers_were_killed_is_not_a_job_that_failed():
    fail.enqueue()
    dead = jobs.MAX_FAILURES + 5
    Job.objects.update(state="RUNNING", attempts=dead, lease_until=now() - timedelta(seconds=1))
    assert jobs.run_one("w")
    job = Job.objects.get()
    assert (job.state, job.failures, job.attempts) == ("READY", 1, dead + 1)


def test_a_job_whose_worker_died_waits_behind_the_others():
    work.enqueue(1)
    work.enqueue(2)
    assert jobs._claim("dead", None).args == [1]
    Job.objects.filter(state="RUNNING").update(lease_until=now() - timedelta(seconds=1))
    while jobs.run_one("w"):
        pass
    assert ran == [2, 1]


def test_the_same_thing_waits_once():
    assert jobs.enqueue_once(work, "key", 1)
    assert not jobs.enqueue_once(work, "key", 1)
    assert jobs.enqueue_once(work, "other", 2)
    while jobs.run_one("w"):
        pass
    assert jobs.enqueue_once(work, "key", 1)


def test_a_cancelled_job_stops_where_it_shows_its_progress():
    follow.enqueue()
    assert jobs.run_one("w")
    job = Job.objects.get()
    assert ran == []
    assert (job.state, job.progress_done, job.progress_note) == ("FAILED", 1, "un")


def test_a_waiting_job_that_is_cancelled_never_runs():
    result = work.enqueue(1)
    commands.cancel_job(system("test"), job_id=Job.objects.get(pk=result.id).pk)
    assert not jobs.run_one("w")
    assert ran == []


def test_the_most_urgent_runs_first_and_a_worker_keeps_to_its_queues():
    work.enqueue(1)
    urgent.enqueue()
    assert not jobs.run_one("w", ["bulk"])
    assert jobs.run_one("w", ["default", "urgent"])
    assert ran == ["urgent"]
    later = work.using(run_after=now() + timedelta(hours=1))
    later.enqueue(9)
    while jobs.run_one("w"):
        pass
    assert ran == ["urgent", 1]


def test_a_long_job_gives_way_to_what_is_more_urgent(monkeypatch):
    monkeypatch.setattr(worker, "_schedule", [])
    monkeypatch.setitem(outbox._reactions, "test.urgent", [lambda event: ran.append("event")])
    long_work.enqueue(2)
    worker.Worker("w").drain()
    assert ran == ["part 0", "event", "arrived meanwhile", "part 1", "can wait"]
    assert [job.progress_done for job in Job.objects.filter(priority=-10)] == [2]
    assert {job.state for job in Job.objects.all()} == {"SUCCESSFUL"}


def test_what_is_scheduled_is_not_held_up_by_a_long_job(monkeypatch):
    monkeypatch.setattr(worker, "_schedule", [worker.Scheduled("x", timedelta(0), lambda: ran.append("due"))])
    monkeypatch.setattr(worker, "SCHEDULE_SECONDS", 0)
    long_work.enqueue(2)
    worker.Worker("w").turn()
    assert ran.index("due") < ran.index("part 1")


def test_what_lasts_and_can_wait_is_not_started_between_the_parts_of_a_long_job(monkeypatch):
    lasting = worker.Scheduled("x", timedelta(0), lambda: ran.append("due"), patient=True)
    monkeypatch.setattr(worker, "_schedule", [lasting])
    monkeypatch.setattr(worker, "SCHEDULE_SECONDS", 0)
    long_work.enqueue(2)
    worker.Worker("w").turn()
    assert ran.count("due") == 1
    assert ran[-1] == "due"


def test_what_json_cannot_hold_is_refused_when_asked():
    with pytest.raises(TypeError):
        work.enqueue(object())
