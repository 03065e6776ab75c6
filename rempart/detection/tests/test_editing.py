"""Rules written here: proposed by one, accepted by another, never while a test case fails; and filters."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from rempart.detection import queries
from rempart.detection.commands import cases, editing, tuning
from rempart.detection.commands.importing import import_rules
from rempart.detection.models import Rule, Tuning
from rempart.detection.tests.rule_texts import FAILED, STOPPED, event, release, rule
from rempart.kernel.actors import NotPermitted, system
from rempart.kernel.errors import Conflict, Invalid, NotFound
from rempart.kernel.permissions import Role
from rempart.kernel.time import now
from tests import factories

pytestmark = pytest.mark.django_db
FILTER = """\
title: Our installer
id: 99999999-9999-4999-8999-999999999999
logsource: {category: process_creation, product: windows}
filter:
  rules: [11111111-1111-4111-8111-111111111111]
  selection: {User: installer}
  condition: not selection
"""
CORRELATION = """\
title: Many stops
id: 33333333-3333-4333-8333-333333333333
status: test
correlation:
  type: event_count
  rules: [11111111-1111-4111-8111-111111111111]
  group-by: [Image]
  timespan: 5m
  condition: {gte: 2}
level: high
"""


@pytest.fixture
def body():
    return factories.organisation("body")


@pytest.fixture
def writer(body):
    return factories.actor(Role.BODY_OFFICER, body)


@pytest.fixture
def reviewer(body):
    return factories.actor(Role.BODY_OFFICER, body)


@pytest.fixture
def ours(writer, body) -> Rule:
    return editing.propose_rule(writer, text=rule(), why="Seen last week", body_id=body.pk)


def refused(call, error=Invalid, field: str | None = None) -> None:
    with pytest.raises(error) as caught:
        call()
    if field is not None:
        assert caught.value.field == field


def test_a_rule_counts_once_someone_else_accepts_it(ours, writer, reviewer):
    assert (ours.state, ours.current, ours.waiting) == ("proposed", None, 1)
    version = ours.versions.get()
    refused(lambda: editing.review_version(writer, version_id=version.pk, accept=True), Conflict)
    editing.review_version(reviewer, version_id=version.pk, accept=True)
    ours.refresh_from_db()
    assert (ours.state, ours.current, ours.waiting) == ("active", version, 0)
    refused(lambda: editing.review_version(reviewer, version_id=version.pk, accept=True), Conflict)


def test_a_refusal_says_why_and_leaves_the_rule_as_it_was(ours, writer, reviewer):
    editing.review_version(reviewer, version_id=ours.versions.get().pk, accept=True)
    other = editing.propose_version(writer, rule_id=ours.pk, text=rule(title="Other"), why="Better")
    refused(lambda: editing.review_version(reviewer, version_id=other.pk, accept=False), Invalid, "note")
    editing.review_version(reviewer, version_id=other.pk, accept=False, note="No")
    ours.refresh_from_db()
    assert (ours.title, ours.current.number, ours.waiting) == ("Service stopped", 1, 0)


@pytest.mark.parametrize(
    "text",
    ["", "a: [", f"{rule()}---\n{rule('b')}", rule().replace("condition: selection", "condition: x"), FILTER],
)
def test_a_text_that_cannot_serve_is_refused_when_it_is_proposed(writer, body, text):
    propose = lambda: editing.propose_rule(writer, text=text, why="x", body_id=body.pk)  # noqa: E731
    refused(propose, Invalid, "text")
    assert not Rule.objects.exists()


def test_the_identifier_and_the_reason_are_needed_and_the_text_must_change(ours, writer, body):
    propose = editing.propose_version
    refused(lambda: propose(writer, rule_id=ours.pk, text=rule("other-id"), why="x"), Invalid, "text")
    refused(lambda: propose(writer, rule_id=ours.pk, text=rule(title="x"), why=" "), Invalid, "why")
    refused(lambda: propose(writer, rule_id=ours.pk, text=rule(), why="x"), Conflict, "text")
    again = lambda: editing.propose_rule(writer, text=rule(), why="x", body_id=body.pk)  # noqa: E731
    refused(again, Conflict, "text")


def test_a_version_that_fails_a_test_case_cannot_be_accepted(ours, writer, reviewer):
    case = cases.add_case(
        writer, rule_id=ours.pk, name="Stops", least=1, content=json.dumps(event()).encode()
    )
    cases.add_case(
        writer, rule_id=ours.pk, name="Starts", least=0, content=json.dumps(event("sc start x")).encode()
    )
    first = ours.versions.get()
    assert first.tests == {"passed": 2, "failed": 0, "failures": []}
    editing.review_version(reviewer, version_id=first.pk, accept=True)
    worse = editing.propose_version(writer, rule_id=ours.pk, text=rule(command=" start "), why="x")
    assert {each["case"] for each in worse.tests["failures"]} == {"Stops", "Starts"}
    refused(lambda: editing.review_version(reviewer, version_id=worse.pk, accept=True), Conflict)
    ours.refresh_from_db()
    assert ours.current == first
    cases.remove_case(reviewer, case_id=case.pk, why="Wrong")
    worse.refresh_from_db()
    assert worse.tests["failed"] == 1
    ours.refresh_from_db()
    assert ours.cases == 1


@pytest.mark.parametrize(
    ("content", "least", "field"),
    [(b"", 1, "events"), (b"{", 1, "events"), (b"{}" * 2_000, 1, "events"), (b"{}", -1, "least")],
)
def test_events_that_cannot_be_a_test_case_are_refused(ours, writer, content, least, field):
    add = lambda: cases.add_case(writer, rule_id=ours.pk, name="x", least=least, content=content)  # noqa: E731
    refused(add, Invalid, field)


def test_a_correlation_finds_the_rule_it_follows(ours, writer, reviewer, body):
    propose = lambda: editing.propose_rule(writer, text=CORRELATION, why="x", body_id=body.pk)  # noqa: E731
    refused(propose, Invalid, "text")
    editing.review_version(reviewer, version_id=ours.versions.get().pk, accept=True)
    made = propose()
    assert (made.kind, made.verdict) == ("correlation", "ok")
    events = "\n".join(
        json.dumps({**event(), "UtcTime": f"2026-01-01 00:00:0{second}.000"}) for second in range(3)
    )
    cases.add_case(writer, rule_id=made.pk, name="Thrice", least=1, content=events.encode())
    assert made.versions.get().tests["passed"] == 1


def test_a_text_changed_here_stays_until_its_source_changes_it(tmp_path):
    centre = factories.organisation("government")
    writer, reviewer = (factories.actor(Role.CGCD_ANALYST, centre) for _ in range(2))
    folder = release(tmp_path, {"rules/a.yml": rule(), "rules/b.yml": rule(FAILED, "Other")})
    import_rules(system("cli"), folder, source="ours")
    found = Rule.objects.get(key=STOPPED)
    mine = editing.propose_version(writer, rule_id=found.pk, text=rule(title="Ours"), why="Clearer")
    editing.review_version(reviewer, version_id=mine.pk, accept=True)
    import_rules(system("cli"), folder, source="ours")
    found.refresh_from_db()
    assert found.title == "Ours"
    release(folder, {"rules/a.yml": rule(title="Theirs")})
    assert import_rules(system("cli"), folder, source="ours").counts["held"] == 1
    found.refresh_from_db()
    assert (found.title, found.waiting) == ("Ours", 1)
    editing.review_version(writer, version_id=found.versions.get(state="proposed").pk, accept=True)
    found.refresh_from_db()
    assert found.title == "Theirs"


def test_rules_of_one_body_are_not_those_of_another(ours, body):
    other = factories.actor(Role.BODY_OFFICER, factories.organisation("body"))
    assert not queries.rules(other).exists()
    refused(lambda: editing.propose_version(other, rule_id=ours.pk, text=rule(title="x"), why="x"), NotFound)
    refused(lambda: editing.review_version(other, version_id=ours.versions.get().pk, accept=True), NotFound)
    propose = lambda: editing.propose_rule(other, text=rule("b"), why="x", body_id=body.pk)  # noqa: E731
    refused(propose, NotPermitted)
    shared = lambda: editing.propose_rule(other, text=rule("b"), why="x")  # noqa: E731
    refused(shared, NotPermitted)


def test_a_filter_counts_once_accepted_and_ends_on_its_day(ours, writer, reviewer, body):
    editing.review_version(reviewer, version_id=ours.versions.get().pk, accept=True)

    def propose(**changes):
        values = {
            "text": FILTER, "reason": "Too many", "category": "software",
            "expires_at": now() + timedelta(days=9), **changes,
        }  # fmt: skip
        return tuning.propose_tuning(writer, body_id=body.pk, **values)

    refused(lambda: propose(text=rule()), Invalid, "text")
    refused(lambda: propose(text=FILTER.replace("not selection", "nothing")), Invalid, "text")
    refused(lambda: propose(text=FILTER.replace("8111-111111111111", "8111-211111111111")), Invalid, "text")
    refused(lambda: propose(reason=""), Invalid, "reason")
    refused(lambda: propose(category="Alice"), Invalid, "category")
    refused(lambda: propose(expires_at=now() + timedelta(days=500)), Invalid, "until")
    made = propose()
    refused(propose, Conflict)
    refused(lambda: tuning.review_tuning(writer, tuning_id=made.pk, accept=True), Conflict)
    tuning.review_tuning(reviewer, tuning_id=made.pk, accept=True)
    assert tuning.expire_tunings() == 0
    Tuning.objects.update(expires_at=now())
    assert tuning.expire_tunings() == 1
    made.refresh_from_db()
    assert made.state == "expired"
    refused(lambda: tuning.end_tuning(writer, tuning_id=made.pk, note="x"), Conflict)
