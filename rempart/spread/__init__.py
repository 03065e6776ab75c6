"""One function from Arrow batch to Arrow batches, run here, in Ray or in Spark. See README.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Final

import pyarrow as arrow

from rempart.spread.model import EngineMissing, Work

ENGINES: Final = {"local": "here", "ray": "on_ray", "spark": "on_spark"}

__all__ = ["ENGINES", "EngineMissing", "Work", "spread"]


def spread(
    engine: str, work: Work, parts: Iterable[arrow.RecordBatch], *, jobs: int = 1
) -> Iterator[list[arrow.RecordBatch]]:
    """The result of each part, as parts end: in no order. ``jobs`` bounds processes where we start them.

    Closing the iterator stops what runs. Raises ``KeyError`` for an unknown engine, ``EngineMissing`` when it
    is not installed or cannot start, and what the work raises.
    """
    try:
        run = import_module(f"rempart.spread.{ENGINES[engine]}").run
    except ModuleNotFoundError as error:
        raise EngineMissing(f"--engine {engine}: {error.name} (./dev setup engines)") from None
    yield from run(work, parts, jobs)
