"""In this process, or in several of this machine."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Iterable, Iterator
from typing import Any, Final

import pyarrow as arrow

from rempart.spread.model import Step, Work

_AHEAD: Final = 4  # parts given to each process and not taken back yet

_process: dict[str, Step] = {}


def run(work: Work, parts: Iterable[arrow.RecordBatch], jobs: int) -> Iterator[list[arrow.RecordBatch]]:
    """The result of each part."""
    if jobs == 1:
        step = work.start()
        for part in parts:
            yield list(step(part))
        return
    # Arrow's threads do not outlive a fork.
    context = multiprocessing.get_context("spawn")
    room = threading.Semaphore(_AHEAD * jobs)
    over = threading.Event()

    def given() -> Iterator[arrow.RecordBatch]:
        for part in parts:
            room.acquire()
            if over.is_set():
                return
            yield part

    with context.Pool(jobs, _set_up, (work,)) as pool:
        try:
            for result in pool.imap_unordered(_one, given()):
                room.release()
                yield result
        finally:
            over.set()
            room.release()


def _set_up(work: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process decides, and ends the others
    _process["step"] = work.start()


def _one(part: arrow.RecordBatch) -> list[arrow.RecordBatch]:
    return list(_process["step"](part))
