"""SARIF 2.1.0 (OASIS): a result for each finding, the rules after them, since they are known at the end."""

from __future__ import annotations

from typing import Any, BinaryIO, Final
from urllib.parse import quote

from rempart.detection.findings import Finding, encoded
from rempart.detection.outputs.model import Writer
from rempart.detection.tally import Tally

_LEVELS: Final = {
    "critical": "error",
    "high": "error",
    "medium": "warning",
    "low": "note",
    "informational": "note",
}
_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


class Sarif(Writer):
    """One run, whose driver has the rules that found something."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream)
        self._rules: dict[str, dict[str, Any]] = {}
        head = encoded({"$schema": _SCHEMA, "version": "2.1.0"})[:-1]
        self.stream.write(head + b',"runs":[{"results":[')
        self._before = b"\n"

    def write(self, finding: Finding) -> None:
        origin = finding.origin
        if origin.id not in self._rules:
            self._rules[origin.id] = {
                "id": origin.id,
                "name": origin.title,
                "shortDescription": {"text": origin.title},
                "defaultConfiguration": {"level": _LEVELS[origin.level]},
                "properties": {"tags": list(origin.tags), "severity": origin.level},
            }
        values = "; ".join(
            f"{one.field}: {one.value}" if one.field else str(one.value) for one in finding.matched
        )
        result = {
            "ruleId": origin.id,
            "level": _LEVELS[origin.level],
            "message": {"text": f"{origin.title}{f' ({values})' if values else ''}"},
            "locations": [
                {
                    "physicalLocation": {"artifactLocation": {"uri": quote(finding.source)}},
                    "logicalLocations": [{"name": f"event {finding.index}", "kind": "event"}],
                }
            ],
            "occurrenceCount": finding.count,
            "properties": {
                "event_index": finding.index,
                "timestamp": finding.timestamp,
                "host": finding.host,
                "user": finding.user,
                "event": finding.event,
            },
        }
        self.stream.write(self._before + encoded(result))
        self._before = b",\n"

    def close(self, tally: Tally) -> None:
        driver = {"name": "Rempart", "rules": list(self._rules.values())}
        told = [{"level": "warning", "message": {"text": str(problem)}} for problem in tally.problems]
        tail = {
            "tool": {"driver": driver},
            "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": told}],
        }
        self.stream.write(b"\n]," + encoded(tail)[1:-1] + b"}]}\n")
        super().close(tally)
