"""What a body's filter says is read in that body alone; its nodes receive it whole."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.db import connection
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from rempart.detection import packfile, pulling, queries
from rempart.detection.commands import packs, tuning
from rempart.detection.commands.detections_triage import triage
from rempart.detection.commands.importing import import_rules
from rempart.detection.models import Detection, PackFile, Rule, Tuning, TuningText
from rempart.detection.tests.reporting import detect, officer, token_of
from rempart.detection.tests.rule_texts import STOPPED, release, rule
from rempart.detection.tests.test_library_pages import signed_in
from rempart.detection.tests.test_packs import served
from rempart.detection.tuning_shape import shape_of
from rempart.kernel import walls
from rempart.kernel.actors import NotPermitted, system
from rempart.kernel.errors import NotFound
from rempart.kernel.models import AuditEntry, IdempotencyKey, Job, OutboxEvent
from rempart.kernel.permissions import Permission, Role
from tests import factories
from tests.walk import form, operations, pages, readable
from tests.world import build

pytestmark = pytest.mark.django_db
HOST = "PCSOUDAGE7.exemple.test"
LITERALS = ("PCSOUDAGE7", "tuyauterie", "zinguerie", "Bertille", "chaudronnier")


@pytest.fixture
def body(tmp_path: Path) -> Any:
    import_rules(system("cli"), release(tmp_path / "r", {"rules/a.yml": rule()}), source="ours")
    return factories.organisation("body")


def propose(body: Any, client: Client) -> Tuning:
    """A false positive of the body, then the filter that its page offers, as its officer sends it."""
    command = "sc stop tuyauterie"
    found = detect(
        body, rule_id=STOPPED, host=HOST, sample={"Computer": HOST, "CommandLine": command},
        matched=[{"field": "CommandLine", "value": command, "pattern": "* stop *", "search": "selection"}],
    )  # fmt: skip
    triage(officer(body), detection_ids=[found.pk], state="false_positive", reason="Bertille dépanne")
    offered = Detection.objects.get(pk=found.pk).tuning
    assert HOST in offered
    sent = {
        "body_id": body.pk, "text": offered.replace("selection", "zinguerie"), "category": "maintenance",
        "reason": "Bertille dépanne", "until": "2027-01-31",
    }  # fmt: skip
    answer = client.post("/detection/filters/new", sent)
    assert answer.status_code == 302, answer.content.decode()[:3000]
    return Tuning.objects.get()


def test_what_a_filter_says_stays_in_its_body(body: Any) -> None:
    client = signed_in(factories.user(Role.BODY_OFFICER, body))
    made = propose(body, client)
    assert made.rule == Rule.objects.get()
    centres = {
        Role.CGCD_COMMANDER: body.parent.parent.parent,
        Role.CGCD_ANALYST: body.parent.parent,
        Role.COCD_ANALYST: body.parent,
        Role.AUDITOR: body.parent.parent.parent,
        # The officers' own role, held over a centre.
        Role.BODY_OFFICER: body.parent,
    }
    note = {"decision": "refuse", "note": "chaudronnier"}
    assert signed_in(factories.user(Role.BODY_OFFICER, body)).post(
        f"/detection/filters/{made.pk}", note
    ).status_code == 302  # fmt: skip
    seen = client.get(f"/detection/filters/{made.pk}").text
    assert all(each in seen for each in LITERALS)
    assert "tuyauterie" in client.get("/detection/filters/?q=Filtre").text or "Filtre ·" in seen
    addresses = [
        f"/detection/filters/{made.pk}", "/detection/filters/", "/detection/filters/?format=csv",
        "/detection/filters/?format=xlsx", "/detection/filters/?q=PCSOUDAGE7",
        f"/detection/rules/{made.rule_id}",
        "/detection/packs/", "/detection/health/", "/search/?q=zinguerie", "/search/?q=PCSOUDAGE7",
        "/audit/", "/audit/?format=csv", "/audit/?q=Bertille", "/detections/", "/sightings/",
    ]  # fmt: skip
    for role, place in centres.items():
        reader = signed_in(factories.user(role, place))
        for address in addresses:
            text = readable(reader.get(address))
            if "q=" not in address:
                assert not [each for each in LITERALS if each in text], (role, address)
        assert str(made.rule) in reader.get(f"/detection/filters/{made.pk}").text
        assert f"/detection/filters/{made.pk}" not in reader.get("/detection/filters/?q=PCSOUDAGE7").text
        assert f"/detection/filters/{made.pk}" not in reader.get("/detection/filters/?q=Filtre").text
    reader = signed_in(factories.user(Role.COCD_ANALYST, body.parent))
    shown = reader.get(f"/detection/filters/{made.pk}").text
    for told in ("CommandLine", "Computer", "1 valeur masquée", "not S1", "Travaux en cours", "Responsable"):
        assert told in shown
    kept = [AuditEntry, OutboxEvent, Job, IdempotencyKey, Tuning]
    outside = json.dumps([list(model.objects.values()) for model in kept], default=str, ensure_ascii=False)
    assert not [each for each in LITERALS if each in outside]


def test_a_centre_signs_what_it_does_not_read_and_the_body_s_node_receives_it_whole(
    body: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = propose(body, signed_in(factories.user(Role.BODY_OFFICER, body)))
    analyst = factories.actor(Role.COCD_ANALYST, body.parent)
    above = factories.actor(Role.CGCD_ANALYST, body.parent.parent.parent)
    with walls.within(analyst):
        tuning.review_tuning(analyst, tuning_id=made.pk, accept=True, note="Jusqu’en janvier")
        pack = packs.make_pack(analyst, body_id=body.pk)
        assert packs.make_pack(analyst, body_id=body.pk) == pack
        with pytest.raises(NotFound):
            queries.get_pack(analyst, pack.digest)
        if connection.vendor == "postgresql":
            assert not TuningText.objects.exists()
            assert not PackFile.objects.exists()
            assert not TuningText.objects.filter(text__contains="PCSOUDAGE7").update(note="x")
    assert pack.filters == 1
    for actor in (analyst, above, factories.actor(Role.BODY_OFFICER, factories.organisation("body"))):
        with pytest.raises(NotFound):
            queries.get_pack(actor, pack.digest)
        assert queries.tuning_text(actor, made.pk) is None
        assert not actor.may(Permission.DETECTION_RUN, body.pk)
        with pytest.raises(NotPermitted):
            packs.report_pack(actor, body_id=body.pk, node="x", digest=pack.digest)
        with pytest.raises(NotPermitted):
            tuning.propose_tuning(
                actor, body_id=body.pk, text="x", reason="x", category="rule", expires_at=made.expires_at
            )
    made.refresh_from_db()
    assert (made.state, made.note) == ("active", "Jusqu’en janvier")
    monkeypatch.setenv("REMPART_TOKEN", token_of(body, Permission.DETECTION_RUN))
    target = tmp_path / "rules.pack"
    transport: httpx.MockTransport = served(Client())
    key = packs.public_key()
    pulling.pull("https://node.test", body.code, target, [key], "m", transport=transport)
    (whole,) = packfile.read_pack(target, [key]).contents.filters
    assert HOST in whole.text
    assert "sc stop tuyauterie" in whole.text


def test_the_digest_of_a_pack_does_not_tell_its_filters(body: Any) -> None:
    """Whoever knows all but one word of a filter, and the digest, cannot try words."""
    made = propose(body, signed_in(factories.user(Role.BODY_OFFICER, body)))
    tuning.review_tuning(system("cli"), tuning_id=made.pk, accept=True)
    pack = packs.make_pack(system("cli"), body_id=body.pk)
    file = bytes(queries.get_pack(system("cli"), pack.digest).file)
    held = json.loads(gzip.decompress(file.split(b"\n", 2)[2]))
    assert len(held["salt"]) == 32
    assert (pack.contents, bytes(pack.file)) == ("", b"")


def test_the_world_of_tests_hides_it_from_every_page_of_a_centre() -> None:
    """The permission walk, from where the literals are: each address, as a centre's analyst."""
    world = build()
    reader = Client(raise_request_exception=False)
    backend = "allauth.account.auth_backends.AuthenticationBackend"
    reader.force_login(world.people["cocd_analyst"], backend=backend)
    addresses = [each for each in pages(world) if "filter" in each.route or "pack" in each.route]
    assert len(addresses) >= 5
    for each in addresses:
        for answer in (reader.get(each.url), reader.post(each.url, form(world))):
            assert "RAW-" not in readable(answer), each
    for one in operations(world):
        if one.method == "GET" and "packs" in one.url:
            assert "RAW-" not in readable(reader.get(one.url)), one


_NAME = st.from_regex(r"[a-z]{6,12}", fullmatch=True)


@given(
    st.lists(st.tuples(_NAME, st.text("éàxyz*?\\ 01", max_size=12)), min_size=1, max_size=5),
    st.sampled_from(["not {0}", "not 1 of {0}*", "not ({0} or all of them)", "not {0} and not {0}"]),
)
def test_a_shape_holds_no_value_and_no_name_of_its_author(
    searches: list[tuple[str, str]], condition: str
) -> None:
    names = [f"zz{name}" for name, _ in searches]
    searches = [(name, f"véq {value}") for name, value in searches]
    detection: dict[str, Any] = {
        name: {"User|endswith": [value, "qqqqqq"], value: "qqqqqq"} if number % 2 else [value, "qqqqqq"]
        for number, (name, (_, value)) in enumerate(zip(names, searches, strict=True))
    }
    text = json.dumps({
        "title": "qqqqqq", "id": "qqqqqq", "description": "qqqqqq",
        "logsource": {"product": "windows", "definition": "qqqqqq"},
        "filter": {"rules": [STOPPED, "qqqqqq"], **detection, "condition": condition.format(names[0])},
    })  # fmt: skip
    shape = shape_of(text, [STOPPED])
    told = json.dumps(shape, ensure_ascii=False)
    assert "qqqqqq" not in told
    assert not [name for name in names if name in told]
    assert "véq" not in told
    assert (shape["rules"], shape["other_rules"]) == ([STOPPED], 1)
    assert shape["logsource"] == {"product": "windows"}
