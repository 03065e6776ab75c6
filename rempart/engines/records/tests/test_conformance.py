"""The verdicts on the documents that OASIS publishes with the specification, and on odd ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.engines.records.conformance import TESTS, failures

DATA = Path(__file__).resolve().parents[4].parent / "shared" / "data" / "csaf"
CASES = DATA / "oasis" / "csaf_2.0" / "test" / "validator" / "data"

if not CASES.is_dir():
    pytest.skip("the CSAF validator's documents are not beside the repository", allow_module_level=True)

PUBLISHED = [
    (case["id"], each["name"], each["valid"])
    for case in json.loads((CASES / "testcases.json").read_text("utf-8"))["tests"]
    if case["group"] == "mandatory"
    for each in (*case.get("failures", ()), *case.get("valid", ()))
]


def test_every_mandatory_test_is_there():
    assert {test for test, _, _ in PUBLISHED} == set(TESTS)


@pytest.mark.parametrize(("test", "name", "valid"), PUBLISHED)
def test_the_verdict_is_the_published_one(test, name, valid):
    document = json.loads((CASES / name).read_text("utf-8"))
    found = failures(document)
    if valid:
        assert found == []
    else:
        assert test in {failure.test for failure in found}


def test_published_advisories_hardly_break_a_test():
    documents = sorted((DATA / "cisa").rglob("*.json"))
    broken = {path.name: failures(json.loads(path.read_text("utf-8"))) for path in documents}
    sound = [name for name, found in broken.items() if not found]
    assert len(documents) == 370
    assert len(sound) > len(documents) / 2


KEYS = ["document", "tracking", "revision_history", "number", "date", "product_tree", "branches", "product"]
KEYS += [
    "product_id",
    "scores",
    "cvss_v3",
    "vectorString",
    "version",
    "vulnerabilities",
    "flags",
    "product_ids",
]
KEYS += ["group_ids", "product_status", "cwe", "id", "relationships", "full_product_name", "category", "lang"]
ODD = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(st.dictionaries(st.sampled_from(["document", "product_tree", "vulnerabilities"]), ODD))
def test_odd_shapes_are_judged_without_an_exception(document):
    assert all(failure.test in TESTS for failure in failures(document))
