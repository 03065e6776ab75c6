"""What cannot be told is counted by reason, with the rows behind it and what would settle it."""

from __future__ import annotations

import pytest
from django.test import Client

from rempart.engines.exposure import REASONS
from rempart.exposure import commands, wording
from rempart.exposure.models import Exposure
from rempart.exposure.queries.doubts import doubtful, doubts
from rempart.intelligence.models import UnreadRange, Vulnerability
from rempart.kernel.actors import system
from rempart.kernel.permissions import Role
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(published):
    published("portail", "2.0", cve_id="CVE-2030-0001")
    asset = factories.asset(factories.organisation())
    factories.install(asset, factories.component(vendor="exemple", product="portail", version=""))
    factories.install(asset, factories.component(vendor="exemple", product="portail", version="1.0"))
    commands.reconcile_body(asset.body_id)
    return asset


def test_reasons_are_counted_with_what_would_settle_them(server) -> None:
    (one,) = doubts(doubtful(system("tests")))
    assert (one.reason, one.verdicts, one.components) == ("no_version", 1, 1)
    assert one.settles == wording.SETTLES["no_version"]


def test_the_page_shows_ones_own_rows_only(server) -> None:
    officer = Client()
    officer.force_login(factories.user(Role.BODY_OFFICER, server.body))
    page = officer.get("/doubts/?reason=no_version").content.decode()
    assert "CVE-2030-0001" in page
    assert str(wording.SETTLES["no_version"]) in page
    assert b"CVE-2030-0001" in b"".join(officer.get("/doubts/?format=csv").streaming_content)
    stranger = Client()
    elsewhere = factories.organisation(parent=server.body.parent)
    stranger.force_login(factories.user(Role.BODY_OFFICER, elsewhere))
    assert "CVE-2030-0001" not in stranger.get("/doubts/").content.decode()


def test_what_records_leave_unread_is_counted_and_leads_to_them(server) -> None:
    record = Vulnerability.objects.get(cve_id="CVE-2030-0001")
    UnreadRange.objects.create(
        affected=record.affected.get(), vulnerability=record, reason="contradictory_range", text=">= 5, < 4"
    )
    officer = Client()
    officer.force_login(factories.user(Role.BODY_OFFICER, server.body))
    assert "/vulnerabilities/?unread=contradictory_range" in officer.get("/doubts/").content.decode()
    assert "CVE-2030-0001" in officer.get("/vulnerabilities/?unread=contradictory_range").content.decode()
    assert "CVE-2030-0001" not in officer.get("/vulnerabilities/?unread=git_range").content.decode()


def test_an_exposure_that_cannot_be_told_does_not_say_that_it_is_certain(server) -> None:
    officer = Client()
    officer.force_login(factories.user(Role.BODY_OFFICER, server.body))
    for exposure in Exposure.objects.all():
        page = officer.get(f"/exposures/{exposure.pk}").content.decode()
        doubtful_one = exposure.certainty == "cannot_tell"
        assert ("expose peut-être cet actif" in page, "expose cet actif" in page) == (
            doubtful_one,
            not doubtful_one,
        )
    assert Exposure.objects.filter(certainty="cannot_tell").exists()


def test_every_reason_has_its_words_and_every_doubt_what_settles_it() -> None:
    assert set(wording.REASONS) == set(REASONS)
    assert set(wording.DOUBTS) == set(wording.SETTLES)
    told = {"in_range", "exact_version", "all_versions", "default_affected", "fixed_at", "above_range",
            "listed_unaffected", "default_unaffected", "other_platform"}  # fmt: skip
    assert set(REASONS) - told <= set(wording.DOUBTS)
