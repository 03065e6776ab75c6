"""The difference between two results: what appeared, what disappeared, what changed, and why.

A (component, vulnerability) pair is the identity. "Not affected" counts as absent, so that a result
written with ``--all`` compares with one that was not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from rempart.matcher.results import FIELDS, Row, order
from rempart.matcher.sentences import Language, pick

_TOLD: Final = ("status", "version", "source", "range", "reason", "confidence")
_NAMES: Final = {
    "status": ("réponse", "answer"),
    "version": ("version installée", "installed version"),
    "source": ("source", "source"),
    "range": ("plage", "range"),
    "reason": ("raison", "reason"),
    "confidence": ("confiance", "confidence"),
}
_CHANGES: Final = {
    "appeared": ("Apparu", "Appeared"),
    "disappeared": ("Disparu", "Disappeared"),
    "changed": ("Changé", "Changed"),
}
_GONE: Final = {
    "component": (
        "Le composant n’est plus dans l’inventaire.",
        "The component is no longer in the inventory.",
    ),
    "statement": (
        "Plus aucune fiche ne parle de ce composant pour cette vulnérabilité.",
        "No record speaks of this component for this vulnerability any more.",
    ),
    "unknown": ("Le nouveau résultat n’en parle plus.", "The new result no longer speaks of it."),
}
_NEW: Final = {
    "component": (
        "L’ancien résultat ne parlait pas de ce composant.",
        "The old result did not speak of this component.",
    ),
    "statement": (
        "L’ancien résultat ne parlait pas de cette vulnérabilité pour ce composant.",
        "The old result did not speak of this vulnerability for this component.",
    ),
}


def read_result(path: Path) -> list[Row]:
    """The lines of a result; raises ``ValueError`` with the number of the first that is not one."""
    rows: list[Row] = []
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                row: Any = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise ValueError(f"{number}: {error}") from None
            if not isinstance(row, dict) or not {"component", "vulnerability", "status"} <= row.keys():
                raise ValueError(f"{number}: component, vulnerability, status")
            rows.append(row)
    return rows


def compare(
    old: Sequence[Row], new: Sequence[Row], present: set[str] | None, language: Language
) -> Iterator[Row]:
    """Each difference as a row with ``change``, ``before`` (the old answer) and ``why`` as its sentence.

    ``present``: the components of the new inventory, where it is known.
    """
    # A lone inventory may have another file name each night: it is the same one.
    several = any(len({row.get("inventory", "") for row in rows}) > 1 for rows in (old, new))
    before = {_pair(row, several): row for row in old}
    after = {_pair(row, several): row for row in new}
    components = {row["component"] for row in old}
    pairs = sorted(before.keys() | after.keys(), key=lambda pair: (pair[0], pair[1], order(pair[2])))
    for pair in pairs:
        was, now = before.get(pair), after.get(pair)
        stood, stands = _counts(was), _counts(now)
        if stands and not stood:
            why = _difference(was, now, language) or pick(
                _NEW["statement" if pair[1] in components else "component"], language
            )
            yield _change("appeared", was, now, why, language)
        elif stood and not stands:
            cause = "unknown" if present is None else "statement" if pair[1] in present else "component"
            why = _difference(was, now, language) or pick(_GONE[cause], language)
            yield _change("disappeared", was, now, why, language)
        elif stood and stands and (why := _difference(was, now, language)):
            yield _change("changed", was, now, why, language)


def _pair(row: Row, several: bool) -> tuple[str, str, str]:
    inventory = str(row.get("inventory", "")) if several else ""
    return inventory, str(row["component"]), str(row["vulnerability"])


def _counts(row: Row | None) -> bool:
    return row is not None and row["status"] != "not_affected"


def _difference(was: Row | None, now: Row | None, language: Language) -> str:
    """What differs between two answers about the same pair; empty when one is lacking or nothing does."""
    if was is None or now is None:
        return ""
    told = [
        f"{pick(_NAMES[name], language)} : {was.get(name)} → {now.get(name)}"
        for name in _TOLD
        if name in was and was.get(name) != now.get(name)
    ]
    text = "; ".join(told)
    if not text:
        return ""
    return f"{text.replace(' :', ':') if language == 'en' else text.replace('; ', ' ; ')}."


def _change(change: str, was: Row | None, now: Row | None, why: str, language: Language) -> Row:
    shown = now or was or {}
    row = {name: shown.get(name, [] if name == "aliases" else "") for name in FIELDS}
    word = pick(_CHANGES[change], language)
    return {
        **row,
        "change": change,
        "confidence": shown.get("confidence", 0.0),
        "detail": {"was": was["status"] if was else "", "now": now["status"] if now else ""},
        "sentence": f"{word} : {why}" if language == "fr" else f"{word}: {why}",
    }
