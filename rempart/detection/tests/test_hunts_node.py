"""The node at work: the command beside packed logs, before a live platform; stopped, killed, and going on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.test import Client
from rich.console import Console

from rempart.detection import hunts_api
from rempart.detection.commands import hunt_runs, hunting, packs
from rempart.detection.commands.importing import import_rules
from rempart.detection.hunting import asked, asked_command
from rempart.detection.hunting.asked_command import _work_folder
from rempart.detection.hunting.platform import Platform
from rempart.detection.models import Detection, DetectionPart, HuntNode, HuntRun, Rule, Sighting
from rempart.detection.queries import hunts as queries
from rempart.detection.tests.conftest import ROOT, SIGMA, Rempart
from rempart.detection.tests.reporting import officer as officer_of
from rempart.kernel.actors import system
from rempart.kernel.models import User
from rempart.kernel.permissions import Role
from rempart.kernel.tokens import create_token
from tests import factories

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not SIGMA.is_dir(), reason="the rules and their recordings are not here"),
]
_RECORDINGS = 6


def _recorded() -> list[tuple[Path, Path]]:
    """(rule, recording) of a few rules of Sigma, in several days."""
    found = []
    for recording in sorted((SIGMA / "regression_data" / "rules" / "windows").rglob("*.evtx")):
        rule = SIGMA / recording.parent.relative_to(SIGMA / "regression_data").with_suffix(".yml")
        if rule.is_file() and recording.stat().st_size < 100_000:
            found.append((rule, recording))
    step = len(found) // _RECORDINGS
    return found[::step][:_RECORDINGS]


@pytest.fixture
def kept(tmp_path: Path, rempart: Rempart) -> Path:
    """Recordings of Sigma, packed."""
    folder = tmp_path / "kept"
    rempart("pack", *[recording for _rule, recording in _recorded()], "--to", folder)
    return folder


@pytest.fixture
def world(tmp_path: Path) -> Any:
    """A body, its officer, its analyst, and the rules of the recordings."""
    rules = tmp_path / "release" / "rules"
    rules.mkdir(parents=True)
    for rule, _recording in _recorded():
        shutil.copy(rule, rules)
    import_rules(system("cli"), rules.parent, source="sigma")
    body = factories.organisation("body")
    return body, officer_of(body), factories.actor(Role.COCD_ANALYST, body.parent)


Started = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path, world: Any, live_server: Any, kept: Path) -> Started:
    """A function that starts the command on the body's own machine."""
    body, officer, _analyst = world
    secret = create_token(officer, name="nœud", permissions=["sighting:send"], days=3)[1]

    def run(*more: str, key: str = "") -> subprocess.Popen[str]:
        arguments = [
            "hunts", "run", "--node", live_server.url, "--body", body.code, "--over", str(kept), "--key",
            key or packs.public_key(), "--name", "n1", "--json", *more,
        ]  # fmt: skip
        return subprocess.Popen(
            [sys.executable, "-c", "from rempart.cli import main; main()", *arguments],
            cwd=ROOT,
            env={
                "PATH": os.environ.get("PATH", ""), "HOME": str(tmp_path), "REMPART_TOKEN": secret,
                "REMPART_VAR": str(tmp_path / "var"),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip

    return run


def ended(started: subprocess.Popen[str], status: int = 0) -> list[dict[str, Any]]:
    out, error = started.communicate(timeout=240)
    assert started.returncode == status, error + out
    return [json.loads(line) for line in out.splitlines()]


def every_rule(analyst: Any, body: Any) -> HuntRun:
    keys = list(Rule.objects.values_list("key", flat=True))
    hunt = hunting.ask_hunt(
        analyst, title="Tout", why="Pour voir", body_ids=[body.pk], days=3_650, rule_keys=keys
    )
    run: HuntRun = hunt.runs.get()
    return run


def found() -> list[tuple[str, str, str, int]]:
    return sorted(Detection.objects.values_list("rule_id", "host", "user", "count"))


def test_a_hunt_is_estimated_allowed_run_and_finds_what_a_scan_finds(
    world: Any, start: Started, kept: Path, process: Rempart, live_server: Any, tmp_path: Path
) -> None:
    body, officer, analyst = world
    run = every_rule(analyst, body)
    (told,) = ended(start("--once"))
    assert (told["run"], told["state"]) == (run.pk, "estimated")
    node = HuntNode.objects.get()
    assert node.events == told["events"] > 0
    assert node.first_day is not None
    client = Client()
    client.force_login(
        User.objects.get(pk=officer.user_id), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    client.post(f"/hunts/runs/{run.pk}/allow/")
    (told,) = ended(start("--once"))
    assert told["state"] == "done"
    run.refresh_from_db()
    assert run.state == "done"
    assert run.events_done == run.events_total == node.events
    assert run.matches == told["matches"] > 0
    hunted = found()
    assert {rule for rule, *_ in hunted} == set(Rule.objects.values_list("key", flat=True))
    assert queries.get_run(analyst, run.pk).found == len(hunted) == Sighting.objects.count()
    assert not list((tmp_path / "var" / "hunts").iterdir())
    # The same logs through detect change nothing: one detection, whoever finds it.
    secret = tmp_path / "token"
    secret.write_text(create_token(officer, name="x", permissions=["sighting:send"], days=3)[1])
    process(
        "detect", *[recording for _rule, recording in _recorded()], "--rules", tmp_path / "release",
        "--send", live_server.url, "--body", body.code, "--token-file", secret,
    )  # fmt: skip
    assert found() == hunted


def test_killed_in_the_middle_it_goes_on_and_nothing_is_doubled(
    world: Any, start: Started, monkeypatch: Any
) -> None:
    body, officer, analyst = world
    run = every_rule(analyst, body)
    hunting.authorise_hunts(officer, body_id=body.pk, most_minutes=60, per_day=9)
    running: list[subprocess.Popen[str]] = []
    seen: list[int] = []

    def killing(actor: Any, **values: Any) -> HuntRun:
        made = hunt_runs_progress(actor, **values)
        seen.append(values["done"])
        # What the parts before found is there while the hunt goes on.
        if running and Detection.objects.exists():
            running.pop().kill()
        return made

    hunt_runs_progress = hunt_runs.progress_run
    monkeypatch.setattr(hunts_api.nodes, "progress_run", killing)
    running.append(started := start("--once"))
    started.communicate(timeout=240)
    assert started.returncode == -signal.SIGKILL
    run.refresh_from_db()
    assert run.state == "running"
    assert 0 < run.events_done < run.events_total
    early = {(rule, host, user): count for rule, host, user, count in found()}
    assert queries.get_run(analyst, run.pk).found == len(found()) > 0
    before, at = list(seen), len(seen)
    (told,) = ended(start("--once"))
    assert (told["state"], told["resumed"]) == ("done", True)
    assert seen[at] >= before[-1] > 0
    run.refresh_from_db()
    assert run.state == "done"
    assert run.events_done == run.events_total
    once = found()
    whole = {(rule, host, user): count for rule, host, user, count in once}
    assert all(whole[key] >= count for key, count in early.items())
    assert len(whole) > len(early)
    parts = DetectionPart.objects.count()
    # The same hunt anew, whole: the same detections, with the same counts.
    every_rule(analyst, body)
    (told,) = ended(start("--once"))[-1:]
    assert (told["state"], told["resumed"]) == ("done", False)
    assert (found(), DetectionPart.objects.count()) == (once, parts)


def test_stopped_from_the_page_in_the_middle_it_ends_and_sends_nothing(
    world: Any, start: Started, monkeypatch: Any, tmp_path: Path
) -> None:
    body, officer, analyst = world
    run = every_rule(analyst, body)
    hunting.authorise_hunts(officer, body_id=body.pk, most_minutes=60, per_day=9)
    hunt_runs_progress = hunt_runs.progress_run
    client = Client()
    client.force_login(
        User.objects.get(pk=analyst.user_id), backend="allauth.account.auth_backends.AuthenticationBackend"
    )

    def stopping(actor: Any, **values: Any) -> HuntRun:
        if values["done"]:
            client.post(f"/hunts/{run.hunt_id}/cancel/", {"note": "assez"})
        return hunt_runs_progress(actor, **values)

    monkeypatch.setattr(hunts_api.nodes, "progress_run", stopping)
    told = ended(start("--once"))[-1]
    assert told["state"] == "cancelled"
    run.refresh_from_db()
    assert (run.state, run.note) == ("cancelled", "assez")
    assert run.events_done < run.events_total
    assert not Detection.objects.exists()
    assert not list((tmp_path / "var" / "hunts").iterdir())


def test_rules_that_another_key_signed_are_not_run(world: Any, start: Started) -> None:
    body, _officer, analyst = world
    run = every_rule(analyst, body)
    started = start("--once", key="0" * 64)
    _out, error = started.communicate(timeout=240)
    assert (started.returncode, str(run.pk) in error) == (1, True)
    assert HuntRun.objects.get(pk=run.pk).state == "asked"
    assert ended(start("--once", "--key", "0" * 64))[0]["state"] == "estimated"  # one of the keys is right


def test_a_run_waits_for_a_platform_that_does_not_answer_and_not_for_one_that_refuses(tmp_path: Path) -> None:
    answers = [503, 503, 404]
    looks = []

    def platform(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(answers.pop(0), json={})
        looks.append(request)
        if len(looks) > 5:
            raise KeyboardInterrupt
        run = {"id": 1, "title": "x", "since": "2026-01-01", "until": "2026-02-01", "state": "asked"}
        return httpx.Response(200, json=[run])

    place = asked.Place([tmp_path], tmp_path / "work", ("0" * 64,))
    with Platform("https://rempart.test", "b", "n", "t", transport=httpx.MockTransport(platform)) as one:
        turns = partial(asked_command._turns, one, place, Console(quiet=True), every=0.01, as_json=True)
        with pytest.raises(KeyboardInterrupt):
            turns(once=False)
    assert answers == []


def test_the_work_of_a_node_is_kept_apart(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.delenv("REMPART_VAR", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert _work_folder() == tmp_path / "rempart" / "hunts"
    folder = tmp_path / "7"
    with asked._alone(folder) as mine, asked._alone(folder) as other:
        assert mine == folder
        assert other is None
        assert folder.stat().st_mode & 0o777 == 0o700
