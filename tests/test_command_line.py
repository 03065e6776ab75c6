"""How the command line reads its arguments, before any command does."""

from __future__ import annotations

import pytest

from rempart.cli import spread

pytestmark = pytest.mark.any_database


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (["a.csv", "--records", "x", "y"], ["a.csv", "--records", "x", "--records", "y"]),
        (["a", "b", "--records", "x", "--all"], ["a", "b", "--records", "x", "--all"]),
        (["a", "--output", "jsonl", "--records", "x", "y", "--all"],
         ["a", "--output", "jsonl", "--records", "x", "--records", "y", "--all"]),
        (["--records", "x", "a.csv"], ["--records", "x", "a.csv"]),
        (["log", "--rules", "r", "s", "--ioc", "i", "-"],
         ["log", "--rules", "r", "--rules", "s", "--ioc", "i", "--ioc", "-"]),
        (["a", "--records=x", "--all"], ["a", "--records=x", "--all"]),
        ([], []),
    ],
)  # fmt: skip
def test_an_option_takes_several_values_after_the_argument(given: list[str], read: list[str]) -> None:
    assert spread(given) == read
