"""Hunts that the platform asks of a body, over the logs that the body keeps: estimated, run, told.

What a run found is kept in a folder of this machine and goes up as detections, part after part: a node that
was killed takes up the parts that are left, and what it sends has the same keys.
"""

from __future__ import annotations

import fcntl
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

import httpx
import pyarrow as arrow
from pyarrow import feather

from rempart.detection import packfile, sending
from rempart.detection.hunting import tables
from rempart.detection.hunting.estimating import estimated
from rempart.detection.hunting.gathering import Gathering
from rempart.detection.hunting.platform import GOING, Platform, Refused, Taken, Unanswered
from rempart.detection.hunting.tables import Extent, Window
from rempart.detection.hunting.upward import Upward
from rempart.detection.hunting.work import Hunt
from rempart.detection.scan import Engines, Settings, sought
from rempart.detection.tally import Tally
from rempart.engines import logs
from rempart.spread import spread

_SHARE: Final = 100  # a report each hundredth of the events,
_PAUSE: Final = 1.0  # or each second
_PACK, _PARTS = "rules.pack", "parts.feather"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node hunts: the logs kept, the folder of its own work, the keys that it trusts, and how."""

    over: list[Path]
    work: Path
    keys: tuple[str, ...]
    cache: Path | None = None
    engine: str = "local"
    jobs: int = 1
    placeholders: dict[str, list[str]] = field(default_factory=dict)
    mappings: Path | None = None


@dataclass(slots=True)
class Outcome:
    """What became of a run in one pass."""

    run: int
    title: str
    state: str
    events: int = 0
    matches: int = 0
    detections: int = 0
    resumed: bool = False


def kept(over: list[Path]) -> dict[str, Any]:
    """What these folders hold, as the platform is told: files, events, bytes, the first and last day."""
    files = tables.files_of(over)
    _parts, extent = tables.parts_of(files, Window(), [])
    first, last = tables.days_of(files)
    return {
        "files": extent.files, "events": extent.rows, "bytes": extent.bytes,
        "first_day": first and first.isoformat(), "last_day": last and last.isoformat(),
    }  # fmt: skip


class Node:
    """A body's node at work: ``take`` each run that the platform gives."""

    def __init__(
        self,
        platform: Platform,
        place: Place,
        *,
        follow: Callable[[int, int], None] = lambda done, total: None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._platform, self._place, self._follow, self._transport = platform, place, follow, transport

    def take(self, run: Taken) -> Outcome | None:
        """Estimate a run that is asked, or do one that may go; None when there is nothing to do now, or
        another process has it.

        Raises BadPack when its rules are not signed by a trusted key, Unanswered, Refused, NotSent, OSError.
        """
        if run.state != "asked" and run.state not in GOING:
            return None
        with _alone(self._place.work / str(run.id)) as folder:
            if folder is None:
                return None
            hunt = self._hunt(run, folder)
            if not _usable(hunt):
                state = self._platform.end(run.id, reason="rules")
                _forget(folder)
                return Outcome(run.id, run.title, state)
            return self._estimate(run, hunt) if run.state == "asked" else self._run(run, hunt, folder)

    def forget(self, open_runs: set[int]) -> None:
        """Removes what is left of runs that are no longer open."""
        if self._place.work.is_dir():
            for folder in self._place.work.iterdir():
                if folder.name.isdecimal() and int(folder.name) not in open_runs:
                    with _alone(folder) as mine:
                        if mine is not None:
                            _forget(mine)

    def _hunt(self, run: Taken, folder: Path) -> Hunt:
        """The rules, once a trusted key is known to have signed them; other rules begin the work anew."""
        raw = self._platform.rules(run.id)
        packfile.opened(raw, self._place.keys)
        file = folder / _PACK
        if not file.is_file() or file.read_bytes() != raw:
            for each in folder.iterdir():
                each.unlink()
            draft = folder / f".{_PACK}"
            draft.write_bytes(raw)
            draft.replace(file)
        place = self._place
        settings = Settings(
            rules=(file,), keys=place.keys, cache=place.cache, placeholders=place.placeholders,
            mappings=place.mappings,
        )  # fmt: skip
        return Hunt(settings, sought(settings), Window(run.since, run.until))

    def _parts(self, hunt: Hunt) -> tuple[arrow.Table, Extent]:
        problems: list[logs.Problem] = []
        return tables.parts_of(tables.files_of(self._place.over), hunt.window, problems)

    def _estimate(self, run: Taken, hunt: Hunt) -> Outcome:
        parts, extent = self._parts(hunt)
        cost = estimated(hunt, parts, extent, self._place.jobs)
        told = {
            "files": _files(parts),
            "events": extent.rows,
            "bytes": extent.bytes,
            "seconds": cost["seconds"],
        }
        return Outcome(run.id, run.title, self._platform.estimate(run.id, told), extent.rows)

    def _run(self, run: Taken, hunt: Hunt, folder: Path) -> Outcome:
        frozen = folder / _PARTS
        if not frozen.is_file():
            draft = folder / f".{_PARTS}"
            feather.write_feather(self._parts(hunt)[0], str(draft))
            draft.replace(frozen)
        parts = feather.read_table(str(frozen), memory_map=False)
        places = zip(parts["place"].to_pylist(), parts["row"].to_pylist(), strict=True)
        rows = dict(zip(places, parts["rows"].to_pylist(), strict=True))
        with Gathering(folder) as gathering, closing(self._outgoing(run)) as outgoing:
            upward = Upward(gathering, list(rows), outgoing)
            outcome = self._gathered(run, hunt, parts, rows, gathering, upward)
            if outcome.state in GOING:
                upward.finish(hunt)
                outcome.matches, outcome.detections = upward.matches, outgoing.sent
                outcome.state = self._platform.end(run.id, done=outcome.events, matches=outcome.matches)
        if outcome.state not in GOING:
            _forget(folder)
        return outcome

    def _outgoing(self, run: Taken) -> sending.Outgoing:
        platform = self._platform
        to = sending.Destination(platform.address, platform.body, platform.token, run=run.id)
        return sending.Outgoing(to, transport=self._transport)

    def _gathered(
        self,
        run: Taken,
        hunt: Hunt,
        parts: arrow.Table,
        rows: dict[tuple[int, int], int],
        gathering: Gathering,
        upward: Upward,
    ) -> Outcome:
        """Every part that is not done yet, while the platform is told how far and what was found, until it
        says to stop. ``rows``: how many each part has.
        """
        before = set(gathering.done)
        total, done = sum(rows.values()), sum(rows[place] for place in before)
        outcome = Outcome(run.id, run.title, run.state, sum(gathering.done.values()), resumed=bool(before))
        outcome.state = self._platform.progress(run.id, done, total)
        left = (part for part in parts.to_batches(max_chunksize=1) if _place_of(part) not in before)
        told, at, tally = done, time.monotonic(), Tally()
        with closing(spread(self._place.engine, hunt, left, jobs=self._place.jobs)) as results:
            while outcome.state in GOING and (batches := next(results, None)) is not None:
                count = len(gathering.done)
                gathering.take(batches, tally)
                for place, events in islice(reversed(gathering.done.items()), len(gathering.done) - count):
                    done += rows[place]
                    outcome.events += events
                self._follow(done, total)
                if done - told >= total / _SHARE or time.monotonic() - at >= _PAUSE:
                    outcome.state = self._heard(run, done, total, outcome.state)
                    told, at = done, time.monotonic()
                if outcome.state in GOING:
                    upward.advance()
        return outcome

    def _heard(self, run: Taken, done: int, total: int, state: str) -> str:
        """Where the run is; as it was, when the platform does not answer: the work goes on meanwhile."""
        try:
            return self._platform.progress(run.id, done, total)
        except Unanswered:
            return state


def fail(platform: Platform, run: Taken, reason: str) -> None:
    """Tells that a run cannot be done here, if the platform can be told."""
    try:
        platform.end(run.id, reason=reason)
    except (Unanswered, Refused):
        return


@contextmanager
def _alone(folder: Path) -> Iterator[Path | None]:
    """The folder of a run, for this process alone; None while another has it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with folder.with_name(f".{folder.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield None
            return
        yield folder


def _forget(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.with_name(f".{folder.name}.lock").unlink(missing_ok=True)


def _usable(hunt: Hunt) -> bool:
    engines = Engines(hunt.settings, hunt.sought)
    return bool(engines.rule_count or engines.correlation_count)


def _files(parts: arrow.Table) -> int:
    return len(set(parts["file"].to_pylist()))


def _place_of(part: arrow.RecordBatch) -> tuple[int, int]:
    return part["place"][0].as_py(), part["row"][0].as_py()
