"""Reading a log made by a test, with what went wrong beside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rempart.engines.logs import Event, Problem, Reading, read

NOW = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)
Read = Callable[..., tuple[list[Event], list[Problem], Reading]]


@pytest.fixture
def reading(tmp_path: Path) -> Read:
    """A function that writes bytes (or text) to a file and reads it: events, problems, the reading itself."""

    def run(content: bytes | str, **options: Any) -> tuple[list[Event], list[Problem], Reading]:
        path = tmp_path / "log"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        problems: list[Problem] = []
        given = read(path, problems=problems.append, now=NOW, **options)
        return list(given), problems, given

    return run
