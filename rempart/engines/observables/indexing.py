"""Values and what is said of them, as they are looked up: in a dictionary, or in bytes that need no reading.

A million values in a dictionary take half a second to make and a hundred megabytes. Laid down in the order of
their digests, they are there as soon as the file is, and are found by bisection; a set of bits, one for each
CRC of a value, tells at once of most others that they are not there.
"""

from __future__ import annotations

import hashlib
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any, Final, Protocol
from zlib import crc32

import orjson

from rempart.engines.observables.model import Details

_BITS: Final = 16  # for each value: one in sixteen of the others is looked up for nothing
_DIGEST: Final = 8  # bytes

if array("I").itemsize != 4 or array("Q").itemsize != 8:  # pragma: no cover
    raise ImportError("numbers of other sizes than those of the files")


class Exact(Protocol):
    """Values in the form that is compared, each with what is said of it."""

    def get(self, value: str) -> Details | None:
        """What is said of a value; None when it is not there."""

    def among(self, values: Sequence[bytes]) -> list[bytes]:
        """Those of the values (UTF-8, without spaces) that are there."""

    def __len__(self) -> int: ...


class Written(dict[str, Details]):
    """Values that are added one by one."""

    def among(self, values: Sequence[bytes]) -> list[bytes]:
        """As ``Exact`` says; in compiled code when none is there."""
        texts = b" ".join(values).decode("utf-8", "surrogatepass").split(" ")
        if self.keys().isdisjoint(texts):
            return []
        return [value for value, text in zip(values, texts, strict=True) if text in self]


class Said:
    """What is said of values, one record after another, read when it is asked."""

    __slots__ = ("_ends", "_texts")

    def __init__(self, ends: Any, texts: Any) -> None:
        """``ends`` are those of the records in ``texts`` (array of unsigned 32 bits, from 0)."""
        self._ends = memoryview(ends).cast("B").cast("I")
        self._texts = memoryview(texts)

    def __getitem__(self, place: int) -> Details:
        record = orjson.loads(self._texts[self._ends[place] : self._ends[place + 1]])
        source, named, name, confidence, since, until, seen, labels = record
        moments = _moment(since), _moment(until), _moment(seen)
        return Details(source, named, name, confidence, *moments, tuple(labels))

    def parts(self) -> tuple[bytes, ...]:
        """What it is made of."""
        return bytes(self._ends), bytes(self._texts)

    def __reduce__(self) -> tuple[Any, ...]:
        return Said, self.parts()


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


class Stored:
    """Values in the order of their digests, all in bytes."""

    __slots__ = ("_digests", "_ends", "_mask", "_present", "_said", "_values", "_which")

    def __init__(self, parts: Sequence[Any], said: Said) -> None:
        """``parts`` as ``Laying`` makes them: digests and, in their order, the ends of the values (from 0),
        the values and their places in ``said``; then the bits. Raises ``ValueError`` when they do not agree.
        """
        digests, ends, values, which, present = parts
        self._digests = memoryview(digests).cast("B").cast("Q")
        self._ends = memoryview(ends).cast("B").cast("I")
        self._which = memoryview(which).cast("B").cast("I")
        self._values, self._present = memoryview(values), memoryview(present)
        self._mask = 8 * len(self._present) - 1
        self._said = said
        count = len(self._digests)
        if (
            len(self._which) != count
            or len(self._ends) != count + 1
            or self._ends[count] != len(self._values)
            or self._mask & (self._mask + 1)
        ):
            raise ValueError("values that do not agree with their index")

    def __len__(self) -> int:
        return len(self._digests)

    def get(self, value: str) -> Details | None:
        """As ``Exact`` says."""
        raw = value.encode("utf-8", "surrogatepass")
        found = crc32(raw) & self._mask
        if not self._present[found >> 3] >> (found & 7) & 1:
            return None
        place = self._place(raw)
        return None if place is None else self._said[self._which[place]]

    def among(self, values: Sequence[bytes]) -> list[bytes]:
        """As ``Exact`` says."""
        present, mask = self._present, self._mask
        return [
            value
            for value in values
            if present[(found := crc32(value) & mask) >> 3] >> (found & 7) & 1
            and self._place(value) is not None
        ]

    def _place(self, raw: bytes) -> int | None:
        wanted, digests, ends = _digest(raw), self._digests, self._ends
        place = bisect_left(digests, wanted)
        while place < len(digests) and digests[place] == wanted:
            if self._values[ends[place] : ends[place + 1]] == raw:
                return place
            place += 1
        return None

    def parts(self) -> tuple[bytes, ...]:
        """What it is made of, without what is said of the values."""
        given = (self._digests, self._ends, self._values, self._which, self._present)
        return tuple(map(bytes, given))

    def __reduce__(self) -> tuple[Any, ...]:
        return Stored, (self.parts(), self._said)


def _digest(raw: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(raw, digest_size=_DIGEST).digest(), sys.byteorder)


class Laying:
    """Makes what is stored: what is said of all values together, and the values of each kind."""

    def __init__(self) -> None:
        self._places: dict[int, int] = {}
        self._records: dict[bytes, int] = {}

    def stored(self, exact: Written) -> tuple[bytes, ...]:
        """The parts of the values of a kind. Raises ``OverflowError`` past 4 GiB of them, ``TypeError`` for
        what JSON cannot say.
        """
        entries = sorted(
            (_digest(raw), raw, details)
            for raw, details in (
                (value.encode("utf-8", "surrogatepass"), self._place(details))
                for value, details in exact.items()
            )
        )
        present = bytearray(1 << max(0, (_BITS * len(entries)).bit_length() - 3))
        mask = 8 * len(present) - 1
        for _, raw, _ in entries:
            found = crc32(raw) & mask
            present[found >> 3] |= 1 << (found & 7)
        return (
            array("Q", [digest for digest, _, _ in entries]).tobytes(),
            _ends(raw for _, raw, _ in entries),
            b"".join([raw for _, raw, _ in entries]),
            array("I", [place for _, _, place in entries]).tobytes(),
            bytes(present),
        )

    def said(self) -> tuple[bytes, ...]:
        """The parts of what is said of all values that were stored."""
        return _ends(self._records), b"".join(self._records)

    def _place(self, details: Details) -> int:
        place = self._places.get(id(details))
        if place is None:
            moments = (details.valid_from, details.valid_until, details.seen)
            record = orjson.dumps(
                [
                    details.source, details.id, details.name, details.confidence,
                    *(moment and moment.isoformat() for moment in moments), details.labels,
                ]
            )  # fmt: skip
            place = self._places[id(details)] = self._records.setdefault(record, len(self._records))
        return place


def _ends(texts: Iterable[bytes]) -> bytes:
    return array("I", accumulate(map(len, texts), initial=0)).tobytes()
