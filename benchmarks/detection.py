"""Detection: every Windows rule of SigmaHQ over varied events, beside what parsing and scanning alone cost.

Events are the recorded ones of the rules' regression data, each written anew with its own values so that no
memory of values can help. Times are of the processor, one core: parsing a line and taking its event through
the rules.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hyperscan
import orjson

from benchmarks.table import machine, peak_mib, show
from rempart.engines.logs.model import LOGSOURCE
from rempart.engines.logs.windows import flat
from rempart.engines.sigma import Collection, compile_rules, load_rules
from rempart.engines.sigma.tree import Text, leaves

DATA = Path(__file__).resolve().parents[2] / "shared/data/sigma"
KEPT = {"Channel", "Provider_Name", "EventID", "Computer", "TimeCreated_SystemTime"}
CACHE = Path("var/sigma")
BATCH = 512
PEERS = Path(__file__).parent / "peers"
PEER_EVENTS = 20_000


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


def batches(given: list[bytes]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(given), BATCH):
        yield [orjson.loads(line) for line in given[start : start + BATCH]]


def timed(label: str, work: Callable[[], int], count: int) -> tuple[str, ...]:
    start = time.process_time()
    found = work()
    seconds = time.process_time() - start
    return label, f"{count / seconds:,.0f}", f"{seconds / count * 1e6:.1f}", f"{found:,}"


def literals(collection: Collection) -> list[bytes]:
    """Every text of the rules, folded."""
    found = {
        token.casefold().encode("utf-8", "surrogatepass")
        for rule in collection.rules
        for leaf in (leaves(rule.tree) if rule.tree is not None else ())
        for test in leaf.tests
        if isinstance(test, Text)
        for token in test.tokens
        if isinstance(token, str)
    }
    return sorted(text for text in found if len(text) > 1)


def scanner(texts: list[bytes]) -> Any:
    made = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    made.compile(
        expressions=texts,
        ids=list(range(len(texts))),
        elements=len(texts),
        flags=[hyperscan.HS_FLAG_SINGLEMATCH] * len(texts),
        literal=True,
    )
    return made


def rules() -> Collection:
    collection = load_rules(sorted(DATA.glob("rules*")), cache=CACHE)
    collection.rules = [rule for rule in collection.rules if rule.logsource.product == "windows"]
    return collection


def detected(given: list[bytes]) -> Callable[[], int]:
    """Rules compiled and warm, and the work that is timed."""
    detector = compile_rules(rules(), cache=CACHE)
    for batch in batches(given[: 2 * BATCH]):
        detector.scan(batch)
    gc.collect()
    gc.freeze()  # what lives as long as the process is not looked at again
    return lambda: sum(
        len(detector.scan(map(orjson.loads, given[start : start + BATCH])))
        for start in range(0, len(given), BATCH)
    )


def _side(given: list[bytes], ready: Any, out: Any) -> None:
    work = detected(given)
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
    return "Rempart, two processes", f"{speed:,.0f}", "", ""


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
    return label, f"{1 / speed:,.0f}", f"{speed * 1e6:.1f}", f"{told['found']:,}"


def run(options: argparse.Namespace) -> None:
    given = lines(options.events)
    start = time.process_time()
    collection = rules()
    compile_rules(collection, cache=CACHE).scan([orjson.loads(line) for line in given[:BATCH]])
    started = time.process_time() - start
    scan = scanner(literals(collection))
    hits: list[int] = []

    def parse() -> int:
        for _ in batches(given):
            pass
        return 0

    def parse_and_scan() -> int:
        parse()
        for start in range(0, len(given), BATCH):
            buffer = b"\n".join(given[start : start + BATCH]).lower()
            scan.scan(buffer, lambda *found: hits.append(found[0]))
        return len(hits)

    count = len(given)
    rows = [
        timed("parse (orjson)", parse, count),
        timed("parse, and scan for every literal (once a batch each)", parse_and_scan, count),
        timed("Rempart", detected(given), count),
        two_cores(given),
        peer(given[:PEER_EVENTS], collection),
    ]
    size = sum(map(len, given)) // count
    fields = sum(len(orjson.loads(line)) for line in given) // count
    show(
        f"{len(collection.rules):,} Windows rules, {count:,} events of {size:,} bytes and {fields} fields "
        f"({machine()}); first batch done after {started:.1f} s; "
        f"peak memory {peak_mib():.0f} MiB, of which the lines {sum(map(len, given)) >> 20}",
        ("step", "events/s of processor", "µs/event", "found"),
        rows,
    )
