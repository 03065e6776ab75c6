"""The platform's settings with a pause before each statement, as if the database stood further away."""

from __future__ import annotations

import os
import time
from typing import Any

from django.db.backends.signals import connection_created

from rempart.settings.base import *  # noqa: F403

_PAUSE = float(os.environ.get("BENCH_LATENCY_MS", "0")) / 1000


def _pause(execute: Any, sql: str, parameters: Any, many: bool, context: dict[str, Any]) -> Any:
    time.sleep(_PAUSE)
    return execute(sql, parameters, many, context)


def _slow(connection: Any, **_: Any) -> None:
    if _pause not in connection.execute_wrappers:
        connection.execute_wrappers.append(_pause)


connection_created.connect(_slow, weak=False)
