"""``rempart advisories check`` and what the advisory's page says of the same tests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.urls import reverse

from rempart.intelligence import commands
from rempart.intelligence.models import Advisory
from rempart.kernel.actors import system
from rempart.kernel.permissions import Role
from tests import factories
from tests.server import alone

ROOT = Path(__file__).resolve().parents[3]
ADVISORIES = ROOT.parent / "shared" / "data" / "csaf" / "cisa"

if not ADVISORIES.is_dir():
    pytest.skip("the CSAF advisories are not beside the repository", allow_module_level=True)


def broken(tmp_path):
    source = next(iter(sorted(ADVISORIES.rglob("icsa-23-045-01.json"))))
    path = tmp_path / source.name
    path.write_bytes(source.read_bytes())
    return path


def run(*arguments):
    return alone("advisories", "check", *arguments)


def test_an_advisory_at_fault_is_told_and_a_sound_one_passes(tmp_path):
    done = run(broken(tmp_path), "--json")
    assert done.returncode == 1
    ((failure,),) = [answer["failures"] for answer in json.loads(done.stdout)]
    assert (failure["test"], failure["at"]) == ("6.1.11", "/vulnerabilities/0/cwe")
    sound = next(iter(sorted(ADVISORIES.rglob("icsa-24-0*.json"))))
    assert run(sound).returncode == 0


@pytest.mark.django_db
def test_the_advisory_keeps_what_it_breaks_and_its_page_says_it(tmp_path, client):
    commands.load_csaf(system("test"), broken(tmp_path))
    kept = Advisory.objects.get()
    assert [failure["test"] for failure in kept.detail["failures"]] == ["6.1.11"]
    client.force_login(factories.user(Role.CGCD_ANALYST, factories.organisation("government")))
    shown = client.get(reverse("advisory", args=[kept.pk])).content.decode()
    assert "6.1.11" in shown
    assert "/vulnerabilities/0/cwe" in shown
