"""The whole of ``rempart detect``, as a person runs it: a process of its own, lines of JSON written.

Times are of the processors, of all its processes, the least of a few rounds of all runs; what it takes on a
log of one event is told apart, and taken away from the rest. Logs are the varied events of ``detection``, the
same file under as many names as are needed.
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
ROUNDS = 3
CALM = 200_000  # events in which nothing is found, so many that the start is little beside them
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


def quiet(rules: list[Path], lines: list[bytes], count: int) -> list[bytes]:
    """So many events in which nothing is found, as in nearly all events of a log: other words in the same
    fields, without those that still make a rule match.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
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
    return (left * (count // len(left) + 1))[:count]


_OTHERS = str.maketrans("aeiouAEIOU", "eioauEIOAU")


def least(runs: dict[str, tuple[list[Path], tuple[str | Path, ...]]], rules: list[Path]) -> dict[str, Run]:
    """The run of each that took the processors least: one round after another, for a machine is now quicker
    and now slower.
    """
    best: dict[str, Run] = {}
    for _ in range(ROUNDS):
        for name, (logs, chosen) in runs.items():
            done = detect(rules, logs, *chosen)
            if name not in best or done.cpu < best[name].cpu:
                best[name] = done
    return best


def run(rules: list[Path], lines: list[bytes], *, large: bool) -> None:
    """Print the tables. ``large``: also a hundred times the events."""
    log, calm, empty = FOLDER / "events.jsonl", FOLDER / "calm.jsonl", FOLDER / "empty.jsonl"
    log.write_bytes(b"\n".join(lines) + b"\n")
    count, calm_count = len(lines), max(CALM, len(lines))
    calm.write_bytes(b"\n".join(quiet(rules, lines, calm_count)) + b"\n")
    empty.write_bytes(lines[0] + b"\n")
    sought: tuple[str | Path, ...] = ("--ioc", indicators())
    detect(rules, [log])  # rules are compiled, and kept
    best = least(
        {
            "start": ([empty], ()),
            "one": ([log], ()),
            "two": ([log], ("--jobs", "2")),
            "calm": ([calm], ()),
            "loaded": ([empty], sought),
            "one sought": ([log], sought),
            "calm sought": ([calm], sought),
        },
        rules,
    )
    start, loaded, one, few = best["start"], best["loaded"], best["one"], best["calm"]
    gain = _gain(one, best["two"], start)
    more = _more(one, best["one sought"], start, loaded)
    more_calm = _more(few, best["calm sought"], start, loaded)
    nothing = f"{calm_count:,} events in which nothing is found"
    rows = [
        one.row("one process", count, start),
        best["two"].row(
            f"two processes, both together ({gain:.2f}× if each has a core; unrelated ones: {cores():.2f}×)",
            count,
            start,
        ),
        best["one sought"].row(f"a million indicators too ({more:+.0%})", count, loaded),
        few.row(nothing, calm_count, start),
        best["calm sought"].row(f"the same, a million indicators too ({more_calm:+.0%})", calm_count, loaded),
    ]
    for times in (10, 100) if large else (10,):
        done = detect(rules, named(log, times))
        rows.append(done.row(f"{times * count:,} events", times * count, start))
    show(
        f"rempart detect, {count:,} events, least of {ROUNDS} rounds ({machine()}); one event: "
        f"{start.cpu:.1f} s of processor ({start.wall:.1f} s by the clock), with a million indicators "
        f"{loaded.cpu:.1f} s",
        ("what", "events/s of processor", "µs/event", "memory, MiB", "found"),
        rows,
    )


_WORK = """
import time
start = time.process_time()
texts = [str(number) for number in range(300_000)]
for _ in range(10):
    found = {text: text.upper() + "x" for text in texts}
print(time.process_time() - start)
"""


def cores() -> float:
    """How much sooner two unrelated processes are done at once than one after the other: what two of ours may
    gain at most, less than twice where cores are threads of one.
    """
    command = [sys.executable, "-c", _WORK]
    gains = []
    for _ in range(ROUNDS):
        alone = float(subprocess.run(command, check=True, capture_output=True).stdout)
        pair = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
        both = sum(float(each.communicate()[0]) for each in pair)
        gains.append(4 * alone / both)
    return sorted(gains)[ROUNDS // 2]


def _gain(one: Run, two: Run, start: Run) -> float:
    """How much sooner two processes are done, by the processors' time that they take for what one does."""
    return 2 * (one.cpu - start.cpu) / (two.cpu - start.cpu)


def _more(alone: Run, sought: Run, start: Run, loaded: Run) -> float:
    return (sought.cpu - loaded.cpu) / (alone.cpu - start.cpu) - 1
