"""Conditions of temporal correlations over the rules that they name: ``a and (b or not c)``.

The specification 2.1 has only counts of rules there; pySigma takes these, which are read as it does.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import product
from typing import Final

from rempart.engines.sigma import conditions
from rempart.engines.sigma.texts import BadValue, NeverTrue
from rempart.engines.sigma.tree import And, Exists, Leaf, Node, Not

_WORDS: Final = frozenset({"and", "or", "not"})
_SETS: Final = 256  # of rules, any of which is enough
_TRIED: Final = 12  # rules up to which it is tried whether a condition can ever hold


def parse(text: str, rules: Sequence[str]) -> tuple[Node, tuple[str, ...]]:
    """The tree of a condition, whose leaves have the names of rules as fields, and these rules: ``rules``, or
    when there are none, those that it names. Raises BadValue.
    """
    words = [word for word in re.findall(r"[^\s()]+", text) if word.lower() not in _WORDS]
    named = tuple(dict.fromkeys(words))
    unnamed = [rule for rule in rules if rule not in named]
    if unnamed:
        raise BadValue(f"correlation: its condition does not name {', '.join(unnamed)}")
    known = tuple(dict.fromkeys(rules)) or named
    absent = [name for name in named if name not in known]
    if absent:
        raise BadValue(f"correlation: 'rules' has not what its condition names: {', '.join(absent)}")
    node = conditions.build(text, {name: Leaf(name, (Exists(),)) for name in known})
    if len(known) <= _TRIED and not any(holds(node, chosen) for chosen in _choices(known)):
        raise NeverTrue("correlation: its condition can never be true")
    return node, known


def _choices(names: Sequence[str]) -> list[frozenset[str]]:
    """Every set of some of the names."""
    chosen = product((False, True), repeat=len(names))
    return [frozenset(name for name, taken in zip(names, each, strict=True) if taken) for each in chosen][1:]


def holds(node: Node, names: Collection[str]) -> bool:
    """Whether the condition is true once the rules of these names have matched, and no other."""
    if isinstance(node, Leaf):
        return node.field in names
    if isinstance(node, Not):
        return not holds(node.child, names)
    answers = (holds(child, names) for child in node.children)
    return all(answers) if isinstance(node, And) else any(answers)


def rising(node: Node) -> bool:
    """Whether the condition, once true, stays true as more rules match."""
    if isinstance(node, Leaf):
        return True
    return not isinstance(node, Not) and all(map(rising, node.children))


def least_sets(node: Node) -> list[frozenset[str]]:
    """The sets of rules that are enough, without those that hold another; raises BadValue when they are too
    many, or when some rule must not match.
    """
    if not rising(node):
        raise BadValue("correlation: 'not' has no place in an order (temporal_ordered)")
    return _least(node)


def _least(node: Node) -> list[frozenset[str]]:
    if isinstance(node, Leaf):
        return [frozenset({node.field or ""})]
    if isinstance(node, Not):
        return []
    found: set[frozenset[str]]
    parts = [_least(child) for child in node.children]
    if isinstance(node, And):
        found = {frozenset()}
        for part in parts:
            found = {one | other for one in found for other in part}
            _bounded(found)
    else:
        found = {one for part in parts for one in part}
        _bounded(found)
    return [one for one in found if not any(other < one for other in found)]


def _bounded(found: set[frozenset[str]]) -> None:
    if len(found) > _SETS:
        raise BadValue(f"correlation: its condition can hold in more than {_SETS} ways")
