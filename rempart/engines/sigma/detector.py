"""Rules made ready for events, and a batch of events taken through them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter, itemgetter
from pathlib import Path

from rempart.engines.sigma import detection as sections
from rempart.engines.sigma import store
from rempart.engines.sigma.batch import Again, Batch, Beside, Block, Event, rows_of
from rempart.engines.sigma.correlating import Correlator, Counters
from rempart.engines.sigma.explaining import Explainer, Last
from rempart.engines.sigma.model import Collection, Defect, Detection, Filter, Limits, Prepared, Rule
from rempart.engines.sigma.modifiers import Context
from rempart.engines.sigma.program import Frequent, Program, frequent_literals
from rempart.engines.sigma.sources import Mappings, Origin, default_mappings, fields_for, origin_of
from rempart.engines.sigma.texts import BadValue
from rempart.engines.sigma.tree import (
    FALSE,
    TRUE,
    And,
    Exists,
    FieldRef,
    Leaf,
    Node,
    Not,
    both,
    either,
    leaves,
    negated,
)

_LATENESS = 300.0  # seconds
_SAMPLE = 256  # events by which frequent literals are told
_ORIGINS = 10_000  # kinds of event whose program is remembered
_TOGETHER = 2_048  # events of a plan looked at together


def compile_rules(
    collection: Collection,
    *,
    mappings: Mappings | None = None,
    placeholders: Mapping[str, Sequence[str]] | None = None,
    cache: Path | None = None,
    lateness: float = _LATENESS,
    limits: Limits | None = None,
) -> Detector:
    """Make a detector of a collection.

    ``placeholders`` gives the values of ``expand``; ``cache`` is a folder for compiled literals. Correlations
    wait ``lateness`` seconds, in the events' own time, for events that come late (infinity: until
    ``finish``). What cannot be used is in ``detector.defects``.
    """
    return Detector(
        collection,
        mappings or default_mappings(),
        placeholders or {},
        cache,
        lateness,
        limits or Limits(),
    )


class Detector:
    """Compiled rules. Not to be shared between threads: each makes its own."""

    def __init__(
        self,
        collection: Collection,
        mappings: Mappings,
        placeholders: Mapping[str, Sequence[str]],
        cache: Path | None,
        lateness: float,
        limits: Limits,
    ) -> None:
        self.mappings = mappings
        self.defects: list[Defect] = []
        self.rules: list[Rule] = []
        self._trees: list[Node] = []
        self._cache = cache
        self._plans: dict[Origin, _Plan | None] = {}
        self._programs: dict[tuple[tuple[int, Node], ...], _Plan] = {}
        self._last = Last()
        made_of = (
            collection.digest,
            [rule.id for rule in collection.rules],
            mappings.digest(),
            sorted((name, list(values)) for name, values in placeholders.items()),
        )
        self._digest = hashlib.blake2b(repr(made_of).encode(), digest_size=16).hexdigest()
        self._read(collection, Context(limits, placeholders))
        self._correlator = Correlator(collection.correlations, self.rules, lateness)
        self.defects += self._correlator.defects

    @property
    def counters(self) -> Counters:
        """What late events and bounds on memory cost the correlations."""
        return self._correlator.counters

    @property
    def followed(self) -> frozenset[str]:
        """Ids of the rules that correlations follow."""
        return frozenset(rule.id for rule in self.rules if self._correlator.wants(rule.id))

    @property
    def only_correlated(self) -> frozenset[str]:
        """Ids of the rules whose own detections are not told, as a correlation refers to them
        (``generate``).
        """
        return self._correlator.only_correlated

    def _read(self, collection: Collection, context: Context) -> None:
        filters = self._filters(collection, context)
        for rule in collection.rules:
            tree = rule.tree
            try:
                if tree is None:
                    context.made = 0
                    tree = sections.build(rule.detection, context)
            except BadValue as error:
                self.defects.append(Defect(rule.path, rule.id, str(error), error.code))
                continue
            tree = both((tree, *(added for each, added in filters if _is_for(each, rule))))
            if tree == FALSE:
                self.defects.append(Defect(rule.path, rule.id, "it can never match", "never"))
                continue
            if not self.mappings.knows(rule.logsource):
                reason = f"no Windows channel is known for {rule.logsource}: only hints of readers lead to it"
                self.defects.append(Defect(rule.path, rule.id, reason, "unmapped"))
            self.rules.append(rule)
            self._trees.append(tree)

    def _filters(self, collection: Collection, context: Context) -> list[tuple[Filter, Node]]:
        """The filters and what they add; one that cannot be used is a defect, and its rules stay as they
        are.
        """
        known = {name for rule in collection.rules for name in (rule.id, rule.name)}
        filters: list[tuple[Filter, Node]] = []
        for each in collection.filters:
            absent = [name for name in each.rules if name not in known]
            if absent:
                reason = f"filter: refers to rules that are absent: {', '.join(absent)}"
                self.defects.append(Defect(each.path, each.id, reason, "filter"))
            try:
                context.made = 0
                filters.append((each, sections.build(each.detection, context)))
            except BadValue as error:
                self.defects.append(Defect(each.path, each.id, str(error), "filter"))
        return filters

    def scan(
        self, events: Iterable[Event], *, again: Again | None = None, beside: Beside | None = None
    ) -> list[Detection]:
        """What the rules find in a batch, by position; each event alone decides of its rules. ``beside`` is
        given the values of all events, a few at a time, for what else is looked for in them.

        Events that are made as they are asked for are looked at while they are near, which is quickest; more
        so when none needs to be kept because ``again`` makes the one of a position once more. It is asked
        for few, as long as the detections are held.
        """
        detections: list[Detection] = []
        matches: list[tuple[Rule, int, Event]] = []
        waiting: dict[int, _Waiting] = {}
        shapes: dict[tuple[str, ...], dict[object, tuple[_Waiting, Block] | None]] = {}
        for position, event in enumerate(events):
            names = (*event,)
            blocks = shapes.get(names)
            if blocks is None:
                blocks = shapes[names] = {}
            hint, number = event.get("_logsource"), event.get("EventID")
            told = tuple(hint.items()) if isinstance(hint, dict) else None
            # As equal as they are, 1 is an identifier, and neither 1.0 nor True.
            key = (event.get("Channel"), number, type(number), told)
            try:
                known = blocks[key]
            except KeyError:
                known = blocks[key] = self._block(event, hint, waiting, again, beside)
            except TypeError:  # an unhashable value: it is no channel and no identifier
                known = self._block(event, hint, waiting, again, beside)
            if known is None:
                continue
            plan, block = known
            block.add(position, event)
            plan.rows += 1
            if plan.rows == _TOGETHER:
                self._run(plan, detections, matches, again)
        for plan in waiting.values():
            if plan.rows:
                self._run(plan, detections, matches, again)
        detections.sort(key=attrgetter("index"))
        if self._correlator.states:
            matches.sort(key=itemgetter(1))
            detections += self._correlator.feed(matches)
        return detections

    def _block(
        self,
        event: Event,
        hint: object,
        waiting: dict[int, _Waiting],
        again: Again | None,
        beside: Beside | None,
    ) -> tuple[_Waiting, Block] | None:
        """A block for events like this one; None when nothing is looked for in them."""
        plan = self._plan(origin_of(event.get("Channel"), event.get("EventID"), hint))
        if plan is None and beside is None:
            return None
        kept = waiting.setdefault(id(plan), _Waiting(plan))
        block = Block(event, again, beside)
        kept.blocks.append(block)
        return kept, block

    def _run(
        self,
        waiting: _Waiting,
        detections: list[Detection],
        matches: list[tuple[Rule, int, Event]],
        again: Again | None,
    ) -> None:
        """Take the rows that wait for a plan through it."""
        for block in waiting.blocks:
            block.settle()
        if waiting.plan is not None:
            self._decide(waiting.plan, Batch(waiting.blocks, again), detections, matches, again)
        waiting.rows = 0
        for block in waiting.blocks:
            block.clear()

    def _decide(
        self,
        plan: _Plan,
        batch: Batch,
        detections: list[Detection],
        matches: list[tuple[Rule, int, Event]],
        again: Again | None,
    ) -> None:
        correlator = self._correlator
        events, positions = batch.events, batch.positions
        for number, mask in plan.run(batch):
            rule, explain = self.rules[number], plan.explain(number)
            rows = rows_of(mask)
            if correlator.states and correlator.wants(rule.id):
                matches.extend((rule, positions[row], events[row]) for row in rows)
                if rule.id in correlator.only_correlated:
                    continue
            if again is None:
                detections.extend([Detection(rule, positions[row], events[row], explain) for row in rows])
            else:
                detections.extend([Detection(rule, positions[row], None, explain, again) for row in rows])

    def finish(self) -> list[Detection]:
        """What the end of the events decides: correlations that waited."""
        return self._correlator.finish()

    def _plan(self, origin: Origin) -> _Plan | None:
        if origin in self._plans:
            return self._plans[origin]
        if len(self._plans) >= _ORIGINS:
            self._plans.clear()
            self._programs.clear()
        rules: list[tuple[int, Node]] = []
        for number, rule in enumerate(self.rules):
            fields = fields_for(rule.logsource, origin, self.mappings)
            if fields is not None:
                tree = _specialised(self._trees[number], origin, fields)
                if origin.channel is None and origin.hint is None:
                    tree = both((tree, _concerned(tree)))
                if tree != FALSE:
                    rules.append((number, tree))
        key = tuple(rules)
        plan = self._programs.get(key)
        if plan is None and rules:
            kind = hashlib.blake2b(f"{self._digest} {origin}".encode(), digest_size=16).hexdigest()
            plan = self._programs[key] = _Plan(rules, self._cache, kind, self._last)
        self._plans[origin] = plan
        return plan


class _Waiting:
    """Rows that wait to be looked at by a plan together."""

    __slots__ = ("blocks", "plan", "rows")

    def __init__(self, plan: _Plan | None) -> None:
        self.plan = plan  # None: no rule looks at them
        self.blocks: list[Block] = []
        self.rows = 0


class _Plan:
    """Rules that look at the same events, compiled when the first of them come, and better when many have."""

    __slots__ = ("_cache", "_explains", "_key", "_program", "_rules", "_sample", "_sampled")

    def __init__(self, rules: Sequence[tuple[int, Node]], cache: Path | None, key: str, last: Last) -> None:
        self._rules = rules
        self._explains = {number: Explainer(tree, last) for number, tree in rules}
        self._cache = cache
        self._key = key
        self._program: Program | None = None
        self._sample: list[Mapping[str, object]] = []
        self._sampled = 0

    def run(self, batch: Batch) -> list[tuple[int, int]]:
        """Pairs of a rule's number and the rows (as bits) that match it."""
        if self._sampled < _SAMPLE:
            self._sample += batch.events[: _SAMPLE - len(self._sample)]
        program = self._program
        if program is None or self._sampled < len(self._sample) >= min(_SAMPLE, 8 * self._sampled):
            program = self._program = self._compiled()
        return program.run(batch)

    def _compiled(self) -> Program:
        if self._program is None and self._cache is not None:
            known = store.read(self._cache, "plan", self._key, Prepared)
            if known is not None:
                self._sampled = known.sampled
                program = Program(self._rules, known.frequent, known.databases)
                if program.anew:  # what was kept is of another version of Hyperscan, or another machine
                    self._keep(program, known.frequent)
                return program
        self._sampled = len(self._sample)
        frequent = frequent_literals(self._rules, self._sample)
        program = Program(self._rules, frequent)
        if self._sampled >= _SAMPLE:
            self._sample = []
        self._keep(program, frequent)
        return program

    def _keep(self, program: Program, frequent: Frequent) -> None:
        """Put what took time to compile on the disk."""
        if self._cache is not None:
            prepared = Prepared(self._sampled, frequent, program.databases())
            store.write(self._cache, "plan", self._key, prepared)

    def explain(self, number: int) -> Explainer:
        """What tells why a rule matched."""
        return self._explains[number]


def _is_for(each: Filter, rule: Rule) -> bool:
    """Whether a filter is for a rule: it names it, or all, and its log source asks nothing else than the
    rule's.
    """
    if each.rules and rule.id not in each.rules and rule.name not in each.rules:
        return False
    asked, given = each.logsource, rule.logsource
    return all(
        wanted is None or wanted == has
        for wanted, has in (
            (asked.product, given.product),
            (asked.category, given.category),
            (asked.service, given.service),
        )
    )


def _concerned(tree: Node) -> Node:
    """That the event has a field of the rule, for events that do not say where they come from."""
    names = {leaf.field: None for leaf in leaves(tree)}
    if None in names:  # keywords are looked for anywhere
        return TRUE
    return either(tuple(Leaf(name, (Exists(),)) for name in names))


def _specialised(tree: Node, origin: Origin, fields: Mapping[str, str]) -> Node:
    """The tree for one kind of event: the event's names of fields, without what its channel and identifier
    decide.
    """
    if not fields and not any(leaf.field in ("EventID", "Channel") for leaf in leaves(tree)):
        return tree
    constant = {"EventID": origin.event_id, "Channel": origin.channel}
    return _rewritten(tree, {name: value for name, value in constant.items() if value is not None}, fields)


def _rewritten(node: Node, constants: Mapping[str, str], fields: Mapping[str, str]) -> Node:
    if isinstance(node, Leaf):
        if node.field is None:
            return node
        name = fields.get(node.field, node.field)
        if name in constants and not any(isinstance(test, FieldRef) for test in node.tests):
            return TRUE if Explainer(Leaf(name, node.tests)).holds({name: constants[name]}) else FALSE
        tests = tuple(
            FieldRef(fields.get(test.field, test.field), test.mode, test.cased)
            if isinstance(test, FieldRef)
            else test
            for test in node.tests
        )
        return Leaf(name, tests, node.search)
    if isinstance(node, Not):
        return negated(_rewritten(node.child, constants, fields))
    children = tuple(_rewritten(child, constants, fields) for child in node.children)
    return both(children) if isinstance(node, And) else either(children)
