"""Decisions about products' names: proposed, previewed, joined, refused, parted, shared with other nodes."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from rempart.exposure import commands, queries
from rempart.exposure.commands import products
from rempart.exposure.models import Exposure, Finding, ProductAlias, ProductDifference
from rempart.exposure.queries.products import product
from rempart.kernel.actors import system
from rempart.kernel.errors import Invalid, NotFound
from rempart.kernel.models import AuditEntry
from rempart.kernel.permissions import Role
from tests import factories

pytestmark = pytest.mark.django_db
SYSTEM = system("tests")
HELD, PUBLISHED = "name:exemple/portailcitoyen", "name:exemple/portail"


@pytest.fixture
def server(published):
    """An inventory calls "portail citoyen" what is published as "portail"."""
    published("portail", "2.0")
    asset = factories.asset(factories.organisation())
    factories.install(asset, factories.component(vendor="exemple", product="portail citoyen", version="1.0"))
    commands.reconcile_body(asset.body_id)
    return asset


def _commander(asset) -> Client:
    signed_in = Client()
    signed_in.force_login(factories.user(Role.CGCD_COMMANDER, asset.body.parent.parent.parent))
    return signed_in


def test_a_name_like_a_published_one_is_proposed_with_what_would_change(server) -> None:
    (one,) = queries.alias_candidates(SYSTEM)
    assert (one.key, one.published, one.components, one.vulnerabilities) == (HELD, PUBLISHED, 1, 1)
    preview = products.preview_products(SYSTEM, key=HELD, canonical=PUBLISHED)
    assert (preview.gained("affected"), preview.gained("cannot_tell")) == (1, 0)
    assert preview.body_ids == (server.body_id,)
    assert not Finding.objects.exists()
    assert not ProductAlias.objects.exists()


def test_a_refusal_is_remembered(server) -> None:
    products.tell_apart(SYSTEM, key=PUBLISHED, other=HELD, reason="Deux éditions")
    assert queries.alias_candidates(SYSTEM) == []
    assert AuditEntry.objects.filter(action="product.told_apart").count() == 1
    with pytest.raises(Invalid):
        products.tell_apart(SYSTEM, key=HELD, other=HELD)


def test_what_was_joined_can_be_parted(server) -> None:
    commands.alias_products(SYSTEM, key=HELD, canonical=PUBLISHED)
    assert Exposure.objects.get().state == "open"
    view = product(SYSTEM, HELD)
    assert (view.key, view.components, view.vulnerabilities) == (PUBLISHED, 1, 1)
    assert {one.key for one in view.spellings} == {HELD, PUBLISHED}
    products.tell_apart(SYSTEM, key=HELD, other=PUBLISHED)
    assert Exposure.objects.get().state == "withdrawn"
    assert product(SYSTEM, HELD).key == HELD
    with pytest.raises(NotFound):
        product(SYSTEM, "name:nobody/nothing")


def test_decisions_go_to_another_node_and_come_back_the_same(server) -> None:
    commands.alias_products(SYSTEM, key=HELD, canonical=PUBLISHED, reason="Même logiciel", confidence=0.8)
    products.tell_apart(SYSTEM, key="name:a/b", other="name:a/c")
    lines = list(products.export_decisions(SYSTEM))
    ProductAlias.objects.all().delete()
    ProductDifference.objects.all().delete()
    taken = products.import_decisions(SYSTEM, lines)
    assert (taken.added, taken.unchanged, taken.errors) == (2, 0, [])
    kept = {"key", "same_as", "different_from", "confidence", "why"}
    again = [{name: value for name, value in json.loads(line).items() if name in kept} for line in lines]
    assert [
        {name: value for name, value in json.loads(line).items() if name in kept}
        for line in products.export_decisions(SYSTEM)
    ] == again
    assert Finding.objects.filter(status="affected").count() == 1
    assert products.import_decisions(SYSTEM, lines).unchanged == 2


def test_a_decision_taken_here_stays_unless_told_otherwise(server) -> None:
    user = factories.user(Role.CGCD_COMMANDER, server.body.parent.parent.parent)
    ProductAlias.objects.create(key=HELD, canonical="name:exemple/autre", provenance="ici", decided_by=user)
    line = json.dumps({"key": HELD, "same_as": PUBLISHED})
    assert products.import_decisions(SYSTEM, [line]).kept == 1
    assert products.import_decisions(SYSTEM, [line], replace=True).added == 1
    assert ProductAlias.objects.get(key=HELD).canonical == PUBLISHED


_WORD = json.dumps({"key": "mysql", "same_as": "x"})
_SURE = json.dumps({"key": "name:a/b", "same_as": "name:a/c", "confidence": 7})


@pytest.mark.parametrize("line", ["{", "[]", "3", "{}", _WORD, "x" * 5000, _SURE])
def test_one_wrong_line_and_nothing_is_taken(line: str) -> None:
    good = json.dumps({"key": "name:a/b", "same_as": "name:a/c"})
    taken = products.import_decisions(SYSTEM, [good, line])
    assert len(taken.errors) == 1
    assert not ProductAlias.objects.exists()


def test_the_curators_pages(server) -> None:
    commander = _commander(server)
    page = commander.get("/products/").content.decode()
    assert HELD in page
    assert PUBLISHED in page
    previewed = commander.get(f"/products/?key={HELD}&canonical={PUBLISHED}").content.decode()
    assert server.body.name_fr in previewed
    assert (
        commander.post("/products/", {"key": HELD, "canonical": PUBLISHED, "step": "save"}).status_code == 302
    )
    assert HELD in commander.get(f"/products/one?key={PUBLISHED}").content.decode()
    assert PUBLISHED in commander.get("/products/?q=portail").content.decode()
    file = SimpleUploadedFile("d.jsonl", commander.get("/products/decisions").content)
    assert commander.post("/products/decisions", {"file": file}).status_code == 302
    assert (
        commander.post("/products/", {"key": HELD, "canonical": PUBLISHED, "step": "apart"}).status_code
        == 302
    )
    assert ProductDifference.objects.get().other == HELD
    officer = Client()
    officer.force_login(factories.user(Role.BODY_OFFICER, server.body))
    assert officer.get("/products/decisions").status_code == 403


@pytest.mark.parametrize(
    "lines",
    [
        ['{"key": "name:a/x", "same_as": "name:a/y"}', '{"key": "name:a/y", "same_as": "name:a/x"}'],
        ['{"key": "name:a/x", "same_as": "name:a/y"}', '{"key": "name:a/x", "same_as": "name:a/z"}'],
        [f'{{"key": "name:a/{n}", "same_as": "name:a/{n + 1}"}}' for n in range(20)],
        ['{"key": "name:a/x", "different_from": "name:a/x"}'],
        ['{"key": "name:a/x\\u0000", "same_as": "name:a/y"}'],
        ['{"key": "name:a/x\\ud800", "same_as": "name:a/y"}'],
        ['{"key": "name:a/x", "same_as": "name:a/y", "why": "\\u0000"}'],
        ['{"key": "name:a/x", "same_as": "name:a/y", "confidence": true}'],
        ["[" * 3_000],
    ],
)
def test_a_file_of_decisions_that_leads_nowhere_is_refused_whole(lines: list[str]) -> None:
    good = '{"key": "name:b/x", "same_as": "name:b/y"}'
    result = products.import_decisions(SYSTEM, [good, *lines])
    assert result.errors
    assert result.added == 0
    assert not ProductAlias.objects.filter(key="name:b/x").exists()
