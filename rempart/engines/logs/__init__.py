"""Logs of every common form as plain events (see README.md). No Django, no network; time is an argument."""

from rempart.engines.logs.formats.structured import Rows
from rempart.engines.logs.model import DEFAULT_LIMITS, LOGSOURCE, Event, Limits, LogSource, Problem
from rempart.engines.logs.places import STANDARD_INPUT, expand
from rempart.engines.logs.reading import BY_LINE, FORMATS, Reading, count_records, portions, read
from rempart.engines.logs.times import rfc3339

__all__ = [
    "BY_LINE",
    "DEFAULT_LIMITS",
    "FORMATS",
    "LOGSOURCE",
    "STANDARD_INPUT",
    "Event",
    "Limits",
    "LogSource",
    "Problem",
    "Reading",
    "Rows",
    "count_records",
    "expand",
    "portions",
    "read",
    "rfc3339",
]
