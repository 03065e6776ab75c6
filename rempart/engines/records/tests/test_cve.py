"""CVE records: real ones, each field that matters, and malformed ones."""

import contextlib
import copy
import itertools
from collections import Counter
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rempart.engines.exposure.model import VersionChange, VersionEntry, VulnerabilityRecord
from rempart.engines.records.cve import parse_cve
from rempart.engines.records.fields import RecordError
from rempart.engines.records.sources import open_records

RECORD = {
    "dataType": "CVE_RECORD",
    "dataVersion": "5.1",
    "cveMetadata": {
        "cveId": "CVE-2024-12345",
        "state": "PUBLISHED",
        "assignerShortName": "acme",
        "datePublished": "2024-03-01T10:00:00",
        "dateUpdated": "2024-03-02T10:00:00.500Z",
    },
    "containers": {
        "cna": {
            "providerMetadata": {"orgId": "0-0", "shortName": "acme"},
            "title": "Overflow in Frob",
            "descriptions": [{"lang": "fr", "value": "Débordement"}, {"lang": "en-US", "value": "Overflow"}],
            "affected": [
                {
                    "vendor": "Acme",
                    "product": "Frob",
                    "packageName": "org.acme:frob",
                    "collectionURL": "https://repo.example.org",
                    "packageURL": "pkg:maven/org.acme/frob",
                    "defaultStatus": "unaffected",
                    "platforms": ["Windows"],
                    "modules": ["parser"],
                    "cpes": ["cpe:2.3:a:acme:frob:*:*:*:*:*:*:*:*"],
                    "versions": [
                        {
                            "version": "1.0",
                            "lessThan": "3.0",
                            "status": "affected",
                            "versionType": "semver",
                            "changes": [{"at": "2.5", "status": "unaffected"}],
                        },
                        {"version": "4.0", "lessThanOrEqual": "4.2", "status": "unknown"},
                    ],
                }
            ],
            "cpeApplicability": [
                {
                    "operator": "AND",
                    "nodes": [
                        {
                            "operator": "OR",
                            "negate": False,
                            "cpeMatch": [
                                {
                                    "vulnerable": True,
                                    "criteria": "cpe:2.3:a:acme:frob:*:*:*:*:*:*:*:*",
                                    "versionStartIncluding": "1.0",
                                    "versionEndExcluding": "2.5",
                                },
                                {
                                    "vulnerable": True,
                                    "criteria": "cpe:2.3:a:acme:frob:*:*:*:*:*:*:*:*",
                                    "versionStartExcluding": "2.9",
                                    "versionEndIncluding": "3.1",
                                },
                                {"vulnerable": True, "criteria": "cpe:2.3:a:acme:frob:4.0\\+b:*:*:*:*:*:*:*"},
                            ],
                        },
                        {
                            "operator": "OR",
                            "cpeMatch": [
                                {"vulnerable": False, "criteria": "cpe:2.3:o:acme:os:-:*:*:*:*:*:*:*"}
                            ],
                        },
                    ],
                }
            ],
            "metrics": [
                {"cvssV4_0": {"baseScore": 9.3, "baseSeverity": "CRITICAL", "vectorString": "CVSS:4.0/AV:N"}},
                {"cvssV2_0": {"baseScore": 10, "vectorString": "AV:N/AC:L"}},
            ],
            "problemTypes": [{"descriptions": [{"lang": "en", "type": "text", "description": "CWE-79 XSS"}]}],
            "references": [
                {"url": "https://example.org/a"},
                {"url": "javascript:alert(1)"},
                {"url": "ftp://example.org/b"},
                {"url": "https://example.org/a"},
            ],
        },
        "adp": [
            {
                "providerMetadata": {"orgId": "1-1", "shortName": "CISA-ADP"},
                "title": "CISA ADP Vulnrichment",
                "affected": [{"vendor": "acme", "product": "frob", "versions": []}],
                "metrics": [
                    {
                        "other": {
                            "type": "ssvc",
                            "content": {
                                "timestamp": "2024-03-05T00:00:00Z",
                                "options": [
                                    {"Exploitation": "active"},
                                    {"Automatable": "yes"},
                                    {"Technical Impact": "total"},
                                ],
                            },
                        }
                    },
                    {
                        "other": {
                            "type": "ssvc",
                            "content": {
                                "timestamp": "2024-03-04T00:00:00Z",
                                "options": [{"Exploitation": "none"}],
                            },
                        }
                    },
                ],
                "problemTypes": [{"descriptions": [{"lang": "en", "type": "CWE", "cweId": "CWE-121"}]}],
            }
        ],
    },
}


def changed(path: str, value: object) -> dict:
    """The record with one field replaced (``None`` removes it)."""
    document = copy.deepcopy(RECORD)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    owner = document
    for part in parents:
        owner = owner[part]
    owner[last] = value
    return document


def test_every_part_of_a_record_is_read():
    record = parse_cve(RECORD)
    assert (record.id, record.state, record.assigner) == ("CVE-2024-12345", "PUBLISHED", "acme")
    assert (record.title, record.description) == ("Overflow in Frob", "Overflow")
    assert record.published == datetime(2024, 3, 1, 10, tzinfo=UTC)
    assert record.updated == datetime(2024, 3, 2, 10, 0, 0, 500000, tzinfo=UTC)
    first = record.affected[0]
    assert (first.source, first.vendor, first.product) == ("cna:acme", "Acme", "Frob")
    assert (first.package_name, first.purl) == ("org.acme:frob", "pkg:maven/org.acme/frob")
    assert (first.default_status, first.platforms, first.modules) == ("unaffected", ("Windows",), ("parser",))
    assert first.versions == (
        VersionEntry("1.0", "affected", "semver", "3.0", "", (VersionChange("2.5", "unaffected"),)),
        VersionEntry("4.0", "unknown", "", "", "4.2"),
    )
    assert [affected.source for affected in record.affected] == ["cna:acme", "cna-cpe:acme", "adp:CISA-ADP"]
    assert [(metric.version, metric.score) for metric in record.metrics] == [("4.0", 9.3), ("2.0", 10.0)]
    assert record.cwes == ("CWE-79", "CWE-121")
    assert record.references == ("https://example.org/a",)


def test_the_latest_ssvc_decision_counts():
    ssvc = parse_cve(RECORD).ssvc
    assert ssvc is not None
    assert (ssvc.exploitation, ssvc.automatable, ssvc.technical_impact) == ("active", "yes", "total")
    assert (ssvc.source, ssvc.at) == ("adp:CISA-ADP", datetime(2024, 3, 5, tzinfo=UTC))


def test_cpe_applicability_becomes_statements_with_ranges_and_platforms():
    statement = parse_cve(RECORD).affected[1]
    assert statement.cpes == (
        "cpe:2.3:a:acme:frob:*:*:*:*:*:*:*:*",
        "cpe:2.3:a:acme:frob:4.0\\+b:*:*:*:*:*:*:*",
    )
    assert statement.platforms == ("cpe:2.3:o:acme:os:-:*:*:*:*:*:*:*",)
    assert statement.versions == (
        VersionEntry("1.0", "affected", less_than="2.5"),
        VersionEntry("2.9", "affected", less_than_or_equal="3.1", after=True),
        VersionEntry("4.0+b", "affected"),
    )


def test_a_negated_node_proves_nothing():
    document = changed("containers.cna.cpeApplicability.0.nodes.0.negate", True)
    statuses = {entry.status for entry in parse_cve(document).affected[1].versions}
    assert "affected" not in statuses


def test_a_rejected_record_says_why():
    document = {
        "cveMetadata": {"cveId": "CVE-2023-0001", "state": "REJECTED"},
        "containers": {"cna": {"rejectedReasons": [{"lang": "en", "value": "Not a vulnerability"}]}},
    }
    record = parse_cve(document)
    assert (record.state, record.description, record.affected) == ("REJECTED", "Not a vulnerability", ())


@pytest.mark.parametrize(
    ("path", "value", "field", "code"),
    [
        ("cveMetadata", None, "cveMetadata", "missing"),
        ("cveMetadata.cveId", "CVE-24-1", "cveMetadata.cveId", "bad_value"),
        ("cveMetadata.cveId", "CVE-2024-１２３４", "cveMetadata.cveId", "bad_value"),
        ("cveMetadata.state", "RESERVED", "cveMetadata.state", "bad_value"),
        ("cveMetadata.datePublished", "yesterday", "cveMetadata.datePublished", "bad_value"),
        ("containers.cna", [], "containers.cna", "wrong_type"),
        ("containers.cna.affected", {}, "containers.cna.affected", "wrong_type"),
        ("containers.cna.affected.0", "x", "containers.cna.affected[0]", "wrong_type"),
        ("containers.cna.affected.0.product", 3, "containers.cna.affected[0].product", "wrong_type"),
        (
            "containers.cna.affected.0.versions.1.version",
            1.0,
            "containers.cna.affected[0].versions[1].version",
            "wrong_type",
        ),
        (
            "containers.cna.affected.0.versions.1.status",
            "maybe",
            "containers.cna.affected[0].versions[1].status",
            "bad_value",
        ),
        (
            "containers.cna.affected.0.versions.0.changes.0.at",
            None,
            "containers.cna.affected[0].versions[0].changes[0].at",
            "missing",
        ),
        (
            "containers.cna.metrics.0.cvssV4_0.baseScore",
            11,
            "containers.cna.metrics[0].cvssV4_0.baseScore",
            "bad_value",
        ),
        (
            "containers.cna.cpeApplicability.0.nodes.0.cpeMatch.0.criteria",
            "frob",
            "containers.cna.cpeApplicability[0].nodes[0].cpeMatch[0].criteria",
            "bad_value",
        ),
    ],
)
def test_a_malformed_field_is_named(path, value, field, code):
    with pytest.raises(RecordError) as caught:
        parse_cve(changed(path, value))
    assert (caught.value.field, caught.value.code) == (field, code)


def test_text_in_versions_long_names_and_future_dates_are_data():
    document = changed("containers.cna.affected.0.versions.0.version", "all versions before the fix")
    document["containers"]["cna"]["affected"][0]["product"] = "x" * 10_000
    document["cveMetadata"]["datePublished"] = "2999-01-01T00:00:00Z"
    record = parse_cve(document)
    assert record.affected[0].versions[0].version == "all versions before the fix"
    assert len(record.affected[0].product) == 10_000
    assert record.published is not None
    assert record.published.year == 2999


def test_nul_becomes_a_visible_mark():
    document = changed("containers.cna.affected.0.product", "Fr\x00ob")
    assert parse_cve(document).affected[0].product == "Fr\ufffdob"


def test_a_lone_surrogate_is_refused_and_not_an_accident():
    with pytest.raises(RecordError) as caught:
        parse_cve(changed("containers.cna.title", "\ud800"))
    assert caught.value.code == "not_json"


def test_references_stop_at_fifty():
    links = [{"url": f"https://example.org/{number}"} for number in range(80)]
    assert len(parse_cve(changed("containers.cna.references", links)).references) == 50


def test_the_digest_ignores_layout_and_sees_content():
    again = orjson.loads(orjson.dumps(RECORD, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
    assert parse_cve(again).raw_digest == parse_cve(RECORD).raw_digest
    assert parse_cve(changed("containers.cna.title", "Other")).raw_digest != parse_cve(RECORD).raw_digest


def test_log4shell_keeps_its_odd_range_and_its_changes(shared):
    (reading,) = open_records(shared / "cve" / "log4shell.jsonl")
    record = parse_cve(reading.document)
    (entry,) = record.affected[0].versions
    assert (record.id, entry.version, entry.less_than) == ("CVE-2021-44228", "2.0-beta9", "log4j-core*")
    assert entry.changes[-1] == VersionChange("2.15.0", "unaffected")


def read_all(readings) -> Counter:
    found = Counter()
    for reading in readings:
        assert reading.error is None, (reading.where, reading.error)
        record = parse_cve(reading.document)
        found["records"] += 1
        found["products"] += len(record.affected)
        found["ssvc"] += record.ssvc is not None
        found["cpes"] += any(affected.cpes for affected in record.affected)
        found[record.state] += 1
        assert len(record.raw_digest) == 64
    return found


def test_real_records_are_read(shared):
    readings = open_records(shared / "cve" / "cve-records.jsonl.gz")
    found = read_all(itertools.islice(readings, 3_000))
    assert found["records"] == 3_000
    assert found["ssvc"] > 2_000
    assert found["cpes"] > 100


@pytest.mark.full
def test_every_real_record_is_read(shared):
    found = read_all(open_records(shared / "cve" / "cve-records.jsonl.gz"))
    assert found["records"] == found["PUBLISHED"] + found["REJECTED"] == 33_144


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def spots(value: object, at: tuple = ()) -> list[tuple]:
    """The path of every value inside a document."""
    found = [at] if at else []
    if isinstance(value, dict):
        found += [spot for key, item in value.items() for spot in spots(item, (*at, key))]
    elif isinstance(value, list):
        found += [spot for key, item in enumerate(value) for spot in spots(item, (*at, key))]
    return found


SPOTS = spots(RECORD)


@given(st.lists(st.tuples(st.sampled_from(SPOTS), JSON), min_size=1, max_size=3))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_change_gives_a_record_or_a_clear_error(changes):
    document = copy.deepcopy(RECORD)
    for path, value in changes:
        owner = document
        try:
            for part in path[:-1]:
                owner = owner[part]
            owner[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue
    with contextlib.suppress(RecordError):
        assert isinstance(parse_cve(document), VulnerabilityRecord)


@given(JSON)
@settings(max_examples=100, deadline=None)
def test_any_json_is_refused_clearly(document):
    with pytest.raises(RecordError):
        parse_cve(document)
