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
from itertools import accumulate
from typing import Any, Final, TypeAlias

import hyperscan
import orjson

from rempart.engines.sigma.values import every_text, lookup, texts_of

#: The texts of a value: one, several (lists, objects), or None when the field is absent or null.
Texts: TypeAlias = str | tuple[str, ...] | None

SEPARATOR: Final = b"\xff"
_PLAIN: Final = frozenset({str, type(None)})
_NUL_TO_SEPARATOR: Final = bytes.maketrans(b"\x00", SEPARATOR)
_CACHED_LENGTH: Final = 512  # characters; longer values seldom come back
_SCANNED: Final = 1024**3  # bytes that Hyperscan is given at once; it counts them in 32 bits
_TRIAL: Final = 16_384  # values after which a memory that does not serve is given up

#: Letters that are not ASCII and whose folding holds ASCII: ß İ ŉ ſ ǰ ẖẗẘẙẚ ẞ K and the ligatures of f and s.
FOLDED_TO_ASCII: Final = "\xdf\u0130\u0149\u017f\u01f0\u1e96\u1e97\u1e98\u1e99\u1e9a\u1e9e\u212a" + "".join(
    map(chr, range(0xFB00, 0xFB07))
)
_TO_ASCII: Final = [
    (first, [letter.encode() for letter in FOLDED_TO_ASCII if letter.encode()[:1] == first])
    for first in sorted({letter.encode()[:1] for letter in FOLDED_TO_ASCII})
]

_bits: list[int] = [1 << position for position in range(4_096)]


def bits(size: int) -> list[int]:
    """Powers of two, at least ``size`` of them."""
    while len(_bits) < size:
        _bits.append(1 << len(_bits))
    return _bits


class _TooLong(Exception):
    """More bytes than can be scanned at once: the batch is halved."""


class Column:
    """A field (None: every value of the event) and the literals looked for in it, by their numbers.

    ``remember`` bounds the values whose results are kept; columns whose values do not come back keep none.
    """

    __slots__ = (
        "_asked",
        "_database",
        "_kept",
        "_literals",
        "_memory",
        "_recalled",
        "field",
        "hits",
        "scanned",
    )

    def __init__(self, field: str | None) -> None:
        self.field = field
        self.scanned = 0
        self.hits = 0
        self._literals: dict[bytes, int] = {}
        self._database: Any = None
        self._memory: dict[str, tuple[int, ...]] = {}
        self._kept = 0
        self._asked = 0
        self._recalled = 0

    def prepare(
        self, literals: Mapping[bytes, int], remember: int, serialized: tuple[bytes, bytes] | None
    ) -> None:
        """Take the literals to look for; ``serialized`` is their database from an earlier time."""
        self._literals = dict(literals)
        self._kept = remember if self.field is not None else 0
        if self._literals:
            if serialized and serialized[0] == _digest(self._literals):
                self._database = _loaded(serialized[1])
            if self._database is None:
                self._database = _compiled(self._literals, caseless=self.field is None)

    @property
    def active(self) -> bool:
        """Whether there is anything to look for."""
        return self._database is not None

    def serialized(self) -> tuple[bytes, bytes]:
        """The database of literals, for the disk, and the digest of what it was made of."""
        return _digest(self._literals), bytes(hyperscan.dumpb(self._database))

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

    def read(
        self, events: Sequence[Mapping[str, object]], texts: Sequence[Texts], found: dict[int, int]
    ) -> None:
        """Add to ``found`` the rows (as bits) in which each literal is, by the literal's number."""
        try:
            if self.field is None:
                self._scan_events(events, found)
            else:
                self._scan(texts, found)
        except _TooLong:
            half = len(events) // 2
            if not half:
                raise
            for start, end in ((0, half), (half, len(events))):
                part: dict[int, int] = {}
                self.read(events[start:end], texts[start:end], part)
                for literal, mask in part.items():
                    found[literal] = found.get(literal, 0) | mask << start

    def _scan_events(self, events: Sequence[Mapping[str, object]], found: dict[int, int]) -> None:
        """The same of literals anywhere in an event, as JSON writes it."""
        buffer, bounds = _blobs(events)
        row_bits = bits(len(events))
        for end, literal in self._hits(buffer):
            found[literal] = found.get(literal, 0) | row_bits[bisect_left(bounds, end)]

    def _scan(self, texts: Sequence[Texts], found: dict[int, int]) -> None:
        known: dict[Texts, Iterable[int]] = {}
        if self._kept:
            distinct = dict.fromkeys(texts)
            distinct.pop(None, None)
            fresh = self._recall(distinct, known)
            self._search(fresh, known)
            self._remember(fresh, known)
            if known:
                _spread(texts, known, found)
            return
        rows: list[int] | None = None
        try:
            buffer, bounds = _joined(texts)
        except TypeError:  # a row without a text, or with several
            items, rows = _items(texts)
            if not items:
                return
            buffer, bounds = _joined(items)
        self.scanned += len(bounds)
        row_bits = bits(len(texts))
        get = found.get
        if rows is None:
            for end, literal in self._hits(buffer):
                found[literal] = get(literal, 0) | row_bits[bisect_left(bounds, end)]
        else:
            for end, literal in self._hits(buffer):
                found[literal] = get(literal, 0) | row_bits[rows[bisect_left(bounds, end)]]

    def _recall(self, distinct: Mapping[Texts, None], known: dict[Texts, Iterable[int]]) -> list[Texts]:
        """What is remembered goes into ``known``; returns the values that are not."""
        memory: Mapping[Texts, tuple[int, ...]] = self._memory  # type: ignore[assignment]
        fresh: list[Texts] = []
        for value, result in zip(distinct, map(memory.get, distinct), strict=True):
            if result is None:
                fresh.append(value)
            elif result:
                known[value] = result
        self._asked += len(distinct)
        self._recalled += len(distinct) - len(fresh)
        return fresh

    def _search(self, values: Sequence[Texts], known: dict[Texts, Iterable[int]]) -> None:
        if not values:
            return
        owners: list[int] | None = None
        try:
            buffer, bounds = _joined(values)
        except TypeError:
            items, owners = _items(values)
            buffer, bounds = _joined(items)
        self.scanned += len(bounds)
        results: dict[Texts, set[int]] = {}
        for end, literal in self._hits(buffer):
            position = bisect_left(bounds, end)
            owner = values[owners[position] if owners is not None else position]
            seen = results.get(owner)
            if seen is None:
                results[owner] = {literal}
            else:
                seen.add(literal)
        known.update(results)

    def _remember(self, fresh: Sequence[Texts], known: Mapping[Texts, Iterable[int]]) -> None:
        if self._asked > _TRIAL:
            if self._recalled * 4 < self._asked:  # fewer than a quarter come back: looking costs more
                self._kept = 0
                self._memory = {}
                return
            self._asked = self._recalled = 0
        memory = self._memory
        if len(memory) + len(fresh) > self._kept:
            memory.clear()
        for value in fresh[: self._kept]:
            if isinstance(value, str) and len(value) <= _CACHED_LENGTH:
                memory[value] = tuple(known.get(value, ()))

    def _hits(self, buffer: bytes) -> list[tuple[int, int]]:
        """Pairs of where a literal ends and its number."""
        if len(buffer) > _SCANNED:
            raise _TooLong
        hits: list[tuple[int, int]] = []
        append = hits.append

        def note(literal: int, start: int, end: int, flags: int, context: object) -> None:
            append((end, literal))

        self._database.scan(buffer, note)
        self.hits += len(hits)
        return hits


def probe(literal: bytes) -> Callable[[str], bool]:
    """The same question asked of one folded text."""
    start, end = literal.startswith(SEPARATOR), literal.endswith(SEPARATOR)
    wanted = literal.strip(SEPARATOR).decode("utf-8", "surrogatepass")
    if start and end:
        return wanted.__eq__
    if start:
        return lambda text: text.startswith(wanted)
    if end:
        return lambda text: text.endswith(wanted)
    return lambda text: wanted in text


def folded(texts: Texts) -> Texts:
    """Texts as they are compared."""
    if isinstance(texts, str):
        return texts.lower() if texts.isascii() else texts.casefold()
    return tuple(text.casefold() for text in texts) if texts else None


def folded_texts(texts: Sequence[Texts]) -> list[str] | None:
    """Each text folded, or None when a value is absent or has several."""
    if not all(type(text) is str for text in texts):
        return None
    joined = "\0".join(texts)  # type: ignore[arg-type]
    if joined.isascii() and joined.count("\0") == len(texts) - 1:
        return joined.lower().split("\0")
    return [folded(text) for text in texts]  # type: ignore[misc]


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
        if type(value) is str:
            items.append(value)
            owners.append(position)
        elif value:
            items.extend(value)
            owners.extend([position] * len(value))
    return items, owners


def _joined(items: Sequence[Any]) -> tuple[bytes, list[int]]:
    """The folded items between separators, and where each ends (its separator included).

    Raises TypeError when one is not a text.
    """
    joined = "\0".join(items)
    if joined.count("\0") != len(items) - 1:
        encoded = [item.casefold().encode("utf-8", "surrogatepass") for item in items]
        buffer = b"\xff%b\xff" % SEPARATOR.join(encoded)
        return buffer, _bounds(map(len, encoded))
    if joined.isascii():
        buffer = f"\0{joined}\0".encode("ascii").lower()
        return buffer.translate(_NUL_TO_SEPARATOR), _bounds(map(len, items))
    texts = [item if item.isascii() else item.casefold() for item in items]
    # Letters that are not ASCII are folded above; the others by lower(), which leaves UTF-8 alone.
    raw = "\0".join(texts).encode("utf-8", "surrogatepass").lower()
    return b"\xff%b\xff" % raw.translate(_NUL_TO_SEPARATOR), _bounds(map(len, raw.split(b"\0")))


def _bounds(sizes: Iterable[int]) -> list[int]:
    return list(accumulate((size + 1 for size in sizes), initial=1))[1:]


def _blobs(events: Sequence[Mapping[str, object]]) -> tuple[bytes, list[int]]:
    """Each event as one text, and where each ends (its separator included); ASCII is not folded.

    JSON writes a piece of ASCII text that needs no escape as it stands. Only ASCII is folded, and the few
    other letters whose folding gives ASCII. Events that JSON cannot write are written value by value.
    """
    try:
        blobs = [orjson.dumps(event) for event in events]
    except TypeError:
        blobs = [_blob(event) for event in events]
    joined = SEPARATOR.join(blobs)
    if _folds_to_ascii(joined):
        blobs = [_fully_folded(blob) if _folds_to_ascii(blob) else blob for blob in blobs]
        joined = SEPARATOR.join(blobs)
    return joined, [bound - 1 for bound in _bounds(map(len, blobs))]


def _blob(event: Mapping[str, object]) -> bytes:
    try:
        return orjson.dumps(event)
    except TypeError:
        return "\n".join(every_text(event)).encode("utf-8", "surrogatepass")


def _fully_folded(blob: bytes) -> bytes:
    return blob.decode("utf-8", "surrogatepass").casefold().encode("utf-8", "surrogatepass")


def _folds_to_ascii(blob: bytes) -> bool:
    return any(first in blob and any(letter in blob for letter in letters) for first, letters in _TO_ASCII)


def _spread(texts: Sequence[Texts], known: Mapping[Texts, Iterable[int]], found: dict[int, int]) -> None:
    """From literals by value to rows by literal."""
    row_bits = bits(len(texts))
    masks: dict[Texts, int] = {}
    for row, value in enumerate(texts):
        if value in known:
            masks[value] = masks.get(value, 0) | row_bits[row]
    for value, mask in masks.items():
        for literal in known[value]:
            found[literal] = found.get(literal, 0) | mask


def _compiled(literals: Mapping[bytes, int], *, caseless: bool) -> Any:
    flags = hyperscan.HS_FLAG_CASELESS if caseless else 0
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    # The binding cuts a literal at its first NUL: where there is one, all are written as expressions.
    whole = not any(b"\0" in literal for literal in literals)
    expressions = literals if whole else [b"".join(b"\\x%02x" % byte for byte in one) for one in literals]
    database.compile(
        expressions=list(expressions),
        ids=list(literals.values()),
        elements=len(literals),
        flags=[flags] * len(literals),
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
