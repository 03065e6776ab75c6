"""The recorded events that come with the rules, flat as readers give them."""

import json
from pathlib import Path

import pytest
import yaml

from rempart.engines.logs.windows import flat

DATA = Path(__file__).resolve().parents[5] / "shared/data/sigma"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the Sigma rules are not beside the repository")


def documents(path):
    decoder, content, position = json.JSONDecoder(), path.read_text("utf-8"), 0
    while position < len(content):
        document, position = decoder.raw_decode(content, position)
        while position < len(content) and content[position].isspace():
            position += 1
        yield document


def cases():
    """Each case: the rule's id, its events, and how many the case says must match (None: at least one)."""
    for info in sorted((DATA / "regression_data").rglob("info.yml")):
        tests = (yaml.safe_load(info.read_text("utf-8")).get("regression_tests_info") or [{}])[0]
        for path in info.parent.glob("*.json"):
            yield path.stem, [flat(each)[0] for each in documents(path)], tests.get("match_count")


def events():
    return [event for _, events, _ in cases() for event in events]
