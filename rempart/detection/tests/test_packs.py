"""Signed packs: what they hold, that nothing altered is used, who may have them, what nodes say they run."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import typer
from django.test import Client
from typer.testing import CliRunner

from rempart.detection import packfile, pulling, queries
from rempart.detection.commands import editing, packs, tuning
from rempart.detection.commands.importing import import_rules
from rempart.detection.models import Pack, PackReport, Rule, Tuning
from rempart.detection.standalone import install
from rempart.detection.tests.rule_texts import FAILED, STOPPED, event, release, rule
from rempart.detection.tests.test_editing import FILTER
from rempart.kernel.actors import NotPermitted, actor_for, system
from rempart.kernel.errors import Invalid, NotFound
from rempart.kernel.permissions import Permission, Role
from rempart.kernel.time import now
from rempart.kernel.tokens import create_token
from tests import factories

pytestmark = pytest.mark.django_db
CLI = system("cli")


@pytest.fixture
def body():
    return factories.organisation("body")


@pytest.fixture
def officer(body):
    return factories.actor(Role.BODY_OFFICER, body)


@pytest.fixture
def analyst(body):
    return factories.actor(Role.COCD_ANALYST, body.parent)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Path:
    texts = {"rules/a.yml": rule(), "rules/b.yml": rule(FAILED, "Other", " other ")}
    made = release(tmp_path / "release", texts)
    import_rules(CLI, made, source="ours")
    return made


def file_of(pack: Pack) -> bytes:
    return bytes(queries.get_pack(CLI, pack.digest).file)


def held(pack: Pack) -> packfile.Contents:
    return packfile.opened(file_of(pack), [packs.public_key()]).contents


def tuned(officer, analyst, body, text: str = FILTER) -> Tuning:
    made = tuning.propose_tuning(
        officer, body_id=body.pk, text=text, reason="x", category="software",
        expires_at=now() + timedelta(days=9),
    )  # fmt: skip
    return tuning.review_tuning(analyst, tuning_id=made.pk, accept=True)


def test_a_pack_holds_what_is_in_force_and_is_signed_once(officer):
    first = packs.make_pack(CLI)
    assert [(one.id, one.version) for one in held(first).rules] == [(STOPPED, 1), (FAILED, 1)]
    assert packs.make_pack(CLI) == first
    editing.retire_rule(CLI, rule_id=Rule.objects.get(key=FAILED).pk, why="x")
    second = packs.make_pack(CLI)
    assert [one.id for one in held(second).rules] == [STOPPED]
    assert second.number == first.number + 1
    with pytest.raises(NotPermitted):
        packs.make_pack(officer)


def test_the_same_contents_make_the_same_file():
    rules = (packfile.PackedRule(STOPPED, 1, rule()),)
    contents = packfile.Contents(1, "2026-01-01T00:00:00+00:00", "", rules, ())
    key = packfile.private_key("x" * 40)
    assert packfile.sealed(contents, key) == packfile.sealed(contents, key)
    assert contents.digest == packfile.Contents(2, "2027-01-01T00:00:00+00:00", "", rules, ()).digest


def test_a_body_has_its_own_rules_and_filters(officer, analyst, body):
    own = editing.propose_rule(officer, text=rule(title="Our own"), why="x", body_id=body.pk)
    second = factories.actor(Role.BODY_OFFICER, body)
    editing.review_version(second, version_id=own.versions.get().pk, accept=True)
    tuned(officer, analyst, body)
    mine = held(packs.make_pack(officer, body_id=body.pk))
    assert {one.id: "Our own" in one.text for one in mine.rules} == {STOPPED: True, FAILED: False}
    assert [one.id for one in mine.filters] == ["99999999-9999-4999-8999-999999999999"]
    assert "Our own" not in held(packs.make_pack(CLI)).rules[0].text
    assert not held(packs.make_pack(CLI)).filters


def test_what_is_marked_red_stays_out_of_packs_for_all():
    Rule.objects.filter(key=FAILED).update(marking="TLP:RED")
    assert [one.id for one in held(packs.make_pack(CLI)).rules] == [STOPPED]


def test_a_filter_that_has_ended_is_neither_packed_nor_used(officer, analyst, body):
    made = tuned(officer, analyst, body)
    contents = held(packs.make_pack(officer, body_id=body.pk))
    assert len(contents.texts(datetime.now(UTC))) == 3
    assert len(contents.texts(datetime.now(UTC) + timedelta(days=20))) == 2
    Tuning.objects.filter(pk=made.pk).update(expires_at=now())
    assert not held(packs.make_pack(officer, body_id=body.pk)).filters


@pytest.mark.parametrize("place", [0, 20, 100, 200, 400, -1])
def test_a_pack_altered_anywhere_is_refused(place):
    raw = bytearray(packs.make_pack(CLI).file)
    raw[place] ^= 1
    with pytest.raises(packfile.BadPack):
        packfile.opened(bytes(raw), [packs.public_key()])


def test_a_pack_of_another_key_and_a_pack_without_any_key_are_refused():
    raw = bytes(packs.make_pack(CLI).file)
    other = packfile.private_key("y" * 40)
    forged, _ = packfile.sealed(replace(held(Pack.objects.get()), body="other"), other)
    for content, keys in ((forged, [packs.public_key()]), (raw, []), (raw, [packfile.public_key(other)])):
        with pytest.raises(packfile.BadPack):
            packfile.opened(content, keys)
    # A signature by the trusted key over another payload does not serve either.
    lines, mine = raw.split(b"\n", 2), forged.split(b"\n", 2)
    with pytest.raises(packfile.BadPack):
        packfile.opened(b"\n".join([lines[0], lines[1], mine[2]]), [packs.public_key()])


@pytest.fixture
def command():
    app = typer.Typer()
    install(app)

    def call(*arguments: object):
        return CliRunner().invoke(app, [str(one) for one in arguments])

    return call


def test_the_commands_take_a_good_pack_and_no_other(command, tmp_path, officer, analyst, body):
    tuned(officer, analyst, body)
    file, log = tmp_path / "rules.pack", tmp_path / "log.jsonl"
    file.write_bytes(file_of(packs.make_pack(officer, body_id=body.pk)))
    log.write_text(json.dumps(event()) + "\n" + json.dumps({**event(), "User": "installer"}))
    key = packs.public_key()
    told = json.loads(command("rules", "verify-pack", file, "--key", key, "--json").stdout)
    assert (told["rules"], told["filters"], told["body"], told["defects"]) == (2, 1, body.code, [])
    found = command("detect", log, "--rules", file, "--key", key, "--output", "jsonl")
    assert found.exit_code == 0
    assert [json.loads(line)["event_index"] for line in found.stdout.splitlines()] == [0]
    for options in ([], ["--key", "0" * 64]):
        refused = command("detect", log, "--rules", file, *options)
        assert refused.exit_code == 1
        assert command("rules", "verify-pack", file, *options).exit_code == 1
    file.write_bytes(file.read_bytes()[:-1] + b"\x01")
    assert command("rules", "verify-pack", file, "--key", key).exit_code == 1
    assert command("detect", log, "--rules", file, "--key", key).exit_code == 1


def served(client: Client) -> httpx.MockTransport:
    """The platform itself, behind what a node sends."""

    def answer(request: httpx.Request) -> httpx.Response:
        headers = {"Authorization": request.headers["Authorization"]}
        path = request.url.raw_path.decode()
        if request.method == "POST":
            given = client.post(path, request.content, content_type="application/json", headers=headers)
        else:
            given = client.get(path, headers=headers)
        return httpx.Response(given.status_code, content=given.content)

    return httpx.MockTransport(answer)


def test_a_node_takes_its_pack_and_says_what_it_runs(tmp_path, body, monkeypatch):
    person = factories.officer(body)
    officer = actor_for(person.user)
    pack = packs.make_pack(CLI)
    _, secret = create_token(officer, name="node", permissions=[Permission.DETECTION_RUN], days=9)
    monkeypatch.setenv("REMPART_TOKEN", secret)
    target, transport = tmp_path / "rules.pack", served(Client())
    pull = lambda: pulling.pull(  # noqa: E731
        "https://node.test", body.code, target, [packs.public_key()], "machine", transport=transport
    )
    assert pull() == {
        "digest": pack.digest, "rules": 2, "defects": 0, "troubles": {}, "changed": True,
    }  # fmt: skip
    assert target.read_bytes() == file_of(pack)
    row = queries.nodes(officer).get()
    assert (row.node, row.digest, row.expected, row.pack, row.rules) == (
        "machine", pack.digest, pack.digest, pack, 2,
    )  # fmt: skip
    own = packs.make_pack(officer, body_id=body.pk)
    assert queries.running(officer) == queries.Running(current=0, behind=1, unknown=0, silent=0)
    assert pull()["digest"] == own.digest
    assert pull()["changed"] is False
    assert queries.running(officer).current == 1
    with pytest.raises(packfile.BadPack):
        pulling.pull("https://node.test", body.code, target, ["0" * 64], transport=transport)
    assert target.read_bytes() == file_of(own)
    monkeypatch.setenv("REMPART_TOKEN", "rmp_wrong")
    with pytest.raises(pulling.NotPulled):
        pull()


def test_a_body_neither_has_the_pack_of_another_nor_speaks_for_its_nodes(officer, body):
    other = factories.actor(Role.BODY_OFFICER, factories.organisation("body"))
    mine = packs.make_pack(officer, body_id=body.pk)
    with pytest.raises(NotFound):
        queries.get_pack(other, mine.digest)
    with pytest.raises(NotFound):
        queries.latest_pack(other, body.code)
    with pytest.raises(NotPermitted):
        packs.report_pack(other, body_id=body.pk, node="x", digest=mine.digest)
    for node, digest in (("", mine.digest), ("x", "abc"), ("x\n", mine.digest[:-1])):
        with pytest.raises(Invalid):
            packs.report_pack(officer, body_id=body.pk, node=node, digest=digest)
    assert not PackReport.objects.exists()
