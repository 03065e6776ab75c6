"""Events that the same rules look at, by field, and sets of their rows as bitmaps.

What the rules read of an event is copied into one text as soon as the event comes, while it is still in the
processor's cache: a few hundred events later, reaching for its values again would cost more than everything
else. A bitmap is an integer whose bit N is row N.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import chain, compress
from operator import itemgetter
from typing import Any, Final, TypeAlias

from rempart.engines.sigma.columns import Cells, Texts
from rempart.engines.sigma.values import OURS, every_text, lookup

Event: TypeAlias = Mapping[str, object]

_DIGITS_TO_BITS: Final = bytes.maketrans(b"01", b"\x00\x01")
_BITS_TO_DIGITS: Final = bytes.maketrans(b"\x00\x01", b"01")
_WHOLE: Final = frozenset({str, int})
_SIMPLE: Final = frozenset({str, int, float, bool, type(None)})


class Block:
    """Events with the same fields, as rows: the texts of ``fields`` of each, and (``keywords``) of all."""

    __slots__ = ("_all", "_form", "_get", "_strange", "_texts", "_words", "events", "fields", "positions")

    def __init__(self, names: Collection[str], fields: Iterable[str], *, keywords: bool) -> None:
        self.fields = [field for field in fields if field in names]
        self._get = _getter(self.fields)
        self._form = "\0".join(["%s"] * len(self.fields))
        self._all = _getter([name for name in names if name not in OURS]) if keywords else None
        self.clear()

    def clear(self) -> None:
        """Begin again without rows."""
        self.events: list[Event] = []
        self.positions: list[int] = []
        self._texts: list[str] = []
        self._words: list[str] = []
        #: Row, place among the fields, and value, where it is neither a text nor a whole number.
        self._strange: list[tuple[int, int, object]] = []

    def add(self, position: int, event: Event) -> None:
        """Take an event, which stands at ``position`` among all those looked at."""
        self.events.append(event)
        self.positions.append(position)
        values = self._get(event)
        try:
            self._texts.append("\0".join(values))
        except TypeError:
            self._texts.append(self._text(values))
        if self._all is not None:
            values = self._all(event)
            if _SIMPLE.issuperset(map(type, values)):
                self._words.append("\n".join([value for value in values if type(value) is str]))
            else:
                self._words.append("\n".join(every_text(event)))

    def _text(self, values: Sequence[object]) -> str:
        if _WHOLE.issuperset(map(type, values)):
            with suppress(ValueError):  # Python bounds the digits of a conversion
                return self._form % values
        texts = list(values)
        for place, value in enumerate(values):
            if type(value) is int and abs(value) < 1 << 64:
                texts[place] = str(value)
            elif type(value) is not str:
                texts[place] = ""
                self._strange.append((len(self._texts), place, value))
        return "\0".join(texts)  # type: ignore[arg-type]

    def columns(self) -> dict[str, Sequence[object]]:
        """The values of the rows by field; whole numbers may be texts."""
        width = len(self.fields)
        flat: list[Any] = "\0".join(self._texts).split("\0") if width else []
        if len(flat) != width * len(self.events):  # a value holds what joins them
            return dict(zip(self.fields, zip(*map(self._get, self.events), strict=True), strict=True))
        for row, place, value in self._strange:
            flat[row * width + place] = value
        return {field: flat[place::width] for place, field in enumerate(self.fields)}

    def words(self) -> list[str] | None:
        """The texts of each event in one, without its numbers; None when they were not asked."""
        return self._words if self._all is not None else None


def _getter(fields: Sequence[str]) -> Callable[[Event], tuple[Any, ...]]:
    if len(fields) > 1:
        return itemgetter(*fields)
    return lambda event: tuple(event[field] for field in fields)


class Batch:
    """Events that the same rules look at: their fields as they are asked, and rows by literal."""

    __slots__ = ("_blocks", "_cells", "_columns", "_rows", "asked", "events", "found", "full", "size")

    def __init__(self, blocks: Iterable[Block]) -> None:
        self._blocks = [block for block in blocks if block.events]
        self._columns = [block.columns() for block in self._blocks]
        self.events: list[Event] = list(chain.from_iterable(block.events for block in self._blocks))
        self.size = len(self.events)
        self.full = (1 << self.size) - 1
        self.found: dict[int, int] = {}
        self.asked: dict[int, tuple[int, int]] = {}
        self._cells: dict[str, Cells] = {}
        self._rows: dict[int, list[int]] = {}

    @classmethod
    def of(cls, events: Iterable[Event], fields: Collection[str]) -> Batch:
        """Events in their order, of whatever fields."""
        blocks = []
        for position, event in enumerate(events):
            blocks.append(Block(event.keys(), fields, keywords=False))
            blocks[-1].add(position, event)
        return cls(blocks)

    def cells(self, field: str) -> Cells:
        """A field over the rows, read once."""
        cells = self._cells.get(field)
        if cells is None:
            cells = self._cells[field] = Cells(self._values(field))
        return cells

    def _values(self, field: str) -> Sequence[object]:
        if len(self._columns) == 1 and field in self._columns[0]:
            return self._columns[0][field]
        values: list[object] = []
        for block, columns in zip(self._blocks, self._columns, strict=True):
            if field in columns:
                values += columns[field]
            elif "." in field:
                values += [lookup(event, field) for event in block.events]
            else:
                values += [None] * len(block.events)
        return values

    def words(self, *, numbers: bool) -> Cells:
        """All the texts of each event in one, for keywords; with those of numbers when asked."""
        words = [block.words() for block in self._blocks]
        if numbers or None in words:
            return Cells(["\n".join(every_text(event)) for event in self.events])
        return Cells(list(chain.from_iterable(words)))  # type: ignore[arg-type]

    def text(self, field: str | None, row: int) -> Texts:
        """The texts of one row."""
        return every_text(self.events[row]) if field is None else self.cells(field).texts[row]

    def rows(self, mask: int) -> list[int]:
        """The positions of the bits that are set, worked out once for each bitmap."""
        rows = self._rows.get(mask)
        if rows is None:
            rows = self._rows[mask] = rows_of(mask)
        return rows


def rows_of(mask: int) -> list[int]:
    """The positions of the bits that are set, in order."""
    if mask.bit_count() < 8:
        rows = []
        while mask:
            low = mask & -mask
            rows.append(low.bit_length() - 1)
            mask ^= low
        return rows
    text = bin(mask)[:1:-1]
    if mask.bit_count() * 8 < len(text):
        rows, row = [], text.find("1")
        while row >= 0:
            rows.append(row)
            row = text.find("1", row + 1)
        return rows
    digits = text.encode()
    return list(compress(range(len(digits)), digits.translate(_DIGITS_TO_BITS)))


def mask_of(answers: Sequence[bool]) -> int:
    """The bitmap of the rows whose answer is true."""
    return int(bytes(answers)[::-1].translate(_BITS_TO_DIGITS) or b"0", 2)
