"""One rule on one event, without any of the engine's tables: whether it matches, and which values made it
so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rempart.engines.sigma.matchers import matcher, refers
from rempart.engines.sigma.model import Matched
from rempart.engines.sigma.tree import Exists, FieldRef, Leaf, Node, Not, Null, Or, Test
from rempart.engines.sigma.values import every_text, exists, lookup, texts_of


def holds(node: Node, event: Mapping[str, object]) -> bool:
    """Whether the tree is true of the event."""
    if isinstance(node, Leaf):
        return next(_passing(node, event), None) is not None
    if isinstance(node, Not):
        return not holds(node.child, event)
    if isinstance(node, Or):
        return any(holds(child, event) for child in node.children)
    return all(holds(child, event) for child in node.children)


def why(node: Node, event: Mapping[str, object]) -> list[Matched]:
    """The values that made the tree true; none for what is true because something is not there."""
    return list(dict.fromkeys(_why(node, event)))


def _why(node: Node, event: Mapping[str, object]) -> Iterator[Matched]:
    if isinstance(node, Leaf):
        for test, value in _passing(node, event) if node.search else ():  # others are not of the rule's text
            yield Matched(node.field or "", value, str(test), node.search)
    elif isinstance(node, Not):
        return
    else:
        for child in node.children:
            if not isinstance(node, Or) or holds(child, event):
                yield from _why(child, event)


def _passing(leaf: Leaf, event: Mapping[str, object]) -> Iterator[tuple[Test, object]]:
    if leaf.field is None:
        value: object = every_text(event)
        texts = every_text(event)
    else:
        value = lookup(event, leaf.field)
        texts = texts_of(value)
    for test in leaf.tests:
        if isinstance(test, Null):
            if value is None:
                yield test, None
        elif isinstance(test, Exists):
            if leaf.field is not None and exists(event, leaf.field):
                yield test, texts[0] if texts else None
        else:
            for text in texts:
                if refers(test, text, event) if isinstance(test, FieldRef) else matcher(test)(text):
                    yield test, text
                    break
