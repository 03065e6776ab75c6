"""Rules compiled together: shared literals by field, and each condition as a function over bitmaps of rows.

A bitmap is an integer whose bit N is row N of the batch. A condition takes the rows that are still asked and
gives those that hold: ``and`` asks each part of what the one before left, cheapest first, so that what needs
a value at a time (regular expressions, ranges of numbers, networks) is asked of few rows. Such tests have
gates where possible: literals without which they cannot hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from rempart.engines.sigma.columns import SEPARATOR, Column, Memory, Texts
from rempart.engines.sigma.factors import required
from rempart.engines.sigma.matchers import folded, matcher, networks, refers
from rempart.engines.sigma.tree import (
    And,
    Cidr,
    Exists,
    FieldRef,
    Leaf,
    Node,
    Not,
    Null,
    Regex,
    Test,
    Text,
    Wild,
)
from rempart.engines.sigma.values import exists

Condition: TypeAlias = Callable[["Batch", int], int]
Check: TypeAlias = Callable[["Batch", int], bool]

_SHORTEST = 2  # bytes of a literal; a single one is in most values


class Batch:
    """Events of one log source being looked at: their number, their columns as they are asked, rows by
    literal.
    """

    __slots__ = ("columns", "events", "found", "full", "memory")

    def __init__(self, events: Sequence[Mapping[str, object]], memory: Memory | None) -> None:
        self.events = events
        self.full = (1 << len(events)) - 1
        self.columns: dict[int, list[Texts]] = {}
        self.found: dict[int, int] = {}
        self.memory = memory

    def texts(self, column: Column) -> list[Texts]:
        """The texts of a column, read once."""
        texts = self.columns.get(column.number)
        if texts is None:
            texts = self.columns[column.number] = column.texts(self.events)
        return texts


def rows_of(mask: int) -> list[int]:
    """The positions of the bits that are set, in order."""
    if mask.bit_count() < 8:
        rows = []
        while mask:
            low = mask & -mask
            rows.append(low.bit_length() - 1)
            mask ^= low
        return rows
    return [row for row, bit in enumerate(reversed(bin(mask)[2:])) if bit == "1"]


class Program:
    """The conditions of rules that look at the same events. ``rules`` pairs a rule's number with its tree."""

    def __init__(
        self, rules: Sequence[tuple[int, Node]], databases: Mapping[str, bytes] | None, first_column: int
    ) -> None:
        compiler = _Compiler(first_column)
        conditions = [(number, compiler.condition(tree)) for number, tree in rules]
        self.conditions = [(number, run) for number, run in conditions]
        self.columns = compiler.finish(databases or {})
        self.scanned = [column for column in self.columns if column.literals]

    def run(self, events: Sequence[Mapping[str, object]], memory: Memory | None) -> list[tuple[int, int]]:
        """Pairs of a rule's number and the rows (as bits) that match it."""
        batch = Batch(events, memory)
        for column in self.scanned:
            column.scan(batch.texts(column), batch.found, memory)
        full = batch.full
        results = []
        for number, condition in self.conditions:
            mask = condition(batch, full)
            if mask:
                results.append((number, mask))
        return results


class _Compiler:
    def __init__(self, first_column: int) -> None:
        self.first_column = first_column
        self.fields: dict[str | None, dict[bytes, int]] = {}
        self.columns: dict[str | None, Column] = {}
        self.count = 0
        self.groups = 0
        self.known: dict[Leaf, tuple[Condition, int]] = {}

    def finish(self, databases: Mapping[str, bytes]) -> list[Column]:
        """The columns, with their literals; conditions made before hold these same objects."""
        for field, literals in self.fields.items():
            column = self.columns[field]
            column.__init__(column.number, field, literals, databases.get(repr(field)))  # type: ignore[misc]
        return list(self.columns.values())

    def column(self, field: str | None) -> Column:
        if field not in self.columns:
            self.columns[field] = Column(self.first_column + len(self.columns), field, {}, None)
            self.fields[field] = {}
        return self.columns[field]

    def literal(self, field: str | None, text: bytes) -> int:
        self.column(field)
        literals = self.fields[field]
        if text not in literals:
            literals[text] = self.count
            self.count += 1
        return literals[text]

    def condition(self, node: Node) -> Condition:
        return self._made(node)[0]

    def _made(self, node: Node) -> tuple[Condition, int]:
        """A condition and what it costs, roughly."""
        if isinstance(node, Leaf):
            if node not in self.known:
                self.known[node] = self._leaf(node)
            return self.known[node]
        if isinstance(node, Not):
            inner, cost = self._made(node.child)
            return (lambda batch, mask: mask & ~inner(batch, mask)), cost + 2
        made = sorted((self._made(child) for child in node.children), key=lambda each: each[1])
        parts = tuple(condition for condition, _ in made)
        if isinstance(node, And):
            return _all_of(parts), (made[0][1] + 1 if made else 0)
        return _any_of(parts), sum(cost for _, cost in made) + 1

    def _leaf(self, leaf: Leaf) -> tuple[Condition, int]:
        literals: list[int] = []
        parts: list[tuple[Condition, int]] = []
        cidrs = tuple(test for test in leaf.tests if isinstance(test, Cidr))
        if cidrs:
            parts.append((self._by_row(leaf.field, None, networks(cidrs)), 60))
        for test in leaf.tests:
            if isinstance(test, Text):
                gate, exact = _gate(test)
                if exact:
                    literals.extend(self.literal(leaf.field, text) for text in gate or ())
                else:
                    parts.append((self._by_row(leaf.field, gate, matcher(test)), 20 if gate else 50))
            elif isinstance(test, Regex):
                needed = required(test.pattern)
                gate = tuple(text.encode() for text in needed) if needed else None
                parts.append((self._by_row(leaf.field, gate, matcher(test)), 30 if gate else 200))
            elif not isinstance(test, Cidr):
                parts.append((self._other(leaf.field, test), 40))
        if literals:
            parts.append((self._by_literals(tuple(dict.fromkeys(literals))), 1))
        parts.sort(key=lambda each: each[1])
        if len(parts) == 1:
            return parts[0]
        return _any_of(tuple(condition for condition, _ in parts)), sum(cost for _, cost in parts)

    def _by_literals(self, literals: tuple[int, ...]) -> Condition:
        if len(literals) == 1:
            only = literals[0]
            return lambda batch, mask: batch.found.get(only, 0) & mask
        self.groups -= 1
        group = self.groups  # negative: never a literal's number

        def run(batch: Batch, mask: int) -> int:
            found = batch.found
            rows = found.get(group)
            if rows is None:
                rows = 0
                for literal in literals:
                    if literal in found:
                        rows |= found[literal]
                found[group] = rows
            return rows & mask

        return run

    def _by_row(
        self, field: str | None, gate: tuple[bytes, ...] | None, match: Callable[[str], bool]
    ) -> Condition:
        column = self.column(field)

        def check(batch: Batch, row: int) -> bool:
            texts = batch.texts(column)[row]
            if texts is None:
                return False
            return match(texts) if isinstance(texts, str) else any(map(match, texts))

        gated = self._by_literals(tuple(self.literal(field, text) for text in gate)) if gate else None
        return _checked(check, gated)

    def _other(self, field: str | None, test: Test) -> Condition:
        """Tests on what a literal says nothing of: null, existence, numbers, other fields."""
        if isinstance(test, Exists):
            name = field or ""
            return _checked(lambda batch, row: exists(batch.events[row], name), None)
        column = self.column(field)
        if isinstance(test, Null):
            return _checked(lambda batch, row: batch.texts(column)[row] is None, None)
        if isinstance(test, FieldRef):
            reference = test

            def check(batch: Batch, row: int) -> bool:
                texts = batch.texts(column)[row]
                event = batch.events[row]
                given = (texts,) if isinstance(texts, str) else texts or ()
                return any(refers(reference, text, event) for text in given)

            return _checked(check, None)
        return self._by_row(field, None, matcher(test))


def _checked(check: Check, gate: Condition | None) -> Condition:
    def run(batch: Batch, mask: int) -> int:
        if gate is not None:
            mask = gate(batch, mask)
        passed = 0
        for row in rows_of(mask):
            if check(batch, row):
                passed |= 1 << row
        return passed

    return run


def _all_of(parts: tuple[Condition, ...]) -> Condition:
    def run(batch: Batch, mask: int) -> int:
        for part in parts:
            if not mask:
                return 0
            mask = part(batch, mask)
        return mask

    return run


def _any_of(parts: tuple[Condition, ...]) -> Condition:
    def run(batch: Batch, mask: int) -> int:
        found = 0
        for part in parts:
            left = mask & ~found
            if not left:
                break
            found |= part(batch, left)
        return found

    return run


def _gate(test: Text) -> tuple[tuple[bytes, ...] | None, bool]:
    """The literal of a text test (None: there is none), and whether having it is the same as passing."""
    tokens = folded(test.tokens, cased=False)
    if not tokens:
        return (SEPARATOR * 2,), True
    pieces: list[bytes] = []
    for position, token in enumerate(tokens):
        if isinstance(token, str):
            start = SEPARATOR if position == 0 else b""
            end = SEPARATOR if position == len(tokens) - 1 else b""
            pieces.append(start + token.encode("utf-8", "surrogatepass") + end)
    best = max(pieces, key=len, default=b"")
    if len(best) < _SHORTEST:
        return None, False
    exact = len(pieces) == 1 and Wild.ONE not in tokens and not test.cased
    return (best,), exact
