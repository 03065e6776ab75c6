"""From ``field|modifier…: values`` to a leaf of the tree (Sigma specification 2.1, appendix of modifiers).

Modifiers are applied in the order written. A chain first makes each value into one or several texts (or
bytes), then a type modifier (``re``, ``cidr``, ``gt``…) says how it is compared. What a chain does not allow
raises BadValue.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rempart.engines.sigma import texts
from rempart.engines.sigma.model import Limits
from rempart.engines.sigma.regexes import check as check_regex
from rempart.engines.sigma.texts import BadValue, NeverTrue
from rempart.engines.sigma.tree import (
    Cidr,
    Compare,
    Exists,
    FieldRef,
    Leaf,
    Node,
    Null,
    Regex,
    Test,
    Text,
    Token,
    both,
    either,
    negated,
)
from rempart.engines.sigma.values import number_of, text_of

_COMPARE: Final = frozenset({"lt", "lte", "gt", "gte"})
_PARTS: Final = frozenset({"minute", "hour", "day", "week", "month", "year"})
_REGEX_FLAGS: Final = {"i": "i", "ignorecase": "i", "m": "m", "multiline": "m", "s": "s", "dotall": "s"}
_SIDES: Final = {"contains": (True, True), "startswith": (False, True), "endswith": (True, False)}
_TYPES: Final = frozenset({"re", "cidr", "exists", "fieldref"})
_TEXTUAL: Final = frozenset(
    {
        "windash",
        "base64",
        "base64offset",
        "wide",
        "utf16le",
        "utf16be",
        "utf16",
        "expand",
        "cased",
        "all",
        "neq",
    }
)
KNOWN: Final = frozenset({*_COMPARE, *_PARTS, *_REGEX_FLAGS, *_SIDES, *_TYPES, *_TEXTUAL})


@dataclass(slots=True)
class Context:
    """What reading values needs: limits, the placeholders' values, and how many values were made so far."""

    limits: Limits
    placeholders: Mapping[str, Sequence[str]] | None = None
    made: int = 0
    missing: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Chain:
    """A chain of modifiers, sorted out: what changes texts, in order, and what compares them."""

    textual: list[str]
    compare: str = "text"
    operator: str = "eq"
    part: str | None = None
    flags: str = ""
    mode: str = "equals"
    cased: bool = False
    every: bool = False
    unequal: bool = False


def _sorted_out(modifiers: Sequence[str]) -> _Chain:
    chain = _Chain([])
    for modifier in modifiers:
        if modifier not in KNOWN:
            raise BadValue(f"unknown modifier {modifier!r}")
        if modifier == "all":
            chain.every = True
        elif modifier == "neq":
            chain.unequal = True
        elif modifier == "cased":
            chain.cased = True
        elif modifier in _COMPARE:
            _become(chain, "number")
            chain.operator = modifier
        elif modifier in _PARTS:
            _become(chain, "number")
            chain.part = modifier
        elif modifier in _TYPES:
            _become(chain, modifier)
        elif modifier in _REGEX_FLAGS:
            if chain.compare != "re":
                raise BadValue(f"the modifier {modifier!r} comes after 're' only")
            chain.flags += _REGEX_FLAGS[modifier]
        else:
            chain.textual.append(modifier)
    if chain.compare == "fieldref":
        chain.mode = next((each for each in chain.textual if each in _SIDES), "equals")
    return chain


def _become(chain: _Chain, compare: str) -> None:
    if chain.compare not in ("text", compare):
        raise BadValue(f"{chain.compare!r} and {compare!r} cannot be together")
    chain.compare = compare


def item(
    field_name: str | None, modifiers: Sequence[str], values: Any, search: str, context: Context
) -> Node:
    """The meaning of one item of a search; ``values`` as read from YAML."""
    chain = _sorted_out(modifiers)
    given = values if isinstance(values, list) else [values]
    if not given:
        raise NeverTrue("an empty list of values can never match")
    groups = [_tests(field_name, chain, value, context) for value in given]
    context.made += sum(map(len, groups))
    if context.made > context.limits.values:
        raise BadValue(f"more than {context.limits.values} values")
    if chain.every:
        made = both(tuple(_leaf(field_name, group, search) for group in groups))
    else:
        made = _leaf(field_name, [test for group in groups for test in group], search)
    return negated(made) if chain.unequal else made


def _leaf(field_name: str | None, tests: Sequence[Test | None], search: str) -> Node:
    """A leaf of the tests; None stands for ``exists: false``."""
    found = tuple(dict.fromkeys(test for test in tests if test is not None))
    parts: list[Node] = [Leaf(field_name, found, search)] if found else []
    if any(test is None for test in tests):
        parts.append(negated(Leaf(field_name, (Exists(),), search)))
    return either(tuple(parts))


def _tests(field_name: str | None, chain: _Chain, value: Any, context: Context) -> list[Test | None]:
    if isinstance(value, list | dict):
        raise BadValue("a value that is neither text, number, boolean nor null")
    if isinstance(value, str) and len(value) > context.limits.text:
        raise BadValue(f"a value longer than {context.limits.text} characters")
    if chain.compare == "exists":
        if not isinstance(value, bool) or field_name is None or chain.textual:
            raise BadValue("'exists' takes a field, true or false, and no other modifier")
        return [Exists() if value else None]
    if value is None:
        if chain.textual or chain.compare != "text" or field_name is None:
            raise BadValue("null takes a field and no modifier")
        return [Null()]
    return list(_COMPARERS[chain.compare](chain, value, context))


def _texts(chain: _Chain, value: Any, context: Context) -> list[Test]:
    return [Text(tokens, chain.cased) for tokens in _shaped(chain, value, context)]


def _numbers(chain: _Chain, value: Any, context: Context) -> list[Test]:
    found: list[Test] = []
    for tokens in _shaped(chain, value, context):
        number = number_of(texts.plain_text(tokens, "a number"))
        if number is None or not math.isfinite(number):
            raise BadValue(f"{value!r} is not a number")
        found.append(Compare(chain.operator, number, chain.part))
    return found


def _regexes(chain: _Chain, value: Any, context: Context) -> list[Test]:
    sources = [text_of(value)]
    for modifier in chain.textual:
        if modifier == "expand":
            sources = [
                texts.plain_text(tokens, "a regular expression's placeholder")
                for source in sources
                for tokens in _expanded(source.replace("\\", "\\\\"), context)
            ]
        elif modifier == "startswith":
            sources = [rf"\A(?:{source})" for source in sources]
        elif modifier == "endswith":
            sources = [rf"(?:{source})\z" for source in sources]
        elif modifier != "contains":
            raise BadValue(f"{modifier!r} cannot be together with 're'")
    flags = "".join(sorted(set(chain.flags)))
    for source in sources:
        check_regex(source, flags)
    return [Regex(source, flags) for source in sources]


def _networks(chain: _Chain, value: Any, context: Context) -> list[Test]:
    found: list[Test] = []
    for tokens in _shaped(chain, value, context):
        text = texts.plain_text(tokens, "'cidr'")
        try:
            found.append(Cidr(str(ipaddress.ip_network(text, strict=False))))
        except ValueError as error:
            raise BadValue(f"not a network: {error}") from None
    return found


def _references(chain: _Chain, value: Any, context: Context) -> list[Test]:
    unusable = [each for each in chain.textual if each not in _SIDES]
    if unusable:
        raise BadValue(f"{unusable[0]!r} cannot be together with 'fieldref'")
    return [FieldRef(texts.plain_text(texts.parse(text_of(value)), "'fieldref'"), chain.mode, chain.cased)]


_COMPARERS: Final[dict[str, Callable[[_Chain, Any, Context], list[Test]]]] = {
    "text": _texts,
    "number": _numbers,
    "re": _regexes,
    "cidr": _networks,
    "fieldref": _references,
}


def _expanded(raw: str, context: Context) -> list[tuple[Token, ...]]:
    if context.placeholders is None:  # only reading: what values they have is not known yet
        context.missing |= texts.placeholder_names(raw)
        return [(raw,)] if raw else [()]
    return texts.expand(raw, context.placeholders, context.limits.expansions)


def _shaped(chain: _Chain, value: Any, context: Context) -> list[tuple[Token, ...]]:
    """The texts that a value becomes by the chain's modifiers, in order."""
    raw = text_of(value)
    forms: list[tuple[Token, ...] | bytes]
    if "expand" in chain.textual and isinstance(value, str):
        forms = list(_expanded(raw, context))
    else:
        forms = [texts.parse(raw) if isinstance(value, str) else ((raw,) if raw else ())]
    for modifier in chain.textual:
        if modifier != "expand":
            forms = [made for form in forms for made in _applied(modifier, form, context)]
        if len(forms) > context.limits.expansions:
            raise BadValue(f"modifiers make more than {context.limits.expansions} forms of one value")
    return [_as_tokens(form) for form in forms]


def _applied(
    modifier: str, form: tuple[Token, ...] | bytes, context: Context
) -> Sequence[tuple[Token, ...] | bytes]:
    if modifier in _SIDES:
        before, after = _SIDES[modifier]
        return [texts.around(_as_tokens(form), before=before, after=after)]
    if modifier == "windash":
        return texts.windash(_as_tokens(form), context.limits.expansions)
    data = form if isinstance(form, bytes) else None
    if modifier in _ENCODINGS:
        if data is not None:
            raise BadValue("a value cannot be encoded twice")
        encoding, mark = _ENCODINGS[modifier]
        return [mark + texts.plain_text(_as_tokens(form), repr(modifier)).encode(encoding, "surrogatepass")]
    if data is None:
        data = texts.plain_text(_as_tokens(form), repr(modifier)).encode("utf-8", "surrogatepass")
    if modifier == "base64":
        return [(texts.base64_of(data),)]
    return [(text,) for text in texts.base64_offsets(data)]


_ENCODINGS: Final = {
    "wide": ("utf-16-le", b""),
    "utf16le": ("utf-16-le", b""),
    "utf16be": ("utf-16-be", b""),
    "utf16": ("utf-16-le", b"\xff\xfe"),
}


def _as_tokens(form: tuple[Token, ...] | bytes) -> tuple[Token, ...]:
    """Bytes that are not encoded further are compared with events that hold one character for each byte."""
    if isinstance(form, bytes):
        text = form.decode("latin-1")
        return (text,) if text else ()
    return form
