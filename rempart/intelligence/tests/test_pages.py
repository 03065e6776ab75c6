"""The pages, the API and the command line, as each role sees them."""

from __future__ import annotations

import json
import re

import pytest
import typer
from django.urls import reverse
from django.utils.translation import override
from typer.testing import CliRunner

from rempart.engines.exposure.model import Affected, VersionChange, VersionEntry
from rempart.intelligence import cli, commands, sections
from rempart.intelligence.models import Advisory, Feed, Quarantined, Vulnerability
from rempart.intelligence.tests.conftest import cve, kev_entry, write_epss, write_kev, write_lines
from rempart.intelligence.tests.test_csaf import advisory, write
from rempart.intelligence.wording import ranges_in_words
from rempart.kernel.models import Job
from rempart.kernel.permissions import Role
from tests import factories

pytestmark = pytest.mark.django_db

PAGES = ("vulnerability_list", "advisory_list", "feed_list", "quarantine", "feed_runs")
_HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def government():
    return factories.organisation("government")


@pytest.fixture
def known(platform, tmp_path):
    """Two vulnerabilities, one advisory, one record put aside."""
    commands.load_kev(platform, write_kev(tmp_path / "kev.json", kev_entry()))
    record = cve(1, title=_HOSTILE, descriptions=[{"lang": "en", "value": _HOSTILE}])
    commands.load_cve(platform, write_lines(tmp_path / "a.jsonl", record, cve(2), "{bad"))
    commands.load_epss(platform, write_epss(tmp_path / "e.csv.gz", "CVE-2024-0001,0.5,0.9"))
    commands.load_csaf(platform, write(tmp_path / "csaf", advisory(tlp="AMBER")))


def sign_in(client, role, place):
    client.force_login(factories.user(role, place))
    return client


def test_pages_show_what_is_known_and_run_nothing_of_it(client, government, known):
    sign_in(client, Role.CGCD_ANALYST, government)
    for name in PAGES:
        response = client.get(reverse(name))
        assert response.status_code == 200, name
        assert _HOSTILE not in response.content.decode()
    page = client.get(reverse("vulnerability", args=["CVE-2024-0001"])).content.decode()
    assert _HOSTILE not in page
    assert "avant 2.0" in page
    assert 'rel="noopener noreferrer"' in page
    assert "AVIS-1" in page
    advisory_page = client.get(reverse("advisory", args=[Advisory.objects.get().pk])).content.decode()
    assert "AMBRE" in advisory_page
    assert "Install 3." in advisory_page


def test_pages_are_in_english_too(client, government, known):
    sign_in(client, Role.CGCD_ANALYST, government)
    client.cookies["rempart_language"] = "en"
    page = client.get(reverse("vulnerability", args=["CVE-2024-0001"])).content.decode()
    assert "before 2.0" in page
    assert "Affected products" in page


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"CVE-2024-0001", "CVE-2024-0002"}),
        ("?q=cve-2024-0001", {"CVE-2024-0001"}),
        ("?kev=yes", {"CVE-2024-0001"}),
        ("?kev=no", {"CVE-2024-0002"}),
        ("?exploitation=active", {"CVE-2024-0001"}),
        ("?epss=0.1", {"CVE-2024-0001"}),
        ("?cvss=9", set()),
        ("?cvss=nonsense", {"CVE-2024-0001", "CVE-2024-0002"}),
        ("?product=vendeur+produit", {"CVE-2024-0001", "CVE-2024-0002"}),
        ("?product=autre", set()),
        ("?published=30", set()),
    ],
)
def test_the_list_is_filtered_by_its_address(client, government, known, query, expected):
    sign_in(client, Role.CGCD_ANALYST, government)
    page = client.get(reverse("vulnerability_list") + query).content.decode()
    assert set(re.findall(r'/vulnerabilities/(CVE-[\d-]+)/"', page)) == expected


def test_exports_carry_the_most_restrictive_marking(client, government, known):
    sign_in(client, Role.CGCD_ANALYST, government)
    vulnerabilities = b"".join(client.get(reverse("vulnerability_list") + "?format=csv").streaming_content)
    assert "PFC : CLAIR" in vulnerabilities.decode("utf-8-sig")
    advisories = b"".join(client.get(reverse("advisory_list") + "?format=csv").streaming_content)
    assert "PFC : AMBRE" in advisories.decode("utf-8-sig")
    assert client.get(reverse("quarantine") + "?format=xlsx").status_code == 200


def test_who_may_open_what(client, government, known):
    sign_in(client, Role.AUTHORITY, government)
    assert client.get(reverse("vulnerability_list")).status_code == 403
    assert client.get(reverse("feed_list")).status_code == 403
    sign_in(client, Role.ADMINISTRATOR, government)
    assert client.get(reverse("vulnerability_list")).status_code == 403
    assert client.get(reverse("feed_list")).status_code == 200
    assert client.post(reverse("feed_run", args=["kev"])).status_code == 403
    assert client.get(reverse("vulnerability", args=["CVE-1999-0001"])).status_code == 403


def test_a_feed_is_read_and_turned_on_from_its_page(client, government):
    sign_in(client, Role.CGCD_ANALYST, government)
    commands.ensure_default_feeds()
    assert client.post(reverse("feed_run", args=["kev"])).status_code == 302
    assert Job.objects.get().args == ["kev"]
    assert client.post(reverse("feed_run", args=["none"])).status_code == 404
    client.post(reverse("feed_enable", args=["kev"]), {"enabled": "yes"})
    assert Feed.objects.get(name="kev").enabled
    assert client.get(reverse("feed_run", args=["kev"])).status_code == 405


def test_other_slices_add_sections_and_filters(client, government, known, monkeypatch):
    monkeypatch.setattr(sections._sections, "_known", [])
    sections.register_section(20, "Second", lambda request, vulnerability: f"<p>{vulnerability.cve_id} b</p>")
    sections.register_section(10, "First", lambda request, vulnerability: "<p>a</p>")
    sections.register_section(30, "Silent", lambda request, vulnerability: None)
    sign_in(client, Role.CGCD_ANALYST, government)
    page = client.get(reverse("vulnerability", args=["CVE-2024-0002"])).content.decode()
    assert page.index("<p>a</p>") < page.index("<p>CVE-2024-0002 b</p>")
    assert "Silent" not in page


def test_the_list_costs_few_queries(client, government, known, django_assert_max_num_queries):
    sign_in(client, Role.CGCD_ANALYST, government)
    with django_assert_max_num_queries(25):
        client.get(reverse("vulnerability_list"))
    with django_assert_max_num_queries(25):
        client.get(reverse("vulnerability", args=["CVE-2024-0001"]))


def test_the_api_lists_and_reads(client, government, known):
    sign_in(client, Role.CGCD_ANALYST, government)
    listed = client.get("/api/v1/intelligence/vulnerabilities?kev=yes&size=10").json()
    assert (listed["count"], listed["items"][0]["cve_id"]) == (1, "CVE-2024-0001")
    found = client.get("/api/v1/intelligence/vulnerabilities/CVE-2024-0001").json()
    assert found["affected"][0]["ranges"] == "avant 2.0"
    assert found["advisories"] == ["AVIS-1"]
    assert client.get("/api/v1/intelligence/vulnerabilities/CVE-1999-0001").status_code == 404
    assert client.get("/api/v1/intelligence/vulnerabilities?cvss=12").status_code == 422
    (one,) = client.get("/api/v1/intelligence/advisories").json()["items"]
    assert one["marking"] == "TLP:AMBER"
    read = client.get(f"/api/v1/intelligence/advisories/{one['id']}").json()
    assert read["vulnerabilities"] == ["CVE-2024-0001"]
    feeds = {each["name"]: each for each in client.get("/api/v1/intelligence/feeds").json()}
    assert feeds["cve"]["quarantined"] == Quarantined.objects.count() == 1


def test_the_api_refuses_the_wrong_role(client, government, known):
    sign_in(client, Role.AUTHORITY, government)
    assert client.get("/api/v1/intelligence/vulnerabilities").status_code == 403
    assert client.get("/api/v1/intelligence/feeds").status_code == 403


@pytest.fixture
def run():
    app = typer.Typer()
    cli.install(app)
    return lambda *words: CliRunner().invoke(app, ["feeds", *words])


def test_the_command_line_loads_and_lists(run, tmp_path):
    path = write_lines(tmp_path / "a.jsonl", cve(1))
    (loaded,) = json.loads(run("load", str(path), "--json").stdout)
    assert (loaded["kind"], loaded["added"]) == ("cve", 1)
    assert Vulnerability.objects.count() == 1
    names = {each["name"]: each for each in json.loads(run("list", "--json").stdout)}
    assert names["cve"]["state"] == "inactive"
    assert run("enable", "kev").exit_code == 0
    assert run("enable", "nothing").exit_code == 1
    assert run("add", "mine", "/var/mine", "--kind", "cve").exit_code == 0
    assert run("sync", "mine").exit_code == 1
    assert run("load", str(tmp_path / "a.jsonl"), "--kind", "rss").exit_code == 1


def _entry(**values):
    return VersionEntry(**{"version": "0", "status": "affected", **values})


@pytest.mark.parametrize(
    ("affected", "french", "english"),
    [
        (Affected("x"), "versions non précisées", "versions not stated"),
        (Affected("x", default_status="affected"), "toutes les versions", "all versions"),
        (Affected("x", versions=(_entry(version="1.2"),)), "1.2", "1.2"),
        (Affected("x", versions=(_entry(less_than="2"),)), "avant 2", "before 2"),
        (
            Affected("x", versions=(_entry(version="1", less_than_or_equal="2"),)),
            "de 1 à 2 inclus",
            "from 1 to 2 inclusive",
        ),
        (
            Affected(
                "x",
                versions=(
                    _entry(
                        version="2.0-beta9",
                        less_than="log4j-core*",
                        changes=(
                            VersionChange("2.3.1", "unaffected"),
                            VersionChange("2.4", "affected"),
                            VersionChange("2.12.2", "unaffected"),
                        ),
                    ),
                ),
            ),
            "de 2.0-beta9 à avant 2.3.1 ; de 2.4 à avant 2.12.2",
            "from 2.0-beta9 to before 2.3.1; from 2.4 to before 2.12.2",
        ),
    ],
)
def test_ranges_read_as_words(affected, french, english):
    with override("fr"):
        assert ranges_in_words(affected) == french
    with override("en"):
        assert ranges_in_words(affected) == english
