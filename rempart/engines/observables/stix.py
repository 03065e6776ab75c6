"""The values that a STIX pattern compares, when it is a choice between equalities.

STIX 2.1, part 9. A pattern that asks for several things at once (AND, FOLLOWEDBY, several observations,
qualifiers) cannot be looked for value by value: it is refused with that reason, never loosened.
"""

from __future__ import annotations

import re
from typing import Final

_STEP: Final = re.compile(
    r"\s*+(?:"
    r"(?P<string>'(?:[^'\\]|\\.)*')"
    r"|(?P<path>[a-z0-9-]+:[A-Za-z0-9_.\-\[\]*']*+)"
    r"|(?P<word>[A-Z]+)"
    r"|(?P<sign>!=|>=|<=|[=<>\[\](),])"
    r")"
)
_PATHS: Final = re.compile(
    r"(?:ipv4-addr|ipv6-addr|domain-name|url|email-addr):value\Z"
    r"|(?:network-traffic):(?:src|dst)_ref\.value\Z"
    r"|email-message:(?:from|sender)_ref\.value\Z"
    r"|(?:file|artifact|x509-certificate):hashes\.(?:'[\w-]+'|[\w-]+)\Z"
)
_LENGTH: Final = 1 << 20


def values(pattern: str) -> list[str]:
    """Each value compared. Raises ``ValueError`` saying what the pattern asks that is not a plain choice."""
    if len(pattern) > _LENGTH:
        raise ValueError(f"a pattern of {len(pattern)} characters exceeds {_LENGTH}")
    steps = _steps(pattern)
    found: list[str] = []
    depth = 0
    place = 0
    while place < len(steps):
        kind, text = steps[place]
        if text in ("[", "("):
            depth += text == "["
            place += 1
        elif text in ("]", ")") or (kind == "word" and text == "OR"):
            place += 1
        elif kind == "path":
            place = _comparison(steps, place, found)
        else:
            raise ValueError(f"asks for {text!r}, which is more than a choice between values")
    if not found or not depth:
        raise ValueError("compares no value")
    return found


def _comparison(steps: list[tuple[str, str]], place: int, found: list[str]) -> int:
    path = steps[place][1]
    if not _PATHS.match(path):
        raise ValueError(f"compares {path}, which is not an address, a domain, a URL, a digest or an e-mail")
    operator = steps[place + 1][1] if place + 1 < len(steps) else ""
    place += 2
    if operator in ("=", "ISSUBSET"):
        if place >= len(steps) or steps[place][0] != "string":
            raise ValueError(f"{path} {operator} without a value")
        found.append(_unquoted(steps[place][1]))
        return place + 1
    if operator == "IN":
        while place < len(steps) and steps[place][1] != ")":
            if steps[place][0] == "string":
                found.append(_unquoted(steps[place][1]))
            elif steps[place][1] not in ("(", ","):
                raise ValueError(f"{path} IN holds {steps[place][1]!r}")
            place += 1
        return place + 1
    raise ValueError(f"compares {path} by {operator or 'nothing'}, which is not an equality")


def _steps(pattern: str) -> list[tuple[str, str]]:
    steps: list[tuple[str, str]] = []
    place = 0
    end = len(pattern.rstrip())
    while place < end:
        found = _STEP.match(pattern, place)
        if not found or found.lastgroup is None:
            raise ValueError(f"cannot be read from character {place}")
        steps.append((found.lastgroup, found[found.lastgroup]))
        place = found.end()
    return steps


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])
