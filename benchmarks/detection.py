"""Detection: every Windows rule of SigmaHQ over varied events, beside what parsing and scanning alone cost.

Events are the recorded ones of the rules' regression data, each written anew with its own values so that no memory of
values can help. Times are of the processor, one core: parsing a line and taking its event through the rules.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hyperscan
import orjson

from benchmarks.table import machine, peak_mib, show
from rempart.engines.sigma import Collection, compile_rules, load_rules
from rempart.engines.sigma.tree import Text, leaves

DATA = Path(__file__).resolve().parents[2] / "shared/data/sigma"
KEPT = {"Channel", "Provider_Name", "EventID", "Computer", "TimeCreated_SystemTime"}
BATCH = int(__import__("os").environ.get("BB", "4096"))


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
            events.append(flat(document["Event"]))
    return events


def flat(event: dict[str, Any]) -> dict[str, Any]:
    """System and EventData beside each other, attributes as ``Element_Attribute``."""
    found: dict[str, Any] = {}
    for name, value in event["System"].items():
        if isinstance(value, dict):
            for key, text in value.get("#attributes", {}).items():
                found[f"{name}_{key}"] = text
            if "#text" in value:
                found[name] = value["#text"]
        else:
            found[name] = value
    found.update(event.get("EventData") or {})
    for body in (event.get("UserData") or {}).values():
        found.update({name: value for name, value in body.items() if name != "#attributes"})
    return found


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


def timed(work: Callable[[], int], count: int) -> tuple[str, str]:
    start = time.process_time()
    found = work()
    seconds = time.process_time() - start
    return f"{count / seconds:,.0f}", f"{found:,}"


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


def run(options: argparse.Namespace) -> None:
    collection = load_rules(sorted(DATA.glob("rules*")), cache=Path("var/sigma"))
    collection.rules = [rule for rule in collection.rules if rule.logsource.product == "windows"]
    given = lines(options.events)
    texts = literals(collection)
    scanner = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    scanner.compile(
        expressions=texts,
        ids=list(range(len(texts))),
        elements=len(texts),
        flags=[hyperscan.HS_FLAG_SINGLEMATCH] * len(texts),
        literal=True,
    )

    def parse() -> int:
        return sum(len(batch) for batch in batches(given)) * 0

    def scan() -> int:
        hits = []
        for batch in batches(given):
            del batch
        for line in given:
            scanner.scan(line.lower(), lambda *found: hits.append(found[0]))
        return len(hits)

    rows = [
        ("parse (orjson)", *timed(parse, len(given))),
        ("parse + scan of every literal", *timed(scan, len(given))),
    ]
    for label, remember in (("Rempart, no memory of values", 0), ("Rempart", 200_000)):
        detector = compile_rules(collection, remember=remember)
        detector.scan([orjson.loads(line) for line in given[:BATCH]])
        rows.append(
            (label, *timed(lambda: sum(len(detector.scan(batch)) for batch in batches(given)), len(given)))
        )
    show(
        f"{len(collection.rules):,} Windows rules, {len(given):,} events, one core ({machine()}); "
        f"peak memory {peak_mib():.0f} MiB",
        ("step", "events/s of processor", "found"),
        rows,
    )
