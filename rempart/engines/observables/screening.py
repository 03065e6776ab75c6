"""Which of many texts may hold an indicator: a look at all of them at once, for what has the shape of one.

Hyperscan goes through the texts once, whatever the number of indicators, and finds what looks like a digest,
an address, a link, an e-mail, or a name under one of the indicators' endings; that is then looked up. What is
told here is looked at again, exactly; what is not holds nothing. Texts beyond ASCII, where case and names are
another matter, are looked at exactly at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import hyperscan

from rempart.engines.observables.model import DOMAIN, HASH, IP, MAIL, URL

#: Ends a text, among texts that follow one another.
END: Final = "\0"
_LENGTHS: Final = (32, 40, 56, 64, 96, 128)  # of digests, in characters
_ENDINGS: Final = 20_000  # beyond, names of any ending are looked up
_LONGEST: Final = 300  # characters of a name: one that is longer is told
_SCHEME: Final = 24  # characters of a link up to its ``://``
_LINK: Final = 2_100  # characters of a link after it
_NO_WORD: Final = rb"[^\w@+.\-]"
_NAME, _LINKS, _TOLD, _ENDING = 0, 1, 2, 3  # expressions' numbers; those of digests are their lengths
_APART: Final = "".join(
    chr(code).lower() if chr(code).isalnum() or chr(code) in "@+-._" else " " for code in range(128)
)
_REMEMBERED: Final = 200_000


class Screen:
    """The shapes of a table's indicators. ``known`` tells whether one of a kind covers a value in lower case,
    ``link`` whether a text in lower case holds one's link, ``exact`` whether a text holds any.
    """

    def __init__(
        self,
        kinds: Iterable[str],
        endings: Iterable[str],
        *,
        known: Callable[[str, str], bool],
        link: Callable[[str], bool],
        exact: Callable[[str], bool],
    ) -> None:
        self._known, self._link, self._exact = known, link, exact
        self._hits: list[tuple[int, int]] = []
        self._nothing: set[str] = set()
        self._database = _compiled(frozenset(kinds), sorted(endings))

    def suspects(self, texts: Sequence[str]) -> list[int]:
        """The positions of the texts that may hold an indicator; each is one or several, with ``END``
        between.
        """
        if self._database is None or not texts:
            return []
        joined = END.join(("", *texts, ""))
        told: set[int] = set()
        if not joined.isascii():
            plain = [self._plain(text, place, told) for place, text in enumerate(texts)]
            joined = END.join(("", *plain, ""))
        hits = self._hits
        hits.clear()
        self._database.scan(joined.encode(), self._note)
        suspected = [end - 1 for number, end in hits if self._suspected(number, end, joined)]
        if suspected:
            ends, before = [], 0
            for text in texts:
                before += len(text) + 1
                ends.append(before)
            told.update(_places(sorted(suspected), ends))
        return sorted(told)

    def _note(self, number: int, start: int, end: int, flags: int, context: object) -> None:
        self._hits.append((number, end))

    def _plain(self, text: str, place: int, told: set[int]) -> str:
        """The text with nothing but ASCII in as many characters; the others are looked at here."""
        if text.isascii():
            return text
        plain: list[str] = []
        for part in text.split(END):
            if part.isascii():
                plain.append(part)
                continue
            plain.append(" " * len(part))
            if place not in told and part not in self._nothing:
                if self._exact(part):
                    told.add(place)
                elif len(part) < _LONGEST:
                    self._nothing.add(part)
        if len(self._nothing) > _REMEMBERED:
            self._nothing.clear()
        return END.join(plain)

    def _suspected(self, number: int, end: int, joined: str) -> bool:
        if number == _TOLD:
            return True
        if number == _LINKS:
            before = joined[max(0, end - _SCHEME) : end].rpartition(END)[2]
            return self._link(before.lower() + joined[end : end + _LINK].partition(END)[0].lower())
        if number == _ENDING:
            if joined[end].isalnum() or joined[end] == "_":
                return False
        elif number == _NAME:
            end -= 1
        else:
            return self._known(HASH, joined[end - 1 - number : end - 1].lower())
        word = joined[max(0, end - _LONGEST) : end].translate(_APART).rpartition(" ")[2]
        if len(word) >= _LONGEST:
            return True
        name = word.rpartition("@")[2].strip(".+-")
        if name[-1:].isdigit() and name.rpartition(".")[2].isdigit():
            return self._known(IP, name)
        return self._known(DOMAIN, name)


def _places(given: list[int], ends: list[int]) -> Iterable[int]:
    """The positions of the texts, of which ``ends`` are the ends, in which these places are, in order."""
    place = 0
    for each in given:
        while ends[place] < each:
            place += 1
        yield place


def _compiled(kinds: frozenset[str], endings: list[str]) -> Any:
    """The expressions of what the table holds, all bounded; None when it holds nothing."""
    expressions: list[tuple[bytes, int]] = []
    if HASH in kinds:
        expressions += [(_NO_WORD + rb"[0-9a-f]{%d}" % length + _NO_WORD, length) for length in _LENGTHS]
    if IP in kinds:
        expressions.append((rb"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}[^\w]", _NAME))
        group = rb"([0-9a-f]{1,4}(:[0-9a-f]{1,4}){0,6})?"
        expressions.append((rb"[^\w:]" + group + b"::" + group + rb"[^\w:]", _TOLD))
        expressions.append((rb"[^\w:]([0-9a-f]{1,4}:){7}[0-9a-f]{1,4}[^\w:]", _TOLD))
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
    if not expressions:
        return None
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=[expression for expression, _ in expressions],
        ids=[number for _, number in expressions],
        elements=len(expressions),
        flags=[hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_DOTALL] * len(expressions),
    )
    return database
