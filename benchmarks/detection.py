"""Detection: every Windows rule of SigmaHQ over varied events, beside what parsing and scanning alone cost.

Events are the recorded ones of the rules' regression data, each written anew with its own values so that no
memory of values can help; nearly all make a rule match, which logs do not. Times are of the processor, one
core: parsing a line and taking its event through the rules.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import hyperscan
import orjson

from benchmarks import detecting
from benchmarks.table import machine, peak_mib, show
from rempart.engines.logs.model import LOGSOURCE
from rempart.engines.logs.windows import flat
from rempart.engines.sigma import Collection, Detection, compile_rules, load_rules
from rempart.engines.sigma.batch import Block
from rempart.engines.sigma.columns import fold
from rempart.engines.sigma.tree import Text, leaves

DATA = Path(__file__).resolve().parents[2] / "shared/data/sigma"
KEPT = {"Channel", "Provider_Name", "EventID", "Computer", "TimeCreated_SystemTime"}
CACHE = Path("var/sigma")
BATCH = 4_096  # events at once, as many as ``rempart detect`` takes
PEERS = Path(__file__).parent / "peers"
PEER_EVENTS = 5_000
ROUNDS = 5


def recorded() -> list[dict[str, Any]]:
    """Every recorded event, in one flat map of fields."""
    events = []
    decoder = json.JSONDecoder()
    for path in sorted((DATA / "regression_data").rglob("*.json")):
        text = path.read_text("utf-8")
        position = 0
        while position < len(text):
            document, position = decoder.raw_decode(text, position)
            while position < len(text) and text[position].isspace():
                position += 1
            event = flat(document)[0]
            del event[LOGSOURCE]  # ours: a line of another's log has none
            events.append(event)
    return events


def varied(event: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """The same event with other values: a folder more in paths, a word more elsewhere, other numbers."""
    made = dict(event)
    word = f"{chance.getrandbits(40):010x}"
    for name, value in event.items():
        if name in KEPT:
            continue
        if isinstance(value, str) and len(value) > 7:
            head, slash, tail = value.partition("\\")
            made[name] = f"{head}\\{word}\\{tail}" if slash else f"{value} {word}"
        elif isinstance(value, int):
            made[name] = chance.randrange(65_536)
    return made


def lines(count: int) -> list[bytes]:
    """``count`` lines of JSON, always the same."""
    chance = random.Random(6)
    events = recorded()
    return [orjson.dumps(varied(chance.choice(events), chance)) for _ in range(count)]


def again_and_again(count: int) -> list[bytes]:
    """As many lines of the recorded events, as they are."""
    chance = random.Random(6)
    made = list(map(orjson.dumps, recorded()))
    return [chance.choice(made) for _ in range(count)]


def batches(given: list[bytes]) -> Iterator[list[bytes]]:
    for start in range(0, len(given), BATCH):
        yield given[start : start + BATCH]


def timed(works: Sequence[tuple[str, Callable[[], int], int]]) -> list[tuple[str, ...]]:
    """A row of each work (label, what it does, of how many events): the least and the median of some rounds.

    All are done in each round, one after the other, for a machine is now quicker and now slower: each has
    the same share of both.
    """
    taken: list[list[float]] = [[] for _ in works]
    found = [0 for _ in works]
    for _ in range(ROUNDS):
        for place, (_, work, _) in enumerate(works):
            start = time.process_time()
            found[place] = work()
            taken[place].append(time.process_time() - start)
    rows = []
    for (label, _, count), seconds, each in zip(works, taken, found, strict=True):
        least, median = (one / count * 1e6 for one in (min(seconds), statistics.median(seconds)))
        rows.append((label, f"{1e6 / least:,.0f}", f"{least:.1f}", f"{median:.1f}", f"{each:,}"))
    return rows


def literals(collection: Collection) -> dict[str | None, list[bytes]]:
    """Every text of the rules by the field in which they look for it, folded."""
    found: dict[str | None, set[bytes]] = {}
    for rule in collection.rules:
        for leaf in leaves(rule.tree) if rule.tree is not None else ():
            tokens = [token for test in leaf.tests if isinstance(test, Text) for token in test.tokens]
            texts = [
                fold(token).encode("utf-8", "surrogatepass") for token in tokens if isinstance(token, str)
            ]
            found.setdefault(leaf.field, set()).update(text for text in texts if len(text) > 1)
    return {field: sorted(texts) for field, texts in found.items() if texts}


def scanner(texts: list[bytes]) -> Any:
    made = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    made.compile(
        expressions=texts,
        ids=list(range(len(texts))),
        elements=len(texts),
        flags=[hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_CASELESS] * len(texts),
        literal=True,
    )
    return made


def rules() -> Collection:
    collection = load_rules(sorted(DATA.glob("rules*")), cache=CACHE)
    collection.rules = [rule for rule in collection.rules if rule.logsource.product == "windows"]
    return collection


def again(batch: list[bytes]) -> Callable[[int], dict[str, Any]]:
    """What makes the event of a line once more."""

    def made(index: int) -> dict[str, Any]:
        event: dict[str, Any] = orjson.loads(batch[index])
        return event

    return made


def by_field(given: list[bytes], scanners: dict[str | None, Any], hits: list[int]) -> None:
    """The quickest known way to parse and to scan for every text: field by field, keywords in all of them.

    Which event has a text is not told, and each text is told once a field of a batch.
    """

    def note(*found: Any) -> None:
        hits.append(found[0])

    for batch in batches(given):
        blocks: dict[tuple[str, ...], Block] = {}
        for position, line in enumerate(batch):
            event = orjson.loads(line)
            names = (*event,)
            if names not in blocks:
                blocks[names] = Block(names, again(batch))
            blocks[names].add(position, event)
        for block in blocks.values():
            buffers = {name: cells.words for name, cells in block.columns().items()}
            for name in buffers.keys() & scanners.keys():
                if buffers[name]:
                    scanners[name].scan(buffers[name], note)
            scanners[None].scan(b"".join(buffers.values()), note)


def detected(given: list[bytes], *, read: bool = False, keep: bool = False) -> Callable[[], int]:
    """Rules compiled and warm, and the work that is timed.

    ``read``: the event of each detection is made again. ``keep``: events are kept instead.
    """
    detector = compile_rules(rules(), cache=CACHE)

    def scan(batch: list[bytes]) -> list[Detection]:
        events = map(orjson.loads, batch)
        return detector.scan(events, again=None if keep else again(batch))

    def work() -> int:
        count = 0
        for batch in batches(given):
            found = scan(batch)
            count += len(found)
            if read:
                for one in found:
                    assert one.event
        return count

    for batch in batches(given[: 2 * BATCH]):
        scan(batch)
    gc.collect()
    gc.freeze()  # what lives as long as the process is not looked at again
    return work


def _side(given: list[bytes], ready: Any, out: Any) -> None:
    work = detected(given)
    work()
    ready.wait()
    start = time.process_time()
    work()
    out.put(len(given) / (time.process_time() - start))


def two_cores(given: list[bytes]) -> tuple[str, ...]:
    """Two processes at once, each with half of the events: the sum of what each does by its own clock."""
    context = multiprocessing.get_context("spawn")
    ready, out = context.Barrier(2), context.Queue()
    halves = (given[: len(given) // 2], given[len(given) // 2 :])
    sides = [context.Process(target=_side, args=(half, ready, out)) for half in halves]
    for side in sides:
        side.start()
    speed = sum(out.get() for _ in sides)
    for side in sides:
        side.join()
    return "Rempart, two processes", f"{speed:,.0f}", "", "", ""


def peer(given: list[bytes], collection: Collection) -> tuple[str, ...]:
    """The same rules as SQL by pySigma, over the same events in SQLite: the way that Zircolite works."""
    folder = Path("var/bench/peer-sqlite")
    python = folder / "bin/python"
    if not (folder / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        install = (
            "-m pip install -q --disable-pip-version-check --require-hashes --only-binary :all: --no-deps -r"
        )
        subprocess.run([python, *install.split(), PEERS / "sqlite.txt"], check=True)
        (folder / "ready").touch()
    (folder / "rules").write_text("\n".join(dict.fromkeys(rule.path for rule in collection.rules)))
    (folder / "events").write_bytes(b"\n".join(given))
    command = [python, PEERS / "sqlite_rules.py", folder / "rules", folder / "events"]
    told = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    label = (
        f"pySigma in SQLite: {told['rules']:,} rules, {told['failed']:,} refused, first {len(given):,} events"
    )
    speed = told["seconds"] / len(given)
    return label, f"{1 / speed:,.0f}", f"{speed * 1e6:.1f}", "", f"{told['found']:,}"


def run(options: argparse.Namespace) -> None:
    given = lines(options.events)
    start = time.process_time()
    collection = rules()
    compile_rules(collection, cache=CACHE).scan(map(orjson.loads, given[:BATCH]))
    started = time.process_time() - start
    calm = detecting.quiet(sorted(DATA.glob("rules*")), given, options.events)
    texts = literals(collection)
    whole = scanner(sorted(set().union(*texts.values())))
    scanners = {field: scanner(each) for field, each in texts.items()}
    hits: list[int] = []

    def parse() -> int:
        for line in given:
            orjson.loads(line)
        return 0

    def at_once() -> int:
        hits.clear()
        parse()
        for batch in batches(given):
            whole.scan(b"\n".join(batch), lambda *found: hits.append(found[0]))
        return len(hits)

    def apart(given: list[bytes]) -> int:
        hits.clear()
        by_field(given, scanners, hits)
        return len(hits)

    count = len(given)
    steps: list[tuple[str, Callable[[], int], int]] = [
        ("parse (orjson)", parse, count),
        ("parse, and one scan for every text (once a batch each)", at_once, count),
        ("parse, and scan of each field for its texts (once a batch each)", lambda: apart(given), count),
        ("the same, events in which nothing is found", lambda: apart(calm), count),
        ("Rempart", detected(given), count),
        ("Rempart, events in which nothing is found", detected(calm), count),
        ("Rempart, the event of each detection made again", detected(given, read=True), count),
        ("Rempart, events kept while they wait", detected(given, keep=True), count),
        ("Rempart, events as recorded, whose values come again", detected(again_and_again(count)), count),
    ]
    rows = [*timed(steps), two_cores(given), peer(given[:PEER_EVENTS], collection)]
    size = sum(map(len, given)) // count
    fields = sum(len(orjson.loads(line)) for line in given) // count
    show(
        f"{len(collection.rules):,} Windows rules, {count:,} events of {size:,} bytes and {fields} fields "
        f"({machine()}); first batch done after {started:.1f} s; "
        f"peak memory {peak_mib():.0f} MiB, of which the lines {sum(map(len, given)) >> 20}",
        ("step", "events/s of processor", "µs/event", f"median of {ROUNDS}", "found"),
        rows,
    )
    if not options.engine:
        detecting.run(sorted(DATA.glob("rules*")), given, large=options.large)
