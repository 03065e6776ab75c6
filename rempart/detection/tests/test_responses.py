"""Responses that a body authorised: rehearsed first, done once, limited, told whole, and taken back."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from rempart.alerts.models import Directive, Target
from rempart.detection.commands import responding
from rempart.detection.commands.responses import redo_action, rehearse, save_response, set_mode, undo_action
from rempart.detection.models import Level, Response, ResponseAction
from rempart.detection.tests.reporting import detect, officer, part, token_of
from rempart.kernel import outbox
from rempart.kernel.errors import Conflict, Invalid, NotFound
from rempart.kernel.models import AuditEntry, OutboxEvent
from rempart.kernel.permissions import Permission, Role
from rempart.kernel.signing import verify_webhook
from tests import factories

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


class Receiver:
    """A firewall or a directory: does each order once, by its id, and keeps all that it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.done: dict[str, Any] = {}
        self.status = 200
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                owner.heard.append((dict(self.headers), body))
                if owner.status < 300:
                    owner.done[self.headers["webhook-id"]] = json.loads(body)
                self.send_response(owner.status)
                self.end_headers()

            def log_message(self, *arguments: Any) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/ordre"


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOW_PRIVATE_ADDRESSES = True
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


def armed(body: Any, kind: str = "block", **fields: Any) -> Response:
    """A response at work: tried on a detection of no importance, then armed."""
    actor = officer(body)
    values = {"name": kind, "level": int(Level.HIGH), "field": "host" if kind == "block" else "", **fields}
    made = save_response(actor, body_id=body.pk, kind=kind, **values)
    sample = {"DestinationIp": "192.0.2.1"}
    detect(body, rule_id=f"essai-{kind}", level=Level.LOW, sample=sample)
    rehearse(actor, response_id=made.pk)
    set_mode(actor, response_id=made.pk, mode="armed")
    return Response.objects.get(pk=made.pk)


def real() -> list[ResponseAction]:
    return list(ResponseAction.objects.filter(dry=False).order_by("pk"))


def overdue() -> None:
    """What waits for its next attempt is due, and the claims of dead workers have ended."""
    ResponseAction.objects.update(next_attempt_at=timezone.now(), claimed_until=None)


def test_a_response_is_seen_at_work_before_it_is_armed() -> None:
    body = factories.organisation()
    actor = officer(body)
    made = save_response(actor, body_id=body.pk, kind="block", name="Pare-feu", level=3, field="host")
    assert made.mode == "dry"
    with pytest.raises(Conflict):
        set_mode(actor, response_id=made.pk, mode="armed")
    with pytest.raises(Conflict):
        rehearse(actor, response_id=made.pk)
    detect(body)
    outbox.drain()
    (tried,) = ResponseAction.objects.all()
    assert (tried.dry, tried.state, tried.subject) == (True, "dry", "PC1.exemple.test")
    assert _list(body) == []
    set_mode(actor, response_id=made.pk, mode="armed")
    save_response(
        actor, body_id=body.pk, response_id=made.pk, kind="block", name="Pare-feu", level=2, field="user"
    )
    made.refresh_from_db()
    assert (made.mode, made.armed_at) == ("dry", None)
    with pytest.raises(Conflict):
        set_mode(actor, response_id=made.pk, mode="armed")
    assert rehearse(actor, response_id=made.pk).subject == "EXEMPLE\\alice"
    assert set_mode(actor, response_id=made.pk, mode="armed").mode == "armed"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kind": "autre"}, "kind"), ({"name": " "}, "name"), ({"level": 9}, "level"),
        ({"least_count": 0}, "least_count"), ({"per_hour": 0}, "per_hour"), ({"field": ""}, "field"),
        ({"kind": "isolate_host", "url": "https://10.0.0.1@x"}, "url"),
        ({"kind": "isolate_host", "url": "http://exemple.test"}, "url"),
        ({"kind": "isolate_host", "url": "file:///etc/passwd"}, "url"), ({"rules": "x" * 10_001}, "rules"),
    ],
)  # fmt: skip
def test_terms_that_cannot_be_are_refused(wrong: dict[str, Any], field: str) -> None:
    body = factories.organisation()
    values = {"kind": "block", "name": "n", "level": 3, "field": "host"}
    with pytest.raises(Invalid) as refused:
        save_response(officer(body), body_id=body.pk, **values | wrong)
    assert refused.value.field == field


def _list(body: Any) -> list[str]:
    secret = token_of(body, Permission.BLOCK_LIST_READ)
    given = {"Authorization": f"Bearer {secret}"}
    found = Client().get("/api/v1/detections/block-list", {"form": "text"}, headers=given)
    assert found.status_code == 200
    assert found["Content-Type"].startswith("text/plain")
    values = Client().get("/api/v1/detections/block-list", {"body": body.code}, headers=given).json()
    assert [one["value"] for one in values] == found.content.decode().splitlines()
    return [one["value"] for one in values]


def test_what_is_blocked_is_a_list_and_comes_off_it() -> None:
    body, other = factories.organisation(), factories.organisation()
    armed(body, field="DestinationIp", least_count=2)
    first = detect(body, sample={"DestinationIp": "203.0.113.9\n198.51.100.1"}, count=2)
    detect(body, rule_id="r2", sample={"DestinationIp": "203.0.113.10"}, count=2)
    detect(body, rule_id="r3", sample={"DestinationIp": "203.0.113.11"}, count=1)
    detect(body, rule_id="r4", sample={"DestinationIp": "203.0.113.12"}, count=2, level=Level.LOW)
    detect(body, rule_id="r5", sample={}, count=2)
    detect(other, sample={"DestinationIp": "203.0.113.13"}, count=2)
    outbox.drain()
    assert sorted(_list(body)) == ["203.0.113.10", "203.0.113.9 198.51.100.1"]
    assert _list(other) == []
    (nameless,) = (one for one in real() if one.state == "failed")
    assert (nameless.detection.rule_id, nameless.answer) == ("r5", "no_subject")
    action = ResponseAction.objects.get(detection=first, dry=False)
    with pytest.raises(Invalid):
        undo_action(officer(body), action_id=action.pk, reason="")
    with pytest.raises(NotFound):
        undo_action(officer(other), action_id=action.pk, reason="x")
    undo_action(officer(body), action_id=action.pk, reason="C’était Alice")
    assert _list(body) == ["203.0.113.10"]
    with pytest.raises(Conflict):
        undo_action(officer(body), action_id=action.pk, reason="encore")
    outside = json.dumps([*AuditEntry.objects.values(), *OutboxEvent.objects.values()], default=str)
    for raw in ("203.0.113", "Alice", "PC1"):
        assert raw not in outside
    stranger = token_of(other, Permission.BLOCK_LIST_READ)
    answer = Client().get(
        "/api/v1/detections/block-list", {"body": body.code}, headers={"Authorization": f"Bearer {stranger}"}
    )
    assert answer.status_code == 404


def test_a_value_is_blocked_once_and_comes_off_for_every_detection() -> None:
    body = factories.organisation()
    armed(body, per_hour=1)
    for number in range(3):
        detect(body, rule_id=f"r{number}", host="pc1")
    outbox.drain()
    assert [(one.state, one.counted_at is None) for one in real()] == [
        ("done", False), ("done", True), ("done", True),
    ]  # fmt: skip
    assert _list(body) == ["pc1"]
    undo_action(officer(body), action_id=real()[1].pk, reason="Réinstallé")
    assert _list(body) == []
    assert {one.state for one in real()} == {"undone"}


def test_an_order_is_signed_and_its_undoing_too(receiver: Receiver) -> None:
    body = factories.organisation()
    response = armed(body, "disable_account", url=receiver.url)
    detect(body)
    outbox.drain()
    assert receiver.heard == []
    assert responding.send_due() == 1
    ((headers, content),) = receiver.heard
    message_id = verify_webhook([response.secret], headers, content, timezone.now())
    (action,) = real()
    assert (message_id, action.state, action.answer) == (f"rsp-{action.pk}-do", "done", "HTTP 200")
    told = json.loads(content)
    assert told["type"] == "rempart.response.disable_account"
    assert told["data"]["subject"] == "EXEMPLE\\alice"
    undo_action(officer(body), action_id=action.pk, reason="Erreur")
    assert responding.send_due() == 1
    action.refresh_from_db()
    assert (action.state, list(receiver.done)) == ("undone", [f"rsp-{action.pk}-do", f"rsp-{action.pk}-undo"])
    assert receiver.done[f"rsp-{action.pk}-undo"]["type"] == "rempart.response.disable_account.undo"
    assert responding.send_due() == 0


def test_a_receiver_that_refuses_is_asked_again_then_left_to_a_person(receiver: Receiver) -> None:
    body = factories.organisation()
    armed(body, "isolate_host", url=receiver.url)
    receiver.status = 503
    detect(body)
    outbox.drain()
    for _ in range(responding.MAX_FAILURES):
        overdue()
        assert responding.send_due() == 1
    overdue()
    assert responding.send_due() == 0
    (action,) = real()
    assert (action.state, action.answer, len(receiver.heard)) == ("failed", "HTTP 503", 8)
    receiver.status = 200
    redo_action(officer(body), action_id=action.pk)
    assert responding.send_due() == 1
    assert len({headers["webhook-id"] for headers, _ in receiver.heard}) == 1
    action.refresh_from_db()
    assert action.state == "done"


def test_workers_that_die_use_none_of_the_tries(receiver: Receiver, monkeypatch: Any) -> None:
    body = factories.organisation()
    armed(body, "isolate_host", url=receiver.url)
    receiver.status = 503
    detect(body)
    outbox.drain()

    def dies(*_arguments: Any, **_more: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(responding, "_after", dies)
        for _ in range(responding.MAX_FAILURES + 3):
            overdue()
            with pytest.raises(KeyboardInterrupt):
                responding.send_due()
    overdue()
    assert responding.send_due() == 1
    (action,) = real()
    assert (action.state, action.failures) == ("pending", 1)


def test_no_response_twice_for_a_detection_whoever_dies(receiver: Receiver, monkeypatch: Any) -> None:
    body = factories.organisation()
    armed(body, "isolate_host", url=receiver.url)
    armed(body, "directive")
    found = detect(body)

    class Killed(BaseException):
        """The worker is gone: nothing after this line runs."""

    # Killed in the reaction, once everything was written and before it was kept.
    def dies(*_arguments: Any, **_more: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(responding, "_issue", dies)
        with pytest.raises(Killed):
            outbox.drain()
    assert real() == []
    outbox.release_claims()
    outbox.drain()
    assert [one.response.kind for one in real()] == ["isolate_host", "directive"]
    # Killed between the receiver's answer and its note.
    with monkeypatch.context() as patched:
        patched.setattr(responding, "_after", dies)
        with pytest.raises(Killed):
            responding.send_due()
    assert responding.send_due() == 0
    overdue()
    assert responding.send_due() == 1
    assert (len(receiver.heard), len(receiver.done)) == (2, 1)
    # The detection grows, its event is told again, and the reaction is called once more.
    detect(body, key=part(10**6), count=50)
    outbox.drain()
    responding.respond(body.pk, [found.pk])
    assert len(real()) == 2
    assert responding.send_due() == 0
    assert Directive.objects.count() == 1


def test_two_workers_send_an_order_once(receiver: Receiver, monkeypatch: Any) -> None:
    body = factories.organisation()
    armed(body, "isolate_host", url=receiver.url)
    detect(body)
    outbox.drain()
    sent = responding._send

    def beside(action: Any) -> None:
        assert responding.send_due() == 0  # another worker, meanwhile
        sent(action)

    monkeypatch.setattr(responding, "_send", beside)
    assert responding.send_due() == 1
    assert len(receiver.heard) == 1


def test_an_hour_has_its_limit_and_a_person_goes_past_it() -> None:
    body = factories.organisation()
    armed(body, per_hour=2)
    for number in range(4):
        detect(body, rule_id=f"r{number}", host=f"pc{number}")
    outbox.drain()
    assert [one.state for one in real()] == ["done", "done", "limited", "limited"]
    redo_action(officer(body), action_id=real()[2].pk)
    assert [one.state for one in real()] == ["done", "done", "done", "limited"]
    ResponseAction.objects.update(counted_at=timezone.now() - timedelta(hours=2))
    detect(body, rule_id="r9", host="pc9")
    outbox.drain()
    assert real()[-1].state == "done"


def test_a_directive_is_the_body_s_alone_and_names_nobody() -> None:
    body = factories.organisation()
    factories.organisation()
    armed(body, "directive", level=int(Level.CRITICAL))
    found = detect(body, level=Level.CRITICAL)
    outbox.drain()
    directive = Directive.objects.get()
    assert list(Target.objects.values_list("body_id", flat=True)) == [body.pk]
    assert (directive.priority, directive.audience) == ("act_now", "portfolio")
    words = directive.title_fr + directive.title_en + directive.text_fr + directive.text_en
    assert found.sighting.host in words
    for raw in ("PC1", "alice", "sc stop"):
        assert raw not in words
    (action,) = real()
    undo_action(officer(body), action_id=action.pk, reason="Alice s’était trompée")
    directive.refresh_from_db()
    action.refresh_from_db()
    assert (directive.state, action.state) == ("cancelled", "undone")
    outside = json.dumps(list(AuditEntry.objects.values()), default=str)
    assert "Alice" not in outside


def test_the_pages_take_a_response_from_its_terms_to_its_undoing() -> None:
    body = factories.organisation()
    detect(body)
    client = Client()
    client.force_login(factories.user(Role.BODY_OFFICER, body), backend=BACKEND)
    terms = {
        "body_id": body.pk, "kind": "block", "name": "Pare-feu", "level": "3", "least_count": "1",
        "per_hour": "5", "field": "host",
    }  # fmt: skip
    assert client.post("/responses/new/", terms | {"level": "x"}).status_code == 422
    assert client.post("/responses/new/", terms).status_code == 302
    assert client.post("/responses/new/", terms).status_code == 409
    made = Response.objects.get()
    page = f"/responses/{made.pk}/"
    assert client.post(f"{page}armed/").status_code == 409
    assert client.post(f"{page}rehearse/").status_code == 302
    assert "PC1.exemple.test" in client.get(page).content.decode()
    assert client.post(f"{page}armed/").status_code == 302
    detect(body, rule_id="r2", host="pc2")
    outbox.drain()
    (action, *_rest) = real()
    assert client.post(f"/responses/actions/{action.pk}/undo/", {"reason": ""}).status_code == 422
    assert client.post(f"/responses/actions/{action.pk}/undo/", {"reason": "Erreur"}).status_code == 302
    assert "pc2" in client.get("/responses/actions/").content.decode()
    assert client.post(f"{page}off/").status_code == 302
    assert client.post(f"{page}autre/").status_code == 404
    centre = Client()
    centre.force_login(factories.user(Role.COCD_ANALYST, body.parent), backend=BACKEND)
    assert {centre.get(each).status_code for each in (page, "/responses/", "/responses/actions/")} == {403}
