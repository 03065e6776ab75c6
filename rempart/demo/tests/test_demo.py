"""The demo government: the same from the same seed, made by the platform's own commands, and answering."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from rempart.alerts import queries as directives
from rempart.assets import queries as assets
from rempart.demo import answers, cli, make, plan, replay, watching
from rempart.demo.accounts import SIGN_INS, passwords
from rempart.detection import queries as detection
from rempart.detection.queries.detections import detections
from rempart.intelligence import commands as intelligence
from rempart.kernel.actors import system
from rempart.kernel.models import User
from rempart.kernel.time import now
from rempart.kernel.worker import Worker
from rempart.organisations import queries as organisations

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
ME = system("test")


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, settings: Any) -> None:
    settings.VAR = tmp_path
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"


def _make(bodies: int = 12, total_assets: int = 240) -> make.Made:
    return make.make(bodies=bodies, total_assets=total_assets, seed=7, progress=lambda *_: None)


@given(bodies=st.integers(1, 500), seed=st.integers(0, 9))
def test_codes_and_names_are_distinct_and_parents_come_first(bodies: int, seed: int) -> None:
    tree = plan.places(bodies, seed)
    assert len({place.code for place in tree}) == len(tree) == bodies + 14
    assert len({place.name_fr for place in tree}) == len(tree)
    seen = {""}
    for place in tree:
        assert place.parent in seen
        seen.add(place.code)


def test_the_same_seed_gives_the_same_government() -> None:
    tree = plan.places(20, 3)
    once, again = (list(plan.inventories(tree, 900, 3)) for _ in range(2))
    other = list(plan.inventories(tree, 900, 4))
    assert once == again
    assert once != other
    assert sum(len(inventory.assets) for inventory in once) == 900


@pytest.mark.django_db
def test_what_is_planned_is_made() -> None:
    made = _make()
    assert made.bodies == 12
    assert assets.assets(ME).count() == made.assets == 240
    assert {user.email for user in User.objects.all()} == {each.email for each in SIGN_INS}
    assert all(User.objects.get(email=email).check_password(word) for email, word in passwords().items())
    assert (settings.VAR / "demo-sign-ins.json").stat().st_mode & 0o077 == 0
    critical = assets.assets(ME).filter(criticality__gte=3, kind="server").first()
    assert critical is not None
    assert assets.why_critical(ME, critical)[0].kind == "service"


@pytest.mark.django_db
def test_what_the_demo_watches_for_is_found_by_the_engine() -> None:
    made = _make()
    in_force = list(detection.rules(ME).filter(state="active"))
    assert len(in_force) == made.rules == len(watching.EVENTS)
    tried = [rule.current.tests for rule in in_force]
    assert [(each["passed"], each["failed"]) for each in tried] == [(2, 0)] * made.rules
    officer = organisations.get_organisation(ME, "op-001")
    assert made.detections >= detections(ME).filter(body=officer).count() > 0
    assert detection.latest_pack(ME).rules == made.rules


@pytest.mark.django_db
def test_the_officer_of_the_demo_receives_its_alerts() -> None:
    _make()
    body = organisations.get_organisation(ME, "op-001")
    reached = organisations.recipients([body.pk], "officer", now())[body.pk]
    assert "Élie Démo" in {recipient.name for recipient in reached}


class _SlowMachine:
    """A clock that only waiting and the worker's part move: two seconds each time."""

    def __init__(self) -> None:
        self.at = 1000.0

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds

    def worker(self, name: str) -> Any:
        clock = self

        class Slow(Worker):
            def drain(self) -> Any:
                clock.at += 2
                return super().drain()

        return Slow(name)


def _demo(*arguments: str) -> Any:
    app = typer.Typer()
    cli.install(app)
    return CliRunner().invoke(app, ["demo", *arguments])


@pytest.mark.django_db
@pytest.mark.skipif(not DATA.exists(), reason="the public data set is not beside the repository")
def test_december_2021_is_replayed_on_time_and_its_proofs_hold(monkeypatch) -> None:
    _make()
    clock = _SlowMachine()
    began: list[float] = []
    counted: dict[str, tuple[int, int]] = {}

    def say(_line: str) -> None:
        began.append(clock.at)

    with monkeypatch.context() as slow:
        slow.setattr(replay, "time", clock)
        slow.setattr(replay, "Worker", clock.worker)
        outcome = replay.play(DATA, 120, say, lambda what, done, total: counted.update({what: (done, total)}))
    assert 120 <= clock.at - began[0] < 130
    assert len(counted) == 4
    assert all(done == total > 0 for done, total in counted.values())
    assert outcome.bodies > 3
    assert outcome.verified > 0
    assert outcome.reopened > 0
    assert outcome.verified + outcome.reopened == outcome.declared

    again = _demo("replay", "--feeds", str(DATA), "--seconds", "0")
    assert again.exit_code == 0
    assert f"24 December · {outcome.bodies} bodies" in " ".join(again.stderr.split())
    assert not again.stdout
    open_now = directives.directives(ME).filter(vulnerability__cve_id=replay.LOG4SHELL, state="open")
    assert open_now.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("arguments", [("replay", "--feeds", "/nowhere"), ("answer",)])
def test_without_data_or_government_the_demo_says_what_is_missing(tmp_path, settings, arguments) -> None:
    settings.VAR = tmp_path
    done = _demo(*arguments)
    assert done.exit_code == 1
    assert "manque" in done.stderr or "demo make" in done.stderr


@pytest.mark.django_db
@pytest.mark.skipif(not DATA.exists(), reason="the public data set is not beside the repository")
def test_bodies_answer_and_prove() -> None:
    _make(bodies=24, total_assets=720)
    intelligence.load_cve(ME, DATA / "cve" / "log4shell.jsonl")
    intelligence.load_kev(ME, DATA / "kev" / "known_exploited_vulnerabilities.json")
    done = answers.answer(lambda *_: None)
    assert done.inventories > 0
    assert directives.targets(ME).filter(state="verified").exists()
