"""Lines of a log, each held whole up to the limit; a longer one is told and passed, unheld."""

from __future__ import annotations

from collections.abc import Iterator

from rempart.engines.logs.model import Source


def lines(source: Source) -> Iterator[bytes]:
    """Each line that is not blank, without its break. ``source.lines`` is the number of the line given.

    A line past ``record_bytes`` is reported, takes its place among the records and is skipped.
    """
    stream, limit = source.stream, source.limits.record_bytes
    while line := stream.readline(limit + 2):
        source.lines += 1
        if len(line) > limit and not line.endswith(b"\n"):
            size = len(line)
            while line and not line.endswith(b"\n"):
                line = stream.readline(1 << 20)
                size += len(line)
            source.problem(f"a line of {size} bytes exceeds the limit of {limit}", line=source.lines)
            source.records += 1
            continue
        line = line.rstrip(b"\r\n")
        if line and not line.isspace():
            yield line
