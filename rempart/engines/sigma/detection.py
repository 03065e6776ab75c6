"""From a ``detection`` section to the tree of what it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rempart.engines.sigma import conditions, modifiers
from rempart.engines.sigma.modifiers import Context
from rempart.engines.sigma.texts import BadValue, around
from rempart.engines.sigma.tree import Leaf, Node, Not, Or, Text, both, either, negated

#: Keys of a detection section that are not searches.
_RESERVED = frozenset({"condition", "timeframe"})


def build(detection: Mapping[str, Any], context: Context, *, reserved: frozenset[str] = _RESERVED) -> Node:
    """The tree of a detection section; raises BadValue, whose message names the search."""
    if "timeframe" in detection:
        raise BadValue("'timeframe' belongs to aggregations, which correlations replace")
    searches: dict[str, Node] = {}
    for name, body in detection.items():
        if name in reserved:
            continue
        try:
            searches[name] = _search(body, name, context)
        except BadValue as error:
            raise error.within(name) from None
    if not searches:
        raise BadValue("no search")
    condition = detection.get("condition")
    given = condition if isinstance(condition, list) else [condition]
    texts = [each for each in given if isinstance(each, str)]
    if not given or len(texts) < len(given):
        raise BadValue("condition: absent or not text")
    return either(tuple(conditions.build(each, searches) for each in texts))


def _search(body: Any, name: str, context: Context) -> Node:
    if isinstance(body, Mapping):
        if not body:
            raise BadValue("empty")
        return both(tuple(_entry(key, values, name, context) for key, values in body.items()))
    if isinstance(body, list):
        if not body:
            raise BadValue("empty")
        words = [each for each in body if not isinstance(each, Mapping | list)]
        parts = [_search(each, name, context) for each in body if isinstance(each, Mapping | list)]
        if words:
            parts.insert(0, _keywords([], words, name, context))
        return either(tuple(parts))
    return _keywords([], [body], name, context)


def _entry(key: str, values: Any, name: str, context: Context) -> Node:
    field, *chain = key.split("|")
    try:
        if not field:
            return _keywords(chain, values, name, context)
        return modifiers.item(field, chain, values, name, context)
    except BadValue as error:
        raise error.within(key) from None


def _keywords(chain: list[str], values: Any, name: str, context: Context) -> Node:
    """Words looked for anywhere in the event: each is found inside a value, unless a modifier says where."""
    return _inside(modifiers.item(None, chain, values, name, context), chain)


def _inside(node: Node, chain: list[str]) -> Node:
    if "startswith" in chain or "endswith" in chain:
        return node
    if isinstance(node, Leaf):
        tests = tuple(
            Text(around(test.tokens, before=True, after=True), test.cased) if isinstance(test, Text) else test
            for test in node.tests
        )
        return Leaf(node.field, tests, node.search)
    if isinstance(node, Not):
        return negated(_inside(node.child, chain))
    parts = tuple(_inside(child, chain) for child in node.children)
    return either(parts) if isinstance(node, Or) else both(parts)
