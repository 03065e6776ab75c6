"""What of a statement no version can be compared with."""

from __future__ import annotations

import pytest

from rempart.engines.exposure.model import Affected, VersionEntry
from rempart.engines.exposure.unread import unread_ranges


def stated(*entries: VersionEntry, default: str = "unknown") -> Affected:
    return Affected("cna:acme", "Acme", "Widget", default_status=default, versions=entries)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (VersionEntry("10.10", "affected", "custom", less_than="10.1.7"), "contradictory_range"),
        (VersionEntry("113.0", "affected", "custom", less_than="113.0"), "contradictory_range"),
        (VersionEntry("1.0", "affected", "custom", less_than="the next release"), "unreadable_range"),
        (VersionEntry("SMR Aug-2023 Release 1", "affected"), "unreadable_range"),
        (VersionEntry("n/a", "affected"), "unstated_version"),
        (VersionEntry("0", "affected", "git", less_than="5da9e9c0f91d"), "git_range"),
        (VersionEntry("1.0", "affected", "custom", less_than="2.0"), ""),
        (VersionEntry("1.0", "affected", "custom", less_than_or_equal="1.0"), ""),
    ],
    ids=["ends before", "holds nothing", "prose", "date", "unstated", "commits", "range", "one version"],
)
def test_each_range_that_decides_nothing_is_told_with_its_reason(entry: VersionEntry, reason: str) -> None:
    assert [one.reason for one in unread_ranges(stated(entry))] == ([reason] if reason else [])


def test_a_default_that_denies_every_end_is_told() -> None:
    entry = VersionEntry("1.0", "affected", "custom", less_than="2.0")
    (one,) = unread_ranges(stated(entry, default="affected"))
    assert one == ("contradictory_default", "defaultStatus: affected")
