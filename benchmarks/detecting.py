"""The whole of ``rempart detect``, as a person runs it: a process of its own, lines of JSON written.

Times are of the processors, of all its processes; what it takes on an empty log is told apart, and taken away
from the rest. Logs are the varied events of ``detection``, the same file under as many names as are needed.
"""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import orjson

from benchmarks.table import machine, show

FOLDER = Path("var/bench/detect")
INDICATORS = 1_000_000
ENDINGS = (
    "com",
    "net",
    "org",
    "ru",
    "cn",
    "info",
    "xyz",
    "top",
    "biz",
    "fr",
    "de",
    "uk",
    "pl",
    "br",
    "site",
    "tk",
)
#: The command, which leaves behind what the system says of its memory: for who waits for it, a process counts
#: the one that started it too.
COMMAND = """
from pathlib import Path
from rempart.cli import main
try:
    main()
finally:
    Path("var/bench/detect/status").write_text(Path("/proc/self/status").read_text())
"""


@dataclass(frozen=True)
class Run:
    """Seconds of the processors and of the clock, most memory of the first process (MiB), lines written."""

    cpu: float
    wall: float
    memory: float
    lines: int

    def row(self, label: str, events: int, start: Run) -> tuple[str, ...]:
        seconds = (self.cpu - start.cpu) / events
        return label, f"{1 / seconds:,.0f}", f"{seconds * 1e6:.1f}", f"{self.memory:.0f}", f"{self.lines:,}"


def detect(rules: list[Path], logs: list[Path], *options: str | Path) -> Run:
    """Run the command; its lines go to a file."""
    out = FOLDER / "found.jsonl"
    chosen = [part for folder in rules for part in ("--rules", folder)]
    command = [sys.executable, "-c", COMMAND, "detect", *logs, *chosen, *options, "-o", "jsonl", "--to", out]
    start = time.monotonic()
    process = subprocess.Popen(list(map(str, command)), stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    assert status == 0, command
    with out.open("rb") as file:
        count = sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 24), b""))
    said = dict(line.split(":", 1) for line in (FOLDER / "status").read_text().splitlines())
    return Run(used.ru_utime + used.ru_stime, wall, int(said["VmHWM"].split()[0]) / 1024, count)


def indicators() -> Path:
    """A million, none of which the events hold: addresses, domains, links and digests."""
    path = FOLDER / "indicators.txt"
    chance = random.Random(3)
    with path.open("w") as file:
        for number in range(INDICATORS // 4):
            file.write(".".join(str(chance.randrange(1, 255)) for _ in range(4)) + "\n")
            file.write(f"{chance.getrandbits(48):012x}.{chance.choice(ENDINGS)}\n")
            file.write(f"http://{chance.getrandbits(40):x}.{chance.choice(ENDINGS)}/{number:x}/a.php\n")
            file.write(hashlib.sha256(str(number).encode()).hexdigest() + "\n")
    return path


def named(log: Path, times: int) -> list[Path]:
    """The same log under so many names."""
    folder = FOLDER / "named"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    names = [folder / f"{number:04}.jsonl" for number in range(times)]
    for name in names:
        name.hardlink_to(log)
    return names


def quiet(rules: list[Path], lines: list[bytes]) -> list[bytes]:
    """As many events in which nothing is found, as in nearly all events of a log: other words in the same
    fields, without those that still make a rule match.
    """
    log = FOLDER / "calm.jsonl"
    made = []
    for line in lines:
        event = orjson.loads(line)
        for name, value in event.items():
            if isinstance(value, str) and name not in ("Channel", "Provider_Name", "Computer"):
                event[name] = value.translate(_OTHERS)
        made.append(orjson.dumps(event))
    log.write_bytes(b"\n".join(made))
    detect(rules, [log])
    with (FOLDER / "found.jsonl").open("rb") as file:
        found = {orjson.loads(line)["event_index"] for line in file}
    left = [line for place, line in enumerate(made) if place not in found]
    return (left * (len(lines) // len(left) + 1))[: len(lines)]


_OTHERS = str.maketrans("aeiouAEIOU", "eioauEIOAU")


def run(rules: list[Path], lines: list[bytes], *, large: bool) -> None:
    """Print the tables. ``large``: also a hundred times the events."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    log, calm, empty = FOLDER / "events.jsonl", FOLDER / "calm.jsonl", FOLDER / "empty.jsonl"
    log.write_bytes(b"\n".join(lines) + b"\n")
    calm.write_bytes(b"\n".join(quiet(rules, lines)) + b"\n")
    empty.write_bytes(lines[0] + b"\n")
    iocs, count = indicators(), len(lines)
    detect(rules, [log])  # rules are compiled, and kept
    start = detect(rules, [empty])
    loaded = detect(rules, [empty], "--ioc", iocs)
    one, two = detect(rules, [log]), detect(rules, [log], "--jobs", "2")
    sought = detect(rules, [log], "--ioc", iocs)
    few = detect(rules, [calm])
    few_sought = detect(rules, [calm], "--ioc", iocs)
    rows = [
        one.row("one process", count, start),
        two.row(
            f"two processes, both together ({_gain(one, two, start):.2f}× if each has a core)", count, start
        ),
        sought.row(f"a million indicators too ({_more(one, sought, start, loaded):+.0%})", count, loaded),
        few.row("events in which nothing is found", count, start),
        few_sought.row(
            f"the same, a million indicators too ({_more(few, few_sought, start, loaded):+.0%})",
            count,
            loaded,
        ),
    ]
    for times in (10, 100) if large else (10,):
        done = detect(rules, named(log, times))
        rows.append(done.row(f"{times * count:,} events", times * count, start))
    show(
        f"rempart detect, {count:,} events ({machine()}); one event: {start.cpu:.1f} s of processor "
        f"({start.wall:.1f} s by the clock), with a million indicators {loaded.cpu:.1f} s",
        ("what", "events/s of processor", "µs/event", "memory, MiB", "found"),
        rows,
    )


def _gain(one: Run, two: Run, start: Run) -> float:
    """How much sooner two processes are done, by the processors' time that they take for what one does."""
    return 2 * (one.cpu - start.cpu) / (two.cpu - start.cpu)


def _more(alone: Run, sought: Run, start: Run, loaded: Run) -> float:
    return (sought.cpu - loaded.cpu) / (alone.cpu - start.cpu) - 1
