"""Which of many texts may hold an indicator: a look at all of them at once, for what has the shape of one.

Hyperscan goes through the texts once, whatever the number of indicators, and finds what looks like a digest,
an address, a link, an e-mail, or a name under one of the indicators' endings; that is then looked up. What is
told here is looked at again, exactly; what is not holds nothing. Beyond ASCII, a word with a dot is told, for
it may be a name in the form that people read, and so are the two letters whose small ones are ASCII's.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import Any, Final

import hyperscan

from rempart.engines.observables.model import DOMAIN, HASH, IP, MAIL, URL

#: Ends a text, among texts that follow one another.
END: Final = "\0"
LENGTHS: Final = (32, 40, 56, 64, 96, 128)  # of digests, in characters
_ENDINGS: Final = 20_000  # beyond, names of any ending are looked up
_DIGEST: Final = LENGTHS[0]
_END: Final = END.encode()
_UNDERLINE: Final = ord("_")
_LONGEST: Final = 300  # bytes of a name: one that is longer is told
_SCHEME: Final = 24  # bytes of a link up to its ``://``
_LINK: Final = 8_300  # and after it
_NO_WORD: Final = rb"[^\w@+.\-]"
_NAME, _LINKS, _TOLD, _ENDING = 0, 1, 2, 3  # expressions' numbers; those of digests are their lengths
_APART: Final = "".join(
    chr(code).lower() if chr(code).isalnum() or chr(code) in "@+-._" else " " for code in range(128)
)
#: A word with a dot and a letter beyond ASCII, the Kelvin sign, and I with a dot.
_BEYOND: Final = (
    rb"[\x80-\xff][\w@+\-\x80-\xff]{0,250}\.[\w\x80-\xff]",
    rb"\.[\w@+\-\x80-\xff]{0,250}[\x80-\xff]",
    rb"\xe2\x84\xaa",
    rb"\xc4\xb0",
)


class Screen:
    """The shapes of a table's indicators.

    ``digests`` gives those of some that are a file's; ``known`` tells whether one of a kind covers a value in
    lower case, ``link`` whether a text in lower case holds the link of one.
    """

    def __init__(
        self,
        kinds: Iterable[str],
        endings: Iterable[str],
        *,
        digests: Callable[[Sequence[bytes]], list[bytes]],
        known: Callable[[str, str], bool],
        link: Callable[[str], bool],
    ) -> None:
        self._digests, self._known, self._link = digests, known, link
        shapes, lengths = _shapes(frozenset(kinds), sorted(endings))
        self._databases = [_compiled(each) for each in (shapes, lengths) if each]
        #: For texts beyond ASCII too.
        self._beyond = _compiled([(each, _TOLD) for each in _BEYOND])

    def suspects(self, texts: Sequence[str]) -> list[int]:
        """The positions of the texts that may hold an indicator; each is one or several, with ``END``
        between.
        """
        return sorted({number for number, _ in self.places(texts)})

    def places(self, texts: Sequence[str]) -> list[tuple[int, int]]:
        """Each text that may hold an indicator, and where in its bytes (UTF-8) one may be, or end."""
        if not self._databases or not texts:
            return []
        written = END.join(("", *texts, ""))
        joined = _bytes(written)
        hits: list[tuple[int, int]] = []
        append = hits.append

        def note(number: int, start: int, end: int, flags: int, context: object) -> None:
            append((number, end))

        for database in self._databases:
            database.scan(joined, note)
        if len(joined) != len(written):
            self._beyond.scan(joined, note)
        suspected = self._judged(hits, joined) if hits else []
        if not suspected:
            return []
        ends = list(accumulate(len(_bytes(text)) + 1 for text in texts))
        starts = [1, *(end + 1 for end in ends)]
        numbers = [bisect_left(ends, each) for each in suspected]
        return [(number, each - starts[number]) for number, each in zip(numbers, suspected, strict=True)]

    def _judged(self, hits: list[tuple[int, int]], joined: bytes) -> list[int]:
        """Where those stand of what was found that may be an indicator."""
        suspected = [
            end - 1 for number, end in hits if number < _DIGEST and self._suspected(number, end, joined)
        ]
        digests = [(end - 1, joined[end - 1 - number : end - 1]) for number, end in hits if number >= _DIGEST]
        written = b" ".join([digest for _, digest in digests]).lower().split()
        if written and (known := set(self._digests(written))):
            suspected += [end for (end, _), digest in zip(digests, written, strict=True) if digest in known]
        return suspected

    def _suspected(self, number: int, end: int, joined: bytes) -> bool:
        if number == _TOLD:
            return True
        if number == _LINKS:
            before = joined[max(0, end - _SCHEME) : end].rpartition(_END)[2]
            return self._link(_text(before + joined[end : end + _LINK].partition(_END)[0]).lower())
        if number == _ENDING:
            if joined[end : end + 1].isalnum() or joined[end] == _UNDERLINE:
                return False
        else:
            end -= 1
        word = _text(joined[max(0, end - _LONGEST) : end]).translate(_APART).rpartition(" ")[2]
        if len(word) >= _LONGEST or not word.isascii():
            return True
        name = word.rpartition("@")[2].strip(".+-")
        if name[-1:].isdigit() and name.rpartition(".")[2].isdigit():
            return self._known(IP, name)
        return self._known(DOMAIN, name)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _shapes(
    kinds: frozenset[str], endings: list[str]
) -> tuple[list[tuple[bytes, int]], list[tuple[bytes, int]]]:
    """The expressions of what the table holds, all bounded, and those of digests: two databases of which each
    goes through a text in its own way take half of the time of one.
    """
    expressions: list[tuple[bytes, int]] = []
    if IP in kinds:
        expressions.append((rb"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}[^\w]", _NAME))
        group = rb"([0-9a-f]{1,4}(:[0-9a-f]{1,4}){0,6})?"
        expressions.append((rb"[^\w:]" + group + rb"::" + group + rb"[^\w:]", _TOLD))
        expressions.append((rb":[0-9a-f]{1,4}" * 5 + rb":", _TOLD))  # found sooner than with its eight groups
    if MAIL in kinds:
        expressions.append((rb"@", _TOLD))
    if URL in kinds:
        expressions.append((rb"://", _LINKS))
    if DOMAIN in kinds:
        plain = [re.escape(ending).encode() for ending in endings if ending.isascii()]
        if len(plain) > _ENDINGS:
            expressions.append((rb"\.[\w\-]{2,63}[^\w]", _NAME))
        else:
            expressions += [(rb"\." + ending, _ENDING) for ending in plain]
    digests = [(_NO_WORD + rb"[0-9a-f]{%d}" % length + _NO_WORD, length) for length in LENGTHS]
    return expressions, digests if HASH in kinds else []


def _compiled(expressions: list[tuple[bytes, int]]) -> Any:
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=[expression for expression, _ in expressions],
        ids=[number for _, number in expressions],
        elements=len(expressions),
        flags=[hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_DOTALL] * len(expressions),
    )
    return database
