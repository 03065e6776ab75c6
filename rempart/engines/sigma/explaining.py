"""One rule on one event, without any of the engine's tables: whether it matches, and which values made it
so.

Rules are turned to functions once. What an event holds is read once for all the rules that it matched, which
are asked of it one after another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from rempart.engines.sigma.columns import fold
from rempart.engines.sigma.matchers import folded as folded_tokens
from rempart.engines.sigma.matchers import folded_matcher, matcher, refers
from rempart.engines.sigma.model import Matched
from rempart.engines.sigma.tree import And, Exists, FieldRef, Leaf, Node, Not, Null, Test, Text, Wild
from rempart.engines.sigma.values import every_text, exists, lookup, texts_of

Event: TypeAlias = Mapping[str, object]

#: What tells that something is true, and no value made it so.
_NOTHING: Final[list[Matched]] = []
#: What a text with wildcards around it asks.
_SHAPES: Final[Mapping[tuple[Wild | None, ...], str]] = {
    (Wild.MANY, None, Wild.MANY): "in",
    (None, Wild.MANY): "start",
    (Wild.MANY, None): "end",
}


class _Read:
    """The texts of an event by field, as they are and folded; ``None`` stands for all of them."""

    __slots__ = ("_folded", "_texts", "event")

    def __init__(self, event: Event) -> None:
        self.event = event
        self._texts: dict[str | None, tuple[str, ...]] = {}
        self._folded: dict[str | None, tuple[str, ...]] = {}

    def texts(self, field: str | None) -> tuple[str, ...]:
        texts = self._texts.get(field)
        if texts is None:
            value = every_text(self.event) if field is None else lookup(self.event, field)
            texts = self._texts[field] = (value,) if type(value) is str else texts_of(value)
        return texts

    def folded(self, field: str | None) -> tuple[str, ...]:
        folded = self._folded.get(field)
        if folded is None:
            folded = self._folded[field] = tuple(map(fold, self.texts(field)))
        return folded


#: What made a node true of an event (nothing for what is true because something is not there); None: it is
#: not true.
_Why: TypeAlias = Callable[[_Read], list[Matched] | None]
#: The first value of an event that passes a test, in a list; None: none does.
_Passing: TypeAlias = Callable[[_Read], tuple[object] | None]


class Explainer:
    """Why a rule's tree is true of events."""

    __slots__ = ("_last", "_tree", "_why")

    def __init__(self, tree: Node, last: Last | None = None) -> None:
        """Those that share ``last`` read an event that they are asked one after another once."""
        self._tree = tree
        self._last = last or Last()
        self._why: _Why | None = None

    def __call__(self, event: Event) -> list[Matched]:
        """The values that made the tree true; none for what is true because something is not there."""
        return list(dict.fromkeys(self._asked(event) or ()))

    def holds(self, event: Event) -> bool:
        """Whether the tree is true of the event."""
        return self._asked(event) is not None

    def _asked(self, event: Event) -> list[Matched] | None:
        if self._why is None:
            self._why = _made(self._tree)
        return self._why(self._last.read(event))


class Last:
    """The event that was asked last."""

    __slots__ = ("_read",)

    def __init__(self) -> None:
        self._read: _Read | None = None

    def read(self, event: Event) -> _Read:
        """What is read of an event."""
        read = self._read
        if read is None or read.event is not event:
            read = self._read = _Read(event)
        return read


def _made(node: Node) -> _Why:
    if isinstance(node, Leaf):
        return _leaf(node)
    if isinstance(node, Not):
        child = _made(node.child)
        return lambda read: _NOTHING if child(read) is None else None
    parts = [_made(each) for each in node.children]
    return _all_of(parts) if isinstance(node, And) else _any_of(parts)


def _all_of(parts: list[_Why]) -> _Why:
    def why(read: _Read) -> list[Matched] | None:
        told: list[Matched] = []
        for part in parts:
            found = part(read)
            if found is None:
                return None
            told += found
        return told

    return why


def _any_of(parts: list[_Why]) -> _Why:
    def why(read: _Read) -> list[Matched] | None:
        told: list[Matched] | None = None
        for part in parts:
            found = part(read)
            if found is not None:
                told = found if told is None else told + found
        return told

    return why


def _leaf(leaf: Leaf) -> _Why:
    """The tests that pass, as they are written, with the first value that passes each."""
    field, search = leaf.field, leaf.search  # without a search, a test is not of the rule's text
    name = field or ""
    tests = [(str(test), _passing(field, test)) for test in leaf.tests]

    def why(read: _Read) -> list[Matched] | None:
        told = [
            Matched(name, found[0], written, search)
            for written, passing in tests
            if (found := passing(read)) is not None
        ]
        return (told if search else _NOTHING) if told else None

    if not all(isinstance(test, Text) and not test.cased for test in leaf.tests):
        return why
    passing = _written([test for test in leaf.tests if isinstance(test, Text)])

    def why_of_text(read: _Read) -> list[Matched] | None:
        """The same where only texts are looked for, quickly when the field has one."""
        folded = read.folded(field)
        if len(folded) != 1:
            return why(read) if folded else None
        passed = passing(folded[0])
        if not passed:
            return None
        value = read.texts(field)[0]
        return [Matched(name, value, written, search) for written in passed] if search else _NOTHING

    return why_of_text


def _written(tests: Sequence[Text]) -> Callable[[str], list[str]]:
    """The tests that a folded text passes, as they are written; quickly where all ask the same of it."""
    kinds = {
        _SHAPES.get(tuple(token if isinstance(token, Wild) else None for token in test.tokens))
        for test in tests
    }
    kind = kinds.pop() if len(kinds) == 1 else None
    if kind is None:
        passes = [(str(test), folded_matcher(test)) for test in tests]
        return lambda text: [written for written, passed in passes if passed(text)]
    wanted = [(str(test), _literal(test)) for test in tests]
    if kind == "in":
        return lambda text: [written for written, literal in wanted if literal in text]
    some = tuple(literal for _, literal in wanted)
    if kind == "start":
        return lambda text: (
            [written for written, literal in wanted if text.startswith(literal)]
            if text.startswith(some)
            else []
        )
    return lambda text: (
        [written for written, literal in wanted if text.endswith(literal)] if text.endswith(some) else []
    )


def _literal(test: Text) -> str:
    return "".join(token for token in folded_tokens(test.tokens, cased=False) if isinstance(token, str))


def _passing(field: str | None, test: Test) -> _Passing:
    if isinstance(test, Null):
        return lambda read: (None,) if field is not None and lookup(read.event, field) is None else None
    if isinstance(test, Exists):
        return lambda read: _existing(field, read)
    if isinstance(test, FieldRef):
        return lambda read: _first(
            read.texts(field), read.texts(field), lambda text: refers(test, text, read.event)
        )
    if isinstance(test, Text) and not test.cased:
        passes = folded_matcher(test)
        return lambda read: _first(read.texts(field), read.folded(field), passes)
    passes = matcher(test)
    return lambda read: _first(read.texts(field), read.texts(field), passes)


def _first(
    texts: tuple[str, ...], asked: tuple[str, ...], passes: Callable[[str], bool]
) -> tuple[object] | None:
    for place, text in enumerate(asked):
        if passes(text):
            return (texts[place],)
    return None


def _existing(field: str | None, read: _Read) -> tuple[object] | None:
    if field is None or not exists(read.event, field):
        return None
    texts = read.texts(field)
    return (texts[0] if texts else None,)
