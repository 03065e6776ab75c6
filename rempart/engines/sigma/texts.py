"""Sigma's strings: wildcards, escapes, placeholders, and the forms that modifiers give them."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Final, Literal, TypeAlias

from rempart.engines.sigma.tree import Token, Wild

#: What is wrong with a document: it cannot be used as it is written; it asks for placeholders that have no
#: values; it can never match; no channel is known for its log source; it refers to rules that are absent; it
#: is a filter that cannot be applied.
DefectCode: TypeAlias = Literal["unusable", "placeholders", "never", "unmapped", "absent", "filter"]


_WILDS: Final = {"*": Wild.MANY, "?": Wild.ONE}
_PLACEHOLDER: Final = re.compile(r"(?<!\\)%(\w+)%")
_DASHES: Final = "-/\u2013\u2014\u2015"
_DASH: Final = re.compile(rf"\B[{_DASHES}]\b")


class BadValue(ValueError):
    """What a rule may not say; the message tells why, ``code`` what kind of defect it makes."""

    code: DefectCode = "unusable"

    def within(self, name: str) -> BadValue:
        """The same, with the name of what it is in."""
        return type(self)(f"{name}: {self}")


class NoValues(BadValue):
    """A placeholder that has no values here."""

    code = "placeholders"


class NeverTrue(BadValue):
    """What no event can ever satisfy."""

    code = "never"


def parse(raw: str) -> tuple[Token, ...]:
    r"""The tokens of a value: ``*`` and ``?`` are wildcards unless escaped; ``\`` escapes those and itself
    only.
    """
    tokens: list[Token] = []
    plain: list[str] = []
    position, size = 0, len(raw)
    while position < size:
        letter = raw[position]
        if letter == "\\" and position + 1 < size and raw[position + 1] in "\\*?":
            plain.append(raw[position + 1])
            position += 2
            continue
        if letter in _WILDS:
            if plain:
                tokens.append("".join(plain))
                plain = []
            tokens.append(_WILDS[letter])
        else:
            plain.append(letter)
        position += 1
    if plain:
        tokens.append("".join(plain))
    return joined(tokens)


def joined(tokens: Sequence[Token]) -> tuple[Token, ...]:
    """The same tokens with neighbouring texts made one and repeated ``*`` taken away."""
    result: list[Token] = []
    for token in tokens:
        last = result[-1] if result else None
        if isinstance(token, str):
            if not token:
                continue
            if isinstance(last, str):
                result[-1] = last + token
                continue
        elif token is Wild.MANY and last is Wild.MANY:
            continue
        result.append(token)
    return tuple(result)


def plain_text(tokens: Sequence[Token], why: str) -> str:
    """The text of a value that may hold no wildcard; raises BadValue."""
    if any(isinstance(token, Wild) for token in tokens):
        raise BadValue(f"wildcards are not possible with {why}")
    return "".join(token for token in tokens if isinstance(token, str))


def around(tokens: Sequence[Token], *, before: bool, after: bool) -> tuple[Token, ...]:
    """With ``*`` put before, after, or both."""
    return joined([*([Wild.MANY] if before else []), *tokens, *([Wild.MANY] if after else [])])


def windash(tokens: Sequence[Token], limit: int) -> list[tuple[Token, ...]]:
    """Every way of writing the dashes that begin options: ``-`` ``/`` ``–`` ``—`` ``―``, each on its own."""
    choices: list[list[str | Wild]] = []
    count = 1
    for token in tokens:
        if isinstance(token, Wild):
            choices.append([token])
            continue
        position = 0
        for found in _DASH.finditer(token):
            choices.append([token[position : found.start()]])
            choices.append(list(_DASHES))
            count *= len(_DASHES)
            position = found.end()
        choices.append([token[position:]])
    if count > limit:
        raise BadValue(f"windash makes {count} forms of one value, more than {limit}")
    return [joined(each) for each in product(*choices)]


def expand(raw: str, placeholders: Mapping[str, Sequence[str]], limit: int) -> list[tuple[Token, ...]]:
    r"""Every value that ``raw`` takes when each ``%name%`` has each of its values; ``\%`` is a plain percent.

    Raises NoValues when a name has none.
    """
    choices: list[list[tuple[Token, ...]]] = []
    position, count = 0, 1
    for found in _PLACEHOLDER.finditer(raw):
        values = placeholders.get(found[1])
        if not values:
            raise NoValues(f"the placeholder %{found[1]}% has no values")
        choices.append([parse(raw[position : found.start()].replace(r"\%", "%"))])
        choices.append([parse(value) for value in values])
        count *= len(values)
        position = found.end()
    choices.append([parse(raw[position:].replace(r"\%", "%"))])
    if count > limit:
        raise BadValue(f"placeholders make {count} forms of one value, more than {limit}")
    return [joined([token for part in each for token in part]) for each in product(*choices)]


def placeholder_names(raw: str) -> set[str]:
    """The names of the placeholders in a value that ``expand`` would replace."""
    return {found[1] for found in _PLACEHOLDER.finditer(raw)}


def base64_of(data: bytes) -> str:
    """Base64, with its padding."""
    return base64.b64encode(data).decode("ascii")


def base64_offsets(data: bytes) -> list[str]:
    """The part of a Base64 text that stays the same where ``data`` begins 0, 1, 2 bytes after a boundary."""
    forms = []
    for offset, start in ((0, 0), (1, 2), (2, 3)):
        encoded = base64.b64encode(b" " * offset + data)
        end = {0: None, 1: -3, 2: -2}[(len(data) + offset) % 3]
        forms.append(encoded[start:end].decode("ascii"))
    return list(dict.fromkeys(form for form in forms if form))
