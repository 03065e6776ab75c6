"""What a CVSS vector says, versions 2 and 3, as FIRST's equations have it (the ``cvss`` library).

Version 4.0 scores are not computed: a record that gives such a vector gives its score too.
"""

from __future__ import annotations

from typing import Any

from cvss import CVSS2, CVSS3, CVSSError

_MAX_VECTOR = 400


def version_of(vector: str) -> str:
    """ "2.0" for a bare vector, else what it declares ("3.0", "3.1", "4.0")."""
    head = vector.partition("/")[0]
    return head.removeprefix("CVSS:") if head.startswith("CVSS:") else "2.0"


def properties(vector: str) -> dict[str, Any] | None:
    """Every property that the vector implies, under the names of FIRST's JSON schemas; None when it cannot be
    read, or is of version 4.0.
    """
    if len(vector) > _MAX_VECTOR:
        return None
    try:
        read = CVSS3(vector) if vector.startswith("CVSS:") else CVSS2(vector.strip("()"))
        found: dict[str, Any] = read.as_json()
    except CVSSError:
        return None
    return found


def base_score(vector: str) -> float | None:
    """The base score, 0 to 10; None as for ``properties``."""
    found = properties(vector)
    return float(found["baseScore"]) if found else None


def severity(score: float) -> str:
    """The qualitative rating of a score (version 3.1, section 5), in capitals as the schemas write it."""
    for least, word in ((9.0, "CRITICAL"), (7.0, "HIGH"), (4.0, "MEDIUM"), (0.1, "LOW")):
        if score >= least:
            return word
    return "NONE"
