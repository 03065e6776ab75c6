"""Regular expressions in linear time: RE2, or Hyperscan for what only it can compile; else they are refused.

Where RE2 and PCRE read an expression differently, RE2's reading holds, in both engines: ``$`` is the end of
the value (of a line with ``m``), ``\\d`` ``\\w`` ``\\s`` are ASCII, ``.`` is one character and not a newline
unless ``s``.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import hyperscan
import re2

from rempart.engines.sigma.texts import BadValue

_LENGTH: Final = 16_384
_MEMORY: Final = 4 * 1024**2  # bytes for a program and its automaton
_TRIED: Final = 2_048  # texts after which it is worth compiling an expression twice
_READ_OTHERWISE: Final = re.compile(r"\\[0-9vQZzGKhHRX]|\(\?[#P]")  # syntax on which both may differ
_REPEAT: Final = re.compile(r"\{(\d{1,9})(?:,(\d{0,9}))?\}")
_STATES: Final = 20_000

_ELSEWHERE: Final = re.compile(r"\\A|\\z")  # means a place in a value that lines do not have

Search = Callable[[str], bool]
LineSearch = Callable[[bytes, int], list[int] | None]


def check(pattern: str, flags: str) -> None:
    """Raise BadValue when no linear engine can compile the expression."""
    searcher(pattern, flags)


@lru_cache(maxsize=16_384)
def searcher(pattern: str, flags: str) -> Search:
    """A function that tells whether the expression is found in a text; raises BadValue."""
    if len(pattern) > _LENGTH:
        raise BadValue(f"a regular expression longer than {_LENGTH} characters")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        written = f"(?{flags}){pattern}" if flags else pattern
        compiled = re2.compile(written.encode(), options)  # on bytes, places need not be told in characters
    except re2.error as refusal:
        said = refusal.args[0] if refusal.args else refusal
        return _by_hyperscan(
            pattern, flags, said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        )
    return _Search(compiled, pattern, flags)


class _Search:
    """RE2's answer; after a while, Hyperscan's first, which is much quicker to say no."""

    __slots__ = ("_asked", "_flags", "_pattern", "_quick", "_search")

    def __init__(self, compiled: Any, pattern: str, flags: str) -> None:
        self._search = compiled.search
        self._pattern = pattern
        self._flags = flags
        self._asked = 0
        self._quick: Search | None = None

    def __call__(self, text: str) -> bool:
        if self._quick is not None:
            # On ASCII without vertical tabs, Hyperscan finds at least what RE2 does.
            if text.isascii() and "\v" not in text and not self._quick(text):
                return False
        elif self._asked < _TRIED:
            self._asked += 1
            if self._asked == _TRIED and _is_light(self._pattern):
                self._quick = _hyperscan(self._pattern, self._flags)
        # A lone surrogate stands for one unknown character.
        return self._search(text.encode("utf-8", "replace")) is not None


def _is_light(pattern: str) -> bool:
    """Whether Hyperscan compiles it in little time, and reads it as RE2 does."""
    largest, product = _repeats(pattern)
    return largest <= 64 and product <= 8_000 and not _READ_OTHERWISE.search(pattern)


def _repeats(pattern: str) -> tuple[int, int]:
    """The largest bound of a repetition, and the product of all of them: what an automaton may grow to."""
    bounds = [int(found[2] or found[1]) for found in _REPEAT.finditer(pattern)]
    return max(bounds, default=0), math.prod(bounds)


def _by_hyperscan(pattern: str, flags: str, refusal: str) -> Search:
    light = _repeats(pattern)[1] <= _STATES
    made = _hyperscan(pattern, flags) if light else None
    if made is None:
        raise BadValue(f"a regular expression that no linear engine compiles ({refusal})")
    return made


@lru_cache(maxsize=1_024)
def line_searcher(pattern: str, flags: str) -> LineSearch | None:
    """A function that tells where, in lines of ASCII without vertical tabs, what the expression finds ends,
    in ascending order (None: in more than so many places); at least one place for each line in which it is
    found, and perhaps places where it is not. None when it must be asked line by line.
    """
    if not _is_light(pattern) or _ELSEWHERE.search(pattern) or not _takes_characters(pattern):
        return None
    database = _database(pattern, flags + "m", 0)
    if database is None:
        return None
    ends: list[int] = []
    most = 0
    alone = threading.Lock()  # searchers are shared by all detectors, and a database's memory is for one scan

    def note(number: int, start: int, end: int, *_: Any) -> bool:
        ends.append(end)
        return len(ends) > most

    def found(lines: bytes, limit: int) -> list[int] | None:
        nonlocal most
        with alone:
            most = limit
            ends.clear()
            try:
                database.scan(lines, note)
            except hyperscan.ScanTerminated:
                return None
            return sorted(ends)

    return found


def _takes_characters(pattern: str) -> bool:
    """Whether everything that the expression finds has a character at least."""
    parser: Any = getattr(re, "_parser", None)
    try:
        return parser is not None and parser.parse(pattern).getwidth()[0] > 0
    except (re.error, OverflowError, RecursionError, ValueError):
        return False


def _hyperscan(pattern: str, flags: str) -> Search | None:
    database = _database(pattern, flags, hyperscan.HS_FLAG_ALLOWEMPTY | hyperscan.HS_FLAG_SINGLEMATCH)
    if database is None:
        return None
    matches: list[int] = []
    alone = threading.Lock()

    def note(*_: Any) -> bool | None:
        matches.append(1)
        return None

    def found(text: str) -> bool:
        with alone:
            matches.clear()
            database.scan(text.encode("utf-8", "replace"), note)
            return bool(matches)

    return found


def _database(pattern: str, flags: str, wanted: int) -> Any:
    """The expression compiled by Hyperscan; None when it cannot."""
    wanted |= hyperscan.HS_FLAG_UTF8
    for letter, flag in (
        ("i", hyperscan.HS_FLAG_CASELESS),
        ("m", hyperscan.HS_FLAG_MULTILINE),
        ("s", hyperscan.HS_FLAG_DOTALL),
    ):
        wanted |= flag if letter in flags else 0
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    try:
        database.compile(
            expressions=[pattern.encode("utf-8", "surrogatepass")], ids=[0], elements=1, flags=[wanted]
        )
    except hyperscan.error:
        return None
    return database
