"""Live updates over a real server: who is told what, what was missed, and when the stream ends."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx
import pytest
import uvicorn
from django.conf import LazySettings, settings
from django.db import transaction
from django.test import Client

from rempart.kernel import outbox
from rempart.kernel.models import Job, OutboxEvent, User
from rempart.kernel.permissions import Role
from rempart.kernel.time import now
from rempart.web import live
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    from rempart.asgi import application

    monkeypatch.setattr(live, "POLL", 0.05)
    monkeypatch.setattr(live, "BEAT", 0.3)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(application, log_config=None, timeout_graceful_shutdown=1, lifespan="off")
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    while not running.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    running.should_exit = True
    thread.join(20)
    assert not thread.is_alive()


def cookie_of(user: User) -> dict[str, str]:
    client = Client()
    client.force_login(user)
    return {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}


@contextmanager
def listening(
    server: str, user: User, since: object = "", **headers: str
) -> Iterator[Iterator[tuple[str, str]]]:
    """The named events of a stream, as (name, data); ready once the server listens for this page."""
    with (
        httpx.Client(cookies=cookie_of(user), timeout=20) as http,
        http.stream("GET", f"{server}/live/events", params={"since": since}, headers=headers) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        assert next(lines) == "retry: 3000"
        # A first beat: the poller has looked at least once.
        first = next(line for line in lines if line == ": beat" or line.startswith("event:"))
        yield events(lines, first)


def events(lines: Iterator[str], first: str) -> Iterator[tuple[str, str]]:
    name = first.removeprefix("event: ")
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, line.removeprefix("data: ")


def happen(kind: str, **payload: object) -> None:
    with transaction.atomic():
        outbox.publish(kind, "test", payload)


def test_a_page_hears_of_what_it_may_read(server: str) -> None:
    mine, other = factories.organisation("body"), factories.organisation("body")
    officer = factories.user(Role.BODY_OFFICER, mine)
    with listening(server, officer) as heard:
        happen("assets.inventory_changed", body_id=other.pk, import_id=1)
        happen("organisations.changed")
        assert next(heard) == ("changed", "organisations")  # nothing of the other body's assets
        happen("assets.inventory_changed", body_id=mine.pk, import_id=2)
        assert next(heard) == ("changed", "assets")
        happen("exposure.changed", vulnerability_ids=[1], body_ids=None)
        assert next(heard) == ("changed", "board exposures")


def test_an_authority_hears_of_indicators_only(server: str) -> None:
    authority = factories.user(Role.AUTHORITY, factories.organisation("government"))
    with listening(server, authority) as heard:
        happen("alerts.changed", directive_id=1, what="issued")
        happen("intelligence.vulnerabilities_changed", ids=[1])
        happen("indicators.changed")
        assert next(heard) == ("changed", "indicators")


def test_jobs_that_move_are_told(server: str) -> None:
    job = Job.objects.create(task_path="x", enqueued_at=now(), run_after=now())
    with listening(server, factories.user(Role.AUDITOR, factories.organisation("cgcd"))) as heard:
        Job.objects.filter(pk=job.pk).update(progress_done=5)
        assert next(heard) == ("changed", "jobs")


def test_what_was_missed_is_told_on_return(server: str) -> None:
    analyst = factories.user(Role.CGCD_ANALYST, factories.organisation("government"))
    happen("alerts.changed", directive_id=1, what="issued")
    seen = OutboxEvent.objects.latest("id").pk
    happen("exposure.changed", vulnerability_ids=[1], body_ids=[1])
    with listening(server, analyst, **{"Last-Event-ID": str(seen)}) as heard:
        assert next(heard) == ("changed", "board exposures")


def test_what_happened_between_a_page_and_its_stream_is_told(server: str) -> None:
    analyst = factories.user(Role.CGCD_ANALYST, factories.organisation("government"))
    happen("indicators.changed")
    OutboxEvent.objects.update(created_at=now() - timedelta(minutes=2))
    made = int(now().timestamp())
    happen("exposure.changed", vulnerability_ids=[1], body_ids=[1])
    with listening(server, analyst, since=made) as heard:
        assert next(heard) == ("changed", "board exposures")
    for odd in ("", "-1", "99999999999", "1e9", "²", "9" * 40):
        with listening(server, analyst, since=odd):
            happen("indicators.changed")


def test_a_stream_ends_with_its_session(server: str) -> None:
    user = factories.user(Role.CGCD_ANALYST, factories.organisation("cgcd"))
    with listening(server, user) as heard:
        user.is_active = False
        user.save()
        assert next(heard) == ("ended", "session")


def test_a_stranger_hears_nothing(server: str) -> None:
    answer = httpx.get(f"{server}/live/events")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/account/login/")


def test_one_person_cannot_hold_every_connection(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PER_USER", 1)
    user = factories.user(Role.CGCD_ANALYST, factories.organisation("cgcd"))
    with listening(server, user):
        refused = httpx.get(f"{server}/live/events", cookies=cookie_of(user))
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "30")
        with listening(server, factories.user(Role.AUDITOR, factories.organisation("cgcd"))):
            pass


def test_a_page_that_returns_after_long_refreshes_everything(settings: LazySettings) -> None:
    from rempart.kernel.actors import actor_for

    actor = actor_for(factories.user(Role.CGCD_ANALYST, factories.organisation("government")))
    at = now()
    OutboxEvent.objects.bulk_create(
        OutboxEvent(kind="exposure.changed", aggregate="exposure", payload={"body_ids": []}, created_at=at)
        for _ in range(501)
    )
    assert {"board", "directives", "jobs"} <= live.missed(actor, 0)
    newest = OutboxEvent.objects.latest("id").pk
    assert live.missed(actor, newest) == set()
