"""In Ray: one actor a core, each ready once; a machine that is lost has its parts done again."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anyone
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # it would mix with what the command says

import pyarrow as arrow
import ray

from rempart.spread.model import EngineMissing, Work

_TRIES = 3


class _Worker:
    """The work, ready in an actor."""

    def __init__(self, work: Work) -> None:
        self._step = work.start()

    def take(self, part: arrow.RecordBatch) -> list[arrow.RecordBatch]:
        return list(self._step(part))


def run(work: Work, parts: Iterable[arrow.RecordBatch], jobs: int) -> Iterator[list[arrow.RecordBatch]]:
    """The result of each part. Ours to start, Ray is stopped at the end."""
    ours = not ray.is_initialized()
    if ours:
        _start(jobs)
    actors = []
    try:
        cores = max(1, int(ray.cluster_resources().get("CPU", 1)))
        made = ray.remote(num_cpus=1, max_restarts=4, max_task_retries=4)(_Worker)
        shared = ray.put(work)
        actors = [made.remote(shared) for _ in range(cores)]
        idle = list(actors)
        running: dict[ray.ObjectRef, ray.actor.ActorHandle] = {}
        for part in parts:
            if not idle:
                yield _next(running, idle)
            actor = idle.pop()
            running[actor.take.remote(part)] = actor
        while running:
            yield _next(running, idle)
    finally:
        for actor in actors:
            ray.kill(actor)
        if ours:
            ray.shutdown()


def _next(running: dict[ray.ObjectRef, ray.actor.ActorHandle], idle: list[ray.actor.ActorHandle]) -> list:
    done, _ = ray.wait(list(running), num_returns=1)
    idle.append(running.pop(done[0]))
    result: list[arrow.RecordBatch] = ray.get(done[0])
    return result


def _start(jobs: int) -> None:
    address = os.environ.get("RAY_ADDRESS")
    # A machine of ours: no dashboard, its port on this machine alone.
    local = {} if address else {"num_cpus": jobs, "include_dashboard": False, "_node_ip_address": "127.0.0.1"}
    for left in reversed(range(_TRIES)):
        try:
            with _lighter():
                ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **local)
            return
        except Exception as error:  # Ray raises it bare, when a busy machine is slow to start its processes
            ray.shutdown()
            if not left or address:
                raise EngineMissing(f"--engine ray: {error}") from None


@contextmanager
def _lighter() -> Iterator[None]:
    """What Ray starts meanwhile finds ``lighter/`` first."""
    before = os.environ.get("PYTHONPATH")
    folder = str(Path(__file__).parent / "lighter")
    os.environ["PYTHONPATH"] = f"{folder}{os.pathsep}{before}" if before else folder
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
