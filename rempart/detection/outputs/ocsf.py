"""OCSF 1.3 Detection Findings (class 2004), one a line."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any, Final

from rempart.detection.findings import Finding, encoded
from rempart.detection.outputs.model import Writer

_CLASS: Final = 2004
_SEVERITY: Final = {"informational": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}
_NAMES: Final = ("Unknown", "Informational", "Low", "Medium", "High", "Critical")


class Ocsf(Writer):
    """One finding a line; its evidence holds the event."""

    def write(self, finding: Finding) -> None:
        origin = finding.origin
        severity = _SEVERITY[origin.level]
        moment = _milliseconds(finding.timestamp)
        document: dict[str, Any] = {
            "activity_id": 1,
            "activity_name": "Create",
            "category_uid": 2,
            "category_name": "Findings",
            "class_uid": _CLASS,
            "class_name": "Detection Finding",
            "type_uid": _CLASS * 100 + 1,
            "severity_id": severity,
            "severity": _NAMES[severity],
            "status_id": 1,
            "status": "New",
            # Required: of an event without a time, that of the finding.
            "time": int(time.time() * 1000) if moment is None else moment,
            "count": finding.count,
            "message": origin.title,
            "metadata": {"version": "1.3.0", "product": {"name": "Rempart", "vendor_name": "Rempart"}},
            "finding_info": {
                "uid": finding.id,
                "title": origin.title,
                "analytic": {"uid": origin.id, "name": origin.title, "type": "Rule", "type_id": 1},
                "created_time": moment,
                "attacks": [{"technique": {"uid": technique}} for technique in origin.techniques],
                "data_sources": [finding.source],
            },
            "evidences": [{"data": finding.event}],
            "observables": _observables(finding),
        }
        if moment is None:
            del document["finding_info"]["created_time"]
        self.stream.write(encoded(document) + b"\n")


def _observables(finding: Finding) -> list[dict[str, Any]]:
    """What matched, then the host and the user (types 1 and 4 of the dictionary)."""
    found: list[dict[str, Any]] = [
        {"name": one.field or "event", "value": str(one.value), "type_id": 99, "type": "Other"}
        for one in finding.matched
    ]
    if finding.host:
        found.append({"name": "device.hostname", "value": finding.host, "type_id": 1, "type": "Hostname"})
    if finding.user:
        found.append({"name": "actor.user.name", "value": finding.user, "type_id": 4, "type": "User Name"})
    return found


def _milliseconds(timestamp: str | None) -> int | None:
    try:
        return int(datetime.fromisoformat(timestamp).timestamp() * 1000) if timestamp else None
    except (ValueError, OverflowError):
        return None
