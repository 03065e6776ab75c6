"""One rule on one event, without any of the engine's tables: whether it matches, and which values made it
so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from rempart.engines.sigma.columns import fold
from rempart.engines.sigma.matchers import folded_matcher, matcher, refers
from rempart.engines.sigma.model import Matched
from rempart.engines.sigma.tree import Exists, FieldRef, Leaf, Node, Not, Null, Or, Test, Text
from rempart.engines.sigma.values import every_text, exists, lookup, texts_of


class _Check(NamedTuple):
    """A test made ready: as it is written, and what tells whether a text (``folded`` or not) passes it."""

    test: Test
    written: str
    passes: Callable[[str], bool] | None
    folded: bool


class Explainer:
    """Why a rule's tree is true of events: what its leaves ask is made ready once."""

    __slots__ = ("_ready", "_tree")

    def __init__(self, tree: Node) -> None:
        self._tree = tree
        self._ready: dict[int, list[_Check]] = {}  # by the identity of a leaf of the tree

    def __call__(self, event: Mapping[str, object]) -> list[Matched]:
        """The values that made the tree true; none for what is true because something is not there."""
        return list(dict.fromkeys(self._why(self._tree, event)))

    def holds(self, event: Mapping[str, object]) -> bool:
        """Whether the tree is true of the event."""
        return self._holds(self._tree, event)

    def _holds(self, node: Node, event: Mapping[str, object]) -> bool:
        if isinstance(node, Leaf):
            return next(self._passing(node, event), None) is not None
        if isinstance(node, Not):
            return not self._holds(node.child, event)
        if isinstance(node, Or):
            return any(self._holds(child, event) for child in node.children)
        return all(self._holds(child, event) for child in node.children)

    def _why(self, node: Node, event: Mapping[str, object]) -> Iterator[Matched]:
        if isinstance(node, Leaf):
            if node.search:  # others are not of the rule's text
                for written, value in self._passing(node, event):
                    yield Matched(node.field or "", value, written, node.search)
        elif isinstance(node, Not):
            return
        else:
            for child in node.children:
                if not isinstance(node, Or) or self._holds(child, event):
                    yield from self._why(child, event)

    def _passing(self, leaf: Leaf, event: Mapping[str, object]) -> Iterator[tuple[str, object]]:
        """The tests that pass, as they are written, and the first value that passes each."""
        checks = self._ready.get(id(leaf))
        if checks is None:
            checks = self._ready[id(leaf)] = list(map(_ready, leaf.tests))
        value: object = every_text(event) if leaf.field is None else lookup(event, leaf.field)
        texts = texts_of(value)
        folded = list(map(fold, texts))
        for test, written, passes, folding in checks:
            if passes is not None:
                for place, text in enumerate(folded if folding else texts):
                    if passes(text):
                        yield written, texts[place]
                        break
            elif isinstance(test, Null):
                if value is None:
                    yield written, None
            elif isinstance(test, Exists):
                if leaf.field is not None and exists(event, leaf.field):
                    yield written, texts[0] if texts else None
            elif isinstance(test, FieldRef):
                for text in texts:
                    if refers(test, text, event):
                        yield written, text
                        break


def _ready(test: Test) -> _Check:
    if isinstance(test, Null | Exists | FieldRef):
        return _Check(test, str(test), None, folded=False)
    if isinstance(test, Text) and not test.cased:
        return _Check(test, str(test), folded_matcher(test), folded=True)
    return _Check(test, str(test), matcher(test), folded=False)
