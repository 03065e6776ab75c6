"""One field over a batch: the texts of its rows, and which of the rules' literals are in them.

The values of a batch are joined with a byte that no UTF-8 text holds, and Hyperscan goes through them once.
That byte also anchors: ``\\xff`` + text is a beginning, text + ``\\xff`` an end, both together the whole
value. Every answer about a literal is therefore exact, over folded text, and costs nothing more for a
thousand rules than for one.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate, count
from operator import add, contains, eq
from typing import Any, Final, TypeAlias

import hyperscan

from rempart.engines.sigma.values import texts_of

#: The texts of a value: one, several (lists, objects), or None when the field is absent or null.
Texts: TypeAlias = str | tuple[str, ...] | None

SEPARATOR: Final = b"\xff"
_PLAIN: Final = frozenset({str, type(None)})
_TEXT: Final = frozenset({str})
_INTEGER: Final = frozenset({int})
_ABSENT: Final = frozenset({type(None)})
_SCANNED: Final = 1024**3  # bytes that Hyperscan is given at once; it counts them in 32 bits
#: ASCII to lower case, and the NUL by which texts were joined to the separator, in one pass.
_FOLD: Final = bytes.maketrans(b"\0ABCDEFGHIJKLMNOPQRSTUVWXYZ", SEPARATOR + b"abcdefghijklmnopqrstuvwxyz")

_ASCII: Final = bytes(range(128))

_bits: list[int] = [1 << position for position in range(4_096)]


def bits(size: int) -> list[int]:
    """Powers of two, at least ``size`` of them."""
    while len(_bits) < size:
        _bits.append(1 << len(_bits))
    return _bits


class TooLong(Exception):
    """More bytes than can be scanned at once: the batch is halved."""


class Cells:
    """A field over the rows of a batch, in the forms that are asked, each made once."""

    __slots__ = (
        "_apart", "_bounds", "_buffer", "_folded", "_owners", "_sizes", "_texts", "_types", "_values",
    )  # fmt: skip

    def __init__(self, values: Sequence[object]) -> None:
        self._values = values
        self._types = set(map(type, values))
        self._texts: Sequence[Texts] | None = None
        self._buffer: bytes | None = None
        self._sizes: Iterable[int] = ()
        self._bounds: list[int] | None = None
        self._folded: Sequence[Texts] | None = None
        self._apart = False  # whether no text in the buffer holds what joins them
        #: The row of each text in the buffer; None when each row has one.
        self._owners: list[int] | None = None

    @property
    def texts(self) -> Sequence[Texts]:
        """The texts of each row."""
        if self._texts is None:
            if self._types <= _PLAIN:
                self._texts = self._values  # type: ignore[assignment]
            elif self._types == _INTEGER:
                self._texts = list(map(str, self._values))
            else:
                self._texts = [_texts(value) for value in self._values]
        return self._texts  # type: ignore[return-value]

    @property
    def buffer(self) -> bytes:
        """The folded texts between separators."""
        if self._buffer is None:
            self._buffer = self._joined() if self._types != _ABSENT else b""
        return self._buffer

    def _joined(self) -> bytes:
        items: Sequence[Any] = self.texts
        try:
            joined = "\0".join(items)
        except TypeError:  # a row without a text, or with several
            items, self._owners = _items(items)
            joined = "\0".join(items)
        if not items:
            return b""
        self._apart = "\0" not in "".join(items)
        if not self._apart:
            encoded = [fold(item).encode("utf-8", "surrogatepass") for item in items]
            self._sizes = map(len, encoded)
            return b"\xff%b\xff" % SEPARATOR.join(encoded)
        raw = f"\0{joined}\0".encode("utf-8", "surrogatepass")
        if not joined.isascii():
            raw = _folded_letters(raw)
        return raw.translate(_FOLD)

    def row(self, end: int) -> int:
        """The row of the text in which a literal ends, or that ends with it."""
        if self._bounds is None:  # where each text ends, its separator included
            sizes = map(len, self.buffer[1:-1].split(SEPARATOR)) if self._apart else self._sizes
            self._bounds = list(map(add, accumulate(sizes), count(2)))
        position = bisect_left(self._bounds, end)
        return position if self._owners is None else self._owners[position]

    @property
    def folded(self) -> Sequence[Texts]:
        """The texts of each row as they are compared."""
        if self._folded is None:
            buffer = self.buffer
            if self._apart and self._owners is None:
                text = buffer[1:-1].replace(SEPARATOR, b"\0").decode("utf-8", "surrogatepass")
                self._folded = text.split("\0")
            else:
                self._folded = [_folded(texts) for texts in self.texts]
        return self._folded

    @property
    def plain(self) -> Sequence[str] | None:
        """The same, when each row has one text and one only."""
        return self.folded if self._types == _TEXT else None  # type: ignore[return-value]


class Column:
    """A field (None: every value of the event) and the literals looked for in it, by their numbers."""

    __slots__ = ("_database", "_literals", "field", "numeric")

    def __init__(
        self, field: str | None, literals: Mapping[bytes, int], serialized: tuple[bytes, bytes] | None = None
    ) -> None:
        """``serialized`` is the database of these literals from an earlier time."""
        self.field = field
        #: Whether a literal may be in the text of a number.
        self.numeric = any(map(_numeric, literals))
        self._literals = literals
        self._database: Any = None
        if serialized and serialized[0] == _digest(literals):
            self._database = _loaded(serialized[1])
        if self._database is None:
            self._database = _compiled(literals)

    def serialized(self) -> tuple[bytes, bytes]:
        """The database of literals, for the disk, and the digest of what it was made of."""
        return _digest(self._literals), bytes(hyperscan.dumpb(self._database))

    def read(self, cells: Cells, size: int, found: dict[int, int]) -> None:
        """Add to ``found`` the rows (as bits, of ``size``) in which each literal is, by its number; raises
        ``TooLong``.
        """
        hits = self._hits(cells.buffer)
        if hits:
            row, row_bits, get = cells.row, bits(size), found.get
            for end, literal in hits:
                found[literal] = get(literal, 0) | row_bits[row(end)]

    def _hits(self, buffer: bytes) -> list[tuple[int, int]]:
        """Pairs of where a literal ends and its number."""
        if len(buffer) > _SCANNED:
            raise TooLong
        hits: list[tuple[int, int]] = []
        append = hits.append

        def note(literal: int, start: int, end: int, flags: int, context: object) -> None:
            append((end, literal))

        if buffer:
            self._database.scan(buffer, note)
        return hits


def question(literal: bytes) -> tuple[Callable[[str, str], bool], str]:
    """The same asked of folded texts one by one: a function of a text and of what is wanted, and that."""
    start, end = literal.startswith(SEPARATOR), literal.endswith(SEPARATOR)
    wanted = literal.strip(SEPARATOR).decode("utf-8", "surrogatepass")
    if start and end:
        return eq, wanted
    return (str.startswith if start else str.endswith if end else contains), wanted


def fold(text: str) -> str:
    """A text as it is compared."""
    return text.lower() if text.isascii() else text.casefold()


def _folded_letters(raw: bytes) -> bytes:
    """UTF-8 with its letters folded, but those of ASCII: there are few others, fewer that this changes."""
    for letter in set(raw.translate(None, _ASCII).decode("utf-8", "surrogatepass")):
        if letter.casefold() != letter:
            raw = raw.replace(letter.encode(), letter.casefold().encode())
    return raw


def _folded(texts: Texts) -> Texts:
    if isinstance(texts, str):
        return fold(texts)
    return tuple(map(fold, texts)) if texts else None


def _texts(value: object) -> Texts:
    if value is None or isinstance(value, str):
        return value
    texts = texts_of(value)
    return texts[0] if len(texts) == 1 else texts


def _items(values: Sequence[Texts]) -> tuple[list[str], list[int]]:
    """Every text of the values, and the position of the value of each."""
    items: list[str] = []
    owners: list[int] = []
    for position, value in enumerate(values):
        if isinstance(value, str):
            items.append(value)
            owners.append(position)
        elif value:
            items.extend(value)
            owners.extend([position] * len(value))
    return items, owners


def _numeric(literal: bytes) -> bool:
    """Whether a literal may be in the text of a number, of a truth value, of what is no number."""
    return set(literal) <= set(b"+-.0123456789abcdefilnrstux" + SEPARATOR)


def _compiled(literals: Mapping[bytes, int]) -> Any:
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    # The binding cuts a literal at its first NUL: where there is one, all are written as expressions.
    whole = not any(b"\0" in literal for literal in literals)
    expressions = literals if whole else [b"".join(b"\\x%02x" % byte for byte in one) for one in literals]
    database.compile(
        expressions=list(expressions),
        ids=list(literals.values()),
        elements=len(literals),
        flags=[0] * len(literals),
        literal=whole,
    )
    return database


def _digest(literals: Mapping[bytes, int]) -> bytes:
    return hashlib.blake2b(repr(list(literals.items())).encode(), digest_size=16).digest()


def _loaded(serialized: bytes) -> Any:
    """A database from the disk; None when it is of another version or machine."""
    try:
        database = hyperscan.loadb(serialized, hyperscan.HS_MODE_BLOCK)
        database.scratch = hyperscan.Scratch(database)
    except hyperscan.error:
        return None
    return database
