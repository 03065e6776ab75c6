"""Events that the same rules look at, by field, and sets of their rows as bitmaps.

Events become columns a few at a time, while they are in the processor's cache: later, reaching for their
values again would cost more than everything else. A bitmap is an integer whose bit N is row N.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, compress
from typing import Final, TypeAlias, overload

from rempart.engines.sigma.columns import Cells, Texts, Words, bits
from rempart.engines.sigma.values import OURS, every_text, exists, lookup

Event: TypeAlias = Mapping[str, object]
#: Gives the event of a position once more.
Again: TypeAlias = Callable[[int], Event]
#: The values of a field over a few events, joined by NUL when all are texts without one.
Part: TypeAlias = str | tuple[object, ...]
#: Is given the positions of events that have the same fields, the names of these, and their values.
Beside: TypeAlias = Callable[[Sequence[int], Sequence[str], Sequence[Part]], None]

_NEAR: Final = 64  # events
_FEW: Final = 48  # bits
_DIGITS_TO_BITS: Final = bytes.maketrans(b"01", b"\x00\x01")
_BITS_TO_DIGITS: Final = bytes.maketrans(b"\x00\x01", b"01")


class Block:
    """Events with the same fields in the same order, as rows; with ``again``, they are not kept."""

    __slots__ = ("_again", "_beside", "_columns", "_near", "events", "names", "positions")

    def __init__(
        self, names: Collection[str], again: Again | None = None, beside: Beside | None = None
    ) -> None:
        self.names = tuple(names)
        self._again = again
        self._beside = beside
        self.clear()

    def clear(self) -> None:
        """Begin again without rows."""
        #: Where each stands among all events that are looked at.
        self.positions: list[int] = []
        self.events: Sequence[Event] = Recalled(self._again, self.positions) if self._again else []
        self._near: list[Event] = []
        self._columns: list[list[Part]] = []

    def add(self, position: int, event: Event) -> None:
        """Take an event, which stands at ``position`` among all those looked at."""
        self.positions.append(position)
        near = self._near
        near.append(event)
        if len(near) == _NEAR:
            self.settle()

    def settle(self) -> None:
        """Take the values of the events that came last."""
        near = self._near
        if not near:
            return
        if not self._columns:
            self._columns = [[] for _ in self.names]
        values = zip(*[event.values() for event in near], strict=True)
        parts = [_joined(part) if type(part[0]) is str else part for part in values]
        for column, part in zip(self._columns, parts, strict=True):
            column.append(part)
        if self._beside is not None:
            self._beside(self.positions[-len(near) :], self.names, parts)
        if isinstance(self.events, list):
            self.events += near
        near.clear()

    def columns(self) -> dict[str, Cells]:
        """The values of the rows by field."""
        self.settle()
        return dict(zip(self.names, map(_cells, self._columns), strict=True))


def _joined(values: tuple[object, ...]) -> Part:
    """The values joined by NUL when all are texts without one, else as they are."""
    try:
        joined = "\0".join(values)  # type: ignore[arg-type]
    except TypeError:
        return values
    return joined if joined.count("\0") == len(values) - 1 else values


def _cells(parts: list[Part]) -> Cells:
    try:
        return Cells("\0".join(parts))  # type: ignore[arg-type]
    except TypeError:
        each = (part.split("\0") if isinstance(part, str) else part for part in parts)
        return Cells(list(chain.from_iterable(each)))


class Recalled(Sequence[Event]):
    """Events that are made once more each time that they are asked for."""

    __slots__ = ("_again", "_positions")

    def __init__(self, again: Again, positions: Sequence[int]) -> None:
        self._again = again
        self._positions = positions

    def __len__(self) -> int:
        return len(self._positions)

    @overload
    def __getitem__(self, row: int) -> Event: ...
    @overload
    def __getitem__(self, row: slice) -> Recalled: ...
    def __getitem__(self, row: int | slice) -> Event | Recalled:
        if isinstance(row, slice):
            return Recalled(self._again, self._positions[row])
        return self._again(self._positions[row])


class Batch:
    """Events that the same rules look at: their fields as they are asked, and rows by literal."""

    __slots__ = (
        "_blocks", "_cells", "_columns", "_rows", "asked", "events", "found", "full", "positions", "size",
    )  # fmt: skip

    def __init__(self, blocks: Iterable[Block], again: Again | None = None) -> None:
        """``again`` is that of the blocks."""
        self._blocks = [block for block in blocks if block.positions]
        self._columns = [block.columns() for block in self._blocks]
        self.positions = list(chain.from_iterable(block.positions for block in self._blocks))
        self.size = len(self.positions)
        self.events: Sequence[Event] = (
            Recalled(again, self.positions)
            if again
            else list(chain.from_iterable(block.events for block in self._blocks))
        )
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
            blocks[-1].add(position, event)
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
            elif "." in field and field.partition(".")[0] in columns:
                values += [lookup(event, field) for event in block.events]
            else:
                values += [None] * len(block.positions)
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
            before += len(block.positions)

    def having(self, field: str) -> list[bool]:
        """Whether each event has the field, even null or empty."""
        found: list[bool] = []
        for block, columns in zip(self._blocks, self._columns, strict=True):
            if field not in columns and "." in field and field.partition(".")[0] in columns:
                found += [exists(event, field) for event in block.events]
            else:
                found += [field in columns] * len(block.positions)
        return found

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
    if mask.bit_count() < _FEW:
        size = mask.bit_length()
        row_bits, rows = bits(size), []
        while mask:
            rows.append(mask.bit_length() - 1)
            mask ^= row_bits[rows[-1]]
        return rows[::-1]
    digits = bin(mask)[:1:-1].encode()
    return list(compress(_positions(len(digits)), digits.translate(_DIGITS_TO_BITS)))


_POSITIONS: Final = tuple(range(4_096))


def _positions(size: int) -> Sequence[int]:
    """The first ``size`` whole numbers, at least: made once as far as batches go."""
    return _POSITIONS if size <= len(_POSITIONS) else range(size)


def mask_of_rows(rows: Sequence[int], size: int) -> int:
    """The bitmap of the rows at these positions, of ``size`` rows."""
    if len(rows) < _FEW:
        mask, row_bits = 0, bits(size)
        for row in rows:
            mask |= row_bits[row]
        return mask
    digits = bytearray(b"0" * size)
    for row in rows:
        digits[~row] = 49  # "1"
    return int(digits, 2)


def mask_of(answers: Sequence[bool]) -> int:
    """The bitmap of the rows whose answer is true."""
    return int(bytes(answers)[::-1].translate(_BITS_TO_DIGITS) or b"0", 2)
