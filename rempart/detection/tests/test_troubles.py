"""What nodes cannot do with the rules of their pack: told by rule, in codes, and shown where rules are."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from rempart.detection import packfile, pulling, queries, rulebook
from rempart.detection.commands import editing, packs
from rempart.detection.commands.importing import import_rules
from rempart.detection.models import PackTrouble, Rule
from rempart.detection.tests.reporting import officer, token_of
from rempart.detection.tests.rule_texts import STOPPED, release, rule
from rempart.detection.tests.test_library_pages import signed_in
from rempart.detection.tests.test_packs import served
from rempart.detection.troubles import CODES, troubles_of, usable
from rempart.engines import sigma
from rempart.kernel.actors import NotPermitted, system
from rempart.kernel.errors import Invalid
from rempart.kernel.permissions import Permission, Role
from tests import factories
from tests.walk import readable

pytestmark = pytest.mark.django_db
_KEYS = {name: f"{number}" * 8 + "-0000-4000-8000-000000000000" for number, name in enumerate("abcdef", 1)}


def _rule(
    name: str, detection: str, logsource: str = "{category: process_creation, product: windows}"
) -> str:
    return (
        f"title: Règle {name}\nid: {_KEYS[name]}\nstatus: test\nlevel: high\nlogsource: {logsource}\n"
        f"detection: {detection}\n"
    )


LISTS = _rule("a", "{selection: {User|expand: '%admins%'}, condition: selection}")
UNMAPPED = _rule("b", "{selection: {x: y}, condition: selection}", "{product: windows, service: nowhere}")
NEVER = _rule("c", "{selection: {User: []}, condition: selection}")
BROKEN = _rule("d", "{selection: {User|nonsense: x}, condition: selection}")
ABSENT = (
    f"title: Règle e\nid: {_KEYS['e']}\nstatus: test\nlevel: high\n"
    "correlation: {type: event_count, rules: [gone], group-by: [Image], timespan: 5m, condition: {gte: 2}}\n"
)
FILTER = (
    "title: Bertille\nid: 99999999-9999-4999-8999-999999999999\nlogsource: {product: windows}\n"
    "filter: {rules: [absente], selection: {User: tuyauterie}, condition: not selection}\n"
)


def _found(*texts: tuple[str, str], lists: dict[str, list[str]] | None = None) -> tuple[set[Any], int]:
    rules = tuple(packfile.PackedRule(_KEYS[name], 1, text) for name, text in texts)
    filters = (packfile.PackedFilter("99999999-9999-4999-8999-999999999999", FILTER),)
    contents = packfile.Contents(1, "2026-11-20T00:00:00+00:00", "", rules, filters)
    collection = sigma.load_texts(contents.texts(datetime.now(UTC)))
    detector = sigma.compile_rules(collection, placeholders=lists or {})
    return set(troubles_of(contents, collection, detector)), usable(collection, detector)


def test_each_trouble_has_its_code() -> None:
    texts = (
        ("a", LISTS),
        ("b", UNMAPPED),
        ("c", NEVER),
        ("d", BROKEN),
        ("e", ABSENT),
        ("f", rule(_KEYS["f"])),
    )
    found, count = _found(*texts)
    assert found == {
        (_KEYS["a"], "lists"), (_KEYS["b"], "unmapped"), (_KEYS["c"], "never"), (_KEYS["d"], "refused"),
        (_KEYS["e"], "absent"), ("", "filter"),
    }  # fmt: skip
    assert count == 2  # the unmapped one is looked for where a reader says its source
    filled, more = _found(*texts, lists={"admins": ["root"]})
    assert (_KEYS["a"], "lists") not in filled
    assert more == 3
    assert {code for _key, code in found} == set(CODES)


@pytest.fixture
def body() -> Any:
    return factories.organisation("body")


def _packed(body: Any, tmp_path: Path) -> str:
    import_rules(
        system("cli"), release(tmp_path / "r", {"rules/a.yml": rule(), "rules/b.yml": LISTS}), source="ours"
    )
    return packs.make_pack(system("cli")).digest


def _pull(body: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **options: Any) -> dict[str, Any]:
    monkeypatch.setenv("REMPART_TOKEN", token_of(body, Permission.DETECTION_RUN))
    return pulling.pull(
        "https://node.test", body.code, tmp_path / "p.pack", [packs.public_key()], "machine",
        transport=served(Client()), **options,
    )  # fmt: skip


def test_the_command_has_words_for_each_trouble() -> None:
    assert set(rulebook.TROUBLES) == set(CODES)


def test_a_node_says_which_rules_it_cannot_use(
    body: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _packed(body, tmp_path)
    told = _pull(body, tmp_path, monkeypatch)
    assert (told["rules"], told["defects"], told["troubles"]) == (1, 1, {"lists": 1})
    mine = officer(body)
    node = queries.nodes(mine).get()
    assert (node.rules, node.defects) == (1, 1)
    (one,) = queries.troubles_of_node(mine, node)
    assert (one.rule, one.code, one.title) == (_KEYS["a"], "lists", "Règle a")
    reader = signed_in(factories.user(Role.COCD_ANALYST, body.parent))
    page = readable(reader.get(f"/detection/nodes/{node.pk}/"))
    assert "Règle a" in page
    assert "demande des listes que la machine n’a pas" in page
    assert "Service stopped" not in page
    listed = Rule.objects.get(key=_KEYS["a"])
    assert "1 nœud" in readable(reader.get(f"/detection/rules/{listed.pk}"))
    health = readable(reader.get("/detection/health/?trouble=troubled"))
    assert "Règle a" in health
    assert "Service stopped" not in health
    stranger = signed_in(factories.user(Role.BODY_OFFICER, factories.organisation("body")))
    assert stranger.get(f"/detection/nodes/{node.pk}/").status_code == 404
    assert "1 nœud" not in readable(stranger.get(f"/detection/rules/{listed.pk}"))
    # Given the list, the node says that it can.
    assert _pull(body, tmp_path, monkeypatch, placeholders={"admins": ["root"]})["troubles"] == {}
    assert not PackTrouble.objects.exists()


def test_what_was_said_of_another_pack_is_not_kept(body: Any, tmp_path: Path) -> None:
    first, mine = _packed(body, tmp_path), officer(body)
    report = {"body_id": body.pk, "node": "machine"}
    packs.report_pack(mine, digest=first, troubles=[(STOPPED, "never"), (STOPPED, "never")], **report)
    packs.report_pack(mine, digest=first, **report)  # a node of before says nothing of it
    assert PackTrouble.objects.count() == 1
    packs.report_pack(mine, digest="a" * 64, **report)
    assert not PackTrouble.objects.exists()
    for wrong in ([(STOPPED, "x")], [(STOPPED, "never")] * 10_001):
        with pytest.raises(Invalid) as caught:
            packs.report_pack(mine, digest=first, troubles=wrong, **report)
        assert caught.value.field == "troubles"
    with pytest.raises(NotPermitted):
        packs.report_pack(
            factories.actor(Role.COCD_ANALYST, body.parent), digest=first, troubles=[], **report
        )


def test_a_body_s_own_rule_is_told_of_its_own_nodes(body: Any, tmp_path: Path) -> None:
    mine, second = officer(body), officer(body)
    own = editing.propose_rule(mine, text=rule(), why="x", body_id=body.pk)
    editing.review_version(second, version_id=own.versions.get().pk, accept=True)
    other = factories.organisation("body")
    for place in (body, other):
        packs.report_pack(
            system("tests"), body_id=place.pk, node="x", digest="a" * 64, troubles=[(STOPPED, "never")]
        )
    assert queries.troubles_of_rule(system("tests"), own) == [("never", 1)]
    kept = json.dumps(list(PackTrouble.objects.values()))
    assert "Service stopped" not in kept
