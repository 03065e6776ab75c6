"""Looking for what a re-match would change, here or in several processes at once.

Each process is forked, reads by a connection of its own, and writes nothing. It goes ahead of the one that
asked by as much as a pipe holds, so that looking goes on while what was found is written. It ends with the
one that asked, however that ends: nobody else holds the other end of its pipe.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection
from typing import Any

from django.db import connections

from rempart.exposure.commands.findings import differing

_PATIENCE = 0.3  # seconds that an answer is waited for before others may pass
_inherited: list[Any] = []  # connections of who forked this process: in use there, and never closed here

Named = dict[int, list[str]]  # vulnerabilities, each with the keys by which it names what is held
Pause = Callable[[], None]


def looked_at(
    groups: Sequence[Named], processes: int, pause: Pause | None = None
) -> Iterator[tuple[Named, set[int]]]:
    """Each group of vulnerabilities, in order, with those of it whose findings are to be written anew.

    ``pause`` lets others pass while an answer is waited for.
    """
    processes = min(processes, len(groups))
    if processes < 2 or "fork" not in get_all_start_methods():
        for group in groups:
            yield group, differing(group)
        return
    with ExitStack() as stack:
        pipes: list[Connection] = []
        for number in range(processes):
            pipes.append(stack.enter_context(_looker(groups[number::processes], pipes)))
        for number, group in enumerate(groups):
            yield group, _answered(pipes[number % processes], pause)


def _answered(pipe: Connection, pause: Pause | None) -> set[int]:
    while pause is not None and not pipe.poll(_PATIENCE):
        pause()
    found = pipe.recv()
    if isinstance(found, BaseException):
        raise found
    return set(found)


@contextmanager
def _looker(groups: Sequence[Named], others: Sequence[Connection]) -> Iterator[Connection]:
    """What a process answers about each of these groups, in order."""
    context = get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_look, args=(theirs, [ours, *others], groups), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        process.join()


def _look(pipe: Connection, held_by_parent: Sequence[Connection], groups: Sequence[Named]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asked is told, and closes the pipe
    for one in held_by_parent:
        one.close()
    _leave_connections()
    try:
        for group in groups:
            pipe.send(differing(group))
    except (BrokenPipeError, ConnectionResetError):
        pass
    except Exception as error:  # raised where it was asked
        pipe.send(error)
    finally:
        connections.close_all()


def _leave_connections() -> None:
    """Lets go of the connections that the fork shares, without a word to their servers."""
    for alias in list(connections):
        _inherited.append(connections[alias])
        del connections[alias]
