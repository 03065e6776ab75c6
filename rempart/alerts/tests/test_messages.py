"""Messages as their receivers see them: real SMTP and HTTP servers, the standard library's parser."""

from __future__ import annotations

import base64
import email
import email.policy
import hashlib
import hmac
import json
import re
import socket
import threading
from datetime import timedelta
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer

import dkim
import pytest
from aiosmtpd.controller import Controller
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client
from django.utils import timezone

from rempart.alerts import commands
from rempart.alerts.models import AlertRule, Delivery
from rempart.kernel.actors import system
from rempart.kernel.models import AuditEntry
from rempart.organisations.models import ContactChannel, Duty, Person

pytestmark = pytest.mark.django_db


class Mailbox:
    """An SMTP server that keeps what it accepts, and refuses what it is told to."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.refuse: dict[str, str] = {}

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.raw.append(envelope.content)
        self.received.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"


@pytest.fixture
def mailbox(settings):
    box = Mailbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = port
    settings.DEFAULT_FROM_EMAIL = "Rempart <rempart@gouv.exemple.test>"
    settings.PUBLIC_URL = "https://rempart.exemple.test"
    yield box
    controller.stop()


def text_of(message: EmailMessage) -> str:
    return message.get_body(("plain",)).get_content()


def html_of(message: EmailMessage) -> str:
    return message.get_body(("html",)).get_content()


def test_a_directive_is_received_in_both_languages_and_its_link_acknowledges(world, mailbox) -> None:
    body = world.body()
    world.expose(body)
    assert commands.deliver_due() == 1
    [message] = mailbox.received
    person = Person.objects.get(body=body)
    assert message["To"] == person.email
    assert message["Message-ID"] == f"<rempart-{Delivery.objects.get().pk}@gouv.exemple.test>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Subject"].strip().startswith("[PFC : AMBRE] AGIR MAINTENANT · Directive D-")
    text = text_of(message)
    assert text.index("demande votre action") < text.index("requires your action")
    assert text.startswith("PFC : AMBRE")
    assert text.rstrip().endswith("on a need-to-know basis.")
    assert "(HNE)" in text or "(HAE)" in text
    assert body.name_fr in text
    html = html_of(message)
    assert not re.search(r"<(img|link|script|style|iframe)|src=|style=", html)
    assert html.count("PFC : AMBRE") >= 2

    [link] = set(re.findall(r"https://rempart\.exemple\.test(/acknowledge/\S+/)", text))
    assert set(re.findall(r'href="https://rempart\.exemple\.test(/acknowledge/[^"]+)"', html)) == {link}
    client = Client()
    shown = client.get(link)
    assert shown.status_code == 200
    assert body.name_fr in shown.content.decode()
    assert world.target(body).state == "delivered"  # opening a link, as mail filters do, does nothing
    assert client.post(link).status_code == 200
    target = world.target(body)
    assert (target.state, target.acknowledged_by) == ("acknowledged", person.user)
    entry = AuditEntry.objects.filter(action="directive.acknowledged").get()
    assert (entry.actor_kind, entry.after["by"]) == ("link", "signed link")
    assert client.post(link).status_code == 200
    assert AuditEntry.objects.filter(action="directive.acknowledged").count() == 1


def test_an_english_reader_reads_english_first(world, mailbox) -> None:
    body = world.body()
    Person.objects.update(language="en")
    world.expose(body)
    commands.deliver_due()
    [message] = mailbox.received
    assert "ACT NOW" in message["Subject"]
    assert text_of(message).index("requires your action") < text_of(message).index("demande votre action")


def test_a_link_of_someone_who_left_is_refused_in_words(world, mailbox) -> None:
    body = world.body()
    world.expose(body)
    commands.deliver_due()
    [link] = set(
        re.findall(r"https://rempart\.exemple\.test(/acknowledge/\S+/)", text_of(mailbox.received[0]))
    )
    Duty.objects.update(ends_on="2021-01-01")
    answer = Client().post(link)
    assert answer.status_code == 409
    assert "ne répond plus de cet organisme" in answer.content.decode()
    assert world.target(body).state == "delivered"


def test_the_link_of_a_cancelled_directive_says_that_nothing_is_awaited(world, mailbox) -> None:
    body = world.body()
    world.expose(body)
    commands.deliver_due()
    [link] = set(
        re.findall(r"https://rempart\.exemple\.test(/acknowledge/\S+/)", text_of(mailbox.received[0]))
    )
    directive = world.target(body).directive
    commands.cancel_directive(system("test"), directive_id=directive.pk, reason="Émise par erreur.")
    for answer in (Client().get(link), Client().head(link)):
        assert answer.status_code == 200
    text = Client().get(link).content.decode()
    assert "n’attend plus de réponse : retirée" in text
    assert "déjà enregistré" not in text


def test_an_altered_or_expired_link_is_refused_in_words(world, mailbox, clock) -> None:
    world.expose(world.body())
    commands.deliver_due()
    [link] = set(
        re.findall(r"https://rempart\.exemple\.test(/acknowledge/\S+/)", text_of(mailbox.received[0]))
    )
    altered = Client().get(link[:-6] + "AAAAA/")
    assert (altered.status_code, "pas valable" in altered.content.decode()) == (422, True)
    clock.advance(days=15)
    late = Client().post(link)
    assert (late.status_code, "a expiré" in late.content.decode()) == (422, True)


def test_what_the_marking_keeps_stays_in_the_platform(world, mailbox) -> None:
    AlertRule.objects.update(marking="TLP:RED")
    body = world.body()
    world.expose(body)
    commands.deliver_due()
    whole = text_of(mailbox.received[0]) + html_of(mailbox.received[0]) + mailbox.received[0]["Subject"]
    assert world.vulnerability.cve_id not in whole
    assert world.directive().number in whole
    assert "PFC : ROUGE" in whole


def test_a_signed_message_verifies(world, mailbox, settings) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    settings.DKIM_SELECTOR = "essai"
    settings.DKIM_PRIVATE_KEY = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()
    public = base64.b64encode(
        key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    world.expose(world.body())
    commands.deliver_due()

    def record(name: bytes, timeout: int = 5) -> bytes:
        assert name == b"essai._domainkey.gouv.exemple.test."
        return b"v=DKIM1; k=rsa; p=" + public

    assert dkim.verify(mailbox.raw[0], dnsfunc=record)
    assert not dkim.verify(mailbox.raw[0].replace(b"Directive", b"Directxve", 1), dnsfunc=record)


def test_a_refused_address_is_marked_and_the_next_rung_told(world, mailbox) -> None:
    body = world.body()
    deputy = world.give_deputy(body)
    address = Person.objects.filter(body=body).order_by("id").first().email
    mailbox.refuse[address] = "550 no such user"
    world.expose(body)
    commands.deliver_due()
    assert Delivery.objects.get().state == "bounced"
    assert ContactChannel.objects.get(address=address).bounced_at is not None
    commands.escalate_due()
    commands.deliver_due()
    assert [message["To"] for message in mailbox.received] == [deputy.email]
    assert "vous êtes la personne suivante" in text_of(mailbox.received[0])


def test_a_server_that_is_down_is_tried_again(world, settings, mailbox, clock) -> None:
    body = world.body()
    address = Person.objects.get(body=body).email
    mailbox.refuse[address] = "451 try later"
    world.expose(body)
    commands.deliver_due()
    assert (Delivery.objects.get().state, Delivery.objects.get().attempts) == ("retrying", 1)
    assert commands.deliver_due() == 0
    mailbox.refuse.clear()
    clock.advance(minutes=5)
    commands.deliver_due()
    assert Delivery.objects.get().state == "sent"
    assert len(mailbox.received) == 1


def test_a_centre_reads_one_message_with_its_silent_bodies(world, mailbox, clock) -> None:
    first, second, answered = world.body(), world.body(), world.body()
    centre = world.answers_at(world.centre)
    for body in (first, second, answered):
        world.expose(body)
    commands.acknowledge(world.officer_of(answered), target_id=world.target(answered).pk)
    clock.advance(minutes=61)
    for _ in range(3):
        commands.escalate_due()
        clock.advance(minutes=16)
    while commands.deliver_due():
        pass
    to_centre = [message for message in mailbox.received if message["To"] == centre.email]
    assert len(to_centre) == 1
    text = text_of(to_centre[0])
    assert first.name_fr in text
    assert second.name_fr in text
    assert answered.name_fr not in text
    assert "/acknowledge/" not in text


class Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((dict(self.headers), body))  # type: ignore[attr-defined]
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def hook(settings):
    server = HTTPServer(("127.0.0.1", 0), Hook)
    server.received, server.status = [], 204
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.WEBHOOK_ALLOW_PRIVATE_ADDRESSES = True
    yield server
    server.shutdown()
    server.server_close()


def test_a_webhook_is_signed_as_standard_webhooks_says(world, hook, settings) -> None:
    body = world.body(officer=False)
    key = b"k" * 32
    ContactChannel.objects.create(
        body=body, medium="webhook", address=f"http://127.0.0.1:{hook.server_port}/alertes",
        secret="whsec_" + base64.b64encode(key).decode(), verified_at=timezone.now(),
    )  # fmt: skip
    world.expose(body)
    commands.deliver_due()
    assert Delivery.objects.get().state == "sent"
    [(headers, payload)] = hook.received
    headers = {name.lower(): value for name, value in headers.items()}
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + payload
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    event = json.loads(payload)
    assert (event["specversion"], event["type"]) == ("1.0", "rempart.directive.issued")
    assert event["data"]["bodies"][0]["code"] == body.code
    assert event["data"]["vulnerability"] == world.vulnerability.cve_id


def test_a_webhook_that_is_gone_bounces(world, hook) -> None:
    hook.status = 410
    body = world.body(officer=False)
    ContactChannel.objects.create(
        body=body, medium="webhook", address=f"http://127.0.0.1:{hook.server_port}/",
        secret="whsec_" + base64.b64encode(b"k" * 32).decode(), verified_at=timezone.now(),
    )  # fmt: skip
    world.expose(body)
    commands.deliver_due()
    assert Delivery.objects.get().state == "bounced"


def test_what_is_below_the_threshold_waits_for_the_morning_digest(world, mailbox, clock) -> None:
    clock.to(2026, 11, 23, 14, 0)
    ContactChannel.objects.update(immediate_from="act_now")
    AlertRule.objects.update(minimum_priority="scheduled")
    body = world.body()
    world.expose(body, urgent=False)
    assert world.target(body).priority != "act_now"
    assert Delivery.objects.get().state == "digested"
    assert commands.deliver_due() == 0
    assert commands.queue_digests() == 0  # not the time
    clock.to(2026, 11, 24, 7, 29)
    assert commands.queue_digests() == 0
    clock.to(2026, 11, 24, 7, 31)
    assert commands.queue_digests() == 1
    assert commands.queue_digests() == 0
    commands.deliver_due()
    [message] = mailbox.received
    assert "Condensé du jour" in message["Subject"]
    assert "Nouvelles directives" in text_of(message)
    assert body.name_fr in text_of(message)
    assert world.target(body).state == "delivered"
    clock.to(2026, 11, 24, 7, 45)
    assert commands.queue_digests() == 0
    clock.to(2026, 11, 25, 7, 31)
    assert commands.queue_digests() in {0, 1}  # only what is still near its deadline
    commands.deliver_due()
    assert all("Nouvelles directives" not in text_of(each) for each in mailbox.received[1:])


def test_a_digest_says_what_is_declared_and_what_was_verified(world, mailbox, clock) -> None:
    clock.to(2026, 11, 23, 9, 0)
    declared, verified = world.body(), world.body()
    centre = world.answers_at(world.centre)
    for body in (declared, verified):
        world.expose(body)
    commands.declare(world.officer_of(declared), target_id=world.target(declared).pk)
    world.fix(verified)
    while commands.deliver_due():
        pass
    mailbox.received.clear()
    clock.to(2026, 11, 24, 7, 30)
    commands.queue_digests()
    while commands.deliver_due():
        pass
    [to_centre] = [message for message in mailbox.received if message["To"] == centre.email]
    text = text_of(to_centre)
    assert text.index("à prouver par un inventaire") < text.index(declared.name_fr)
    assert text.index("Vérifiées depuis hier") < text.index(verified.name_fr)
    assert len(mailbox.received) == 3


def test_a_reminder_is_sent_once_a_deadline(world, mailbox, clock) -> None:
    body = world.body()
    ContactChannel.objects.update(immediate_from="scheduled")
    directive = commands.issue_directive(
        world.analyst(), audience="all", title_fr="Revue", title_en="Review", text_fr="Faites.",
        text_en="Do.", priority="scheduled", due_at=timezone.now() + timedelta(days=10),
    )  # fmt: skip
    assert commands.remind_due() == 0
    clock.advance(days=9, hours=1)
    assert commands.remind_due() == 1
    assert commands.remind_due() == 0
    while commands.deliver_due():
        pass
    assert "Échéance proche" in mailbox.received[-1]["Subject"]
    assert directive.targets.get().body == body
