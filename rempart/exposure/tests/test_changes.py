"""What a feed's reading or a re-match changed, and why: kept, scoped, bounded, and told everywhere."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import typer
from django.db import transaction
from django.test import Client
from typer.testing import CliRunner

from rempart.exposure import change_words, cli, commands
from rempart.exposure.commands import differences
from rempart.exposure.models import Exposure, ExposureMove, MatchRun, VerdictChange
from rempart.exposure.tests.publishing import publish
from rempart.intelligence.models import Feed, FeedRun, Vulnerability
from rempart.kernel import outbox
from rempart.kernel.permissions import Role
from rempart.kernel.time import now, today
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def assets():
    """Two bodies that hold the portal 1.0, one of them twice."""
    component = factories.component(vendor="exemple", product="portail", version="1.0")
    bodies = [factories.organisation() for _ in range(2)]
    made = [factories.asset(body) for body in (*bodies, bodies[0])]
    for asset in made:
        factories.install(asset, component)
    commands.rematch_all()
    return made


def reading(**changes) -> FeedRun:
    feed, _ = Feed.objects.get_or_create(name="cve", defaults={"kind": "cve", "location": "/cve"})
    return FeedRun.objects.create(feed=feed, **{"started_at": now(), **changes})


def arrives(of: FeedRun, *vulnerabilities: Vulnerability, affected: bool = True) -> MatchRun:
    """The worker reacts to what the reading brought."""
    payload = {
        "ids": [one.pk for one in vulnerabilities],
        "affected_changed": affected,
        "run_id": of.pk,
    }
    with transaction.atomic():
        outbox.publish("intelligence.vulnerabilities_changed", "intelligence", payload)
    outbox.drain()
    return MatchRun.objects.get(feed_run=of)


def lines(run: MatchRun) -> list[tuple[int, str, int, str]]:
    rows = ExposureMove.objects.filter(run=run).order_by("body_id", "vulnerability_id", "move")
    return [
        (one.body_id, one.move, one.n, one.verdict.cause if one.verdict is not None else "") for one in rows
    ]


def sentences(run: MatchRun) -> set[str]:
    return {change_words.why(one) for one in ExposureMove.objects.filter(run=run)}


def test_a_new_record_then_another_range_then_its_rejection(assets) -> None:
    first, second = assets[0].body_id, assets[1].body_id
    came = reading()
    record = publish("portail", "2.0")
    run = arrives(came, record)
    assert (run.kind, run.feed) == ("feed", "cve")
    assert lines(run) == [(first, "opened", 2, "new_record"), (second, "opened", 1, "new_record")]
    ids = list(Exposure.objects.order_by("id").values_list("id", flat=True))

    run = arrives(reading(), publish("portail", "3.0", record))
    assert lines(run) == [(first, "restated", 2, "range"), (second, "restated", 1, "range")]
    (said,) = sentences(run)
    assert "« >= 0, < 2.0 » à « >= 0, < 3.0 »".replace("« ", "«\xa0").replace(" »", "\xa0»") in said

    run = arrives(reading(), publish("portail", "0.9", record))
    assert lines(run) == [(first, "withdrawn", 2, "range"), (second, "withdrawn", 1, "range")]

    run = arrives(reading(), publish("portail", "2.0", record))
    assert {move for _, move, _, _ in lines(run)} == {"reopened"}

    Vulnerability.objects.filter(pk=record.pk).update(state="REJECTED")
    run = arrives(reading(), record)
    assert lines(run) == [(first, "withdrawn", 2, "rejected"), (second, "withdrawn", 1, "rejected")]
    assert list(Exposure.objects.order_by("id").values_list("id", flat=True)) == ids


def test_one_reading_in_several_events_is_one_run_with_the_first_before(assets) -> None:
    came, record, other = reading(), publish("portail", "2.0"), publish("portail", "1.5")
    run = arrives(came, record)
    publish("portail", "0.9", record)
    assert arrives(came, record, other) == run
    assert sorted((move, n) for _, move, n, _ in lines(run)) == [
        ("opened", 1), ("opened", 1), ("opened", 2), ("opened", 2), ("withdrawn", 1), ("withdrawn", 2),
    ]  # fmt: skip
    change = VerdictChange.objects.get(run=run, vulnerability=record)
    assert (change.before, change.after["status"]) == ({}, "not_affected")


def test_facts_move_exposures_without_a_verdict(assets) -> None:
    record = publish("portail", "2.0")
    commands.rematch_all()
    Vulnerability.objects.filter(pk=record.pk).update(kev_added_on=today())
    run = arrives(reading(), record, affected=False)
    assert {(move, cause) for _, move, _, cause in lines(run)} == {("revised", "")}


def test_a_rematch_tells_what_an_older_record_names(assets) -> None:
    record = publish("guichet", "2.0")
    Vulnerability.objects.filter(pk=record.pk).update(first_seen_at=now() - timedelta(days=9))
    commands.rematch_all()
    assert not ExposureMove.objects.exists()
    publish("portail", "2.0", record)
    commands.rematch_all()
    assert {cause for *_, cause in lines(MatchRun.objects.latest("id"))} == {"named"}
    assert MatchRun.objects.latest("id").finished_at is not None
    commands.rematch_all()
    assert lines(MatchRun.objects.latest("id")) == []


def test_what_is_kept_is_bounded(assets, monkeypatch) -> None:
    monkeypatch.setattr(differences, "MOST", 2)
    monkeypatch.setattr(differences, "RUNS", 2)
    run = arrives(reading(), *(publish("portail", "2.0") for _ in range(5)))
    assert (run.kept, run.left_out) == (2, 3)
    assert VerdictChange.objects.count() == 2
    assert ExposureMove.objects.count() == 2
    assert Exposure.objects.filter(state="open").count() == 15
    for _ in range(3):
        commands.rematch_all()
    kept = list(MatchRun.objects.order_by("-id").values_list("id", flat=True)[:2])
    assert differences.forget_old_runs() == 3
    assert list(MatchRun.objects.order_by("-id").values_list("id", flat=True)) == kept
    assert not VerdictChange.objects.exists()
    MatchRun.objects.update(started_at=now() - timedelta(days=400))
    assert differences.forget_old_runs() == 2


def test_pages_show_a_body_its_own_lines_alone(assets, client: Client) -> None:
    run = arrives(reading(), publish("portail", "2.0"))
    client.force_login(factories.user(Role.BODY_OFFICER, assets[1].body))
    listed = client.get("/exposures/changes").content.decode()
    assert "Lecture de" in listed
    shown = client.get(f"/exposures/changes/{run.pk}").content.decode()
    exposure = Exposure.objects.get(asset=assets[1])
    assert f"/exposures/{exposure.pk}" in shown
    assert assets[1].body.name_fr in shown
    assert assets[0].body.name_fr not in shown
    assert "Nouvelle fiche" in shown
    assert (
        assets[1].body.name_fr
        not in client.get(f"/exposures/changes/{run.pk}?move=withdrawn").content.decode()
    )
    assert client.get(f"/exposures/changes/{run.pk + 1}").status_code == 404
    answer = client.get(f"/api/v1/exposure/runs/{run.pk}").json()
    assert (answer["run"]["moved"], answer["total"]) == ({"opened": 1}, 1)
    assert answer["items"][0]["after"]["range"] == ">= 0, < 2.0"
    assert client.get("/api/v1/exposure/runs").json()["items"][0]["moved"] == {"opened": 1}


def test_the_command_line_shows_the_last_run(assets) -> None:
    app = typer.Typer()
    app.callback()(lambda: None)
    cli.install(app)
    run = arrives(reading(), publish("portail", "2.0"))
    ran = CliRunner().invoke(app, ["rematch", "--show-last", "--json"])
    head, *rest = map(json.loads, ran.stdout.splitlines())
    assert (head["id"], head["moved"], len(rest)) == (run.pk, {"opened": 3}, 2)
    assert "CVE-2099" in CliRunner().invoke(app, ["rematch", "--show-last"]).stdout
    assert CliRunner().invoke(app, ["rematch", "--show-last", "--run", "9999"]).exit_code == 1
