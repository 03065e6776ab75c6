"""A stream at full rate through JetStream, its worker killed again and again: what is lost, what is doubled.

A publisher of its own process gives ``--rate`` events a second for ``--seconds``, so many a message as who
forwards logs sends them (``--per-message``), recorded ones with other values, one in fifty of which the rules
find. The worker is killed (SIGKILL) ``--kills`` times meanwhile and
started again. Every detection of every event is then looked for, once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.detection import CACHE, DATA, lines
from benchmarks.table import machine, show
from rempart.detection.scan import Engines, Settings
from rempart.engines import logs
from tests.brokers import has_nats, nats_server, on_nats

POOL = 5_000
FOUND = 50  # one event in so many is found
TICK = 0.05  # seconds between two bursts of the publisher
PATIENCE = 300  # seconds without anything new


def pool(rules: list[Path]) -> tuple[list[bytes], list[int]]:
    """Lines to publish, and how many detections each gives."""
    engines = Engines(Settings(rules=tuple(rules), cache=_cache()))
    given = lines(2 * POOL)
    counts = Counter[int]()
    for start in range(0, len(given), 2_048):
        batch = [
            logs.Event("", start + number, json.loads(line))
            for number, line in enumerate(given[start : start + 2_048])
        ]
        counts.update(finding.index for finding in engines.scan(batch))
    quiet = [number for number in range(len(given)) if not counts[number]]
    loud = [number for number in range(len(given)) if counts[number]]
    chosen = [
        loud[place // FOUND % len(loud)] if place % FOUND == 0 else quiet[place % len(quiet)]
        for place in range(POOL)
    ]
    return [given[number] for number in chosen], [counts[number] for number in chosen]


def _cache() -> Path:
    CACHE.mkdir(parents=True, exist_ok=True)
    return CACHE


def publish(server: str, given: list[bytes], each: int, rate: int, seconds: float, told: Any) -> None:
    """Publish events at a rate, so many a message, late when the machine is; tells how many, in how long."""
    messages = [b"\n".join(given[first : first + each]) for first in range(0, len(given), each)]

    async def work(client: Any) -> tuple[int, float]:
        begun, sent = time.monotonic(), 0
        while (now := time.monotonic() - begun) < seconds:
            for _ in range(max(0, int(now * rate) - sent) // each):
                await client.publish("logs.windows", messages[sent // each % len(messages)])
                sent += each
            await client.flush(60)
            await asyncio.sleep(TICK)
        return sent, time.monotonic() - begun

    told.put(on_nats(server, work))


def worker(address: str, rules: list[Path], to: Path) -> subprocess.Popen[bytes]:
    named = [part for path in rules for part in ("--rules", str(path))]
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from rempart.cli import main; main()",
            "detect",
            address,
            *named,
            "--to",
            str(to),
        ],
        env={**os.environ, "REMPART_VAR": str(Path("var").resolve())},
        stderr=subprocess.DEVNULL,
    )


def measured(rules: list[Path], options: argparse.Namespace, folder: Path) -> tuple[str, ...]:
    given, counts = pool(rules)
    each = options.per_message
    to = folder / "found.jsonl"
    with nats_server(folder / "nats", "max_payload: 1MB\n") as server:
        on_nats(server, lambda client: client.jetstream().add_stream(name="EVENTS", subjects=["logs.>"]))
        told = multiprocessing.get_context("spawn").Queue()
        publisher = multiprocessing.get_context("spawn").Process(
            target=publish, args=(server, given, each, options.rate, options.seconds, told)
        )
        address = f"nats://{server}/EVENTS?durable=worker&redeliver=2"
        running = worker(address, rules, to)
        publisher.start()
        for _ in range(options.kills):
            time.sleep(options.seconds / (options.kills + 1))
            running.kill()
            running.wait()
            running = worker(address, rules, to)
        sent, seconds = told.get()
        publisher.join()
        stored = on_nats(server, lambda client: client.jetstream().stream_info("EVENTS")).state.messages
        expected = sum(counts[number % POOL] for number in range(sent))
        late = _awaited(to, expected)
        time.sleep(3)  # what would come twice would come now
        running.terminate()
        running.wait()
    found = [json.loads(line) for line in to.read_bytes().splitlines()]
    places = Counter(_number(line, each) for line in found)
    wrong = sum(places[number] < counts[number % POOL] for number in range(sent))
    doubled = len(found) - len({line["id"] for line in found})
    return (
        f"{options.rate:,}", f"{sent / seconds:,.0f}", f"{sent:,}", str(sent - stored * each),
        str(options.kills), f"{expected:,}", f"{len(found):,}", str(wrong), str(doubled), f"{late:.0f} s",
    )  # fmt: skip


def _number(line: dict[str, Any], each: int) -> int:
    """Which event a line is about: alone in its message, it stands at the message's place in the stream."""
    if each == 1:
        return int(line["event_index"]) - 1
    return (int(line["source"].rpartition("/")[2]) - 1) * each + int(line["event_index"])


def _awaited(to: Path, expected: int) -> float:
    """Wait for so many lines; the seconds it took."""
    begun = changed = time.monotonic()
    size = -1
    while True:
        data = to.read_bytes() if to.exists() else b""
        if data.count(b"\n") >= expected or time.monotonic() - changed > PATIENCE:
            return time.monotonic() - begun
        if len(data) != size:
            size, changed = len(data), time.monotonic()
        time.sleep(0.5)


def run(options: argparse.Namespace) -> None:
    if not has_nats():
        raise SystemExit("nats-server is not installed (Debian: apt-get install nats-server)")
    rules = [DATA / "rules" / "windows" / part for part in options.stream_rules.split(",")]
    with tempfile.TemporaryDirectory(prefix="rempart-streams-") as folder:
        row = measured(rules, options, Path(folder))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    title = (
        f"JetStream, {options.seconds:.0f} s, {options.per_message} events a message, "
        f"rules of windows/{options.stream_rules} ({machine()})"
    )
    spent = f"{used.ru_utime + used.ru_stime:.0f} s, the largest {used.ru_maxrss >> 10} MiB"
    headings = (
        "asked, events/s", "published, events/s", "events", "not stored", "kills", "detections expected",
        "told", "events with one missing", "told twice", "done after the last event",
    )  # fmt: skip
    show(f"{title}; processor of server, publisher and workers {spent}", headings, [row])
