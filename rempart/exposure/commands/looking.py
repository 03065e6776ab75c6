"""Looking for what a re-match would change, here or in several processes at once.

Each process is forked with the inventory ready, reads by a connection of its own, and writes nothing. It
ends with the one that asked, however that ends: what it reads of is a pipe that nobody else holds.
"""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection
from typing import Any

from django.db import connections

from rempart.exposure.commands.findings import differing
from rempart.exposure.commands.inventory import Pause, WholeInventory

_AHEAD = 2  # groups that each process has been given and not answered
_PATIENCE = 0.3  # seconds that an answer is waited for before others may pass
_inherited: list[Any] = []  # connections of who forked this process: in use there, and never closed here

Group = list[int]


def looked_at(
    groups: Sequence[Group], whole: WholeInventory, processes: int, pause: Pause | None = None
) -> Iterator[tuple[Group, set[int]]]:
    """Each group of vulnerabilities, in order, with those of it whose findings are to be written anew.

    ``pause`` lets others pass while the inventory is made ready, and while an answer is waited for.
    """
    whole.layers(pause)  # shared by the processes, as they stand now
    processes = min(processes, len(groups))
    if processes < 2 or "fork" not in get_all_start_methods():
        for group in groups:
            yield group, differing(group, whole)
        return
    with ExitStack() as stack:
        pipes: list[Connection] = []
        for _ in range(processes):
            pipes.append(stack.enter_context(_looker(whole, pipes)))
        waiting: deque[tuple[Group, Connection]] = deque()
        for number, group in enumerate(groups):
            if len(waiting) == processes * _AHEAD:
                yield _answered(*waiting.popleft(), pause)
            pipe = pipes[number % processes]
            pipe.send(group)
            waiting.append((group, pipe))
        while waiting:
            yield _answered(*waiting.popleft(), pause)


def _answered(group: Group, pipe: Connection, pause: Pause | None) -> tuple[Group, set[int]]:
    while pause is not None and not pipe.poll(_PATIENCE):
        pause()
    found = pipe.recv()
    if isinstance(found, BaseException):
        raise found
    return group, found


@contextmanager
def _looker(whole: WholeInventory, others: Sequence[Connection]) -> Iterator[Connection]:
    """A process that answers groups sent through the pipe."""
    context = get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_look, args=(theirs, [ours, *others], whole), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        process.join()


def _look(pipe: Connection, held_by_parent: Sequence[Connection], whole: WholeInventory) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asked is told, and closes the pipe
    for one in held_by_parent:
        one.close()
    _leave_connections()
    try:
        while True:
            group = pipe.recv()
            try:
                pipe.send(differing(group, whole))
            except Exception as error:  # raised where it was asked
                pipe.send(error)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass
    finally:
        connections.close_all()


def _leave_connections() -> None:
    """Lets go of the connections that the fork shares, without a word to their servers."""
    for alias in list(connections):
        _inherited.append(connections[alias])
        del connections[alias]
