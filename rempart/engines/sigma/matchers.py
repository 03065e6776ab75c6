"""Whether one value passes one test: the exact answer, a value at a time."""

from __future__ import annotations

import ipaddress
import operator
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

import re2

from rempart.engines.sigma.regexes import searcher
from rempart.engines.sigma.tree import Cidr, Compare, FieldRef, Regex, Text, Token, Wild
from rempart.engines.sigma.values import address_of, lookup, number_of, part_of_date, texts_of

Matcher = Callable[[str], bool]

_WIDE: Final = 64  # characters of a pattern with ``?``, from which on time must not grow with their number
_OPERATORS: Final = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
    "eq": operator.eq,
}


@lru_cache(maxsize=65_536)
def matcher(test: Text | Regex | Cidr | Compare) -> Matcher:
    """The function that tells whether a text passes ``test``."""
    if isinstance(test, Text):
        find = folded_matcher(test)
        return find if test.cased else lambda text: find(text.casefold())
    if isinstance(test, Regex):
        return searcher(test.pattern, test.flags)
    if isinstance(test, Cidr):
        return networks((test,))
    return _comparison(test)


def folded(tokens: tuple[Token, ...], *, cased: bool) -> tuple[Token, ...]:
    """The tokens as they are compared."""
    return tokens if cased else tuple(each if isinstance(each, Wild) else each.casefold() for each in tokens)


@lru_cache(maxsize=65_536)
def folded_matcher(test: Text) -> Matcher:
    """The function that tells whether a folded text (as it is written, of a test that is cased) passes."""
    tokens = folded(test.tokens, cased=test.cased)
    plain = [each for each in tokens if isinstance(each, str)]
    shape = "".join("t" if isinstance(each, str) else each.value for each in tokens)
    find: Matcher
    if shape in ("", "t"):
        wanted = plain[0] if plain else ""
        find = wanted.__eq__
    elif shape == "*":
        return _anything
    elif shape == "t*":
        find = _starts(plain[0])
    elif shape == "*t":
        find = _ends(plain[0])
    elif shape == "*t*":
        find = _holds(plain[0])
    elif Wild.ONE not in tokens or sum(map(_size, tokens)) <= _WIDE:
        find = _pieces(tokens)
    else:
        # Case is folded by Python, and the expression is made of literals and wildcards only.
        parts = [
            re2.escape(each) if isinstance(each, str) else (".*" if each is Wild.MANY else ".")
            for each in tokens
        ]
        find = searcher(rf"\A{''.join(parts)}\z", "s")
    return find


def _anything(_: str) -> bool:
    return True


def _starts(wanted: str) -> Matcher:
    return lambda text: text.startswith(wanted)


def _ends(wanted: str) -> Matcher:
    return lambda text: text.endswith(wanted)


def _holds(wanted: str) -> Matcher:
    return lambda text: wanted in text


def _pieces(tokens: tuple[Token, ...]) -> Matcher:
    """Texts with ``*`` between: the first and last at their places, the others found one after another."""
    pieces: list[list[Token]] = [[]]
    for token in tokens:
        if token is Wild.MANY:
            pieces.append([])
        else:
            pieces[-1].append(token)
    if len(pieces) == 1:
        whole = _fixed(pieces[0])
        return lambda text: whole.fullmatch(text) is not None
    (head, start), (tail, least) = (
        (_finder(piece), sum(map(_size, piece))) for piece in (pieces[0], pieces[-1])
    )
    middle = [(_finder(piece), sum(map(_size, piece))) for piece in pieces[1:-1] if piece]

    def passes(text: str) -> bool:
        end = len(text) - least
        position = start
        if position > end or head(text, 0, start) or tail(text, end, len(text)) != end:
            return False
        for find, size in middle:
            position = find(text, position, end)
            if position < 0:
                return False
            position += size
        return True

    return passes


def _size(token: Token) -> int:
    """How many characters a token takes; none for ``*``."""
    return len(token) if isinstance(token, str) else int(token is Wild.ONE)


def _fixed(piece: list[Token]) -> re.Pattern[str]:
    """An expression that always takes as many characters, so that it cannot go back and forth."""
    return re.compile("".join(re.escape(each) if isinstance(each, str) else "." for each in piece), re.DOTALL)


def _finder(piece: list[Token]) -> Callable[[str, int, int], int]:
    """Where a piece first is in a text, between two places; -1 when it is not."""
    if Wild.ONE not in piece:
        text = "".join(each for each in piece if isinstance(each, str))
        return lambda given, start, end: given.find(text, start, end)
    search = _fixed(piece).search

    def find(given: str, start: int, end: int) -> int:
        found = search(given, start, end)
        return found.start() if found else -1

    return find


def _comparison(test: Compare) -> Matcher:
    compare, number, part = _OPERATORS[test.operator], test.number, test.part

    def passes(text: str) -> bool:
        found = part_of_date(text, part) if part else number_of(text)
        return found is not None and bool(compare(found, number))

    return passes


def networks(tests: tuple[Cidr, ...]) -> Matcher:
    """Whether an address is of one of the networks: one look in a table for each length of prefix."""
    tables: dict[tuple[int, int], set[int]] = {}
    for test in tests:
        network = ipaddress.ip_network(test.network)
        shift = network.max_prefixlen - network.prefixlen
        tables.setdefault((network.version, shift), set()).add(int(network.network_address) >> shift)
    prefixes = list(tables.items())

    def passes(text: str) -> bool:
        address = address_of(text)
        if address is None:
            return False
        version, number = address
        return any(version == kind and number >> shift in known for (kind, shift), known in prefixes)

    return passes


def refers(test: FieldRef, text: str, event: Mapping[str, object]) -> bool:
    """Whether ``text`` compares with a value of the field that ``test`` names."""
    value = text if test.cased else text.casefold()
    for each in texts_of(lookup(event, test.field)):
        other = each if test.cased else each.casefold()
        if (
            value == other
            or (test.mode == "startswith" and value.startswith(other))
            or (test.mode == "endswith" and value.endswith(other))
            or (test.mode == "contains" and other in value)
        ):
            return True
    return False
