"""What a body's own rule says, and the events that prove it, are read there alone until it shares them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from django.db import connection
from typer.testing import CliRunner

from rempart.detection import cli, packfile, queries
from rempart.detection.commands import cases, editing, hunting, packs, sharing
from rempart.detection.commands.hunt_runs import Kept, announce_node, rules_of_run
from rempart.detection.commands.importing import import_rules
from rempart.detection.models import Case, Hunt, HuntFile, PackFile, Release, Rule, RuleVersion
from rempart.detection.queries import hunts as hunt_queries
from rempart.detection.tests.reporting import token_of
from rempart.detection.tests.rule_texts import STOPPED, event, release, rule
from rempart.detection.tests.test_library_pages import signed_in
from rempart.kernel import walls
from rempart.kernel.actors import NotPermitted, system
from rempart.kernel.errors import Conflict, Invalid, NotFound
from rempart.kernel.models import AuditEntry, Job, OutboxEvent
from rempart.kernel.permissions import Permission, Role
from tests import factories
from tests.walk import readable

pytestmark = pytest.mark.django_db
KEY = "44444444-4444-4444-8444-444444444444"
LITERALS = ("tuyauterie", "zinguerie", "Bertille", "PCSOUDAGE7", "chaudronnier")


@pytest.fixture
def body() -> Any:
    return factories.organisation("body")


def own_rule(body: Any) -> Rule:
    """A rule of the body with a case, in force, every word of which names something of the body."""
    client = signed_in(factories.user(Role.BODY_OFFICER, body))
    text = rule(KEY, "Arrêt d’un service", " stop tuyauterie ", description="zinguerie")
    made = client.post("/detection/rules/new", {
        "body_id": body.pk, "text": text.replace("A. Uteur", "Bertille"), "why": "Bertille l’a vu",
    })  # fmt: skip
    assert made.status_code == 302, made.content.decode()[:2000]
    found = Rule.objects.get(key=KEY)
    case = client.post(f"/detection/rules/{found.pk}/case", {
        "name": "chaudronnier", "least": "1",
        "events": json.dumps(event("sc stop tuyauterie x") | {"Computer": "PCSOUDAGE7"}),
    })  # fmt: skip
    assert case.status_code == 302, case.content.decode()[:2000]
    second = signed_in(factories.user(Role.BODY_OFFICER, body))
    address = f"/detection/versions/{found.versions.get().pk}"
    assert second.post(address, {"decision": "accept", "note": "Bertille"}).status_code == 302
    found.refresh_from_db()
    assert (found.state, found.cases, found.private) == ("active", 1, True)
    return found


def centres(body: Any) -> dict[Role, Any]:
    above = body.parent
    return {
        Role.CGCD_COMMANDER: above.parent.parent, Role.CGCD_ANALYST: above.parent.parent,
        Role.COCD_ANALYST: above, Role.AUDITOR: above.parent.parent, Role.BODY_OFFICER: above,
    }  # fmt: skip


def addresses(found: Rule) -> list[str]:
    version, case = found.versions.get(), found.test_cases.get()
    return [
        f"/detection/rules/{found.pk}", "/detection/rules/", "/detection/rules/?format=csv",
        "/detection/rules/?q=Bertille", "/detection/versions/", f"/detection/versions/{version.pk}",
        f"/detection/cases/{case.pk}", f"/detection/rules/{found.pk}/edit", "/detection/health/",
        f"/detection/rules/{found.pk}/case", "/detection/releases/", "/search/?q=tuyauterie",
        "/audit/", "/audit/?format=csv", f"/hunts/new?version={version.pk}",
    ]  # fmt: skip


def test_what_a_rule_says_stays_in_its_body(body: Any) -> None:
    found = own_rule(body)
    mine = signed_in(factories.user(Role.BODY_OFFICER, body))
    page = readable(mine.get(f"/detection/rules/{found.pk}"))
    assert all(each in page for each in ("tuyauterie", "zinguerie", "Bertille", "chaudronnier"))
    assert "PCSOUDAGE7" in readable(mine.get(f"/detection/cases/{found.test_cases.get().pk}"))
    for role, place in centres(body).items():
        reader = signed_in(factories.user(role, place))
        for address in addresses(found):
            text = readable(reader.get(address))
            told = [each for each in LITERALS if each in text and f"q={each}" not in address]
            assert not told, (role, address, told)
        shown = readable(reader.get(f"/detection/rules/{found.pk}"))
        for each in ("Arrêt d’un service", KEY, "T1489", "process_creation", "1 essai."):
            assert each in shown, (role, each)
        checked = reader.post("/detection/rules/check", {"text": rule(KEY), "rule": found.pk})
        assert "chaudronnier" not in readable(checked)
    kept = [AuditEntry, OutboxEvent, Job, Rule]
    outside = json.dumps([list(model.objects.values()) for model in kept], default=str, ensure_ascii=False)
    assert not [each for each in LITERALS if each in outside]


def test_nobody_changes_what_they_may_not_read(body: Any) -> None:
    found = own_rule(body)
    version, case = found.versions.get(), found.test_cases.get()
    text = rule(KEY, "x", " y ")
    for role, place in centres(body).items():
        actor = factories.actor(role, place)
        with walls.within(actor):
            for command, arguments in (
                (editing.propose_version, {"rule_id": found.pk, "text": text, "why": "x"}),
                (editing.review_version, {"version_id": version.pk, "accept": True}),
                (editing.propose_rule, {"text": rule(STOPPED), "why": "x", "body_id": body.pk}),
                (cases.add_case, {"rule_id": found.pk, "name": "x", "least": 0, "content": b"{}"}),
                (cases.remove_case, {"case_id": case.pk, "why": "x"}),
                (sharing.share_rule, {"rule_id": found.pk, "shared": True}),
                (import_rules, {"place": "/nowhere", "source": "x", "body_id": body.pk}),
            ):
                with pytest.raises((NotPermitted, NotFound)):
                    command(actor, **arguments)
            with pytest.raises((NotPermitted, NotFound, Invalid)):
                hunting.ask_hunt(actor, title="x", why="x", body_ids=[body.pk], version_id=version.pk)
            with pytest.raises((NotPermitted, Invalid)):
                hunting.ask_hunt(actor, title="x", why="x", body_ids=[body.pk], rule_keys=[KEY])
            assert queries.in_force(actor, found) is None
            if connection.vendor == "postgresql" and not actor.reach.everything:
                assert not RuleVersion.objects.exists()
                assert not Case.objects.exists()
                assert not RuleVersion.objects.filter(pk=version.pk).update(note="x")


def test_a_body_shares_a_rule_with_its_centres_and_takes_it_back(body: Any) -> None:
    found = own_rule(body)
    mine = signed_in(factories.user(Role.BODY_OFFICER, body))
    share = f"/detection/rules/{found.pk}/share"
    other = factories.actor(Role.BODY_OFFICER, factories.organisation("body"))
    reader = signed_in(factories.user(Role.COCD_ANALYST, body.parent))
    analyst = factories.actor(Role.COCD_ANALYST, body.parent)
    assert mine.post(share, {"to": "centres"}).status_code == 302
    for address in (f"/detection/rules/{found.pk}", f"/detection/versions/{found.current_id}"):
        assert "tuyauterie" in readable(reader.get(address))
    assert "PCSOUDAGE7" in readable(reader.get(f"/detection/cases/{found.test_cases.get().pk}"))
    with walls.within(analyst):
        made = editing.propose_version(analyst, rule_id=found.pk, text=rule(KEY, "Autre"), why="Plus large")
        assert made.shared
        assert queries.in_force(analyst, found) is not None
    with pytest.raises(NotFound):
        queries.get_rule(other, found.pk)
    officer = factories.actor(Role.BODY_OFFICER, body)
    with pytest.raises(Conflict):
        sharing.share_rule(officer, rule_id=found.pk, shared=True)
    assert mine.post(share, {"to": "body"}).status_code == 302
    assert "tuyauterie" not in readable(reader.get(f"/detection/rules/{found.pk}"))
    assert reader.get(f"/detection/versions/{made.pk}").status_code == 404
    actions = AuditEntry.objects.filter(action__startswith="rule.", object_id=str(found.pk))
    assert {"rule.shared", "rule.unshared"} <= set(actions.values_list("action", flat=True))


def test_nodes_and_the_command_line_share_it_too(body: Any, client: Any) -> None:
    found = own_rule(body)
    address = f"/api/v1/detection/rules/{found.pk}/share"
    for rights, status in (
        ((Permission.DETECTION_READ, Permission.DETECTION_REVIEW), 403),
        ((Permission.DETECTION_READ, Permission.DETECTION_REVIEW, Permission.TELEMETRY_READ), 200),
    ):
        headers = {"Authorization": f"Bearer {token_of(body, *rights)}"}
        answer = client.post(address, {"shared": True}, content_type="application/json", headers=headers)
        assert answer.status_code == status
    assert answer.json() == {"id": found.pk, "rule": KEY, "title": found.title, "shared": True}
    app = typer.Typer()
    cli.install(app)
    run = CliRunner().invoke(app, ["detection", "share", KEY, "--body", body.code, "--undo", "--json"])
    assert json.loads(run.stdout)["shared"] is False, run.output
    assert not RuleVersion.objects.filter(shared=True).exists()
    assert CliRunner().invoke(app, ["detection", "share", "x", "--body", body.code]).exit_code == 1


def test_a_centre_signs_it_unread_and_retires_it_saying_why(body: Any) -> None:
    found = own_rule(body)
    analyst = factories.actor(Role.COCD_ANALYST, body.parent)
    with walls.within(analyst):
        pack = packs.make_pack(analyst, body_id=body.pk)
    file = bytes(PackFile.objects.get(pack=pack).file)
    (packed,) = packfile.opened(file, [packs.public_key()]).contents.rules
    assert "tuyauterie" in packed.text
    with walls.within(analyst):
        editing.retire_rule(analyst, rule_id=found.pk, why="Trop bruyante")
    assert "Trop bruyante" in AuditEntry.objects.get(action="rule.retired").reason
    own = signed_in(factories.user(Role.BODY_OFFICER, body))
    assert "Trop bruyante" in readable(own.get(f"/detection/versions/{found.current_id}"))


def test_a_release_of_a_body_stays_there_and_is_known_again(body: Any, tmp_path: Path) -> None:
    texts = {
        "rules/tuyauterie.yml": rule(KEY, "Une"),
        "rules/zinguerie.yml": "title: Sans id\nlogsource: {product: windows}\n",
    }
    folder = release(tmp_path / "r", texts)
    officer = factories.actor(Role.BODY_OFFICER, body)
    for counts in ({"added": 2, "defective": 1, "read": 2}, {"unchanged": 2, "read": 2}):
        read = import_rules(officer, folder, source="ours", body_id=body.pk, label="Bertille")
        assert {name: read.counts.get(name) for name in counts} == counts
    moved = release(tmp_path / "m", {"rules/chaudronnier.yml": texts["rules/tuyauterie.yml"]})
    read = import_rules(officer, moved, source="ours", body_id=body.pk, label="Bertille")
    assert (read.counts.get("added", 0), read.counts["retired"]) == (0, 1)
    kept = [AuditEntry, OutboxEvent, Rule]
    outside = json.dumps([list(model.objects.values()) for model in kept], default=str, ensure_ascii=False)
    assert not [each for each in LITERALS if each in outside]
    for role, place in centres(body).items():
        reader = factories.actor(role, place)
        with walls.within(reader):
            assert not queries.releases(reader).exists()
            assert not queries.versions(reader).exists()
    assert queries.releases(officer).count() == Release.objects.count() == 3


def test_correlations_of_a_body_call_its_rules_by_name(body: Any) -> None:
    officer, second = (factories.actor(Role.BODY_OFFICER, body) for _ in range(2))
    named = editing.propose_rule(officer, text=rule(KEY, name="arret"), why="x", body_id=body.pk)
    editing.review_version(second, version_id=named.versions.get().pk, accept=True)
    text = (
        "title: Plusieurs\nid: 55555555-5555-4555-8555-555555555555\nstatus: test\nlevel: high\n"
        "correlation: {type: event_count, rules: [arret], group-by: [Image], timespan: 5m,"
        " condition: {gte: 2}}\n"
    )
    several = editing.propose_rule(officer, text=text, why="x", body_id=body.pk)
    assert several.verdict == "ok"
    with pytest.raises(Invalid):
        editing.propose_rule(system("cli"), text=text, why="x")


def test_the_page_of_a_rule_says_who_reads_it(body: Any) -> None:
    found = own_rule(body)
    page = f"/detection/rules/{found.pk}"
    mine = signed_in(factories.user(Role.BODY_OFFICER, body))
    assert "La faire lire aux centres" in readable(mine.get(page))
    analyst = signed_in(factories.user(Role.COCD_ANALYST, body.parent))
    assert "La faire lire aux centres" not in readable(analyst.get(page))
    assert "restent chez" in readable(analyst.get(page))


def test_a_body_hunts_its_own_pack_and_no_centre_reads_it(body: Any) -> None:
    own_rule(body)
    officer = factories.actor(Role.BODY_OFFICER, body)
    analyst = factories.actor(Role.COCD_ANALYST, body.parent)
    with walls.within(officer):
        pack = packs.make_pack(officer, body_id=body.pk)
        assert pack.pk in [one.pk for one in hunt_queries.huntable_packs(officer)]
        asked = {"title": "Tout", "why": "Pour voir", "pack_digest": pack.digest}
        hunt = hunting.ask_hunt(officer, body_ids=[body.pk], **asked)
        run = announce_node(officer, body_id=body.pk, node="n1", kept=Kept())[0]
        assert run.hunt_id == hunt.pk
        (packed,) = packfile.opened(rules_of_run(officer, run_id=run.pk), [packs.public_key()]).contents.rules
    assert "tuyauterie" in packed.text
    assert bytes(Hunt.objects.get().file) == b""
    other = factories.organisation("body", body.parent)
    with pytest.raises(Invalid):
        hunting.ask_hunt(officer_of_both(body, other), body_ids=[body.pk, other.pk], **asked)
    for actor in (analyst, factories.actor(Role.CGCD_COMMANDER, body.parent.parent.parent)):
        with walls.within(actor):
            assert not hunt_queries.huntable_packs(actor)
            with pytest.raises(NotFound):
                hunting.ask_hunt(actor, body_ids=[body.pk], **asked)
            with pytest.raises(NotFound):
                rules_of_run(actor, run_id=run.pk)
            if connection.vendor == "postgresql" and not actor.reach.everything:
                assert not HuntFile.objects.exists()
    reader = signed_in(factories.user(Role.COCD_ANALYST, body.parent))
    page = readable(reader.get(f"/hunts/{hunt.pk}/"))
    assert "Tout" in page
    assert "tuyauterie" not in page
    mine = signed_in(factories.user(Role.BODY_OFFICER, body))
    assert f"Paquet {pack.number} de" in readable(mine.get("/hunts/new/"))


def officer_of_both(*bodies: Any) -> Any:
    """Someone who answers for two bodies."""
    grants = tuple(grant for each in bodies for grant in factories.actor(Role.BODY_OFFICER, each).grants)
    return replace(factories.actor(Role.BODY_OFFICER, bodies[0]), grants=grants, _scopes={})


def test_a_body_s_own_rule_is_hunted_unread_by_centres(body: Any) -> None:
    found = own_rule(body)
    officer = factories.actor(Role.BODY_OFFICER, body)
    for sought in ({"rule_keys": [KEY]}, {"version_id": found.current_id}):
        with walls.within(officer):
            hunt = hunting.ask_hunt(officer, title="x", why="x", body_ids=[body.pk], **sought)
        assert bytes(Hunt.objects.get(pk=hunt.pk).file) == b""
        assert "tuyauterie" in (
            packfile.opened(bytes(HuntFile.objects.get(hunt=hunt).file), [packs.public_key()])
            .contents.rules[0]
            .text
        )
