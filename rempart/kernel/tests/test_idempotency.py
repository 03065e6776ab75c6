"""API writes sent again: answered as before, refused when they differ, retried when they failed."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from rempart.kernel import idempotency, tokens
from rempart.kernel.actors import actor_for
from rempart.kernel.models import IdempotencyKey
from rempart.kernel.permissions import Permission, Role
from rempart.organisations.models import Organisation
from tests import factories

pytestmark = pytest.mark.django_db

URL = "/api/v1/organisations/"


@pytest.fixture
def post():
    cgcd = factories.organisation("cgcd")
    user = factories.user(Role.CGCD_COMMANDER, cgcd.parent)
    rights = [Permission.ORGANISATION_MANAGE, Permission.ORGANISATION_READ]
    _, secret = tokens.create_token(actor_for(user), name="t", permissions=rights, days=1)

    def send(key, code="cocd-nouveau", **more):
        content = {"code": code, "kind": "cocd", "parent_code": cgcd.code, "name_fr": "COCD fictif", **more}
        headers = {"Authorization": f"Bearer {secret}", **({"Idempotency-Key": key} if key else {})}
        return Client().post(URL, json.dumps(content), content_type="application/json", headers=headers)

    return send


def test_the_same_request_with_the_same_key_is_done_once(post):
    first, again = post("k1"), post("k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again[idempotency.REPLAYED] == "true"
    assert Organisation.objects.filter(code="cocd-nouveau").count() == 1


def test_without_a_key_the_second_is_a_conflict(post):
    assert post("").status_code == 201
    assert post("").status_code == 409


def test_another_request_with_the_same_key_is_refused(post):
    post("k1")
    answer = post("k1", code="autre")
    assert answer.status_code == 422
    assert answer.json()["code"] == "idempotency_reused"
    assert not Organisation.objects.filter(code="autre").exists()


def test_a_request_that_failed_may_be_sent_again(post):
    assert post("k1", name_fr="").status_code == 422
    assert IdempotencyKey.objects.count() == 0
    assert post("k1").status_code == 201


def test_a_key_is_bounded_and_forgotten_in_time(post):
    assert post("k" * 201).status_code == 422
    post("k1")
    from rempart.kernel.time import now

    IdempotencyKey.objects.update(created_at=now() - idempotency.KEPT * 2)
    assert idempotency.forget_old() == 1
