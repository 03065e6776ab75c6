"""``cpeApplicability`` of CVE JSON 5.1 (NVD's configuration nodes) flattened into product statements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from rempart.engines.exposure.model import Affected, VersionEntry
from rempart.engines.records.fields import Json, RecordError, objects, required, shown, text

_COLON: Final = re.compile(r"(?<!\\):")
_VERSION_FIELD: Final = 5  # "cpe:2.3:part:vendor:product:version:…"


def parse_applicability(container: Json, at: str, source: str) -> Iterator[Affected]:
    """One statement per vulnerable product of the container's CPE configurations.

    Matches that differ only by version are one statement with several versions. Where a
    configuration demands a platform (``AND`` with matches that are not vulnerable), its CPEs are the
    statement's ``platforms``. A negated node cannot be said as a list: its versions are ``unknown``.
    """
    for configuration, path in objects(container, "cpeApplicability", at):
        required_platforms = configuration.get("operator") == "AND"
        found: dict[str, tuple[list[str], list[VersionEntry]]] = {}
        platforms: dict[str, None] = {}
        for node, here in objects(configuration, "nodes", path):
            negated = bool(node.get("negate")) != bool(configuration.get("negate"))
            for match, spot in objects(node, "cpeMatch", here):
                criteria = required(match, "criteria", spot)
                fields = _COLON.split(criteria)
                if not criteria.startswith("cpe:2.3:") or len(fields) <= _VERSION_FIELD:
                    raise RecordError(f"{spot}.criteria", f"{shown(criteria)} is not a CPE 2.3 name")
                if match.get("vulnerable") is not True:
                    if required_platforms or node.get("operator") == "AND":
                        platforms.setdefault(criteria)
                    continue
                version = fields[_VERSION_FIELD]
                key = ":".join(fields[:_VERSION_FIELD] + fields[_VERSION_FIELD + 1 :])
                cpes, versions = found.setdefault(key, ([], []))
                if criteria not in cpes:
                    cpes.append(criteria)
                versions.extend(_range(match, spot, version, "unknown" if negated else "affected"))
        for cpes, versions in found.values():
            yield Affected(
                source=source,
                cpes=tuple(cpes),
                platforms=tuple(platforms),
                versions=tuple(dict.fromkeys(versions)),
            )


def _range(match: Json, at: str, version: str, status: str) -> Iterator[VersionEntry]:
    start, after = text(match, "versionStartIncluding", at), text(match, "versionStartExcluding", at)
    before, last = text(match, "versionEndExcluding", at), text(match, "versionEndIncluding", at)
    if not (start or after or before or last):
        yield VersionEntry(version=version.replace("\\", ""), status=status)
        return
    yield VersionEntry(
        version=start or after or "0",
        status=status,
        less_than=before,
        less_than_or_equal=last or ("" if before else "*"),
        after=bool(after) and not start,
    )
