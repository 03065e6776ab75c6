"""The published rules' own expressions on texts near them: quick and sure answers are the same."""

import random
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from rempart.engines.sigma import load_rules
from rempart.engines.sigma.columns import Cells
from rempart.engines.sigma.regexes import _TRIED, line_searcher, searcher
from rempart.engines.sigma.tests.regression import DATA, events, needs_data
from rempart.engines.sigma.tree import Regex, leaves


@needs_data
def test_quick_answers_are_the_sure_ones():
    chance = random.Random(8)
    texts = [text for event in events() for text in event.values() if isinstance(text, str)]
    rules = load_rules(sorted(DATA.glob("rules*"))).rules
    found = {
        test
        for rule in rules
        if rule.tree
        for leaf in leaves(rule.tree)
        for test in leaf.tests
        if isinstance(test, Regex)
    }
    assert len(found) > 100
    together = narrowed = 0
    for test in sorted(found, key=str):
        pieces = re.findall(r"[\w ]+", test.pattern)
        near = [
            "".join(chance.choices([*pieces, " ", "-", "\n", "\v", "1", "a", "\\", "é"], k=6))
            for _ in range(60)
        ]
        given = [*near, *chance.sample(texts, 60)]
        searcher.cache_clear()
        sure = [searcher(test.pattern, test.flags)(text) for text in given]
        for _ in range(_TRIED):
            searcher(test.pattern, test.flags)("")
        assert [searcher(test.pattern, test.flags)(text) for text in given] == sure, test
        rows = rows_in_lines(test, Cells(given))
        if rows is not None:
            assert rows >= {row for row, answer in enumerate(sure) if answer}, test
            together += 1
            narrowed += len(rows) < len(given)
    assert together > 100
    assert narrowed > 100


def rows_in_lines(test, cells):
    """The rows in which an expression may be found, by one look at all; None when that is not done."""
    search = line_searcher(test.pattern, test.flags)
    if search is None:
        return None
    lines, apart = cells.lines
    return {*cells.rows(search(lines, 1_000_000)), *apart}


@pytest.mark.parametrize(
    ("pattern", "flags", "text", "expected"),
    [
        ("a$", "", "a\n", False),
        ("^b$", "m", "a\nb\nc", True),
        (r"x\sy", "", "x\vy", False),
        (r"x\Sy", "", "x\vy", True),
        ("k", "i", "\u212a", True),
        ("(a+)+$", "", "a" * 50_000 + "b", False),
        ("x{1,5000}y", "", "xxy", True),
        ("é.", "", "éà", True),
    ],
)
def test_readings(pattern, flags, text, expected):
    search = searcher(pattern, flags)
    assert [search(text) for _ in range(_TRIED + 5)] == [expected] * (_TRIED + 5)


def test_detectors_of_two_threads_share_searchers() -> None:
    find, lines = searcher(r"needle\d+x", ""), line_searcher(r"needle\d+x", "")
    assert lines is not None
    for _ in range(_TRIED + 1):
        find("")

    def ask(found: bool) -> list[bool]:
        text = "a" * 20_000 + ("needle42x" if found else "")
        return [find(text) is found and bool(lines(text.encode(), 9)) is found for _ in range(2_000)]

    with ThreadPoolExecutor(3) as pool:
        assert all(map(all, pool.map(ask, [True, False, True])))
