"""What a hunt will cost on this machine."""

from __future__ import annotations

import time

import pyarrow as arrow

from rempart.detection.hunting.tables import Extent
from rempart.detection.hunting.work import Hunt

_SAMPLED = 3  # parts taken through the rules to tell what the whole will cost


def estimated(work: Hunt, parts: arrow.Table, extent: Extent, jobs: int) -> dict[str, float | int | None]:
    """What a hunt reads, and how long it takes on this machine by a few parts spread over the whole."""
    step = work.start()
    count = parts.num_rows
    chosen = sorted({count * place // _SAMPLED for place in range(_SAMPLED)}) if count else []
    rows, seconds = 0, 0.0
    for number, place in enumerate(chosen):
        part = parts.slice(place, 1).combine_chunks().to_batches()[0]
        if number == 0:
            list(step(part))  # the first time compiles for these kinds of events
        start = time.perf_counter()
        list(step(part))
        seconds += time.perf_counter() - start
        rows += part["rows"][0].as_py()
    return {
        "files": extent.files,
        "rows": extent.rows,
        "bytes": extent.bytes,
        "rows_left_out": extent.passed,
        "sampled_rows": rows,
        "seconds": round(seconds / rows * extent.rows / jobs, 1) if rows else None,
        "jobs": jobs,
    }
