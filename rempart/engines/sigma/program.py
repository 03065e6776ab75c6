"""Rules compiled together: shared literals by field, and each condition as a function over bitmaps of rows.

A bitmap is an integer whose bit N is row N of the batch. A condition takes the rows that are still asked and
gives those that hold: ``and`` asks each part of what the one before left, cheapest first, so that what needs
a value at a time (regular expressions, ranges of numbers, networks) is asked of few rows. Such tests have
gates where possible: literals without which they cannot hold. Literals that are in many values (``frequent``)
are asked that way too, for a scan that reports them everywhere costs more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import compress
from operator import eq
from typing import Final, TypeAlias

from rempart.engines.sigma.columns import SEPARATOR, Column, Texts, bits, folded, folded_texts, probe
from rempart.engines.sigma.factors import required
from rempart.engines.sigma.matchers import folded as folded_tokens
from rempart.engines.sigma.matchers import matcher, networks, refers
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
from rempart.engines.sigma.values import every_text, exists

Condition: TypeAlias = Callable[["Batch", int], int]
Check: TypeAlias = Callable[["Batch", int], bool]
Frequent: TypeAlias = Mapping[str | None, frozenset[bytes]]

_FEW: Final = 4  # literals of a field, up to which its values are looked at only when asked
_OFTEN: Final = 0.01  # share of values beyond which a literal may be frequent
_DEARER: Final = 10  # how much dearer a value reported by a scan is than a value asked
_WIDE: Final = 4  # rows asked are many from one in so many on
_DIGITS_TO_BITS: Final = bytes.maketrans(b"01", b"\x00\x01")
_BITS_TO_DIGITS: Final = bytes.maketrans(b"\x00\x01", b"01")
_ESCAPED: Final = re.compile(r"[^ !#-\[\]-~]+")  # what JSON may write otherwise


class Batch:
    """Events of one log source being looked at: their columns as they are asked, and rows by literal."""

    __slots__ = ("_chosen", "_folded", "_plain", "_rows", "_texts", "asked", "events", "found", "full")

    def __init__(self, events: Sequence[Mapping[str, object]]) -> None:
        self.events = events
        self.full = (1 << len(events)) - 1
        self.found: dict[int, int] = {}
        self.asked: dict[int, tuple[int, int]] = {}
        self._texts: dict[str, list[Texts]] = {}
        self._folded: dict[str, dict[int, Texts]] = {}
        self._plain: dict[str, list[str] | None] = {}
        self._rows: dict[int, list[int]] = {}
        self._chosen: dict[tuple[str, int], list[Texts]] = {}

    def texts(self, column: Column) -> list[Texts]:
        """The texts of a field, read once."""
        name = column.field or ""
        texts = self._texts.get(name)
        if texts is None:
            texts = self._texts[name] = column.texts(self.events)
        return texts

    def text(self, column: Column, row: int) -> Texts:
        """The texts of one row."""
        return every_text(self.events[row]) if column.field is None else self.texts(column)[row]

    def rows(self, mask: int) -> list[int]:
        """The positions of the bits that are set, worked out once for each bitmap."""
        rows = self._rows.get(mask)
        if rows is None:
            rows = self._rows[mask] = rows_of(mask)
        return rows

    def folded(self, column: Column, mask: int) -> list[Texts]:
        """The folded texts of some rows, folded once."""
        key = (column.field or "", mask)
        chosen = self._chosen.get(key)
        if chosen is None:
            known = self._folded.setdefault(key[0], {})
            texts = self.texts(column)
            rows = self.rows(mask)
            for row in rows:
                if row not in known:
                    known[row] = folded(texts[row])
            chosen = self._chosen[key] = [known[row] for row in rows]
        return chosen

    def plain(self, column: Column) -> list[str] | None:
        """The folded text of every row, when each has one and one only."""
        name = column.field or ""
        if name not in self._plain:
            self._plain[name] = folded_texts(self.texts(column))
        return self._plain[name]


def rows_of(mask: int) -> list[int]:
    """The positions of the bits that are set, in order."""
    if mask.bit_count() < 8:
        rows = []
        while mask:
            low = mask & -mask
            rows.append(low.bit_length() - 1)
            mask ^= low
        return rows
    text = bin(mask)[:1:-1]
    if mask.bit_count() * 8 < len(text):
        rows, row = [], text.find("1")
        while row >= 0:
            rows.append(row)
            row = text.find("1", row + 1)
        return rows
    digits = text.encode()
    return list(compress(range(len(digits)), digits.translate(_DIGITS_TO_BITS)))


def mask_of(answers: Sequence[bool]) -> int:
    """The bitmap of the rows whose answer is true."""
    return int(bytes(answers)[::-1].translate(_BITS_TO_DIGITS) or b"0", 2)


class Program:
    """The conditions of rules that look at the same events. ``rules`` pairs a rule's number with its tree."""

    def __init__(
        self,
        rules: Sequence[tuple[int, Node]],
        frequent: Frequent,
        remember: int = 0,
        databases: Mapping[str | None, tuple[bytes, bytes]] | None = None,
    ) -> None:
        compiler = _Compiler(frequent)
        self._conditions = [(number, compiler.condition(tree)) for number, tree in rules]
        self.columns = compiler.finish(remember, databases or {})

    def run(self, events: Sequence[Mapping[str, object]]) -> list[tuple[int, int]]:
        """Pairs of a rule's number and the rows (as bits) that match it."""
        batch = Batch(events)
        found, full = batch.found, batch.full
        for column in self.columns:
            column.read(events, batch.texts(column) if column.field else (), found)
        results = []
        for number, condition in self._conditions:
            mask = condition(batch, full)
            if mask:
                results.append((number, mask))
        return results

    def databases(self) -> dict[str | None, tuple[bytes, bytes]]:
        """What took time to compile, for the disk."""
        return {column.field: column.serialized() for column in self.columns}


def frequent_literals(
    rules: Sequence[tuple[int, Node]], events: Sequence[Mapping[str, object]]
) -> dict[str | None, frozenset[bytes]]:
    """The literals that are better asked of rows than scanned for, by what a sample of events shows.

    Those of fields that have few, and those whose values in the sample are many beside the rows that rules
    would ask.
    """
    compiler = _Compiler({})
    for _, tree in rules:
        compiler.condition(tree)
    batch = Batch(events)
    shares: dict[str | None, dict[bytes, int]] = {}
    for field, literals in compiler.literals.items():
        if field is not None:
            shares[field] = _shares(literals, batch.folded(compiler.columns[field], batch.full))
    asking = _Compiler({field: frozenset(counts) for field, counts in shares.items()})
    conditions = [asking.condition(tree) for _, tree in rules]
    columns = asking.finish(0, {})
    asked = Batch(events)
    for column in columns:
        column.read(asked.events, asked.texts(column) if column.field else (), asked.found)
    for condition in conditions:
        condition(asked, asked.full)
    result: dict[str | None, frozenset[bytes]] = {}
    for field, counts in shares.items():
        numbers = asking.literals.get(field, {})
        few = len(compiler.literals[field]) <= _FEW
        result[field] = frozenset(
            literal
            for literal, count in counts.items()
            if few or asked.asked.get(numbers[literal], (0, 0))[0].bit_count() < count * _DEARER
        )
    return result


def _shares(literals: Iterable[bytes], texts: Sequence[Texts]) -> dict[bytes, int]:
    """How many of the texts hold each literal that may be frequent (all of them when there are few)."""
    given = [text for each in texts for text in ((each,) if isinstance(each, str) else each or ())]
    few = len(list(literals)) <= _FEW
    found: dict[bytes, int] = {}
    for literal in literals:
        short = not given and len(literal) < 4 and SEPARATOR not in literal
        count = 1 if short else sum(map(probe(literal), given))
        if few or count > len(given) * _OFTEN:
            found[literal] = count
    return found


class _Compiler:
    def __init__(self, frequent: Frequent) -> None:
        self.frequent = frequent
        self.literals: dict[str | None, dict[bytes, int]] = {}
        self.columns: dict[str | None, Column] = {}
        self.count = 0
        self.known: dict[Leaf, tuple[Condition, int]] = {}

    def finish(self, remember: int, databases: Mapping[str | None, tuple[bytes, bytes]]) -> list[Column]:
        """The columns to scan, with their literals; conditions made before hold these same objects."""
        scanned = []
        for field, literals in self.literals.items():
            rare = {text: n for text, n in literals.items() if text not in self.frequent.get(field, ())}
            if rare:
                self.columns[field].prepare(rare, remember, databases.get(field))
                scanned.append(self.columns[field])
        return scanned

    def column(self, field: str | None) -> Column:
        if field not in self.columns:
            self.columns[field] = Column(field)
            self.literals[field] = {}
        return self.columns[field]

    def number(self) -> int:
        self.count += 1
        return self.count

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
            return (lambda batch, mask: mask & ~inner(batch, mask)), cost + 20
        made = sorted((self._made(child) for child in node.children), key=lambda each: each[1])
        parts = tuple(condition for condition, _ in made)
        if isinstance(node, And):
            return _all_of(parts), (made[0][1] + 1 if made else 0)
        return _any_of(parts), sum(cost for _, cost in made) + 1

    def _leaf(self, leaf: Leaf) -> tuple[Condition, int]:
        literals: list[bytes] = []
        parts: list[tuple[Condition, int]] = []
        cidrs = tuple(test for test in leaf.tests if isinstance(test, Cidr))
        if cidrs:
            parts.append((self._by_row(leaf.field, None, networks(cidrs)), 60))
        gates: tuple[bytes, ...] | None
        for test in leaf.tests:
            if isinstance(test, Text):
                gate, exact = _gate(test, whole=leaf.field is None)
                if exact and gate:
                    literals.append(gate)
                else:
                    gates = (gate,) if gate else None
                    parts.append((self._by_row(leaf.field, gates, matcher(test)), 40 if gate else 90))
            elif isinstance(test, Regex):
                needed = required(test.pattern)
                gates = tuple(text.encode() for text in needed) if needed and leaf.field else None
                parts.append((self._by_row(leaf.field, gates, matcher(test)), 60 if gates else 300))
            elif not isinstance(test, Cidr):
                parts.append(self._other(leaf.field, test))
        if literals:
            parts.append(self._by_literals(leaf.field, literals))
        return _cheapest_first(parts)

    def _by_literals(self, field: str | None, literals: Iterable[bytes]) -> tuple[Condition, int]:
        """Rows that hold one of the literals: those scanned, then those asked of each row."""
        column = self.column(field)
        numbers: list[int] = []
        parts: list[tuple[Condition, int]] = []
        for text in dict.fromkeys(literals):
            number = self.literals[field].setdefault(text, self.count + 1)
            self.count = max(self.count, number)
            if text in self.frequent.get(field, ()):
                parts.append((_asked(column, number, probe(text)), 12))
            else:
                numbers.append(number)
        if numbers:
            parts.append((_scanned(tuple(numbers), self.number()), 1))
        return _cheapest_first(parts)

    def _by_row(
        self, field: str | None, gate: tuple[bytes, ...] | None, match: Callable[[str], bool]
    ) -> Condition:
        column = self.column(field)

        def check(batch: Batch, row: int) -> bool:
            texts = batch.text(column, row)
            if texts is None:
                return False
            return match(texts) if isinstance(texts, str) else any(map(match, texts))

        return _checked(check, self._by_literals(field, gate)[0] if gate else None)

    def _other(self, field: str | None, test: Test) -> tuple[Condition, int]:
        """Tests on what a literal says nothing of: null, existence, numbers, other fields."""
        if isinstance(test, Exists):
            name = field or ""
            return _whole(lambda batch: [exists(event, name) for event in batch.events], self.number()), 30
        column = self.column(field)
        if isinstance(test, Null):
            return _whole(lambda batch: [text is None for text in batch.texts(column)], self.number()), 10
        if isinstance(test, FieldRef):
            return self._reference(column, test), 60
        return self._by_row(field, None, matcher(test)), 60

    def _reference(self, column: Column, test: FieldRef) -> Condition:
        def check(batch: Batch, row: int) -> bool:
            texts = batch.text(column, row)
            given = (texts,) if isinstance(texts, str) else texts or ()
            return any(refers(test, text, batch.events[row]) for text in given)

        by_row = _checked(check, None)
        if test.mode != "equals" or test.cased:
            return by_row
        other = self.column(test.field)

        def run(batch: Batch, mask: int) -> int:
            values, others = batch.plain(column), batch.plain(other)
            if values is None or others is None:
                return by_row(batch, mask)
            return mask_of(list(map(eq, values, others))) & mask

        return run


def _cheapest_first(parts: list[tuple[Condition, int]]) -> tuple[Condition, int]:
    parts.sort(key=lambda each: each[1])
    if len(parts) == 1:
        return parts[0]
    return _any_of(tuple(condition for condition, _ in parts)), sum(cost for _, cost in parts)


def _scanned(numbers: tuple[int, ...], group: int) -> Condition:
    if len(numbers) == 1:
        only = numbers[0]
        return lambda batch, mask: batch.found.get(only, 0) & mask

    def run(batch: Batch, mask: int) -> int:
        found = batch.found
        rows = found.get(group)
        if rows is None:
            rows = 0
            for number in numbers:
                if number in found:
                    rows |= found[number]
            found[group] = rows
        return rows & mask

    return run


def _asked(column: Column, number: int, match: Callable[[str], bool]) -> Condition:
    def run(batch: Batch, mask: int) -> int:
        asked, passed = batch.asked.get(number, (0, 0))
        left = mask & ~asked
        if left.bit_count() * _WIDE > len(batch.events) and (texts := batch.plain(column)) is not None:
            passed = mask_of([match(text) for text in texts])
            batch.asked[number] = (batch.full, passed)
        elif left:
            row_bits = bits(len(batch.events))
            for row, value in zip(batch.rows(left), batch.folded(column, left), strict=True):
                if match(value) if isinstance(value, str) else any(map(match, value or ())):
                    passed |= row_bits[row]
            batch.asked[number] = (asked | left, passed)
        return passed & mask

    return run


def _whole(answers: Callable[[Batch], list[bool]], group: int) -> Condition:
    """What is answered for every row at once, the first time that it is asked."""

    def run(batch: Batch, mask: int) -> int:
        rows = batch.found.get(group)
        if rows is None:
            rows = batch.found[group] = mask_of(answers(batch))
        return rows & mask

    return run


def _checked(check: Check, gate: Condition | None) -> Condition:
    def run(batch: Batch, mask: int) -> int:
        if gate is not None:
            mask = gate(batch, mask)
        passed = 0
        if mask:
            row_bits = bits(len(batch.events))
            for row in batch.rows(mask):
                if check(batch, row):
                    passed |= row_bits[row]
        return passed

    return run


def _all_of(parts: tuple[Condition, ...]) -> Condition:
    def run(batch: Batch, mask: int) -> int:
        for part in parts:
            mask = part(batch, mask)
            if not mask:
                return 0
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


def _gate(test: Text, *, whole: bool) -> tuple[bytes | None, bool]:
    """A literal without which a test cannot pass (None: there is none), and whether having it is passing.

    With ``whole`` it is looked for in whole events as JSON writes them: a piece that needs no escape, not
    anchored.
    """
    tokens = folded_tokens(test.tokens, cased=False)
    if whole:
        plain = [piece for token in tokens if isinstance(token, str) for piece in _ESCAPED.split(token)]
        longest = max(plain, key=len, default="")
        return (longest.encode("ascii") if len(longest) > 2 else None), False
    if not tokens:
        return SEPARATOR * 2, True
    pieces: list[bytes] = []
    for position, token in enumerate(tokens):
        if isinstance(token, str):
            start = SEPARATOR if position == 0 else b""
            end = SEPARATOR if position == len(tokens) - 1 else b""
            pieces.append(start + token.encode("utf-8", "surrogatepass") + end)
    best = max(pieces, key=len, default=None)
    exact = len(pieces) == 1 and Wild.ONE not in tokens and not test.cased
    return best, exact
