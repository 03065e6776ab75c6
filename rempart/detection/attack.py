"""MITRE ATT&CK from its STIX bundles (2.0, 2.1): techniques, their tactics, how many groups use each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from rempart.kernel.uploads import bounded_gunzip

_MOST_BYTES: Final = 256 * 1024**2
_CODE: Final = re.compile(r"T\d{4}(\.\d{3})?\Z")
# Of the matrix for enterprises, in the order of an attack; those of rules' tags come beside them.
TACTICS: Final = (
    "reconnaissance", "resource-development", "initial-access", "execution", "persistence",
    "privilege-escalation", "defense-evasion", "stealth", "defense-impairment", "credential-access",
    "discovery", "lateral-movement", "collection", "command-and-control", "exfiltration", "impact",
)  # fmt: skip


class BadBundle(ValueError):
    """A file that is not ATT&CK; the message says why."""


@dataclass(frozen=True, slots=True)
class Known:
    """A technique: its code, name, tactics, how many groups use it, and whether it is still in use."""

    code: str
    name: str
    tactics: tuple[str, ...]
    groups: int
    live: bool


def read_attack(path: Path) -> list[Known]:
    """The techniques of a bundle, packed (gzip) or not. Raises BadBundle."""
    try:
        with path.open("rb") as stream:
            packed = stream.read(2) == b"\x1f\x8b"
            stream.seek(0)
            raw = (bounded_gunzip(stream, _MOST_BYTES) if packed else stream).read(_MOST_BYTES + 1)
    except OSError as problem:
        raise BadBundle(problem.strerror or str(problem)) from problem
    if len(raw) > _MOST_BYTES:
        raise BadBundle(f"more than {_MOST_BYTES} bytes")
    try:
        objects = orjson.loads(raw)["objects"]
        found = _techniques([each for each in objects if isinstance(each, dict)])
    except (ValueError, KeyError, TypeError) as problem:
        raise BadBundle(f"not a STIX bundle: {problem}"[:200]) from None
    if not found:
        raise BadBundle("no technique of ATT&CK in it")
    return found


def _techniques(objects: list[dict[str, Any]]) -> list[Known]:
    users: dict[str, set[str]] = {}
    for each in objects:
        if each.get("type") == "relationship" and each.get("relationship_type") == "uses":
            source, target = str(each.get("source_ref")), str(each.get("target_ref"))
            if source.startswith("intrusion-set--") and not each.get("revoked"):
                users.setdefault(target, set()).add(source)
    found = []
    for each in objects:
        code = _code(each) if each.get("type") == "attack-pattern" else ""
        if code:
            tactics = tuple(
                str(phase["phase_name"])[:60]
                for phase in each.get("kill_chain_phases") or ()
                if str(phase.get("kill_chain_name", "")).startswith("mitre")
            )
            live = not each.get("revoked") and not each.get("x_mitre_deprecated")
            groups = len(users.get(str(each["id"]), ()))
            found.append(Known(code, str(each["name"])[:200], tactics, groups, live))
    return found


def _code(pattern: dict[str, Any]) -> str:
    for reference in pattern.get("external_references") or ():
        if str(reference.get("source_name", "")).startswith("mitre"):
            code = str(reference.get("external_id", ""))
            if _CODE.match(code):
                return code
    return ""
