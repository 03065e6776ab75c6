"""Parts of logs scanned here, or in several processes.

Whatever the number of processes, the findings are the same and come in the same order: by file as given, by
event, by rule. Each process has its own compiled rules; what one finds in a part goes through a file, so
that memory does not grow with the number of findings. Asked for lines of JSON, processes write them
themselves: a part counts its records as soon as it begins, so that those after it know their indexes.
"""

from __future__ import annotations

import multiprocessing
import pickle
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, Final

from rempart.detection.correlated import Followed, Held, followed
from rempart.detection.findings import Encoder
from rempart.detection.scan import Engines, Part, Settings, Step, steps_of
from rempart.detection.tally import Tally
from rempart.engines import logs

#: Findings of a part that are handed over directly; more go through a file.
_DIRECT: Final = 500
_UNKNOWN: Final = -1
_WARMED: Final = 4  # files whose first events are looked at before there are processes
_PAUSE: Final = 0.002  # seconds between two looks at what earlier parts count


def run(
    engines: Engines, parts: list[Part], jobs: int, *, lines: bool = False
) -> Iterator[tuple[Part, Step]]:
    """Every step of every part, in order, indexes and lines counted from the start of each file.

    With ``lines``, findings may come as lines of JSON in a file (``Step.lines_at``), which goes with the
    step, and be counted (``Step.counts``).
    """
    done: Iterator[tuple[Part, Step]]
    with ExitStack() as stack:
        if jobs == 1 or len(parts) == 1:
            done = ((part, step) for part in parts for step in steps_of(engines, part))
        else:
            done = _in_processes(engines, parts, jobs, stack, lines)
        held = stack.enter_context(Held(engines)) if engines.follows else None
        records = count = 0
        previous: Part | None = None
        for part, step in done:
            if part is not previous:
                if part.first:
                    records = count = 0
                    if held is not None:
                        held.begin()
                base_records, base_lines = records, count
                previous = part
            if base_records or base_lines:
                for finding in step.findings:
                    finding.index += base_records
                step.problems = [_moved(one, base_records, base_lines) for one in step.problems]
            if held is not None:
                for events in _followed(step):
                    held.add(part.name, base_records, events)
            records += step.records
            count += step.lines
            yield part, step
        if held is not None:
            for finding in held.findings():
                yield parts[-1], Step([finding])
            yield parts[-1], Step(problems=held.problems)


def _followed(step: Step) -> Iterator[list[Followed]]:
    """The events of a step that correlations follow; a file of them goes."""
    if step.followed:
        yield followed(step.followed)
        step.followed = []
    if step.followed_at is not None:
        yield from _unspooled(step.followed_at)


def copied(step: Step, to: BinaryIO) -> None:
    """Write the lines of a step, and remove their file."""
    if step.lines_at is not None:
        with step.lines_at.open("rb") as file:
            shutil.copyfileobj(file, to, 1 << 20)
        step.lines_at.unlink()


def _moved(problem: logs.Problem, records: int, lines: int) -> logs.Problem:
    return replace(
        problem,
        record=None if problem.record is None else problem.record + records,
        line=None if problem.line is None else problem.line + lines,
    )


def _in_processes(
    engines: Engines, parts: list[Part], jobs: int, stack: ExitStack, lines: bool
) -> Iterator[tuple[Part, Step]]:
    """The parts in several processes, their steps in the order of the parts; streams are read by this one."""
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="rempart-detect-"))
    forked = "fork" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("fork" if forked else "spawn")
    # A forked process has the compiled rules already; another loads them from the cache.
    given = engines if forked else engines.settings
    if forked:
        _warm(engines, parts)
    counts = context.Array("q", [_UNKNOWN] * len(parts), lock=False)
    process = (given, folder, parts, counts, lines)
    ours = {number for number, part in enumerate(parts) if part.is_stream}
    shared = [number for number in range(len(parts)) if number not in ours]
    pool = stack.enter_context(context.Pool(max(1, min(jobs, len(shared))), _set_up, process))
    scanned = pool.imap(_scan_part, shared)
    for number, part in enumerate(parts):
        if number in ours:
            yield from ((part, step) for step in steps_of(engines, part))
            continue
        total, path = next(scanned)
        if path:
            for findings in _unspooled(Path(path)):
                yield part, Step(findings)
        yield part, total


def _warm(engines: Engines, parts: list[Part]) -> None:
    """Compile once, before the processes are, what the first events of the logs make of the rules."""
    for part in [part for part in parts if part.first and not part.is_stream][:_WARMED]:
        engines.warm(part)


def _unspooled(path: Path) -> Iterator[list[Any]]:
    """What a process left in a file of our own folder, which goes with it."""
    with path.open("rb") as file:
        while True:
            try:
                yield pickle.load(file)  # noqa: S301 - written by our own process, in a private folder
            except EOFError:
                break
    path.unlink()


_worker: dict[str, Any] = {}


def _set_up(engines: Engines | Settings, folder: str, parts: list[Part], counts: Any, lines: bool) -> None:
    _worker["engines"] = engines if isinstance(engines, Engines) else Engines(engines, apart=True)
    _worker.update(folder=folder, parts=parts, counts=counts, lines=lines)


def _scan_part(number: int) -> tuple[Step, str]:
    """One part in a process of the pool: a step with its totals, and the file of its findings when many."""
    part: Part = _worker["parts"][number]
    before = _records_before(number) if _worker["lines"] else None
    return _told(part) if before is None else (_written(part, before), "")


def _records_before(number: int) -> int | None:
    """The records of the file that stand before a part; None when only reading them all can tell."""
    parts, counts = _worker["parts"], _worker["counts"]
    part: Part = parts[number]
    if part.portion is None:
        return 0
    first = number
    while not parts[first].first:
        first -= 1
    if part.form not in logs.BY_LINE:
        return 0 if first == number else None
    try:
        counts[number] = logs.count_records(part.path, part.portion) if part.path else 0
    except OSError:  # as reading it will tell
        counts[number] = 0
    for earlier in range(first, number):  # begun before this one, and counted at once
        while counts[earlier] == _UNKNOWN:
            time.sleep(_PAUSE)
    return int(sum(counts[first:number]))


def _added(total: Step, step: Step) -> None:
    total.events += step.events
    total.records += step.records
    total.lines += step.lines
    total.consumed, total.form = step.consumed, step.form or total.form
    total.problems += step.problems
    if step.followed:
        if total.followed_at is None:
            with tempfile.NamedTemporaryFile(dir=_worker["folder"], delete=False) as file:
                total.followed_at = Path(file.name)
        with total.followed_at.open("ab") as file:
            pickle.dump(followed(step.followed), file, pickle.HIGHEST_PROTOCOL)


def _written(part: Part, before: int) -> Step:
    """A part, its findings written as lines of JSON and counted."""
    total = Step(counts=Tally())
    line = Encoder().line
    with tempfile.NamedTemporaryFile(dir=_worker["folder"], delete=False) as file:
        for step in steps_of(_worker["engines"], part):
            _added(total, step)
            for finding in step.findings:
                finding.index += before
                total.counts.add(finding)  # type: ignore[union-attr]
                file.write(line(finding) + b"\n")
    total.lines_at = Path(file.name)
    return total


def _told(part: Part) -> tuple[Step, str]:
    """A part, with its findings."""
    total, direct, path = Step(), True, ""
    with ExitStack() as stack:
        spool: Any = None
        for step in steps_of(_worker["engines"], part):
            _added(total, step)
            total.findings += step.findings
            if len(total.findings) > _DIRECT:
                if spool is None:
                    spool = stack.enter_context(
                        tempfile.NamedTemporaryFile(dir=_worker["folder"], delete=False)
                    )
                    direct, path = False, spool.name
                pickle.dump(total.findings, spool, pickle.HIGHEST_PROTOCOL)
                total.findings = []
        if not direct and total.findings:
            pickle.dump(total.findings, spool, pickle.HIGHEST_PROTOCOL)
            total.findings = []
    return total, path
