"""FIRST's Exploit Prediction Scoring System file: CSV, often gzipped, one row per CVE."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
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


def read_epss(path: Path | str, limits: Limits = DEFAULT_LIMITS) -> tuple[date, Iterator[EpssScore]]:
    """The scores' date and the scores, read as they are consumed (the file closes at their end).

    ``path`` is ``.csv`` or ``.csv.gz``: a comment line ``#model_version:…,score_date:…``, then the
    header ``cve,epss,percentile``. Raises ``RecordError``, whose field is ``line N``, at once for the
    first two lines and during iteration for a row.
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
    return scored, _scores(stream)


def _scores(stream: TextIO) -> Iterator[EpssScore]:
    with stream:
        lines = iter(lambda: stream.readline(_LINE), "")
        rows = csv.reader(lines)
        line = 2
        while True:
            line += 1
            try:
                row = next(rows, None)
                if row is None:
                    return
                if row:
                    yield _score(row)
            except RecordError as problem:
                raise RecordError(f"line {line}", problem.message, problem.code) from None
            except csv.Error as problem:
                raise RecordError(f"line {line}", str(problem)) from None


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
