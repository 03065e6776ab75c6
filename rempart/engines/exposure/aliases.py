"""Aliases: which identity keys name one and the same product, on whose word, how surely."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rempart.engines.exposure.known_products import KNOWN_PRODUCTS

BUILTIN_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class AliasRow:
    """``key`` names the same product as ``canonical``; a row whose two keys are equal parts them."""

    key: str
    canonical: str
    confidence: float
    provenance: str


BUILTIN_ALIASES: tuple[AliasRow, ...] = tuple(
    AliasRow(key, canonical, BUILTIN_CONFIDENCE, "built-in")
    for canonical, keys in KNOWN_PRODUCTS.items()
    for key in keys
)


class Aliases:
    """Resolution of identity keys. Of two rows about one key, the later one holds.

    A correction made by a person is therefore a row after the built-in ones.
    """

    _MAX_STEPS = 8

    def __init__(self, rows: Iterable[AliasRow] = ()) -> None:
        self._rows = {row.key: row for row in rows}

    @classmethod
    def builtin(cls, corrections: Iterable[AliasRow] = ()) -> Aliases:
        """The built-in table, then ``corrections``."""
        return cls((*BUILTIN_ALIASES, *corrections))

    def canonical(self, key: str) -> tuple[str, float]:
        """The canonical key and the confidence of the way to it (1.0 when the key has no alias)."""
        confidence = 1.0
        for _ in range(self._MAX_STEPS):
            row = self._rows.get(key)
            if row is None or row.canonical == key:
                break
            key, confidence = row.canonical, confidence * row.confidence
        return key, confidence

    def resolve(self, keys: Iterable[tuple[str, float]]) -> dict[str, float]:
        """Canonical keys of a product, each with the best confidence among the given keys."""
        resolved: dict[str, float] = {}
        for key, confidence in keys:
            canonical, certainty = self.canonical(key)
            resolved[canonical] = max(resolved.get(canonical, 0.0), confidence * certainty)
        return resolved
