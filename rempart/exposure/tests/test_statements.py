"""What a body states, who reviews it, and what it does to exposures."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rempart.exposure import commands
from rempart.exposure.models import Exposure, Statement
from rempart.kernel.actors import Actor, NotPermitted
from rempart.kernel.errors import Conflict, Invalid, NotFound
from rempart.kernel.models import AuditEntry, OutboxEvent
from rempart.kernel.permissions import Role
from rempart.kernel.time import now
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def exposure(published) -> Exposure:
    published("portail", "2.0")
    server = factories.asset(factories.organisation())
    factories.install(server, factories.component(vendor="exemple", product="portail", version="1.0"))
    commands.reconcile_body(server.body_id)
    return Exposure.objects.get()


@pytest.fixture
def officer(exposure: Exposure) -> Actor:
    return factories.actor(Role.BODY_OFFICER, exposure.body)


@pytest.fixture
def centre(exposure: Exposure) -> Actor:
    return factories.actor(Role.COCD_ANALYST, exposure.body.parent)


def state_not_affected(actor: Actor, exposure: Exposure, **more: object) -> Statement:
    return commands.make_statement(
        actor, body_id=exposure.body_id, vulnerability_id=exposure.vulnerability_id, kind="not_affected",
        justification="vulnerable_code_not_present", explanation="Le module est retiré.", **more,
    )  # fmt: skip


def accept_risk(actor: Actor, exposure: Exposure, **more: object) -> Statement:
    values = {
        "kind": "risk_accepted", "explanation": "Remplacement prévu.", "compensating_measure": "Isolé.",
        "valid_until": now() + timedelta(days=30), **more,
    }  # fmt: skip
    return commands.make_statement(
        actor, body_id=exposure.body_id, vulnerability_id=exposure.vulnerability_id, **values
    )


def test_a_statement_counts_once_reviewed_by_another(
    exposure: Exposure, officer: Actor, centre: Actor
) -> None:
    statement = state_not_affected(officer, exposure)
    exposure.refresh_from_db()
    assert exposure.state == "open"
    with pytest.raises(NotPermitted):
        commands.review_statement(officer, statement_id=statement.pk, accept=True)
    commands.review_statement(centre, statement_id=statement.pk, accept=True)
    exposure.refresh_from_db()
    assert (exposure.state, exposure.proof) == ("not_affected", {"kind": "statement", "id": statement.pk})
    assert AuditEntry.objects.filter(action="statement.reviewed", actor_id=centre.user_id).exists()
    told = OutboxEvent.objects.filter(kind="exposure.changed").latest("id")
    assert told.payload["statement_state"] == "accepted"
    with pytest.raises(Conflict):
        commands.review_statement(centre, statement_id=statement.pk, accept=False, note="trop tard")


def test_nobody_reviews_their_own(exposure: Exposure, centre: Actor) -> None:
    with pytest.raises(Invalid):
        state_not_affected(centre, exposure)  # on behalf of a body: with a reason
    statement = state_not_affected(centre, exposure, reason="Demande téléphonique")
    with pytest.raises(Conflict):
        commands.review_statement(centre, statement_id=statement.pk, accept=True)


def test_a_refusal_says_why_and_leaves_the_exposure_open(
    exposure: Exposure, officer: Actor, centre: Actor
) -> None:
    statement = state_not_affected(officer, exposure)
    with pytest.raises(Invalid):
        commands.review_statement(centre, statement_id=statement.pk, accept=False)
    commands.review_statement(centre, statement_id=statement.pk, accept=False, note="Le module y est encore.")
    exposure.refresh_from_db()
    assert exposure.state == "open"
    assert state_not_affected(officer, exposure).state == "proposed"  # it may be made again


def test_an_accepted_risk_comes_back_by_itself(exposure: Exposure, officer: Actor, centre: Actor) -> None:
    statement = accept_risk(officer, exposure)
    commands.review_statement(centre, statement_id=statement.pk, accept=True)
    exposure.refresh_from_db()
    assert exposure.state == "accepted"
    assert commands.expire_statements() == 0
    Statement.objects.filter(pk=statement.pk).update(valid_until=now() - timedelta(minutes=1))
    assert commands.expire_statements() == 1
    exposure.refresh_from_db()
    assert (exposure.state, exposure.closed_at) == ("open", None)
    assert exposure.due_at > now()
    assert commands.expire_statements() == 0


def test_an_accepted_statement_applies_to_what_comes_later(
    exposure: Exposure, officer: Actor, centre: Actor
) -> None:
    commands.review_statement(centre, statement_id=state_not_affected(officer, exposure).pk, accept=True)
    other = factories.asset(exposure.body)
    factories.install(other, exposure.component)
    commands.reconcile_body(exposure.body_id)
    assert Exposure.objects.get(asset=other).state == "not_affected"


def test_a_statement_proves_nothing_gone_while_an_inventory_waits(
    exposure: Exposure, officer: Actor, centre: Actor
) -> None:
    """The component was replaced, and what replaces it is not matched yet."""
    statement = state_not_affected(officer, exposure)
    commands.review_statement(centre, statement_id=statement.pk, accept=True)
    exposure.asset.installs.update(removed_at=now())
    factories.install(exposure.asset, factories.component(vendor="exemple", product="portail", version="1.5"))
    commands.withdraw_statement(officer, statement_id=statement.pk, reason="Le module est revenu.")
    assert Exposure.objects.get().state == "open"
    moved = commands.reconcile_body(exposure.body_id).exposures
    assert (moved.verified, moved.opened) == (1, 1)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"explanation": " "}, "explanation"),
        ({"compensating_measure": ""}, "compensating_measure"),
        ({"valid_until": None}, "valid_until"),
        ({"valid_until": now() - timedelta(days=1)}, "valid_until"),
        ({"valid_until": now() + timedelta(days=800)}, "valid_until"),
        ({"kind": "whatever"}, "kind"),
        ({"kind": "not_affected", "justification": "because"}, "justification"),
        ({"explanation": "x" * 10_001}, "explanation"),
    ],
)
def test_what_is_missing_is_named(exposure: Exposure, officer: Actor, change: dict, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        accept_risk(officer, exposure, **change)
    assert refused.value.field == field


def test_a_sibling_body_may_say_nothing(exposure: Exposure) -> None:
    sibling = factories.organisation(parent=exposure.body.parent)
    stranger = factories.actor(Role.BODY_OFFICER, sibling)
    with pytest.raises(NotPermitted):
        state_not_affected(stranger, exposure)
    with pytest.raises(NotFound):
        commands.make_statement(
            stranger, body_id=sibling.pk, vulnerability_id=exposure.vulnerability_id, kind="not_affected",
            justification="component_not_present", explanation="Absent.",
        )  # fmt: skip
