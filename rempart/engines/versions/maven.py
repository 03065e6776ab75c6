"""Maven versions (POM Reference, "Version Order Specification").

A version is a sequence of tokens, each with the separator before it. Every qualifier counts as
preceded by a hyphen (".qualifier" equals "-qualifier" in the specification). Once trailing null
tokens are trimmed, a token that is null but not last is always followed by something above null, so
one rank for "end of version" between the pre-release qualifiers and the others is enough.
"""

from __future__ import annotations

import re

from rempart.engines.versions.encoding import AFTER_ALL, number, word

_READABLE = re.compile(r"(?=[^0-9]*[0-9])[0-9A-Za-z._+~@:-]+")  # a word alone ("installed") is no version
_TOKEN = re.compile(r"([.-]?)([0-9]+|[^0-9.-]+|(?=[.-]|$))")
_ALIASES = {"cr": "rc", "final": "", "ga": "", "release": ""}
_SHORT = {"a": "alpha", "b": "beta", "m": "milestone"}
_RANKED = {
    "alpha": b"\x01",
    "beta": b"\x02",
    "milestone": b"\x03",
    "rc": b"\x04",
    "snapshot": b"\x05",
    "": b"\x07",
    "sp": b"\x08",
}
_END, _QUALIFIER, _HYPHEN_NUMBER, _DOT_NUMBER = b"\x06", b"\x09", b"\x0a", b"\x0b"

_Token = tuple[str, str]  # separator ("." or "-"), digits or canonical qualifier


def key(text: str) -> bytes | None:
    """The key of a Maven version; nearly any text with a digit and no space is one."""
    if _READABLE.fullmatch(text) is None:
        return None
    return b"".join(_encode(token) for token in _trim(_tokens(text))) + _END


def prefix_bounds(text: str) -> tuple[bytes, bytes] | None:
    """Lowest key and the key above every version that starts with the tokens of ``text``."""
    if _READABLE.fullmatch(text) is None:
        return None
    tokens = _tokens(text)
    high = b"".join(_encode(token) for token in tokens) + AFTER_ALL
    return b"".join(_encode(token) for token in _trim(tokens)), high


def _tokens(text: str) -> list[_Token]:
    lowered = text.lower()
    tokens: list[_Token] = []
    position = 0
    while position < len(lowered):
        found = _TOKEN.match(lowered, position)
        if found is None:
            break
        separator, body = found.groups()
        position = found.end()
        if not body:
            tokens.append((separator or ".", "0"))
        elif body[0].isdigit():
            # Between a letter and a digit, the specification reads a hyphen.
            tokens.append((separator or ("-" if tokens else "."), body.lstrip("0") or "0"))
        else:
            digit_follows = position < len(lowered) and lowered[position].isdigit()
            if digit_follows:
                body = _SHORT.get(body, body)
            tokens.append(("-", _ALIASES.get(body, body)))
        if not found.group(0):
            break
    return tokens


def _trim(tokens: list[_Token]) -> list[_Token]:
    """Remove null tokens at the end, then before each hyphen, from the last one to the first."""
    kept: list[_Token] = []
    at_boundary = True
    for token in reversed(tokens):
        if at_boundary and token[1] in {"0", ""}:
            continue
        kept.append(token)
        at_boundary = token[0] == "-"
    kept.reverse()
    return kept


def _encode(token: _Token) -> bytes:
    separator, body = token
    if body[:1].isdigit():
        return (_DOT_NUMBER if separator == "." else _HYPHEN_NUMBER) + number(body)
    return _RANKED.get(body) or _QUALIFIER + word(body)
