"""The public data, whole: each record is loaded or set aside, and a second reading is silent."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from django.db.models import Count

from rempart.intelligence import commands
from rempart.intelligence.models import Advisory, AffectedProduct, FeedRun, Quarantined, Vulnerability
from rempart.kernel.actors import system
from rempart.kernel.models import OutboxEvent

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
KEV = DATA / "kev" / "known_exploited_vulnerabilities.json"
CVE = DATA / "cve" / "cve-records.jsonl.gz"
LOG4SHELL = DATA / "cve" / "log4shell.jsonl"
CSAF = DATA / "csaf" / "cisa"
ACTOR = system("tests")

pytestmark = [
    pytest.mark.full,
    pytest.mark.django_db,
    pytest.mark.skipif(not DATA.exists(), reason="the public data is not beside the repository"),
]


def _epss() -> Path:
    return next((DATA / "epss").glob("epss_scores-*.csv.gz"))


def _everything() -> dict[str, object]:
    """Loads the four feeds; what each counted."""
    return {
        "cve": commands.load_cve(ACTOR, CVE),
        "log4shell": commands.load_cve(ACTOR, LOG4SHELL),
        "kev": commands.load_kev(ACTOR, KEV),
        "epss": commands.load_epss(ACTOR, _epss()),
        "csaf": commands.load_csaf(ACTOR, CSAF),
    }


def _state() -> tuple[object, ...]:
    return (
        Vulnerability.objects.count(),
        Vulnerability.objects.filter(kev_added_on__isnull=False).count(),
        Vulnerability.objects.filter(epss__isnull=False).count(),
        AffectedProduct.objects.count(),
        Advisory.objects.count(),
        Quarantined.objects.count(),
    )


def test_everything_is_loaded_and_a_second_reading_changes_nothing() -> None:
    first = _everything()
    for name, counts in first.items():
        settled = counts.added + counts.changed + counts.unchanged + counts.rejected
        assert settled == counts.read, (name, counts)
    with gzip.open(CVE) as lines:
        written = sum(1 for line in lines if line.strip())
    assert written == 33_144
    assert first["cve"].read == written
    assert first["cve"].rejected < written // 100
    listed = {each["cveID"] for each in json.loads(KEV.read_text())["vulnerabilities"]}
    assert first["kev"].read == len(listed) == 1_404
    known = Vulnerability.objects.filter(kev_added_on__isnull=False).values_list("cve_id", flat=True)
    assert set(known) == listed
    assert first["epss"].read == 360_142
    assert first["csaf"].read == len(list(CSAF.rglob("*.json"))) == 370
    assert Advisory.objects.count() == 370 - first["csaf"].rejected
    assert all(Quarantined.objects.values_list("reason", flat=True))
    doubled = Vulnerability.objects.values("cve_id").annotate(n=Count("id")).filter(n__gt=1)
    assert not doubled.exists()

    before, events = _state(), OutboxEvent.objects.count()
    for name, counts in _everything().items():
        assert (counts.added, counts.changed) == (0, 0), (name, counts)
    assert _state() == before
    assert OutboxEvent.objects.count() == events
    assert not FeedRun.objects.filter(outcome__in=["running", "failed"]).exists()
