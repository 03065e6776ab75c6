"""The pages, the API, the exports and the report, for whoever may and may not read them."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils.timezone import localtime
from django.utils.translation import override
from pypdf import PdfReader

from rempart.indicators import commands, queries
from rempart.indicators.definitions import INDICATORS
from rempart.indicators.models import Snapshot
from rempart.indicators.report import report_pdf
from rempart.kernel.actors import NotPermitted, actor_for, system
from rempart.kernel.errors import Invalid, NotFound
from rempart.kernel.permissions import Role
from rempart.kernel.time import now, today
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def tree() -> dict[str, object]:
    body = make.organisation("body")
    other = make.organisation("body", make.organisation("cocd", body.parent.parent))
    government = body.parent.parent.parent
    return {"body": body, "centre": body.parent, "other": other, "government": government}


def signed_in(role: Role, place: object) -> Client:
    client = Client()
    client.force_login(make.user(role, place))
    return client


def test_a_snapshot_is_taken_once_a_day(tree: dict[str, object]) -> None:
    first = commands.take_snapshot(system("test"))
    assert first == commands.take_snapshot(system("test")) == Snapshot.objects.count()
    assert first % len(INDICATORS) == 0
    with pytest.raises(NotPermitted):
        commands.take_snapshot(make.actor(Role.COCD_ANALYST, tree["centre"]))


def test_snapshots_are_what_the_month_reads(tree: dict[str, object]) -> None:
    actor = system("test")
    commands.take_snapshot(actor)
    Snapshot.objects.filter(indicator="bodies_act_now").update(value=7)
    where = queries.place(actor)
    assert where == tree["government"]
    assert queries.standing(actor, where)["bodies_act_now"].measure.value == 7
    assert queries.standing(actor, where, 90)["bodies_act_now"].measure.value == 0
    # A worker that fell behind: what it left this morning is shown with its moment, for a day.
    this_morning = now() - timedelta(hours=3)
    Snapshot.objects.update(taken_at=this_morning)
    found = queries.standing(actor, where)
    assert (found["bodies_act_now"].measure.value, found.as_of) == (7, this_morning)
    Snapshot.objects.update(taken_at=now() - timedelta(hours=25))
    found = queries.standing(actor, where)
    assert found["bodies_act_now"].measure.value == 0
    assert found.as_of > this_morning


def test_what_was_measured_on_another_day_says_which(tree: dict[str, object]) -> None:
    commands.take_snapshot(system("test"))
    client = signed_in(Role.AUTHORITY, tree["government"])
    assert "rien n’a été mesuré depuis" not in client.get("/indicators/").text
    yesterday = now() - timedelta(hours=24) + timedelta(minutes=1)
    Snapshot.objects.update(taken_at=yesterday)
    day = localtime(yesterday).date()
    assert f"Mesuré le {day} : rien n’a été mesuré depuis" in client.get("/indicators/").text


def test_each_reads_their_own_branch(tree: dict[str, object]) -> None:
    analyst = make.actor(Role.COCD_ANALYST, tree["centre"])
    assert [one.pk for one in queries.places(analyst)] == [tree["centre"].pk, tree["body"].pk]
    assert queries.place(analyst) == tree["centre"]
    for stranger in (tree["other"], tree["government"]):
        with pytest.raises(NotFound):
            queries.place(analyst, stranger.code)
        with pytest.raises(NotPermitted):
            queries.standing(analyst, stranger)
    ranks = queries.ranking(analyst, INDICATORS[0], tree["centre"])
    assert [rank.place for rank in ranks] == [tree["body"]]
    with pytest.raises(Invalid):
        queries.period("31")


@pytest.mark.parametrize("language", ["fr", "en"])
def test_pages_of_an_authority(tree: dict[str, object], language: str) -> None:
    commands.take_snapshot(system("test"))
    client = signed_in(Role.AUTHORITY, tree["government"])
    client.cookies["rempart_language"] = language
    page = client.get("/indicators/", headers={"accept-language": language})
    assert page.status_code == 200
    for indicator in INDICATORS:
        assert f'id="indicator-{indicator.code}"' in page.text
        assert client.get(f"/indicators/{indicator.code}/?period=90").status_code == 200
    assert client.get("/indicators/unknown/").status_code == 404
    assert client.get("/indicators/?organisation=nowhere").status_code == 404


def test_those_without_the_right_are_refused(tree: dict[str, object]) -> None:
    client = signed_in(Role.ADMINISTRATOR, tree["government"])
    for address in (
        "/indicators/",
        "/indicators/kev_on_time/",
        "/indicators/report.pdf",
        "/api/v1/indicators/",
    ):
        assert client.get(address).status_code == 403


def test_exports_carry_their_marking(tree: dict[str, object]) -> None:
    client = signed_in(Role.AUTHORITY, tree["government"])
    text = b"".join(client.get("/indicators/?format=csv")).decode("utf-8-sig")
    assert text.startswith("PFC : AMBRE")
    assert len(text.strip().splitlines()) == 2 + len(INDICATORS)
    assert b"".join(client.get("/indicators/kev_on_time/?format=xlsx"))[:2] == b"PK"


def test_api(tree: dict[str, object]) -> None:
    client = signed_in(Role.BODY_OFFICER, tree["body"])
    found = client.get("/api/v1/indicators/").json()
    assert found["organisation"] == tree["body"].code
    assert {each["code"] for each in found["readings"]} == {each.code for each in INDICATORS}
    detail = client.get("/api/v1/indicators/inventory_freshness").json()
    assert [each["organisation"] for each in detail["bodies"]] == [tree["body"].code]
    assert client.get("/api/v1/indicators/?period=12").status_code == 422
    assert client.get(f"/api/v1/indicators/?organisation={tree['other'].code}").status_code == 404
    assert len(client.get("/api/v1/indicators/definitions").json()) == len(INDICATORS)


def test_reading_costs_the_same_for_any_number_of_bodies(
    tree: dict[str, object], django_assert_max_num_queries: object
) -> None:
    commands.take_snapshot(system("test"))
    actor = actor_for(make.user(Role.AUTHORITY, tree["government"]))
    with django_assert_max_num_queries(3):
        where = queries.place(actor)
        queries.standing(actor, where)
    with django_assert_max_num_queries(3):
        queries.ranking(actor, INDICATORS[0], where)


def test_report_is_two_pages_in_two_languages(tree: dict[str, object]) -> None:
    commands.take_snapshot(system("test"))
    for days in range(1, 20):
        for each in Snapshot.objects.filter(day=today()):
            each.pk, each.day, each.value = None, today() - timedelta(days=days), 0.5 + days / 50
            each.save()
    reader = PdfReader(io.BytesIO(report_pdf(system("test"), tree["government"])))
    assert len(reader.pages) == 2
    french, english = (page.extract_text() for page in reader.pages)
    assert "PFC : AMBRE" in french
    assert "Directives en retard" in french
    assert "TLP:AMBER" in english
    assert "Late directives" in english
    assert "Vulnérabilités exploitées" in french
    assert "Exploited vulnerabilities" in english
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert reader.metadata is not None
    assert reader.metadata.title
    fonts = [
        font.get_object() for page in reader.pages for font in page["/Resources"].get("/Font", {}).values()
    ]
    assert fonts


def test_report_needs_the_right_over_the_place(tree: dict[str, object]) -> None:
    with pytest.raises(NotPermitted):
        report_pdf(make.actor(Role.BODY_OFFICER, tree["body"]), tree["centre"])
    client = signed_in(Role.BODY_OFFICER, tree["body"])
    answer = client.get("/indicators/report.pdf")
    assert answer.content.startswith(b"%PDF")
    assert client.get(f"/indicators/report.pdf?organisation={tree['centre'].code}").status_code == 404


def test_command_line(tree: dict[str, object], tmp_path: object) -> None:
    import typer
    from typer.testing import CliRunner

    from rempart.indicators import cli

    app = typer.Typer()
    cli.install(app)
    run = CliRunner().invoke
    assert (
        json.loads(run(app, ["indicators", "snapshot", "--json"]).stdout)["values"]
        == Snapshot.objects.count()
    )
    shown = json.loads(run(app, ["indicators", "show", "--json"]).stdout)
    assert shown["organisation"] == tree["government"].code
    out = tmp_path / "report.pdf"
    assert run(app, ["indicators", "report", "--out", str(out), "--json"]).exit_code == 0
    assert out.read_bytes().startswith(b"%PDF")
    assert run(app, ["indicators", "show", "--organisation", "nowhere"]).exit_code == 1
    with override("en"):
        assert run(app, ["indicators", "show"]).exit_code == 0
