"""Test cases of rules: a recorded log that must hit its rule a known number of times.

A folder holds ``info.yml``: ``rule_metadata`` (``id``, ``title``) and ``regression_tests_info`` (``name``,
``type``, ``match_count``, ``path``), and the logs beside it. ``match_count`` is the least: recorded logs
often hold what the same attack left twice. ``path`` is taken from the folder of
``info.yml`` upwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from rempart.engines import logs, sigma

_INFO: Final = "info.yml"
_BYTES: Final = 1024**2
_BATCH: Final = 4096


class BadCase(Exception):
    """A folder of cases that cannot be used; the message names the file and says why."""


@dataclass(frozen=True, slots=True)
class Result:
    """A case: the rule that must hit, how often it must, and how often it did (None: not run, for
    ``reason``).
    """

    case: str
    rule_id: str
    log: str
    expected: int
    found: int | None
    reason: str = ""

    @property
    def passed(self) -> bool:
        """Whether the rule hit as often as it must, or more."""
        return self.found is not None and self.found >= self.expected

    def record(self) -> dict[str, Any]:
        """The result as an object of JSON."""
        return {
            "case": self.case, "rule_id": self.rule_id, "log": self.log, "expected": self.expected,
            "found": self.found, "passed": self.passed, "reason": self.reason,
        }  # fmt: skip

    def __str__(self) -> str:
        what = self.reason or f"{self.found} au lieu de · instead of {self.expected}"
        return f"{self.case} ({self.rule_id}) {self.log}: {what}"


def results(places: Iterable[Path], detector: sigma.Detector) -> Iterator[Result]:
    """The result of every case beneath these folders. Raises ``BadCase``."""
    known = {rule.id for rule in detector.rules}
    for place in places:
        found = sorted(place.rglob(_INFO)) if place.is_dir() else [place]
        if not found:
            raise BadCase(f"{place}: aucun · no {_INFO}")
        for info in found:
            yield from _cases(info, detector, known)


def _cases(info: Path, detector: sigma.Detector, known: set[str]) -> Iterator[Result]:
    document = _document(info)
    rules = [str(one.get("id")) for one in document.get("rule_metadata") or () if isinstance(one, dict)]
    for case in document.get("regression_tests_info") or ():
        if not isinstance(case, dict) or not rules:
            raise BadCase(f"{info}: regression_tests_info, rule_metadata")
        name, path, expected = case.get("name"), str(case.get("path", "")), case.get("match_count", 1)
        log = _found(info, path)
        for rule in rules:
            if rule not in known:
                yield Result(
                    str(name), rule, path, expected, None, "règle absente ou avec un défaut · no such rule"
                )
            elif log is None:
                yield Result(str(name), rule, path, expected, None, "journal absent · no such log")
            else:
                yield Result(str(name), rule, str(log), expected, _hits(log, detector, rule))


def _document(info: Path) -> dict[str, Any]:
    try:
        if info.stat().st_size > _BYTES:
            raise BadCase(f"{info}: > {_BYTES} bytes")
        document = yaml.safe_load(info.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as problem:
        raise BadCase(f"{info}: {problem}") from None
    if not isinstance(document, dict):
        raise BadCase(f"{info}: not a mapping")
    return document


def _found(info: Path, path: str) -> Path | None:
    """The log of a case: beside ``info.yml``, or under one of the folders above it."""
    relative = Path(path)
    if relative.is_absolute() or ".." in relative.parts:
        return None
    beside = info.parent / relative.name
    if beside.is_file():
        return beside
    return next((above / relative for above in info.resolve().parents if (above / relative).is_file()), None)


def _hits(log: Path, detector: sigma.Detector, rule: str) -> int:
    problems: list[logs.Problem] = []
    hits = 0
    batch: list[dict[str, Any]] = []
    for event in logs.read(log, problems=problems.append):
        batch.append(event.data)
        if len(batch) == _BATCH:
            hits += sum(one.rule.id == rule for one in detector.scan(batch))
            batch = []
    return hits + sum(one.rule.id == rule for one in detector.scan(batch))
