"""Channels: proved by whoever reads them, tuned by their owner, out of reach of everyone else."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.core import mail
from django.test import Client

from rempart.kernel import signing
from rempart.kernel.actors import actor_for
from rempart.kernel.errors import Conflict, Invalid, NotFound
from rempart.kernel.permissions import Role
from rempart.kernel.time import now
from rempart.kernel.worker import Worker
from rempart.organisations import commands
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer():
    return factories.officer(factories.organisation())


@pytest.fixture
def added(officer):
    actor = actor_for(officer.user)
    channel = commands.add_channel(actor, person_id=officer.pk, medium="email", address="Autre@exemple.test")
    Worker().drain()
    return actor, channel, mail.outbox[0].body


def test_the_code_of_the_message_proves_the_address(added):
    actor, channel, body = added
    code = re.search(r"\d{4} \d{4}", body)[0]
    with pytest.raises(Invalid):
        commands.confirm_channel(actor, channel_id=channel.pk, code="00000000x")
    assert commands.confirm_channel(actor, channel_id=channel.pk, code=code).verified_at


def test_five_wrong_codes_cancel_it(added):
    actor, channel, body = added
    for _ in range(5):
        with pytest.raises(Invalid):
            commands.confirm_channel(actor, channel_id=channel.pk, code="1")
    with pytest.raises(Conflict):
        commands.confirm_channel(actor, channel_id=channel.pk, code=re.search(r"\d{4} \d{4}", body)[0])


def test_the_link_verifies_by_its_button_only(added):
    _, channel, body = added
    path = re.search(r"http://[^/]+(/channels/confirm/\S+)", body)[1]
    client = Client()
    assert client.get(path).status_code == 200
    channel.refresh_from_db()
    assert channel.verified_at is None
    assert client.post(path).status_code == 200
    channel.refresh_from_db()
    assert channel.verified_at
    assert client.get(path[:-3] + "xx/").status_code == 400


def test_only_its_owner_or_who_manages_the_body_s_contacts_changes_it(added, officer):
    _, channel, _ = added
    elsewhere = factories.officer(factories.organisation("body"))
    for other in (actor_for(elsewhere.user), factories.actor(Role.ASSET_OWNER, officer.body)):
        with pytest.raises(NotFound):
            commands.set_preferences(other, channel_id=channel.pk, immediate_from="never", digest=True)
    colleague = actor_for(factories.officer(officer.body).user)
    assert commands.set_preferences(colleague, channel_id=channel.pk, immediate_from="never", digest=False)
    manager = factories.actor(Role.ADMINISTRATOR, officer.body)
    assert commands.set_preferences(manager, channel_id=channel.pk, immediate_from="act_now", digest=False)


def _serve(answer):
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((dict(self.headers), body))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer(body))

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, received


@pytest.mark.parametrize("echoes", [True, False])
def test_a_webhook_proves_itself_by_sending_the_word_back(officer, settings, echoes):
    settings.WEBHOOK_ALLOW_PRIVATE_ADDRESSES = True
    server, received = _serve(lambda body: body if echoes else b"ok")
    try:
        address = f"http://127.0.0.1:{server.server_port}/crochet"
        channel = commands.add_channel(
            actor_for(officer.user), person_id=officer.pk, medium="webhook", address=address
        )
        Worker().drain()
    finally:
        server.shutdown()
        server.server_close()
    ((headers, body),) = received
    assert json.loads(body)["type"] == "rempart.challenge"
    assert signing.verify_webhook([channel.secret], headers, body, now())
    channel.refresh_from_db()
    assert bool(channel.verified_at) is echoes
    assert bool(channel.bounced_at) is not echoes


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "https://u:p@x.test/", "https://", "ftp://x.test", "x" * 600]
)
def test_odd_addresses_are_refused(officer, address):
    with pytest.raises(Invalid):
        commands.add_channel(actor_for(officer.user), person_id=officer.pk, medium="webhook", address=address)
