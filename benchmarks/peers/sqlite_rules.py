"""Run by the interpreter that has pySigma: rules converted to SQL by its SQLite backend, run in SQLite.

``python sqlite_rules.py RULES EVENTS``: files of Sigma rules, one path a line; events as lines of JSON.
Prints one line of JSON: rules run, rules that SQLite refuses (mostly for a field that no event has), seconds
of processor taken to load the events and run every rule, detections.
"""

import json
import re
import sqlite3
import sys
import time
from pathlib import Path

from sigma.backends.sqlite import sqliteBackend
from sigma.collection import SigmaCollection
from sigma.exceptions import SigmaError
from sigma.pipelines.sysmon import sysmon_pipeline
from sigma.pipelines.windows import windows_logsource_pipeline


def converted(paths: list[str]) -> list[str]:
    backend = sqliteBackend(sysmon_pipeline() + windows_logsource_pipeline())
    queries = []
    for path in paths:
        try:
            queries += backend.convert(SigmaCollection.from_yaml(Path(path).read_text("utf-8")))
        except (SigmaError, NotImplementedError):
            continue
    return [query.replace("<TABLE_NAME>", "logs") for query in queries]


def main() -> None:
    rules, events = sys.argv[1:]
    queries = converted(Path(rules).read_text("utf-8").splitlines())
    lines = Path(events).read_bytes().splitlines()
    start = time.process_time()
    rows = [json.loads(line) for line in lines]
    names = list(dict.fromkeys(name.lower() for row in rows for name in row))
    base = sqlite3.connect(":memory:")
    base.execute(
        "CREATE TABLE logs ({})".format(", ".join(f'"{name}" TEXT COLLATE NOCASE' for name in names))
    )
    base.create_function("regexp", 2, lambda pattern, value: bool(re.search(pattern, str(value or ""))))
    marks = ", ".join("?" * len(names))
    folded = ({name.lower(): value for name, value in row.items()} for row in rows)
    base.executemany(
        f"INSERT INTO logs VALUES ({marks})",
        ([text(row.get(name)) for name in names] for row in folded),
    )
    found = failed = 0
    for query in queries:
        try:
            found += len(base.execute(query).fetchall())
        except sqlite3.Error:
            failed += 1
    seconds = time.process_time() - start
    print(json.dumps({"rules": len(queries) - failed, "failed": failed, "seconds": seconds, "found": found}))


def text(value: object) -> object:
    return value if value is None or isinstance(value, str | int | float) else json.dumps(value)


main()
