"""VEX statements in OpenVEX and CycloneDX: whom they are about, and what they say."""

from __future__ import annotations

import copy
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rempart.engines.exposure import Aliases, match
from rempart.engines.exposure.model import Component, Status, VersionEntry
from rempart.engines.records import read_any
from rempart.engines.records.fields import RecordError
from rempart.engines.records.sources import open_records

OPENVEX: dict[str, Any] = {
    "@context": "https://openvex.dev/ns/v0.2.0",
    "@id": "https://acme.example/vex/1",
    "author": "ACME Security",
    "timestamp": "2024-01-01T00:00:00Z",
    "version": 1,
    "statements": [
        {
            "vulnerability": {"name": "CVE-2024-0001", "aliases": ["GHSA-aaaa-bbbb-cccc"]},
            "products": [{"@id": "pkg:npm/frob@1.2.3"}],
            "status": "under_investigation",
        },
        {
            "vulnerability": {"name": "CVE-2024-0001"},
            "timestamp": "2024-02-01T00:00:00Z",
            "products": [{"@id": "pkg:npm/frob@1.2.3"}],
            "status": "not_affected",
            "justification": "vulnerable_code_not_in_execute_path",
        },
        {
            "vulnerability": "CVE-2024-0002",
            "products": ["pkg:oci/app", {"identifiers": {"cpe23": "cpe:2.3:a:acme:frob:2.0:*:*:*:*:*:*:*"}}],
            "status": "affected",
        },
    ],
}

CYCLONEDX: dict[str, Any] = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "metadata": {
        "timestamp": "2024-01-01T00:00:00Z",
        "supplier": {"name": "ACME"},
        "component": {"bom-ref": "app", "type": "application", "name": "app", "version": "1.0"},
    },
    "components": [
        {
            "bom-ref": "lib",
            "type": "library",
            "name": "frob",
            "version": "1.2.3",
            "purl": "pkg:npm/frob@1.2.3",
        }
    ],
    "vulnerabilities": [
        {
            "id": "CVE-2024-0001",
            "references": [{"id": "SNYK-1"}],
            "ratings": [
                {
                    "method": "CVSSv31",
                    "severity": "critical",
                    "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
                }
            ],
            "cwes": [79],
            "analysis": {"state": "not_affected", "justification": "code_not_reachable"},
            "affects": [{"ref": "lib"}],
        },
        {
            "id": "CVE-2024-0002",
            "affects": [
                {
                    "ref": "lib",
                    "versions": [
                        {"range": "vers:npm/>=1.0.0|<2.0.0", "status": "affected"},
                        {"version": "1.9.9", "status": "unaffected"},
                    ],
                }
            ],
        },
    ],
}


def answer(records: list[Any], identifier: str, version: str = "1.2.3") -> Status:
    (record,) = [one for one in records if one.id == identifier]
    verdict = match(
        Component("c", purl=f"pkg:npm/frob@{version}", version=version),
        identifier,
        record.affected,
        Aliases(),
    )
    assert verdict is not None
    return verdict.status


def test_the_later_statement_of_openvex_holds() -> None:
    records = read_any(OPENVEX)
    first, second = records
    assert (first.id, first.aliases) == ("CVE-2024-0001", ("GHSA-aaaa-bbbb-cccc",))
    (affected,) = first.affected
    assert (affected.source, affected.justification) == (
        "vex:acme-security",
        "vulnerable_code_not_in_execute_path",
    )
    assert answer(records, "CVE-2024-0001") is Status.NOT_AFFECTED
    image, appliance = second.affected
    assert (image.purl, image.versions) == ("pkg:oci/app", (VersionEntry("*", "affected"),))
    assert appliance.versions == (VersionEntry("2.0", "affected"),)


def test_a_statement_about_a_part_stays_about_its_product() -> None:
    document = copy.deepcopy(OPENVEX)
    document["statements"] = [
        {
            "vulnerability": {"name": "CVE-2024-0003"},
            "products": [{"@id": "pkg:oci/app", "subcomponents": [{"@id": "pkg:npm/frob@1.2.3"}]}],
            "status": "not_affected",
            "justification": "component_not_present",
        }
    ]
    (record,) = read_any(document)
    assert [(one.purl, one.modules) for one in record.affected] == [("pkg:oci/app", ("pkg:npm/frob@1.2.3",))]
    component = Component("c", purl="pkg:npm/frob@1.2.3", version="1.2.3")
    assert match(component, record.id, record.affected, Aliases()) is None


def test_cyclonedx_analysis_and_versions_are_read() -> None:
    records = read_any(CYCLONEDX)
    first, second = records
    assert (first.aliases, first.cwes, first.assigner) == (("SNYK-1",), ("CWE-79",), "ACME")
    assert [(metric.score, metric.severity) for metric in first.metrics] == [(9.8, "CRITICAL")]
    assert first.affected[0].justification == "code_not_reachable"
    assert answer(records, "CVE-2024-0001") is Status.NOT_AFFECTED
    assert answer(records, "CVE-2024-0002") is Status.AFFECTED
    assert second.affected[0].source == "vex:acme"


def test_every_bill_of_materials_is_accepted(shared: Path) -> None:
    read = [
        read_any(reading.document)
        for reading in open_records(shared / "sbom")
        if reading.document is not None and reading.document.get("bomFormat") == "CycloneDX"
    ]
    assert len(read) > 5


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"catalogVersion": "2024.1", "vulnerabilities": []}, "KEV"),
        ({"spdxVersion": "SPDX-2.3"}, "SPDX"),
        ({"data_type": "CVE", "data_version": "4.0"}, "CVE JSON 4"),
        ({"hello": "world"}, "not a CVE"),
    ],
)
def test_what_is_no_record_is_refused_by_name(document: dict[str, Any], words: str) -> None:
    with pytest.raises(RecordError, match=words):
        read_any(document)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"status": "maybe"}, "statements[0].status"),
        ({"products": None}, "statements[0].products"),
        ({"products": [{}]}, "statements[0].products[0]"),
        ({"vulnerability": {}}, "statements[0].vulnerability.name"),
    ],
)
def test_a_malformed_statement_names_its_field(change: dict[str, Any], field: str) -> None:
    document = copy.deepcopy(OPENVEX)
    document["statements"][0] |= change
    with pytest.raises(RecordError) as caught:
        read_any(document)
    assert caught.value.field == field


def test_an_unknown_reference_is_refused() -> None:
    document = copy.deepcopy(CYCLONEDX)
    document["vulnerabilities"][0]["affects"] = [{"ref": "nothing"}]
    with pytest.raises(RecordError) as caught:
        read_any(document)
    assert caught.value.field == "vulnerabilities[0].affects[0].ref"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def _paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    here = [at] if at else []
    if isinstance(value, dict):
        return here + [path for key, inner in value.items() for path in _paths(inner, (*at, key))]
    if isinstance(value, list):
        return here + [path for place, inner in enumerate(value) for path in _paths(inner, (*at, place))]
    return here


@given(st.sampled_from([OPENVEX, CYCLONEDX]), st.data(), json_values)
@settings(max_examples=300, deadline=None)
def test_any_field_of_any_shape_is_read_or_refused(
    whole: dict[str, Any], draw: st.DataObject, value: Any
) -> None:
    document = copy.deepcopy(whole)
    *way, last = draw.draw(st.sampled_from(_paths(document)))
    owner: Any = document
    for step in way:
        owner = owner[step]
    owner[last] = value
    with suppress(RecordError):
        read_any(document)
