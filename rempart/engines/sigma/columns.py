"""One field over a batch: the texts of its rows, and which of the rules' literals are in them.

The values of a batch are joined with NUL, and Hyperscan goes through them once, whatever the case of ASCII
letters; others are folded before. NUL also anchors (``SEPARATOR`` in a literal): after it is a beginning,
before it an end, between two the whole value. A NUL of a value or of a rule becomes the byte 255, which no
UTF-8 text holds. Every answer about a literal is therefore exact, over folded text, and costs nothing more
for a thousand rules than for one.
"""

from __future__ import annotations

import hashlib
import marshal
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate, groupby
from operator import contains, eq
from typing import Any, Final, TypeAlias

import hyperscan

from rempart.engines.sigma.values import texts_of

#: The texts of a value: one, several (lists, objects), or None when the field is absent or null.
Texts: TypeAlias = str | tuple[str, ...] | None

SEPARATOR: Final = b"\xff"
_PLAIN: Final = frozenset({str, type(None)})
_SINGLE: Final = frozenset({str, int, float, bool, type(None)})
_TEXT: Final = frozenset({str})
_INTEGER: Final = frozenset({int})
_NO_TEXT: Final = frozenset({int, float, bool, type(None)})
_SCANNED: Final = 1024**3  # bytes that Hyperscan is given at once; it counts them in 32 bits
_NUMBER: Final = 32  # bits of a literal's number, beneath the place where it was found
_ONLY: Final = (1 << _NUMBER) - 1
#: What stands for what in the text that is scanned.
_AS_SCANNED: Final = bytes.maketrans(b"\0\xff", b"\xff\0")

_AS_LINES: Final = b"\n" + bytes(range(1, 128)) + b"?" * 128
_FORM: Final = "caseless, between NUL"  # of the databases on the disk

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
    """A field over the rows of a batch, in the forms that are asked, each made once; ``values`` may be texts
    that NUL joins, of which none holds it.
    """

    __slots__ = (
        "_apart", "_ascii", "_buffer", "_folded", "_kinds", "_lines", "_owners", "_texts", "_values",
    )  # fmt: skip

    def __init__(self, values: Sequence[object] | str) -> None:
        self._values = values
        self._kinds: set[type] | None = set(_TEXT) if isinstance(values, str) else None
        self._texts: Sequence[Texts] | None = None
        self._buffer: bytes | None = None
        self._folded: Sequence[Texts] | None = None
        self._lines: tuple[bytes, list[int]] | None = None
        self._ascii = False
        self._apart = False  # whether no text in the buffer holds what joins them
        #: The row of each text in the buffer; None when each row has one.
        self._owners: list[int] | None = None

    @property
    def values(self) -> Sequence[object]:
        """The values of the rows."""
        if isinstance(self._values, str):
            self._values = self._values.split("\0")
        return self._values

    @property
    def each(self) -> bool:
        """Whether each row has one text in the buffer."""
        return self._owners is None

    @property
    def kinds(self) -> set[type]:
        """The types of the values."""
        if self._kinds is None:
            self._kinds = set(map(type, self.values))
        return self._kinds

    @property
    def texts(self) -> Sequence[Texts]:
        """The texts of each row."""
        if self._texts is None:
            if self.kinds <= _PLAIN:
                self._texts = self.values  # type: ignore[assignment]
            else:
                self._texts = _integers(self.values) if self.kinds == _INTEGER else None
                self._texts = self._texts or [_texts(value) for value in self.values]
        return self._texts  # type: ignore[return-value]

    @property
    def buffer(self) -> bytes:
        """The texts between separators, letters that are not ASCII folded."""
        if self._buffer is None:
            self._buffer = self._joined()
        return self._buffer

    @property
    def words(self) -> bytes:
        """The same for keywords that no number holds: nothing where all values are numbers."""
        if (
            self._buffer is None
            and type(self._values[:1] and self._values[0]) in _NO_TEXT
            and self.kinds <= _NO_TEXT
        ):
            return b""
        return self.buffer

    def _joined(self) -> bytes:
        if isinstance(self._values, str):
            joined = f"\0{self._values}\0"
            self._ascii, self._apart = joined.isascii(), True
            raw = joined.encode() if self._ascii else joined.encode("utf-8", "surrogatepass")
            return raw if self._ascii else _folded_letters(raw)
        items: Any = self.values
        try:
            joined = "\0".join(["", *items, ""])
            self._kinds = set(_TEXT)
        except TypeError:  # a row without a text, with several, or with a number
            items = self.texts
            if self.kinds != _INTEGER:
                items, self._owners = _items(items)
            if not items:
                return b""
            joined = "\0".join(["", *items, ""])
        self._ascii = joined.isascii()
        raw = joined.encode() if self._ascii else joined.encode("utf-8", "surrogatepass")
        self._apart = raw.count(0) == len(items) + 1
        if not self._apart:
            encoded = [fold(item).encode("utf-8", "surrogatepass").translate(_AS_SCANNED) for item in items]
            return b"\0%b\0" % b"\0".join(encoded)
        return raw if self._ascii else _folded_letters(raw)

    def rows(self, ends: Sequence[int]) -> list[int]:
        """The row of the text in which a literal ends, or that ends with it, for each of ``ends`` in
        ascending order.
        """
        count = self.buffer.count
        row, before, found = 0, 1, []
        for end in ends:
            row += count(0, before, end - 1)
            before = end - 1
            found.append(row)
        owners = self._owners
        return found if owners is None else [owners[row] for row in found]

    @property
    def lines(self) -> tuple[bytes, list[int]] | None:
        """The texts as they are, a line each, whose ends ``rows`` knows, and the rows of which this does not
        tell all: those not of ASCII, and with vertical tabs, which engines read otherwise. None when a row
        has not one text, or one with a NUL.
        """
        if self._lines is None:
            buffer = self.buffer
            if not self._apart or self._owners is not None:
                return None
            if self._ascii and b"\v" not in buffer:
                self._lines = buffer.replace(b"\0", b"\n"), []
            else:
                texts = enumerate(map(str, self.texts))
                apart = [row for row, text in texts if not text.isascii() or "\v" in text]
                self._lines = buffer.translate(_AS_LINES), apart
        return self._lines

    @property
    def folded(self) -> Sequence[Texts]:
        """The texts of each row as they are compared."""
        if self._folded is None:
            buffer = self.buffer
            if self._apart and self._owners is None:
                self._folded = buffer[1:-1].lower().decode("utf-8", "surrogatepass").split("\0")
            else:
                self._folded = [_folded(texts) for texts in self.texts]
        return self._folded

    @property
    def plain(self) -> Sequence[str] | None:
        """The same, when each row has one text and one only."""
        return self.folded if self.kinds == _TEXT else None  # type: ignore[return-value]

    @property
    def single(self) -> bool:
        """Whether no row has several texts."""
        return self.kinds <= _SINGLE


class Words:
    """Every text of events, field after field, for keywords; ``parts`` are fields and the rows before
    theirs.
    """

    __slots__ = ("_parts", "_starts", "buffer")

    def __init__(self, parts: Iterable[tuple[int, Cells]]) -> None:
        given = [(before, cells, cells.words) for before, cells in parts]
        self._parts = [(before, cells) for before, cells, buffer in given if buffer]
        buffers = [buffer for _, _, buffer in given if buffer]
        self._starts = list(accumulate(map(len, buffers), initial=0))
        self.buffer = b"".join(buffers)

    def rows(self, ends: Sequence[int]) -> list[int]:
        """The row of the text in which a literal ends, for each of ``ends`` in ascending order."""
        found: list[int] = []
        starts = self._starts
        for place, asked in groupby(ends, lambda end: bisect_left(starts, end) - 1):
            before, cells = self._parts[place]
            found += [before + row for row in cells.rows([end - starts[place] for end in asked])]
        return found


class Column:
    """A field (None: every value of the event) and the literals looked for in it, by their numbers."""

    __slots__ = ("_database", "_literals", "anew", "field", "numeric")

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
        #: Whether the database was compiled now.
        self.anew = self._database is None
        if self._database is None:
            self._database = _compiled(literals)

    def serialized(self) -> tuple[bytes, bytes]:
        """The database of literals, for the disk, and the digest of what it was made of."""
        return _digest(self._literals), bytes(hyperscan.dumpb(self._database))

    def read(self, cells: Cells | Words, size: int, found: dict[int, int]) -> None:
        """Add to ``found`` the rows (as bits, of ``size``) in which each literal is, by its number; raises
        ``TooLong``.
        """
        buffer = cells.buffer
        if len(buffer) > _SCANNED:
            raise TooLong
        if not buffer:
            return
        hits: list[int] = []
        append = hits.append

        def note(literal: int, start: int, end: int, flags: int, context: object) -> None:
            append(end << _NUMBER | literal)

        self._database.scan(buffer, note)
        if not hits:
            return
        hits.sort()
        row_bits, get = bits(size), found.get
        if isinstance(cells, Cells) and cells.each:  # as ``rows`` does, in one pass
            row, before, count = 0, 1, buffer.count
            for hit in hits:
                end, literal = (hit >> _NUMBER) - 1, hit & _ONLY
                row += count(0, before, end)
                before = end
                found[literal] = get(literal, 0) | row_bits[row]
        else:
            for hit, row in zip(hits, cells.rows([hit >> _NUMBER for hit in hits]), strict=True):
                literal = hit & _ONLY
                found[literal] = get(literal, 0) | row_bits[row]


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


def _integers(values: Sequence[object]) -> Sequence[str] | None:
    """The texts of whole numbers; None when one is too long for Python to write in decimal."""
    try:
        return list(map(str, values))
    except ValueError:
        return None


def _numeric(literal: bytes) -> bool:
    """Whether a literal may be in the text of a number, of a truth value, of what is no number."""
    return set(literal) <= set(b"+-.0123456789abcdefilnrstux" + SEPARATOR)


def _compiled(literals: Mapping[bytes, int]) -> Any:
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    # Literals are written as expressions, for the binding would cut them at a NUL.
    scanned = [literal.translate(_AS_SCANNED) for literal in literals]
    database.compile(
        expressions=[b"".join(b"\\x%02x" % byte for byte in literal) for literal in scanned],
        ids=list(literals.values()),
        elements=len(literals),
        flags=[hyperscan.HS_FLAG_CASELESS] * len(literals),
    )
    return database


def _digest(literals: Mapping[bytes, int]) -> bytes:
    # As version 2, which writes equal things equally.
    return hashlib.blake2b(marshal.dumps((_FORM, list(literals.items())), 2), digest_size=16).digest()


def _loaded(serialized: bytes) -> Any:
    """A database from the disk; None when it is of another version or machine."""
    try:
        database = hyperscan.loadb(serialized, hyperscan.HS_MODE_BLOCK)
        database.scratch = hyperscan.Scratch(database)
    except hyperscan.error:
        return None
    return database
