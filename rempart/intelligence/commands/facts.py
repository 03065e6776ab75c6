"""Which source decides a fact when several speak: the precedences, in one place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from rempart.engines.exposure.model import Metric, VulnerabilityRecord
from rempart.intelligence.models import Vulnerability

EXPLOITATION = ("none", "poc", "active")
# Clocks of machines differ; a date further ahead than this is not believed.
TOLERANCE = timedelta(days=1)

_VERSIONS = ("4.0", "3.1", "3.0", "2.0")
_SEVERITIES = ((9.0, "CRITICAL"), (7.0, "HIGH"), (4.0, "MEDIUM"), (0.1, "LOW"))


def chosen_metric(metrics: Sequence[Metric]) -> Metric | None:
    """The CVSS score shown: the CNA's before any other's, and of each the latest version."""

    def rank(metric: Metric) -> tuple[bool, int]:
        version = _VERSIONS.index(metric.version) if metric.version in _VERSIONS else len(_VERSIONS)
        return not metric.source.startswith("cna:"), version

    return min(metrics, key=rank, default=None)


def severity_of(metric: Metric) -> str:
    """The stated severity, else that of the score (CVSS 3.1, section 5; version 2 states none)."""
    if metric.severity:
        return metric.severity.upper()[:10]
    if metric.version == "2.0":
        return "HIGH" if metric.score >= 7 else "MEDIUM" if metric.score >= 4 else "LOW"
    return next((name for least, name in _SEVERITIES if metric.score >= least), "NONE")


def set_metrics(vulnerability: Vulnerability, metrics: Sequence[Metric]) -> None:
    """Keeps every score, and the chosen one in the columns that lists filter on."""
    vulnerability.metrics = [
        {
            "source": metric.source[:100],
            "version": metric.version,
            "score": metric.score,
            "severity": severity_of(metric),
            "vector": metric.vector[:300],
        }
        for metric in metrics[:100]
    ]
    chosen = chosen_metric(metrics)
    vulnerability.cvss_score = chosen.score if chosen else None
    vulnerability.cvss_version = chosen.version[:5] if chosen else ""
    vulnerability.cvss_severity = severity_of(chosen) if chosen else ""
    vulnerability.cvss_vector = chosen.vector[:300] if chosen else ""
    vulnerability.cvss_source = chosen.source[:100] if chosen else ""


def set_exploitation(vulnerability: Vulnerability) -> None:
    """The catalogue of known exploited vulnerabilities before any SSVC decision."""
    if vulnerability.kev_added_on is not None:
        vulnerability.exploitation, vulnerability.exploitation_source = "active", "kev"
    else:
        stated = vulnerability.ssvc_exploitation
        vulnerability.exploitation = stated if stated in EXPLOITATION else "none"
        vulnerability.exploitation_source = vulnerability.ssvc_source if stated in EXPLOITATION else ""


def set_record(vulnerability: Vulnerability, record: VulnerabilityRecord, at: datetime) -> None:
    """The facts of a CVE record. A publication in the future is kept as a warning and starts no clock."""
    warnings: list[dict[str, Any]] = []
    vulnerability.state = record.state
    vulnerability.title = record.title[:500]
    vulnerability.description = record.description[:20_000]
    vulnerability.published_at = record.published
    vulnerability.updated_at = record.updated
    for name, stated in (("published_at", record.published), ("updated_at", record.updated)):
        if stated is not None and stated > at + TOLERANCE:
            setattr(vulnerability, name, None)
            warnings.append({"code": "future_date", "field": name, "value": stated.isoformat()})
    vulnerability.warnings = warnings
    vulnerability.assigner = record.assigner[:100]
    vulnerability.cwes = list(record.cwes[:20])
    vulnerability.references = [url[:2000] for url in record.references]
    set_metrics(vulnerability, record.metrics)
    ssvc = record.ssvc
    vulnerability.ssvc_exploitation = ssvc.exploitation[:8] if ssvc else ""
    vulnerability.ssvc_source = ssvc.source[:100] if ssvc else ""
    vulnerability.automatable = ssvc.automatable if ssvc and ssvc.automatable in {"yes", "no"} else ""
    vulnerability.technical_impact = (
        ssvc.technical_impact if ssvc and ssvc.technical_impact in {"partial", "total"} else ""
    )
    vulnerability.ssvc_at = ssvc.at if ssvc else None
    set_exploitation(vulnerability)


RECORD_FIELDS = (
    "state", "title", "description", "published_at", "updated_at", "assigner", "cvss_score", "cvss_version",
    "cvss_severity", "cvss_vector", "cvss_source", "exploitation", "exploitation_source", "ssvc_exploitation",
    "ssvc_source", "automatable", "technical_impact", "ssvc_at", "epss", "epss_percentile", "epss_on", "cwes",
    "references", "metrics", "warnings", "record_digest", "affected_digest",
)  # fmt: skip
