"""Times of many forms in one: RFC 3339, UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.engines.logs import rfc3339


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05.1234567Z", "2026-01-02T03:04:05.1234567Z"),
        ("2026-01-02 03:04:05,123", "2026-01-02T03:04:05.123Z"),
        ("2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05Z"),
        ("2026-01-02T03:04:05.5-0500", "2026-01-02T08:04:05.5Z"),
        ("2025-10-22T20:33:27.2767020Z UTC", "2025-10-22T20:33:27.2767020Z"),
        ("24/Nov/2026:10:00:00 +0100", "2026-11-24T09:00:00Z"),
        ("Jan  2 2026 03:04:05", "2026-01-02T03:04:05Z"),
        (1767323045, "2026-01-02T03:04:05Z"),
        (1767323045.25, "2026-01-02T03:04:05.25Z"),
        ("1767323045123", "2026-01-02T03:04:05.123Z"),
        (1767323045123456, "2026-01-02T03:04:05.123456Z"),
        (1767323045123456789, "2026-01-02T03:04:05.123456Z"),
        (133_500_000_000_000_000, "2024-01-17T21:20:00Z"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00Z"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
        ("0001-01-01T00:00:00+23:59", None),
        ("2026-13-02T03:04:05Z", None),
        ("soon", None),
        (-5, None),
        (float("nan"), None),
        (float("inf"), None),
        (True, None),
        (None, None),
        ([1], None),
    ],
)
def test_times(written: Any, read: str | None) -> None:
    assert rfc3339(written) == read


@given(st.datetimes(timezones=st.timezones()) | st.floats() | st.integers() | st.text(max_size=40))
def test_every_time_read_can_be_read_again(written: Any) -> None:
    moment = rfc3339(written.isoformat() if isinstance(written, datetime) else written)
    if moment is not None:
        assert rfc3339(moment) == moment
