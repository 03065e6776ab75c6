"""FIRST's Exploit Prediction Scoring System file: CSV, often gzipped, one row per CVE."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Final, TextIO

from rempart.engines.exposure.model import EpssScore
from rempart.engines.records.cve import CVE_ID
from rempart.engines.records.fields import RecordError, shown
from rempart.engines.records.reading import DEFAULT_LIMITS, Limits
from rempart.engines.records.streams import open_text

_DATE: Final = re.compile(r"score_date:(\d{4}-\d{2}-\d{2})")
_LINE: Final = 4096

MAX_BAD_ROWS: Final = 10_000  # beyond, the file is something else


def read_epss(
    path: Path | str,
    limits: Limits = DEFAULT_LIMITS,
    on_error: Callable[[RecordError], None] | None = None,
) -> tuple[date, Iterator[EpssScore]]:
    """The scores' date and the scores, read as they are consumed (the file closes at their end).

    ``path`` is ``.csv`` or ``.csv.gz``: a comment line ``#model_version:…,score_date:…``, then the
    header ``cve,epss,percentile``. Raises ``RecordError``, whose field is ``line N``, at once for the
    first two lines, and during iteration for a bad row unless ``on_error`` takes it; a file that ends
    too soon, expands too much or holds over ``MAX_BAD_ROWS`` bad rows raises whatever ``on_error``.
    """
    stream = open_text(Path(path), limits)
    try:
        announced = _DATE.search(stream.readline(_LINE))
        if not announced:
            raise RecordError("line 1", "no score_date: this is not an EPSS file", "missing")
        try:
            scored = date.fromisoformat(announced.group(1))
        except ValueError:
            raise RecordError("line 1", f"{announced.group(1)} is not a date") from None
        header = stream.readline(_LINE).strip().lower().split(",")
        if header[:3] != ["cve", "epss", "percentile"]:
            raise RecordError("line 2", "expected the header cve,epss,percentile", "missing")
    except BaseException:
        stream.close()
        raise
    return scored, _scores(stream, on_error)


def _scores(stream: TextIO, on_error: Callable[[RecordError], None] | None) -> Iterator[EpssScore]:
    bad = 0
    with stream:
        number = 2
        while line := stream.readline(_LINE):
            number += 1
            if line.isspace():
                continue
            try:
                score = _score(line.rstrip("\r\n").split(","))
            except RecordError as problem:
                bad += 1
                placed = RecordError(f"line {number}", problem.message, problem.code)
                if on_error is None or bad > MAX_BAD_ROWS:
                    raise placed from None
                on_error(placed)
                continue
            yield score


def _score(row: list[str]) -> EpssScore:
    if len(row) < 3:
        raise RecordError("", f"expected three columns, found {len(row)}", "missing")
    if not CVE_ID.fullmatch(row[0]):
        raise RecordError("", f"{shown(row[0])} is not a CVE identifier")
    try:
        score, percentile = float(row[1]), float(row[2])
    except ValueError:
        raise RecordError("", f"{shown(row[1])} or {shown(row[2])} is not a number", "wrong_type") from None
    if not (0 <= score <= 1 and 0 <= percentile <= 1):
        raise RecordError("", "score and percentile lie between 0 and 1")
    return EpssScore(row[0], score, percentile)
