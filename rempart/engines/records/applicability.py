"""``cpeApplicability`` of CVE JSON 5.1 (NVD's configuration nodes) flattened into product statements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from rempart.engines.exposure.cpe import parse_cpe
from rempart.engines.exposure.model import Affected, VersionEntry
from rempart.engines.records.fields import Json, RecordError, objects, required, shown, text

_COLON: Final = re.compile(r"(?<!\\):")
_VERSION_FIELD: Final = 5  # "cpe:2.3:part:vendor:product:version:update:…"
_FIELDS: Final = 13


def parse_applicability(container: Json, at: str, source: str) -> Iterator[Affected]:
    """One statement per vulnerable product of the container's CPE configurations.

    Matches that differ only by version are one statement with several versions. What an ``AND`` demands
    besides (other nodes, matches that are not vulnerable) are the statement's ``platforms``, "not " before
    those of a negated node. A negated vulnerable node cannot be said as a list: its versions are
    ``unknown``.
    """
    for configuration, path in objects(container, "cpeApplicability", at):
        together = configuration.get("operator") == "AND"
        nodes = [
            _node(node, here, negated=bool(node.get("negate")) != bool(configuration.get("negate")))
            for node, here in objects(configuration, "nodes", path)
        ]
        for position, node in enumerate(nodes):
            demanded = dict.fromkeys(node.demanded if together or node.together else ())
            for other in nodes[:position] + nodes[position + 1 :] if together else ():
                demanded |= dict.fromkeys((*other.demanded, *other.vulnerable))
            for key, (cpes, versions) in node.found.items():
                beside = [name for name in node.vulnerable if node.together and _product(name) != key]
                yield Affected(
                    source=source,
                    cpes=tuple(cpes),
                    platforms=tuple(dict.fromkeys((*demanded, *beside))),
                    versions=tuple(dict.fromkeys(versions)),
                )


@dataclass(slots=True)
class _Node:
    """One node: by product, its names and versions; what it demands without being vulnerable."""

    together: bool
    found: dict[str, tuple[list[str], list[VersionEntry]]] = field(default_factory=dict)
    vulnerable: list[str] = field(default_factory=list)
    demanded: list[str] = field(default_factory=list)


def _node(node: Json, at: str, *, negated: bool) -> _Node:
    read = _Node(together=node.get("operator") == "AND")
    for match, spot in objects(node, "cpeMatch", at):
        criteria = required(match, "criteria", spot)
        fields = _COLON.split(criteria)
        if not criteria.startswith("cpe:2.3:") or len(fields) != _FIELDS:
            raise RecordError(f"{spot}.criteria", f"{shown(criteria)} is not a CPE 2.3 name")
        if match.get("vulnerable") is not True:
            read.demanded.append(f"not {criteria}" if negated else criteria)
            continue
        read.vulnerable.append(criteria)
        cpes, versions = read.found.setdefault(_product(criteria), ([], []))
        if criteria not in cpes:
            cpes.append(criteria)
        versions.extend(_range(match, spot, _version(criteria), "unknown" if negated else "affected"))
    return read


def _product(criteria: str) -> str:
    """The name without its version and update: what the ranges of one statement share."""
    fields = _COLON.split(criteria)
    return ":".join(fields[:_VERSION_FIELD] + fields[_VERSION_FIELD + 2 :])


def _version(criteria: str) -> str:
    """The version that the name states, with its update; ``*`` or ``-`` as written."""
    cpe = parse_cpe(criteria)
    if cpe is None:
        return "-"
    return cpe.full_version or cpe.logical_version


def _range(match: Json, at: str, version: str, status: str) -> Iterator[VersionEntry]:
    start, after = text(match, "versionStartIncluding", at), text(match, "versionStartExcluding", at)
    before, last = text(match, "versionEndExcluding", at), text(match, "versionEndIncluding", at)
    if not (start or after or before or last):
        yield VersionEntry(version=version, status=status)
        return
    yield VersionEntry(
        version=start or after or "0",
        status=status,
        less_than=before,
        less_than_or_equal=last or ("" if before else "*"),
        after=bool(after) and not start,
    )
