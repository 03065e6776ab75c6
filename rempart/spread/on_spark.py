"""In Spark: parts are rows of a table, taken by ``mapInArrow`` a wave at a time; results never pile up."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

import pyarrow as arrow
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from rempart.spread.model import EngineMissing, Step, Work, packed, unpacked

_WAVE: Final = 8  # parts for each core
_COLUMNS: Final = "batches binary"

_started: dict[str, Step] = {}


def run(work: Work, parts: Iterable[arrow.RecordBatch], jobs: int) -> Iterator[list[arrow.RecordBatch]]:
    """The result of each part. Ours to start, Spark is stopped at the end."""
    running = SparkSession.getActiveSession()
    session = running or _start(jobs)
    try:
        context = session.sparkContext
        context.setLogLevel("ERROR")
        shared, key = context.broadcast(work), uuid.uuid4().hex
        cores = context.defaultParallelism
        rows = ((packed([part]),) for part in parts)
        while wave := list(islice(rows, _WAVE * cores)):
            table = session.createDataFrame(wave, _COLUMNS).repartition(min(len(wave), _WAVE * cores))
            for row in table.mapInArrow(_mapped(shared, key), _COLUMNS).collect():
                yield unpacked(row.batches)
    finally:
        if running is None:
            session.stop()


def _mapped(shared: Any, key: str) -> Any:
    """What Spark runs on its workers; a worker process is made ready once, and is used again."""

    def mapped(batches: Iterator[arrow.RecordBatch]) -> Iterator[arrow.RecordBatch]:
        step = started(shared, key)
        for rows in batches:
            for data in rows.column(0).to_pylist():
                results = [packed(step(part)) for part in unpacked(data)]
                yield arrow.RecordBatch.from_arrays(
                    [arrow.array([b"".join(results)], arrow.binary())], ["batches"]
                )

    return mapped


def started(shared: Any, key: str) -> Step:
    """The work of a run, ready in this process."""
    if key not in _started:
        _started.clear()
        _started[key] = shared.value.start()
    return _started[key]


def _start(jobs: int) -> SparkSession:
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("rempart").config("spark.ui.enabled", "false")
    builder = builder.config("spark.ui.showConsoleProgress", "false")
    builder = builder.config("spark.sql.execution.arrow.maxRecordsPerBatch", "64")
    if "spark.master" not in os.environ.get("PYSPARK_SUBMIT_ARGS", ""):
        master = os.environ.get("SPARK_MASTER", "")
        builder = builder.master(master or f"local[{jobs}]")
        if not master:  # this machine alone, whatever its name resolves to
            os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
            builder = builder.config("spark.driver.host", "127.0.0.1")
            builder = builder.config("spark.driver.bindAddress", "127.0.0.1")
    try:
        return builder.getOrCreate()
    except (PySparkException, OSError, RuntimeError) as error:
        raise EngineMissing(f"--engine spark: {str(error).splitlines()[0]} (Java 17)") from None
