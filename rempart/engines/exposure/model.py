"""The plain data that readers produce, the matcher consumes and the slices store.

Every class is immutable and holds text exactly as its source states it; interpretation
(identity, version order, ranges) happens in the matcher, so that a verdict can quote its source.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class Status(StrEnum):
    """The three answers of a match (VEX terms; ``cannot_tell`` is VEX's *under investigation*)."""

    AFFECTED = "affected"
    NOT_AFFECTED = "not_affected"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class Component:
    """One distinct piece of software as an inventory states it; empty text means "not stated"."""

    id: str
    vendor: str = ""
    product: str = ""
    version: str = ""
    purl: str = ""
    cpe: str = ""


@dataclass(frozen=True, slots=True)
class VersionChange:
    """One entry of ``changes``: from ``at`` on, the status becomes ``status`` (CVE JSON 5 schema)."""

    at: str
    status: str


@dataclass(frozen=True, slots=True)
class VersionEntry:
    """One entry of ``versions`` of CVE JSON 5, or its equivalent read from CSAF or a CPE match.

    ``less_than`` is exclusive, ``less_than_or_equal`` inclusive; both empty means the single
    version ``version``. ``after`` says that the range starts above ``version``, which it does not hold
    (CPE's ``versionStartExcluding``, VERS's ``>``; CVE JSON never says so). ``status`` is ``affected``,
    ``unaffected`` or ``unknown``.
    ``version_type`` is the source's own word ("semver", "custom", "git", "rpm", "maven"...).
    """

    version: str
    status: str
    version_type: str = ""
    less_than: str = ""
    less_than_or_equal: str = ""
    changes: tuple[VersionChange, ...] = ()
    after: bool = False


@dataclass(frozen=True, slots=True)
class Affected:
    """One product statement of one source about one vulnerability.

    ``source`` is the publisher's key: ``cna:apache``, ``adp:CISA-ADP``, ``csaf:cisa:ICSA-24-001-01``,
    ``osv:pysec``, ``vex:acme``. ``cpes`` are CPE 2.3 formatted strings (2.2 URIs accepted).
    ``default_status`` applies to the versions that no entry covers ("unknown" when the source says
    nothing). ``justification`` is the VEX reason of a product that is not affected
    ("component_not_present"...), as its source words it.
    """

    source: str
    vendor: str = ""
    product: str = ""
    package_name: str = ""
    collection_url: str = ""
    purl: str = ""
    default_status: str = "unknown"
    cpes: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    versions: tuple[VersionEntry, ...] = ()
    justification: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """A CVSS base score with its origin. ``version`` is "2.0", "3.0", "3.1" or "4.0"."""

    source: str
    version: str
    score: float
    severity: str
    vector: str


@dataclass(frozen=True, slots=True)
class Ssvc:
    """Decision points of CISA's SSVC container: lower-case option values, and when they were set."""

    source: str
    exploitation: str  # none | poc | active
    automatable: str  # no | yes
    technical_impact: str  # partial | total
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class VulnerabilityRecord:
    """What a published record (CVE JSON 5.x, OSV) or one vulnerability of an advisory (CSAF, VEX) says.

    ``affected`` keeps the order of the sources: the CNA's first, then each ADP's.
    ``raw_digest`` is the SHA-256 (hex) of the record's canonical bytes: same digest, nothing to do.
    """

    id: str
    state: str = "PUBLISHED"  # PUBLISHED | REJECTED
    title: str = ""
    description: str = ""
    published: datetime | None = None
    updated: datetime | None = None
    assigner: str = ""
    affected: tuple[Affected, ...] = ()
    metrics: tuple[Metric, ...] = ()
    ssvc: Ssvc | None = None
    cwes: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    raw_digest: str = ""
    aliases: tuple[str, ...] = ()  # other identifiers of the same vulnerability, as the record states them


@dataclass(frozen=True, slots=True)
class KevEntry:
    """One entry of CISA's Known Exploited Vulnerabilities catalogue."""

    cve_id: str
    vendor: str
    product: str
    name: str
    added: date
    due: date | None
    description: str
    required_action: str
    ransomware: bool
    notes: str = ""
    cwes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EpssScore:
    """One row of FIRST's EPSS file: probability and percentile, both from 0 to 1."""

    cve_id: str
    score: float
    percentile: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one (component, vulnerability) and why.

    ``reason`` is a stable code (see ``matching.REASONS``) and ``detail`` its values by name, so that
    the interface can say it in either language; ``range`` quotes the range compared, as its source
    writes it. ``confidence`` is 0 to 1: identity's confidence times the comparison's.
    """

    component_id: str
    vulnerability_id: str
    status: Status
    source: str
    range: str
    reason: str
    confidence: float
    detail: dict[str, str] = field(default_factory=dict)
