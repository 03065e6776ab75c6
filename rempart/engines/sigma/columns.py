"""One field over a batch: the texts of its rows, and which of the rules' literals are in them.

The values of a batch are joined with a byte that no UTF-8 text holds, and Hyperscan goes through them once.
That byte also anchors: ``\\xff`` + text is a beginning, text + ``\\xff`` an end, both together the whole
value. Every answer about a literal is therefore exact, over folded text, and costs nothing more for a
thousand rules than for one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, Final, TypeAlias

import hyperscan

from rempart.engines.sigma.values import every_text, lookup, texts_of

#: The texts of a value: one, several (lists, objects, keywords), or None when the field is absent or null.
Texts: TypeAlias = str | tuple[str, ...] | None

SEPARATOR: Final = b"\xff"
_NUL_TO_SEPARATOR: Final = bytes.maketrans(b"\x00", SEPARATOR)
_CACHED_LENGTH: Final = 512  # characters; longer values seldom come back
_SCANNED: Final = 64 * 1024**2  # bytes scanned at once

_bits: list[int] = [1 << position for position in range(4_096)]


def bits(size: int) -> list[int]:
    """Powers of two, at least ``size`` of them."""
    while len(_bits) < size:
        _bits.append(1 << len(_bits))
    return _bits


class Memory:
    """Results by value, two generations of them: when the young one is full, the old one goes."""

    __slots__ = ("capacity", "old", "young")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.young: dict[tuple[int, str], tuple[int, ...]] = {}
        self.old: dict[tuple[int, str], tuple[int, ...]] = {}

    def turn(self) -> None:
        """Make room when the young generation is full."""
        if len(self.young) > self.capacity // 2:
            self.old, self.young = self.young, {}


class Column:
    """A field (None: every value of the event) and the literals looked for in it, by their numbers."""

    __slots__ = ("_database", "_hits", "field", "literals", "number", "numbers")

    def __init__(
        self, number: int, field: str | None, literals: Mapping[bytes, int], database: bytes | None
    ) -> None:
        self.number = number
        self.field = field
        self.literals = list(literals)
        self.numbers = list(literals.values())
        self._hits: list[tuple[int, int]] = []
        self._database: Any = None
        if self.literals:
            self._database = _loaded(database) if database else None
            if self._database is None:
                self._database = _compiled(self.literals, self.numbers)

    def serialized(self) -> bytes | None:
        """The database of literals, for the disk."""
        return bytes(hyperscan.dumpb(self._database)) if self._database is not None else None

    def texts(self, events: Sequence[Mapping[str, object]]) -> list[Texts]:
        """The texts of the field in each event."""
        field = self.field
        if field is None:
            return [every_text(event) for event in events]
        if "." in field:
            values = [lookup(event, field) for event in events]
        else:
            values = [event.get(field) for event in events]
        if set(map(type, values)) <= _PLAIN:
            return values  # type: ignore[return-value]
        return [_texts(value) for value in values]

    def scan(self, texts: Sequence[Texts], found: dict[int, int], memory: Memory | None) -> None:
        """Add to ``found`` the rows (as bits) in which each literal is, by the literal's number."""
        distinct = dict.fromkeys(texts)
        distinct.pop(None, None)
        if not distinct or self._database is None:
            return
        known: dict[Texts, tuple[int, ...]] = {}
        if memory is not None and len(distinct) * 4 < len(texts) * 3:
            known, fresh = self._recalled(distinct, memory)
            known.update(self._searched(fresh, memory))
        else:
            known = self._searched(list(distinct), None)
        if known:
            _spread(texts, known, found, unique=len(distinct) == len(texts))

    def _recalled(
        self, distinct: Mapping[Texts, None], memory: Memory
    ) -> tuple[dict[Texts, tuple[int, ...]], list[Texts]]:
        """What is remembered of the values (those with literals only), and the values that are not."""
        known: dict[Texts, tuple[int, ...]] = {}
        fresh: list[Texts] = []
        young, old, number = memory.young, memory.old, self.number
        for value in distinct:
            key: Any = (number, value)
            result = young.get(key)
            if result is None:
                result = old.get(key)
                if result is None:
                    fresh.append(value)
                    continue
                young[key] = result
            if result:
                known[value] = result
        return known, fresh

    def _searched(self, values: list[Texts], memory: Memory | None) -> dict[Texts, tuple[int, ...]]:
        """The literals in each value that has some."""
        items: list[str] = []
        owners: list[Texts] = []
        for value in values:
            if isinstance(value, str):
                items.append(value)
                owners.append(value)
            else:
                items.extend(value or ())
                owners.extend([value] * len(value or ()))
        results: dict[Texts, set[int]] = {}
        for position, literal in self._matches(items):
            owner = owners[position]
            seen = results.get(owner)
            if seen is None:
                results[owner] = {literal}
            else:
                seen.add(literal)
        known = {value: tuple(literals) for value, literals in results.items()}
        if memory is not None:
            number, young = self.number, memory.young
            for value in values:
                if isinstance(value, str) and len(value) <= _CACHED_LENGTH:
                    young[number, value] = known.get(value, ())
            memory.turn()
        return known

    def _matches(self, items: list[str]) -> list[tuple[int, int]]:
        """Pairs of an item's position and a literal in it."""
        if not items:
            return []
        buffer, bounds = _joined(items)
        hits = self._hits
        hits.clear()
        append = hits.append

        def note(literal: int, start: int, end: int, flags: int, context: object) -> None:
            append((end, literal))

        self._database.scan(buffer, note)
        return [(bisect_left(bounds, end), literal) for end, literal in hits]


_PLAIN: Final = frozenset({str, type(None)})


def _texts(value: object) -> Texts:
    if value is None or isinstance(value, str):
        return value
    texts = texts_of(value)
    return texts[0] if len(texts) == 1 else texts or None


def _joined(items: list[str]) -> tuple[bytes, list[int]]:
    """The folded items between separators, and where each ends (its separator included)."""
    joined = "\0".join(items)
    if joined.isascii() and joined.count("\0") == len(items) - 1:
        buffer = f"\0{joined.lower()}\0".encode("ascii").translate(_NUL_TO_SEPARATOR)
        sizes = map(len, items)
    else:
        encoded = [item.casefold().encode("utf-8", "surrogatepass") for item in items]
        buffer = b"\xff%b\xff" % SEPARATOR.join(encoded)
        sizes = map(len, encoded)
    return buffer, list(accumulate((size + 1 for size in sizes), initial=1))[1:]


def _spread(
    texts: Sequence[Texts], known: Mapping[Texts, tuple[int, ...]], found: dict[int, int], *, unique: bool
) -> None:
    """From literals by value to rows by literal."""
    row_bits = bits(len(texts))
    if unique:
        for row, value in enumerate(texts):
            literals = known.get(value)
            if literals:
                bit = row_bits[row]
                for literal in literals:
                    found[literal] = found.get(literal, 0) | bit
        return
    masks: dict[Texts, int] = {}
    for row, value in enumerate(texts):
        if value in known:
            masks[value] = masks.get(value, 0) | row_bits[row]
    for value, mask in masks.items():
        for literal in known[value]:
            found[literal] = found.get(literal, 0) | mask


def _compiled(literals: list[bytes], numbers: list[int]) -> Any:
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=literals, ids=numbers, elements=len(literals), flags=[0] * len(literals), literal=True
    )
    return database


def _loaded(serialized: bytes) -> Any:
    """A database from the disk; None when it is of another version or machine."""
    try:
        database = hyperscan.loadb(serialized, hyperscan.HS_MODE_BLOCK)
        database.scratch = hyperscan.Scratch(database)
    except hyperscan.error:
        return None
    return database
