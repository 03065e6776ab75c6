"""The condition of a rule: ``or`` < ``and`` < ``not`` < ``x of`` < parentheses, over search identifiers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from rempart.engines.sigma.texts import BadValue
from rempart.engines.sigma.tree import Node, both, either, negated

_TOKEN: Final = re.compile(r"\s*(?:([()])|([^\s()|]+)|(\|))")
_TOKENS = 4_096
_DEPTH = 64


def build(condition: str, searches: Mapping[str, Node]) -> Node:
    """The tree of a condition; raises BadValue."""
    parser = _Parser(condition, searches)
    node = parser.disjunction(0)
    if parser.position != len(parser.tokens):
        raise BadValue(f"condition: {parser.tokens[parser.position]!r} is not expected there")
    return node


def identifiers(pattern: str, names: Mapping[str, object]) -> list[str]:
    """The names that ``them`` or a pattern stands for; ``_names`` only for a pattern that begins so."""
    if pattern == "them":
        return [name for name in names if not name.startswith("_")]
    expression = re.compile(".*".join(map(re.escape, re.split(r"\*+", pattern))) + r"\Z", re.DOTALL)
    hidden = pattern.startswith("_")
    return [name for name in names if expression.match(name) and (hidden or not name.startswith("_"))]


class _Parser:
    def __init__(self, condition: str, searches: Mapping[str, Node]) -> None:
        self.searches = searches
        self.tokens: list[str] = []
        self.position = 0
        text = condition.strip()
        position = 0
        while position < len(text):
            found = _TOKEN.match(text, position)
            if found is None or found[3]:
                raise BadValue("condition: aggregations after '|' are replaced by correlations")
            self.tokens.append(found[1] or found[2])
            position = found.end()
            if len(self.tokens) > _TOKENS:
                raise BadValue(f"condition: more than {_TOKENS} words")
        if not self.tokens:
            raise BadValue("condition: empty")

    def peek(self) -> str:
        return self.tokens[self.position].lower() if self.position < len(self.tokens) else ""

    def take(self) -> str:
        if self.position >= len(self.tokens):
            raise BadValue("condition: ends too early")
        self.position += 1
        return self.tokens[self.position - 1]

    def disjunction(self, depth: int) -> Node:
        if depth > _DEPTH:
            raise BadValue(f"condition: nested more than {_DEPTH} deep")
        parts = [self.conjunction(depth)]
        while self.peek() == "or":
            self.take()
            parts.append(self.conjunction(depth))
        return either(tuple(parts))

    def conjunction(self, depth: int) -> Node:
        parts = [self.negation(depth)]
        while self.peek() == "and":
            self.take()
            parts.append(self.negation(depth))
        return both(tuple(parts))

    def negation(self, depth: int) -> Node:
        odd = False
        while self.peek() == "not":
            self.take()
            odd = not odd
        node = self.operand(depth)
        return negated(node) if odd else node

    def operand(self, depth: int) -> Node:
        word = self.take()
        if word == "(":
            node = self.disjunction(depth + 1)
            if self.take() != ")":
                raise BadValue("condition: a parenthesis is not closed")
            return node
        if word == ")" or word.lower() in ("and", "or"):
            raise BadValue(f"condition: {word!r} is not expected there")
        if self.peek() == "of" and word.lower() in ("1", "any", "all"):
            self.take()
            pattern = self.take()
            names = identifiers(pattern, self.searches)
            if not names:
                raise BadValue(f"condition: no search is named {pattern!r}")
            nodes = tuple(self.searches[name] for name in names)
            return both(nodes) if word.lower() == "all" else either(nodes)
        if word not in self.searches:
            raise BadValue(f"condition: no search is named {word!r}")
        return self.searches[word]
