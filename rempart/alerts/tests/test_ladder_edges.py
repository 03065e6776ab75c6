"""The ladder through its page, its API and the command line: tried, saved, refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from django.test import Client
from django.utils.html import escape
from typer.testing import CliRunner

from rempart.alerts import cli, ladder
from rempart.alerts.models import AlertRule
from rempart.kernel.models import AuditEntry, User
from rempart.kernel.permissions import Role
from tests import factories

pytestmark = pytest.mark.django_db

PAGE, API = "/directives/ladder/", "/api/v1/alerts/ladder"


def signed_in(user: User | None) -> Client:
    assert user is not None
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def commander(world: Any, clock: Any) -> Client:
    """It is Monday 22 June 2026, 9 h."""
    clock.to(2026, 6, 22, 9, 0)
    return signed_in(factories.user(Role.CGCD_COMMANDER, world.command.parent))


def typed(client: Client, **changed: str) -> dict[str, str]:
    """The page's form as a browser would send it back, with what is changed."""
    form = client.get(PAGE).context["form"]
    values = {name: form[name].value() for name in form.fields}
    for name, value in values.items():
        if hasattr(value, "isoformat"):
            values[name] = value.isoformat()[:5]
    sent = {
        name: "on" if value is True else value for name, value in values.items() if value not in (None, False)
    }
    return {**sent, **changed}


def test_the_page_shows_what_would_change_then_saves_it(world, commander) -> None:
    body = world.body()
    world.expose(body)
    given = typed(
        commander,
        **{
            "act_now.deputy.amount": "10", "hours.friday.closes": "12:00", "closed.0.day": "2026-12-24",
            "closed.0.name_fr": "Veille <b> de Noël", "reason": "Consigne",
        },
    )  # fmt: skip
    before = ladder.in_force()
    seen = commander.post(PAGE, {**given, "step": "preview"})
    assert seen.status_code == 200
    text = seen.content.decode()
    assert "1 directive sans accusé de réception changerait" in text
    assert escape(body.name) in text
    assert "2026-06-22, 9\u00a0h\u00a010" in text.replace("\u202f", "\u00a0")
    assert ladder.in_force() == before
    assert commander.post(PAGE, {**given, "step": "save"}).status_code == 302
    kept = ladder.in_force()
    document = kept.to_document()
    assert document["ladders"]["act_now"][1] == {"rung": "deputy", "minutes": 10, "business": False}
    assert document["ladders"]["scheduled"] == before.to_document()["ladders"]["scheduled"]
    assert document["hours"]["friday"] == ["08:30", "12:00"]
    assert [each.name_fr for each in kept.office.closed_days] == ["Veille <b> de Noël"]
    assert {
        entry.reason for entry in AuditEntry.objects.filter(action__in=["escalation.save", "office.save"])
    } == {"Consigne"}
    assert "Veille &lt;b&gt; de Noël" in commander.get(PAGE).content.decode()
    # The form that was read before is no longer of what is in force.
    stale = commander.post(PAGE, {**given, "act_now.deputy.amount": "11", "step": "save"})
    assert stale.status_code == 409
    assert "a changé depuis" in stale.content.decode()
    assert ladder.in_force() == kept


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        (
            {"act_now.cocd.amount": "30", "act_now.cocd.unit": "minutes"},
            "act_now.cocd.amount",
            "doit dépasser",
        ),
        ({"act_now.cgcd.amount": ""}, "act_now.cgcd.amount", "jusqu’au centre gouvernemental"),
        ({"act_now.cgcd.amount": "0"}, "act_now.cgcd.amount", "1"),
        ({"hours.monday.closes": ""}, "hours.monday.opens", "heure d’ouverture"),
        ({"hours.monday.closes": "25:00"}, "hours.monday.closes", "heure"),
        ({"closed.2.day": "2026-12-24"}, "closed.2.day", "Nommez ce jour"),
        ({"time_zone": "Mars/Olympus"}, "time_zone", "Mars"),
    ],
)
def test_the_page_says_what_is_wrong_beside_it(commander, changed, field, words) -> None:
    before = ladder.in_force()
    answer = commander.post(PAGE, {**typed(commander), **changed, "step": "save"})
    assert answer.status_code == 422
    assert words in " ".join(answer.context["form"].errors[field])
    assert ladder.in_force() == before


def test_who_only_reads_directives_reads_the_ladder_in_words(world) -> None:
    client = signed_in(factories.user(Role.BODY_OFFICER, world.body()))
    text = client.get(PAGE).content.decode()
    assert "4\u00a0h ouvrables" in text
    assert "<form" not in text.split("<main", 1)[1].split("</main>", 1)[0]
    assert client.post(PAGE, {"step": "save"}).status_code == 403


def test_the_api_tries_unless_told_to_save(world, commander) -> None:
    world.expose(world.body())
    found = commander.get(API).json()
    found["ladders"]["act_now"] = [
        {"rung": "officer", "minutes": 0}, {"rung": "cgcd", "minutes": 5, "business": False},
    ]  # fmt: skip
    tried = commander.put(API, found, content_type="application/json").json()
    assert (tried["waiting"], tried["sooner"], tried["saved"]) == (1, 1, False)
    assert tried["moved"][0]["rung"] == "cgcd"
    assert commander.get(API).json()["version"] == found["version"] == tried["version"]
    saved = commander.put(API, {**found, "dry_run": False}, content_type="application/json").json()
    assert (saved["sooner"], saved["saved"]) == (1, True)
    again = commander.get(API).json()
    assert again["version"] == saved["version"] != found["version"]
    late = {**found, "time_zone": "UTC", "dry_run": False}
    assert commander.put(API, late, content_type="application/json").status_code == 409
    del again["version"]
    wrong = {**again, "closed_days": [{"day": "2026-01-02", "name_fr": " "}]}
    refused = commander.put(API, wrong, content_type="application/json")
    assert (refused.status_code, refused.json()["field"]) == (422, "closed_days.0")
    analyst = signed_in(factories.user(Role.CGCD_ANALYST, world.command.parent))
    assert analyst.get(API).status_code == 200
    assert analyst.put(API, again, content_type="application/json").status_code == 403


def _run(*words: str) -> Any:
    app = typer.Typer()
    cli.install(app)
    return CliRunner().invoke(app, ["alerts", "ladder", *words])


def test_the_command_line_reads_what_it_shows(world, tmp_path: Path) -> None:
    AlertRule.objects.update(enabled=False)
    shown = json.loads(_run("show", "--json").stdout)
    assert _run("show").exit_code == 0
    shown["ladders"]["scheduled"].append({"rung": "cgcd", "minutes": 4800, "business": True})
    file = tmp_path / "ladder.json"
    file.write_text(json.dumps(shown), "utf-8")
    assert json.loads(_run("set", str(file), "--json").stdout)["saved"] is False
    assert "cgcd" not in str(ladder.in_force().to_document()["ladders"]["scheduled"])
    saved = json.loads(_run("set", str(file), "--save", "--reason", "Essai", "--json").stdout)
    assert saved["saved"] is True
    assert ladder.in_force().to_document()["ladders"]["scheduled"][-1]["rung"] == "cgcd"
    assert AuditEntry.objects.get(action="escalation.save").reason == "Essai"
    assert _run("set", str(file)).exit_code == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "JSON"),
        ('{"ladders": {}}', "ladders.act_now"),
        ("[]", "ladder.json"),
        (" " * 1_000_001, "1 MB"),
        (None, "ladder.json"),
    ],
)
def test_a_file_that_is_no_ladder_is_refused(tmp_path: Path, content: str | None, words: str) -> None:
    file = tmp_path / "ladder.json"
    if content is not None:
        file.write_text(content, "utf-8")
    refused = _run("set", str(file), "--save")
    assert refused.exit_code == 1
    assert words in refused.output.replace("\n", "")


def test_a_bad_ladder_in_a_file_names_the_field(tmp_path: Path) -> None:
    shown = json.loads(_run("show", "--json").stdout)
    shown["ladders"]["act_now"][2]["minutes"] = 5
    file = tmp_path / "ladder.json"
    file.write_text(json.dumps(shown), "utf-8")
    refused = _run("set", str(file), "--save")
    assert refused.exit_code == 1
    assert "ladders.act_now.cocd" in refused.output.replace("\n", "")
