"""Rules compiled together: shared literals by field, and each condition as a function over bitmaps of rows.

Most rules need one of some literals: they are asked only in batches where a scan finds one. A condition takes
the rows that are still asked and gives those that hold: ``and`` asks each part of what the one before left,
cheapest first, so that what needs a value at a time (regular expressions, ranges of numbers, networks) is
asked of few rows. Such tests have gates where possible: literals without which they cannot hold. Literals
that are in many values (``frequent``) are asked that way too, for a scan that reports them everywhere costs
more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from operator import eq, methodcaller
from typing import Final, NamedTuple, TypeAlias

from rempart.engines.sigma.batch import Batch, mask_of, mask_of_rows
from rempart.engines.sigma.columns import SEPARATOR, Cells, Column, Texts, TooLong, question
from rempart.engines.sigma.factors import required
from rempart.engines.sigma.matchers import folded as folded_tokens
from rempart.engines.sigma.matchers import folded_matcher, matcher, networks, refers
from rempart.engines.sigma.regexes import line_searcher
from rempart.engines.sigma.tree import (
    And,
    Cidr,
    Compare,
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

Condition: TypeAlias = Callable[[Batch, int], int]
#: Those of some rows that pass.
Sieve: TypeAlias = Callable[[Batch, Sequence[int]], Sequence[int]]
Frequent: TypeAlias = Mapping[str | None, frozenset[bytes]]

_FEW: Final = 4  # literals of a field, up to which its values are looked at only when asked
_OFTEN: Final = 0.01  # share of values beyond which a literal may be frequent
#: Cost of asking at all, a row, and every row, beside that of a row reported by a scan.
_ASKING, _ASKED, _ASKED_ALL = 0.0, 0.2, 0.06
_LONGEST: Final = 500  # characters of a literal, which Hyperscan is given four letters a byte
_WIDE: Final = 4  # rows asked are many from one in so many on
_MANY: Final = 16  # rows of a batch in which they are


class Program:
    """The conditions of rules that look at the same events. ``rules`` pairs a rule's number with its tree."""

    def __init__(
        self,
        rules: Sequence[tuple[int, Node]],
        frequent: Frequent,
        databases: Mapping[str | None, tuple[bytes, bytes]] | None = None,
    ) -> None:
        compiler = _Compiler(frequent)
        self._conditions: list[tuple[int, Condition]] = []
        #: Places of the conditions to ask always, and of those to ask when a literal is found.
        self._always: list[int] = []
        self._by_literal: dict[int, list[int]] = {}
        for place, (number, tree) in enumerate(rules):
            made = compiler.made(tree)
            self._conditions.append((number, made.condition))
            if made.needs is None:
                self._always.append(place)
            for literal in made.needs or ():
                self._by_literal.setdefault(literal, []).append(place)
        self.columns = compiler.finish(databases or {})

    def run(self, batch: Batch) -> list[tuple[int, int]]:
        """Pairs of a rule's number and the rows (as bits) that match it."""
        try:
            scan(self.columns, batch)
        except TooLong:
            return self._by_halves(batch.events)
        places = set(self._always)
        by_literal = self._by_literal
        for literal in batch.found:
            if literal in by_literal:
                places.update(by_literal[literal])
        results = []
        for place in sorted(places):
            number, condition = self._conditions[place]
            mask = condition(batch, batch.full)
            if mask:
                results.append((number, mask))
        return results

    def _by_halves(self, events: Sequence[Mapping[str, object]]) -> list[tuple[int, int]]:
        half = len(events) // 2
        if not half:
            raise TooLong
        found = dict(self.run(Batch.of(events[:half])))
        for number, mask in self.run(Batch.of(events[half:])):
            found[number] = found.get(number, 0) | mask << half
        return sorted(found.items())

    @property
    def anew(self) -> bool:
        """Whether something that takes time was compiled now."""
        return any(column.anew for column in self.columns)

    def databases(self) -> dict[str | None, tuple[bytes, bytes]]:
        """What took time to compile, for the disk."""
        return {column.field: column.serialized() for column in self.columns}


def scan(columns: Iterable[Column], batch: Batch) -> None:
    """Look for the literals of each column; raises ``TooLong``."""
    for column in columns:
        if column.field is None:
            column.read(batch.words(numbers=column.numeric), batch.size, batch.found)
        else:
            column.read(batch.cells(column.field), batch.size, batch.found)


def frequent_literals(
    rules: Sequence[tuple[int, Node]], events: Sequence[Mapping[str, object]]
) -> dict[str | None, frozenset[bytes]]:
    """The literals that are better asked of rows than scanned for, by what a sample of events shows.

    Those of fields that have few, and those whose values in the sample are many beside the rows that rules
    would ask.
    """
    if not events:
        return {}
    compiler = _Compiler({})
    for _, tree in rules:
        compiler.made(tree)
    batch = Batch.of(events)
    shares: dict[str | None, dict[bytes, int]] = {}
    for field, literals in compiler.literals.items():
        if field is not None:
            shares[field] = _shares(literals, batch.cells(field).folded)
    asking = _Compiler({field: frozenset(counts) for field, counts in shares.items()})
    conditions = [asking.made(tree).condition for _, tree in rules]
    try:
        scan(asking.finish({}), batch)
    except TooLong:
        return frequent_literals(rules, events[: len(events) // 2])
    for condition in conditions:
        condition(batch, batch.full)
    result: dict[str | None, frozenset[bytes]] = {}
    for field, counts in shares.items():
        numbers = asking.literals.get(field, {})
        few = len(compiler.literals[field]) <= _FEW
        result[field] = frozenset(
            literal
            for literal, count in counts.items()
            if few or _asking(batch.asked.get(numbers[literal], (0, 0))[0], batch) < count
        )
    return result


def _asking(rows: int, batch: Batch) -> float:
    """What asking these rows costs, in rows reported by a scan."""
    return _ASKING + rows.bit_count() * (_ASKED_ALL if rows == batch.full else _ASKED)


def _shares(literals: Iterable[bytes], texts: Sequence[Texts]) -> dict[bytes, int]:
    """How many of the texts hold each literal that may be frequent (all of them when there are few)."""
    given = [text for each in texts for text in ((each,) if isinstance(each, str) else each or ())]
    few = len(list(literals)) <= _FEW
    found: dict[bytes, int] = {}
    for literal in literals:
        holds, wanted = question(literal)
        short = not given and len(literal) < 4 and SEPARATOR not in literal
        count = 1 if short else sum(map(holds, given, repeat(wanted)))
        if few or count > len(given) * _OFTEN:
            found[literal] = count
    return found


class _Made(NamedTuple):
    """A condition, roughly what it costs, and numbers of literals of which it needs one (None: of none)."""

    condition: Condition
    cost: int
    needs: frozenset[int] | None = None


class _Compiler:
    def __init__(self, frequent: Frequent) -> None:
        self.frequent = frequent
        self.literals: dict[str | None, dict[bytes, int]] = {}
        self.columns: dict[str | None, Column] = {}
        self.count = 0
        self.known: dict[Leaf, _Made] = {}

    def finish(self, databases: Mapping[str | None, tuple[bytes, bytes]]) -> list[Column]:
        """The columns to scan, with their literals."""
        scanned = []
        for field, literals in self.literals.items():
            rare = {text: n for text, n in literals.items() if text not in self.frequent.get(field, ())}
            if rare:
                scanned.append(Column(field, rare, databases.get(field)))
        return scanned

    def number(self) -> int:
        self.count += 1
        return self.count

    def made(self, node: Node) -> _Made:
        if isinstance(node, Leaf):
            if node not in self.known:
                self.known[node] = self._leaf(node)
            return self.known[node]
        if isinstance(node, Not):
            inner, cost, _ = self.made(node.child)
            return _Made(lambda batch, mask: mask & ~inner(batch, mask), cost + 20)
        parts = sorted((self.made(child) for child in node.children), key=lambda each: each.cost)
        return _all_of(parts) if isinstance(node, And) else _any_of(parts)

    def _leaf(self, leaf: Leaf) -> _Made:
        field = leaf.field
        literals: list[bytes] = []
        parts: list[_Made] = []
        cidrs = tuple(test for test in leaf.tests if isinstance(test, Cidr))
        if cidrs:
            parts.append(_Made(_checked(_by_text(field, networks(cidrs)), None), 60))
        gates: tuple[bytes, ...] | None
        for test in leaf.tests:
            if isinstance(test, Text):
                gate, exact = _gate(test, anywhere=field is None)
                if exact and gate:
                    literals.append(gate)
                else:
                    gates = (gate,) if gate else None
                    parts.append(self._by_row(field, gates, test, 40 if gate else 90))
            elif isinstance(test, Regex):
                needed = required(test.pattern)
                gates = tuple(text.encode() for text in needed) if needed else None
                parts.append(self._by_row(field, gates, test, 60 if gates else 300))
            elif not isinstance(test, Cidr):
                parts.append(self._other(field, test))
        if literals:
            parts.append(self._by_literals(field, literals))
        return _any_of(sorted(parts, key=lambda each: each.cost))

    def _by_literals(self, field: str | None, literals: Iterable[bytes]) -> _Made:
        """Rows that hold one of the literals: those scanned, then those asked of each row."""
        known = self.literals.setdefault(field, {})
        numbers: list[int] = []
        parts: list[_Made] = []
        for text in dict.fromkeys(literals):
            if text not in known:
                known[text] = self.number()
            if field is not None and text in self.frequent.get(field, ()):
                parts.append(_Made(_asked(field, known[text], text), 12))
            else:
                numbers.append(known[text])
        if numbers:
            parts.insert(0, _Made(_scanned(tuple(numbers), self.number()), 1, frozenset(numbers)))
        return _any_of(parts)

    def _by_row(
        self,
        field: str | None,
        gates: tuple[bytes, ...] | None,
        test: Text | Regex | Cidr | Compare,
        cost: int,
    ) -> _Made:
        if isinstance(test, Text) and not test.cased and field is not None:
            sieve = _by_folded_text(field, folded_matcher(test))
        else:
            sieve = _by_text(field, matcher(test))
        gate = self._by_literals(field, gates) if gates else None
        narrow = None
        if isinstance(test, Regex) and field is not None:
            narrow = _narrowed(field, test, self.number())
        return _Made(_checked(sieve, gate and gate.condition, narrow), cost, gate and gate.needs)

    def _other(self, field: str | None, test: Test) -> _Made:
        """Tests on what a literal says nothing of: null, existence, numbers, other fields."""
        name = field or ""
        if isinstance(test, Exists):
            return _Made(_whole(lambda batch: batch.having(name), self.number()), 30)
        if isinstance(test, Null):
            return _Made(
                _whole(lambda batch: [text is None for text in batch.cells(name).texts], self.number()), 10
            )
        if isinstance(test, FieldRef):
            return _Made(_reference(name, test), 60)
        return self._by_row(field, None, test, 60)


def _by_text(field: str | None, match: Callable[[str], bool]) -> Sieve:
    def sieve(batch: Batch, rows: Sequence[int]) -> Sequence[int]:
        if field is None:
            return [row for row in rows if _passes(match, batch.text(None, row))]
        cells = batch.cells(field)
        return _passing(match, cells.texts, rows, single=cells.single)

    return sieve


def _by_folded_text(field: str, match: Callable[[str], bool]) -> Sieve:
    def sieve(batch: Batch, rows: Sequence[int]) -> Sequence[int]:
        cells = batch.cells(field)
        return _passing(match, cells.folded, rows, single=cells.single)

    return sieve


def _passing(
    match: Callable[[str], bool], texts: Sequence[Texts], rows: Sequence[int], *, single: bool
) -> Sequence[int]:
    """The rows of which a text passes; ``single``: no row has several."""
    if single:
        return [row for row in rows if (text := texts[row]) is not None and match(text)]  # type: ignore[arg-type]
    return [row for row in rows if _passes(match, texts[row])]


def _passes(match: Callable[[str], bool], texts: Texts) -> bool:
    if isinstance(texts, str):
        return match(texts)
    return texts is not None and any(map(match, texts))


def _reference(field: str, test: FieldRef) -> Condition:
    def check(batch: Batch, row: int) -> bool:
        texts = batch.text(field, row)
        given = (texts,) if isinstance(texts, str) else texts or ()
        return any(refers(test, text, batch.events[row]) for text in given)

    by_row = _checked(lambda batch, rows: [row for row in rows if check(batch, row)], None)
    if test.mode != "equals" or test.cased:
        return by_row

    def run(batch: Batch, mask: int) -> int:
        values, others = batch.cells(field).plain, batch.cells(test.field).plain
        if values is None or others is None:
            return by_row(batch, mask)
        return mask_of(list(map(eq, values, others))) & mask

    return run


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


def _asked(field: str, number: int, literal: bytes) -> Condition:
    holds, wanted = question(literal)
    match = _question(literal)

    def run(batch: Batch, mask: int) -> int:
        asked, passed = batch.asked.get(number, (0, 0))
        left = mask & ~asked
        if not left:
            return passed & mask
        cells = batch.cells(field)
        if left.bit_count() * _WIDE > batch.size and (plain := cells.plain) is not None:
            passed = mask_of(list(map(holds, plain, repeat(wanted))))
            batch.asked[number] = (batch.full, passed)
        else:
            rows = batch.rows(left)
            passing = match(cells.folded, rows) if cells.single else _any_passing(holds, wanted, cells, rows)
            passed |= mask_of_rows(passing, batch.size)
            batch.asked[number] = (asked | left, passed)
        return passed & mask

    return run


def _question(literal: bytes) -> Callable[[Sequence[Texts], Sequence[int]], Sequence[int]]:
    """As ``question``, of rows that have one text or none: those that pass, without a call for each."""
    start, end = literal.startswith(SEPARATOR), literal.endswith(SEPARATOR)
    _, wanted = question(literal)
    if start and end:
        return lambda texts, rows: [row for row in rows if texts[row] == wanted]
    if start or end:
        name = "startswith" if start else "endswith"
        ask = methodcaller(name, wanted)
        return lambda texts, rows: [row for row in rows if (text := texts[row]) is not None and ask(text)]
    return lambda texts, rows: [row for row in rows if (text := texts[row]) is not None and wanted in text]


def _any_passing(
    holds: Callable[[str, str], bool], wanted: str, cells: Cells, rows: Sequence[int]
) -> Sequence[int]:
    folded = cells.folded
    return [row for row in rows if _passes(lambda text: holds(text, wanted), folded[row])]


def _whole(answers: Callable[[Batch], list[bool]], group: int) -> Condition:
    """What is answered for every row at once, the first time that it is asked."""

    def run(batch: Batch, mask: int) -> int:
        rows = batch.found.get(group)
        if rows is None:
            rows = batch.found[group] = mask_of(answers(batch))
        return rows & mask

    return run


def _checked(sieve: Sieve, gate: Condition | None, narrow: Condition | None = None) -> Condition:
    """Rows that pass a sieve, asked of those that pass ``gate``, and ``narrow`` when they are many."""

    def run(batch: Batch, mask: int) -> int:
        if gate is not None:
            mask = gate(batch, mask)
        if narrow is not None and mask.bit_count() * _WIDE > batch.size > _MANY:
            mask = narrow(batch, mask)
        return mask_of_rows(sieve(batch, batch.rows(mask)), batch.size) if mask else 0

    return run


def _narrowed(field: str, test: Regex, group: int) -> Condition:
    """Rows in which an expression may be found, by one look at all of them; all when there is no saying."""

    def run(batch: Batch, mask: int) -> int:
        rows = batch.found.get(group)
        if rows is None:
            cells, rows = batch.cells(field), batch.full
            search, lines = line_searcher(test.pattern, test.flags), cells.lines
            ends = search(lines[0], 4 * batch.size) if search and lines else None
            if lines and ends is not None:
                # What is found past the last line, and is in no row, ``mask`` takes away.
                rows = mask_of_rows([*cells.rows(ends), *lines[1]], batch.size + 1)
            batch.found[group] = rows
        return rows & mask

    return run


def _all_of(parts: Sequence[_Made]) -> _Made:
    conditions = tuple(each.condition for each in parts)

    def run(batch: Batch, mask: int) -> int:
        for condition in conditions:
            mask = condition(batch, mask)
            if not mask:
                return 0
        return mask

    needs = min((each.needs for each in parts if each.needs is not None), key=len, default=None)
    return _Made(run, parts[0].cost + 1 if parts else 0, needs)


def _any_of(parts: Sequence[_Made]) -> _Made:
    if len(parts) == 1:
        return parts[0]
    conditions = tuple(each.condition for each in parts)

    def run(batch: Batch, mask: int) -> int:
        found = 0
        for condition in conditions:
            left = mask & ~found
            if not left:
                break
            found |= condition(batch, left)
        return found

    needed = [each.needs for each in parts if each.needs is not None]
    needs = frozenset[int]().union(*needed) if len(needed) == len(parts) else None
    return _Made(run, sum(each.cost for each in parts) + 1, needs)


def _gate(test: Text, *, anywhere: bool) -> tuple[bytes | None, bool]:
    """A literal without which a test cannot pass (None: there is none), and whether having it is passing.

    ``anywhere``, it is looked for in all the texts of an event together: it proves nothing, and is not
    anchored.
    """
    tokens = folded_tokens(test.tokens, cased=False)
    if anywhere:
        longest = max((token for token in tokens if isinstance(token, str)), key=len, default="")
        return longest[:_LONGEST].encode("utf-8", "surrogatepass") or None, False
    if not tokens:
        return SEPARATOR * 2, True
    pieces: list[bytes] = []
    cut = False
    for position, token in enumerate(tokens):
        if isinstance(token, str):
            whole = len(token) <= _LONGEST
            start = SEPARATOR if position == 0 else b""
            end = SEPARATOR if position == len(tokens) - 1 and whole else b""
            pieces.append(start + token[:_LONGEST].encode("utf-8", "surrogatepass") + end)
            cut = cut or not whole
    best = max(pieces, key=len, default=None)
    exact = len(pieces) == 1 and not cut and Wild.ONE not in tokens and not test.cased
    return best, exact
