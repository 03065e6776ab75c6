"""Indicators of compromise as plain data, and the moment at which one counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

#: Types of observables.
IP, DOMAIN, URL, HASH, MAIL = "ip", "domain", "url", "hash", "email"
TYPES: Final = (IP, DOMAIN, URL, HASH, MAIL)

#: How long an indicator without an end counts, by type, from the last time it was seen. A file's digest
#: does not age; an address is given to someone else within weeks.
LIFETIMES: Final = {
    IP: timedelta(days=90),
    URL: timedelta(days=180),
    DOMAIN: timedelta(days=365),
    MAIL: timedelta(days=365),
}
#: Confidence of an indicator whose source gives none, out of 100.
UNSTATED: Final = 70


@dataclass(frozen=True, slots=True)
class Details:
    """What a source says of indicators; shared by those of which it says the same.

    ``seen`` is the last time at which the source knew it active; ``confidence`` is out of 100.
    """

    source: str
    id: str = ""
    name: str = ""
    confidence: int = UNSTATED
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    seen: datetime | None = None
    labels: tuple[str, ...] = ()

    def score(self, kind: str, at: datetime) -> int:
        """What is left of its confidence at a moment: 0 outside its validity, and once it has aged away.

        Without an end, it falls to nought over the lifetime of its type, slowly first (the square of the
        age's share), since most infrastructure is dropped late.
        """
        if (self.valid_from and at < self.valid_from) or (self.valid_until and at >= self.valid_until):
            return 0
        lifetime = LIFETIMES.get(kind)
        since = self.seen or self.valid_from
        if self.valid_until or lifetime is None or since is None or at <= since:
            return self.confidence
        share = (at - since) / lifetime
        return 0 if share >= 1 else round(self.confidence * (1 - share * share))


@dataclass(frozen=True, slots=True)
class Indicator:
    """A value to look for, in the form in which it is compared."""

    kind: str
    value: str
    details: Details


@dataclass(frozen=True, slots=True)
class Sighting:
    """An indicator seen in an event: the field, what was observed there, and what is left of its
    confidence.
    """

    field: str
    observed: str
    indicator: Indicator
    score: int

    @property
    def level(self) -> str:
        """Sigma's word for how much it matters."""
        return "high" if self.score >= 75 else "medium" if self.score >= 40 else "low"


@dataclass(frozen=True, slots=True)
class Defect:
    """An entry of a file that is no indicator that can be looked for, and why; ``line`` from 1."""

    path: str
    line: int | None
    reason: str

    def __str__(self) -> str:
        return f"{self.path}{f' (line {self.line})' if self.line else ''}: {self.reason}"


@dataclass(slots=True)
class Loaded:
    """Counts of one loading: indicators by type, those that the allow-list covers, and what could not be
    used.
    """

    counts: dict[str, int] = field(default_factory=dict)
    allowed: int = 0
    skipped: int = 0  # marked by their source as not for detection, or revoked
    defects: list[Defect] = field(default_factory=list)
    defect_count: int = 0
