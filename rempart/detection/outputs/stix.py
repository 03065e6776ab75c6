"""A STIX 2.1 bundle: the rule or indicator behind each finding, and one sighting for each of them and each
host.

Identifiers are made from what they name (UUID version 5), so that the same findings give the same objects and
sending them twice doubles nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, BinaryIO, Final
from uuid import UUID, uuid5

from rempart.detection.findings import Finding, Origin, encoded
from rempart.detection.outputs.model import Writer
from rempart.detection.tally import Tally

_NAMESPACE: Final = UUID("4f2c2e3e-6c0f-5d8a-9d0a-6f1d3b7c9a51")
_STIX_ID: Final = re.compile(r"indicator--[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\Z")
_UNKNOWN: Final = "1970-01-01T00:00:00Z"
_GROUPS: Final = 200_000


@dataclass(slots=True)
class _Seen:
    origin: Origin
    count: int
    first: str
    last: str


class Stix(Writer):
    """Sightings are counted by rule and host; the bundle is written at the end."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream)
        self._seen: dict[tuple[str, str], _Seen] = {}

    def write(self, finding: Finding) -> None:
        key = (finding.origin.id, finding.host or "")
        moment = finding.timestamp or ""
        seen = self._seen.get(key)
        if seen is None:
            if len(self._seen) >= _GROUPS:
                raise ValueError(f"more than {_GROUPS} sightings in one bundle; give fewer logs at once")
            self._seen[key] = _Seen(finding.origin, finding.count, moment, finding.last or moment)
            return
        seen.count += finding.count
        if moment:
            seen.first = min(seen.first or moment, moment)
            seen.last = max(seen.last, finding.last or moment)

    def close(self, tally: Tally) -> None:
        author = f"identity--{uuid5(_NAMESPACE, 'rempart')}"
        moments = [seen.last for seen in self._seen.values() if seen.last]
        when = _millisecond(max(moments)) if moments else _UNKNOWN
        common = {"spec_version": "2.1", "created_by_ref": author, "created": when, "modified": when}
        objects: list[dict[str, Any]] = [
            {
                "type": "identity", "spec_version": "2.1", "id": author,
                "created": _UNKNOWN, "modified": _UNKNOWN, "name": "Rempart", "identity_class": "system",
            }
        ]  # fmt: skip
        named: dict[str, str] = {}
        hosts: set[str] = set()
        for (_, host), seen in self._seen.items():
            origin = seen.origin
            if origin.id not in named:
                named[origin.id] = self._named(origin, objects, common, when)
            where = uuid5(_NAMESPACE, f"{origin.id}|{host}")
            sighting: dict[str, Any] = {
                "type": "sighting", "id": f"sighting--{where}", **common,
                "sighting_of_ref": named[origin.id], "count": min(seen.count, 999_999_999),
            }  # fmt: skip
            if seen.first:
                sighting["first_seen"] = _millisecond(seen.first)
                sighting["last_seen"] = _millisecond(seen.last)
            if host:
                place = f"identity--{uuid5(_NAMESPACE, f'host|{host}')}"
                if place not in hosts:
                    hosts.add(place)
                    objects.append(
                        {"type": "identity", "id": place, **common, "name": host, "identity_class": "system"}
                    )
                sighting["where_sighted_refs"] = [place]
            objects.append(sighting)
        bundle = {
            "type": "bundle",
            "id": f"bundle--{uuid5(_NAMESPACE, str(sorted(self._seen)))}",
            "objects": objects,
        }
        self.stream.write(encoded(bundle) + b"\n")
        super().close(tally)

    def _named(self, origin: Origin, objects: list[dict[str, Any]], common: dict[str, Any], when: str) -> str:
        """The identifier of the indicator; an object is made for a rule, whose pattern only names it."""
        if _STIX_ID.match(origin.id):
            return origin.id
        identifier = f"indicator--{uuid5(_NAMESPACE, origin.id)}"
        objects.append(
            {
                "type": "indicator", "id": identifier, **common, "name": origin.title,
                "indicator_types": ["malicious-activity"],
                "pattern_type": "sigma", "pattern": f"id: {origin.id}", "valid_from": when,
                "labels": [origin.level, *origin.tags],
            }
        )  # fmt: skip
        return identifier


def _millisecond(moment: str) -> str:
    """RFC 3339 with at most three digits of fraction, the precision of STIX."""
    head, dot, fraction = moment.rstrip("Z").partition(".")
    return f"{head}.{fraction[:3].ljust(3, '0')}Z" if dot else f"{head}.000Z"
