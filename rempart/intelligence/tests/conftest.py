"""Real data where it lies beside the project, and small records made here."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from rempart.kernel.actors import Actor, system

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"


@pytest.fixture
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the public data is not beside the project (../shared/data)")
    return SHARED


@pytest.fixture
def platform() -> Actor:
    return system("tests")


def cve(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A CVE record: product « Vendeur Produit », affected before 2.0; ``changes`` go to its CNA."""
    metadata = changes.pop("metadata", {})
    adp = changes.pop("adp", None)
    cna = {
        "providerMetadata": {"shortName": "vendeur", "orgId": "0" * 36},
        "descriptions": [{"lang": "en", "value": f"Flaw {number}"}],
        "affected": [
            {
                "vendor": "Vendeur",
                "product": "Produit",
                "defaultStatus": "unaffected",
                "versions": [{"version": "0", "lessThan": "2.0", "status": "affected"}],
            }
        ],
        "references": [{"url": "https://example.test/a"}],
        **changes,
    }
    return {
        "dataType": "CVE_RECORD",
        "dataVersion": "5.1",
        "cveMetadata": {
            "cveId": f"CVE-2024-{number:04d}",
            "state": "PUBLISHED",
            "assignerShortName": "vendeur",
            "datePublished": "2024-01-02T03:04:05Z",
            "dateUpdated": "2024-02-02T03:04:05Z",
            **metadata,
        },
        "containers": {"cna": cna, **({"adp": adp} if adp else {})},
    }


def kev_entry(cve_id: str = "CVE-2024-0001", **changes: Any) -> dict[str, Any]:
    return {
        "cveID": cve_id,
        "vendorProject": "Vendeur",
        "product": "Produit",
        "vulnerabilityName": "Vendeur Produit Flaw",
        "dateAdded": "2024-03-01",
        "dueDate": "2024-03-22",
        "shortDescription": "A flaw.",
        "requiredAction": "Apply.",
        "knownRansomwareCampaignUse": "Unknown",
        **changes,
    }


def write_kev(path: Path, *entries: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"count": len(entries), "vulnerabilities": entries}))
    return path


def write_lines(path: Path, *records: Any) -> Path:
    text = "\n".join(each if isinstance(each, str) else json.dumps(each) for each in records)
    path.write_text(text)
    return path


def write_epss(path: Path, *rows: str, on: str = "2024-05-01") -> Path:
    lines = [f"#model_version:v1,score_date:{on}T00:00:00+0000", "cve,epss,percentile", *rows]
    path.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode()))
    return path
