"""What a scan counts on its way: events, findings by level, rule, technique and host, and what went wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from rempart.detection.findings import LEVELS, Finding
from rempart.engines.logs import Problem

#: Hosts and rules counted apart; the others are counted together, so that memory is bounded.
_APART = 10_000
_PROBLEMS = 1_000


@dataclass(slots=True)
class Tally:
    """Counts of one run, and the first problems."""

    files: int = 0
    events: int = 0
    findings: int = 0
    rules: int = 0
    correlations: int = 0
    defects: int = 0
    not_rules: int = 0  # files among the rules that do not say they are rules
    indicators: int = 0
    levels: Counter[str] = field(default_factory=Counter)
    techniques: Counter[str] = field(default_factory=Counter)
    hosts: Counter[str] = field(default_factory=Counter)
    titles: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0

    def add(self, finding: Finding) -> None:
        """Count a finding."""
        self.findings += 1
        origin = finding.origin
        self.levels[origin.level] += 1
        self.techniques.update(origin.techniques)
        key = (origin.level, origin.title, origin.id)
        if key in self.titles or len(self.titles) < _APART:
            self.titles[key] += 1
        host = finding.host or ""
        if host and (host in self.hosts or len(self.hosts) < _APART):
            self.hosts[host] += 1

    def merge(self, other: Tally) -> None:
        """Count the findings that another counted after those counted here."""
        self.findings += other.findings
        self.levels.update(other.levels)
        self.techniques.update(other.techniques)
        for key, count in other.titles.items():
            if key in self.titles or len(self.titles) < _APART:
                self.titles[key] += count
        for host, count in other.hosts.items():
            if host in self.hosts or len(self.hosts) < _APART:
                self.hosts[host] += count

    def trouble(self, problems: list[Problem]) -> None:
        """Count what could not be read."""
        self.problem_count += len(problems)
        self.problems += problems[: _PROBLEMS - len(self.problems)]

    def by_level(self) -> list[tuple[str, int]]:
        """Levels that were found, the gravest first."""
        return [(level, self.levels[level]) for level in reversed(LEVELS) if self.levels[level]]
