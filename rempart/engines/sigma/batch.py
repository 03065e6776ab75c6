"""Events that the same rules look at, by field, and sets of their rows as bitmaps.

A bitmap is an integer whose bit N is row N.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, compress
from typing import Final, TypeAlias

from rempart.engines.sigma.columns import Cells, Texts, Words
from rempart.engines.sigma.values import OURS, every_text, lookup

Event: TypeAlias = Mapping[str, object]

_DIGITS_TO_BITS: Final = bytes.maketrans(b"01", b"\x00\x01")
_BITS_TO_DIGITS: Final = bytes.maketrans(b"\x00\x01", b"01")


class Block:
    """Events with the same fields in the same order, as rows."""

    __slots__ = ("events", "names", "positions")

    def __init__(self, names: Collection[str]) -> None:
        self.names = tuple(names)
        self.clear()

    def clear(self) -> None:
        """Begin again without rows."""
        self.events: list[Event] = []
        #: Where each stands among all events that are looked at.
        self.positions: list[int] = []

    def columns(self) -> dict[str, Cells]:
        """The values of the rows by field."""
        values = zip(*[event.values() for event in self.events], strict=True)
        return dict(zip(self.names, map(Cells, values), strict=True))


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
    def of(cls, events: Iterable[Event]) -> Batch:
        """Events in their order, of whatever fields."""
        blocks = []
        for position, event in enumerate(events):
            blocks.append(Block(event))
            blocks[-1].events.append(event)
            blocks[-1].positions.append(position)
        return cls(blocks)

    def cells(self, field: str) -> Cells:
        """A field over the rows, read once."""
        cells = self._cells.get(field)
        if cells is None:
            only = self._columns[0].get(field) if len(self._columns) == 1 else None
            cells = self._cells[field] = only or Cells(self._values(field))
        return cells

    def _values(self, field: str) -> Sequence[object]:
        values: list[object] = []
        for block, columns in zip(self._blocks, self._columns, strict=True):
            if field in columns:
                values += columns[field].values
            elif "." in field:
                values += [lookup(event, field) for event in block.events]
            else:
                values += [None] * len(block.events)
        return values

    def words(self, *, numbers: bool) -> Cells | Words:
        """All the texts of the events, for keywords; with those of numbers when asked."""
        if numbers:
            return Cells(["\n".join(every_text(event)) for event in self.events])
        return Words(self._parts())

    def _parts(self) -> Iterator[tuple[int, Cells]]:
        before = 0
        for block, columns in zip(self._blocks, self._columns, strict=True):
            yield from ((before, cells) for name, cells in columns.items() if name not in OURS)
            before += len(block.events)

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
