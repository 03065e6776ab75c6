"""Texts that a regular expression needs: values that hold none of them need not be tried."""

from __future__ import annotations

import re
from typing import Any, Final

_LEAST: Final = 1
_MOST: Final = 32  # alternatives


def required(pattern: str) -> tuple[str, ...] | None:
    """Folded ASCII texts of which one at least is in the folded text of every match; None when there is no
    saying.
    """
    parser: Any = getattr(re, "_parser", None)
    if parser is None:
        return None
    try:
        parsed = parser.parse(pattern)
    except (re.error, OverflowError, RecursionError, ValueError):
        return None
    if parsed.state.flags & re.VERBOSE:
        return None
    return _best(_sets(parsed))


def _best(sets: list[tuple[str, ...]]) -> tuple[str, ...] | None:
    usable = [each for each in sets if len(each) <= _MOST and min(map(len, each)) >= _LEAST]
    return max(usable, key=lambda each: (min(map(len, each)), -len(each)), default=None)


def _sets(parsed: Any) -> list[tuple[str, ...]]:
    """Sets of texts, each set needed by a sequence of parsed items."""
    found: list[tuple[str, ...]] = []
    run: list[str] = []

    def close() -> None:
        if run:
            found.append(("".join(run),))
            run.clear()

    for operator, argument in parsed:
        name = str(operator)
        letter = _letter(name, argument)
        if letter is not None:
            run.append(letter)
            continue
        if (
            name == "AT"
        ):  # takes no character: what is on both sides may not touch in a set, but stays required
            close()
            continue
        close()
        found.extend(_inner(name, argument))
    close()
    return found


def _inner(name: str, argument: Any) -> list[tuple[str, ...]]:
    if name == "SUBPATTERN":
        return _sets(argument[-1])
    if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT") and argument[0] >= 1:
        return _sets(argument[2])
    if name == "ATOMIC_GROUP":
        return _sets(argument)
    if name == "BRANCH":
        bests = [_best(_sets(branch)) for branch in argument[1]]
        if all(bests):
            return [tuple(dict.fromkeys(text for best in bests if best for text in best))]
    return []


def _letter(name: str, argument: Any) -> str | None:
    """The one folded ASCII letter that an item stands for (``a``, ``[Aa]``)."""
    if name == "LITERAL":
        letters = {chr(argument).casefold()}
    elif name == "IN" and all(str(kind) == "LITERAL" for kind, _ in argument):
        letters = {chr(code).casefold() for _, code in argument}
    else:
        return None
    letter = letters.pop()
    return letter if not letters and letter.isascii() and len(letter) == 1 else None
