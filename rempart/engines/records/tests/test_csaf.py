"""CSAF advisories: CISA's, the standard's own test documents, and broken ones."""

import contextlib
import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rempart.engines.exposure.model import VersionEntry
from rempart.engines.records.csaf import CsafAdvisory, parse_csaf
from rempart.engines.records.csaf_products import CsafProduct, version_entries
from rempart.engines.records.fields import RecordError
from rempart.engines.records.sources import open_records

ADVISORY = {
    "document": {
        "category": "csaf_security_advisory",
        "csaf_version": "2.0",
        "title": "Frob",
        "publisher": {"category": "vendor", "name": "ACME PSIRT", "namespace": "https://acme.example"},
        "distribution": {"tlp": {"label": "GREEN"}},
        "tracking": {
            "id": "ACME-1",
            "version": "2",
            "status": "final",
            "initial_release_date": "2024-01-01T00:00:00Z",
            "current_release_date": "2024-02-01T00:00:00Z",
        },
    },
    "product_tree": {
        "branches": [
            {
                "category": "vendor",
                "name": "ACME",
                "branches": [
                    {
                        "category": "product_name",
                        "name": "Frob",
                        "branches": [
                            {
                                "category": "product_version_range",
                                "name": "vers:semver/>=1.0.0|<2.0.0",
                                "product": {"product_id": "P1", "name": "ACME Frob 1.x"},
                            },
                            {
                                "category": "product_version",
                                "name": "2.0.0",
                                "product": {"product_id": "P2", "name": "ACME Frob 2.0.0"},
                            },
                        ],
                    }
                ],
            }
        ],
        "full_product_names": [
            {
                "product_id": "OS",
                "name": "ACME OS",
                "product_identification_helper": {
                    "cpe": "cpe:2.3:o:acme:os:-:*:*:*:*:*:*:*",
                    "purl": "pkg:generic/os",
                },
            }
        ],
        "relationships": [
            {
                "category": "installed_on",
                "product_reference": "P1",
                "relates_to_product_reference": "OS",
                "full_product_name": {"product_id": "P1-OS", "name": "Frob on OS"},
            }
        ],
    },
    "vulnerabilities": [
        {
            "cve": "CVE-2024-0001",
            "title": "Overflow",
            "cwe": {"id": "CWE-121", "name": "Overflow"},
            "notes": [{"category": "summary", "text": "S"}, {"category": "description", "text": "D"}],
            "product_status": {
                "known_affected": ["P1", "P1-OS"],
                "fixed": ["P2"],
                "under_investigation": ["OS"],
            },
            "scores": [
                {
                    "products": ["P1"],
                    "cvss_v3": {
                        "version": "3.1",
                        "baseScore": 9.8,
                        "baseSeverity": "CRITICAL",
                        "vectorString": "V",
                    },
                }
            ]
            * 2,
            "remediations": [{"category": "vendor_fix", "details": "Update", "product_ids": ["P1"]}],
            "references": [{"url": "https://acme.example/1", "summary": "x"}],
        },
        {
            "ids": [{"system_name": "ACME", "text": "BUG-7"}],
            "product_status": {"known_not_affected": ["OS"]},
            "flags": [{"label": "component_not_present", "product_ids": ["OS"]}],
        },
        {},
    ],
}


def test_products_statuses_and_relationships_are_resolved():
    advisory = parse_csaf(ADVISORY)
    assert (advisory.id, advisory.publisher, advisory.tlp, advisory.status) == (
        "ACME-1",
        "ACME PSIRT",
        "GREEN",
        "final",
    )
    first = advisory.vulnerabilities[0]
    frob, frob_on_os, system = first.affected
    assert {item.source for item in first.affected} == {"csaf:acme-psirt:ACME-1"}
    assert (frob.vendor, frob.product, frob.platforms) == ("ACME", "Frob", ())
    assert frob.versions == (
        VersionEntry("2.0.0", "unaffected"),
        VersionEntry("1.0.0", "affected", "semver", "2.0.0"),
    )
    assert (frob_on_os.product, frob_on_os.platforms) == ("Frob", ("ACME OS",))
    assert (system.cpes, system.purl) == (("cpe:2.3:o:acme:os:-:*:*:*:*:*:*:*",), "pkg:generic/os")
    assert system.versions == (VersionEntry("*", "unknown"),)


def test_the_rest_of_an_advisory_is_read():
    advisory = parse_csaf(ADVISORY)
    first = advisory.vulnerabilities[0]
    assert (first.description, first.cwes, first.references) == (
        "D",
        ("CWE-121",),
        ("https://acme.example/1",),
    )
    assert [(metric.version, metric.score) for metric in first.metrics] == [("3.1", 9.8)]
    assert [item.id for item in advisory.vulnerabilities] == ["CVE-2024-0001", "BUG-7", "ACME-1/3"]
    (remedy,) = advisory.remediations
    assert (remedy.vulnerability_id, remedy.category) == ("CVE-2024-0001", "vendor_fix")
    assert remedy.products == ("ACME Frob 1.x",)
    (flag,) = advisory.flags
    assert (flag.vulnerability_id, flag.label, flag.products) == (
        "BUG-7",
        "component_not_present",
        ("ACME OS",),
    )


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("vers:all/*", [VersionEntry("*", "affected")]),
        ("All versions", [VersionEntry("*", "affected")]),
        ("<= 3.1", [VersionEntry("0", "affected", less_than_or_equal="3.1")]),
        ("All versions < V19 Update 4", [VersionEntry("0", "affected", less_than="V19 Update 4")]),
        ("vers:all/>=V1<V2", [VersionEntry("V1", "affected", less_than="V2")]),
        (">= 1.0 | < 2.0", [VersionEntry("1.0", "affected", less_than="2.0")]),
        ("1.0 < 2.0", [VersionEntry("1.0", "affected", less_than="2.0")]),
        (">=5", [VersionEntry("5", "affected", less_than_or_equal="*")]),
        ("1.1|1.2", [VersionEntry("1.1", "affected"), VersionEntry("1.2", "affected")]),
        ("prior to 3.0", [VersionEntry("0", "affected", less_than="3.0")]),
        ("3.0 and prior", [VersionEntry("0", "affected", less_than_or_equal="3.0")]),
        (
            "vers:npm/>1%2B1|<2|!=1.5",
            [
                VersionEntry("1.5", "unaffected", "npm"),
                VersionEntry("1+1", "affected", "npm", "2", after=True),
            ],
        ),
        ("<V2_installed_on_CP100", [VersionEntry("<V2_installed_on_CP100", "affected", "text")]),
        ("<=", [VersionEntry("<=", "affected", "text")]),
    ],
)
def test_ranges_as_publishers_write_them(stated, expected):
    assert list(version_entries(CsafProduct("x", range=stated), "affected")) == expected


def advisory_of_2_1() -> dict:
    """The advisory above as CSAF 2.1 writes it: paths, metrics, weaknesses, package URLs, groups."""
    document = copy.deepcopy(ADVISORY)
    document["document"]["csaf_version"] = "2.1"
    document["document"]["distribution"]["tlp"]["label"] = "AMBER+STRICT"
    tree = document["product_tree"]
    tree.pop("relationships")
    tree["product_paths"] = [
        {
            "beginning_product_reference": "P1",
            "full_product_name": {"product_id": "P1-OS", "name": "ACME Frob 1.x on ACME OS"},
            "subpaths": [{"category": "installed_on", "next_product_reference": "OS"}],
        }
    ]
    tree["full_product_names"].append(
        {
            "product_id": "LIB",
            "name": "libfrob 1.2",
            "product_identification_helper": {"purls": ["pkg:npm/libfrob@1.2.0?arch=x64"]},
        }
    )
    tree["product_groups"] = [{"group_id": "G1", "product_ids": ["P2", "LIB"]}]
    score = {"version": "3.1", "baseScore": 9.8, "baseSeverity": "CRITICAL", "vectorString": "CVSS:3.1/…"}
    document["vulnerabilities"] = [
        {
            "cve": "CVE-2024-0002",
            "cwes": [{"id": "CWE-79", "name": "x", "version": "4.13"}, {"id": "CWE-80", "name": "y"}],
            "disclosure_date": "2024-01-02T00:00:00Z",
            "ids": [{"system_name": "ACME", "text": "BUG-9"}],
            "metrics": [{"content": {"cvss_v3": score}, "products": ["P1"]}],
            "flags": [{"label": "vulnerable_code_not_present", "group_ids": ["G1"]}],
            "product_status": {
                "known_affected": ["P1-OS"],
                "known_not_affected": ["LIB"],
                "unknown": ["OS"],
                "recommended": ["P2"],
            },
        }
    ]
    return document


def test_the_next_version_of_the_standard_is_read():
    advisory = parse_csaf(advisory_of_2_1())
    (record,) = advisory.vulnerabilities
    assert (record.cwes, record.aliases, record.published.day) == (("CWE-79", "CWE-80"), ("BUG-9",), 2)
    assert [metric.score for metric in record.metrics] == [9.8]
    on_os, library, system = record.affected
    assert (on_os.product, on_os.platforms) == ("Frob", ("ACME OS",))
    assert (library.purl, library.justification) == (
        "pkg:npm/libfrob@1.2.0?arch=x64",
        "vulnerable_code_not_present",
    )
    assert library.versions == (VersionEntry("1.2.0", "unaffected"),)
    assert system.versions == (VersionEntry("*", "unknown"),)
    assert advisory.flags[0].products == ("ACME Frob 2.0.0", "libfrob 1.2")
    assert advisory.recommended == (("CVE-2024-0002", ("ACME Frob 2.0.0",)),)


def test_a_group_or_a_path_that_leads_nowhere_is_named():
    document = advisory_of_2_1()
    document["vulnerabilities"][0]["flags"][0]["group_ids"] = ["G9"]
    with pytest.raises(RecordError) as caught:
        parse_csaf(document)
    assert caught.value.field == "vulnerabilities[0].flags[0].group_ids[0]"
    document = advisory_of_2_1()
    document["product_tree"]["product_paths"][0]["subpaths"][0]["next_product_reference"] = "NONE"
    with pytest.raises(RecordError) as caught:
        parse_csaf(document)
    assert caught.value.field == "product_tree.product_paths[0]"


@given(st.text(alphabet="<>=!|*. 0123456789vers:/%abAll\t≤≥", max_size=60))
def test_any_range_gives_entries(stated):
    assert version_entries(CsafProduct("x", range=stated), "affected")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda d: d["document"].pop("tracking"), "document.tracking"),
        (lambda d: d["document"].update(csaf_version="1.2"), "document.csaf_version"),
        (lambda d: d["vulnerabilities"][0].update(cve="x"), "vulnerabilities[0].cve"),
        (
            lambda d: d["vulnerabilities"][0]["product_status"].update(fixed=["NO"]),
            "vulnerabilities[0].product_status.fixed[0]",
        ),
        (
            lambda d: d["product_tree"]["full_product_names"].append({"product_id": "P1", "name": "x"}),
            "product_tree.full_product_names[1].product_id",
        ),
        (
            lambda d: d["product_tree"]["relationships"][0].update(product_reference="P1-OS"),
            "product_tree.relationships[0]",
        ),
    ],
)
def test_a_malformed_advisory_names_its_field(change, field):
    document = copy.deepcopy(ADVISORY)
    change(document)
    with pytest.raises(RecordError) as caught:
        parse_csaf(document)
    assert caught.value.field == field


def test_branches_nested_without_end_are_refused():
    document = copy.deepcopy(ADVISORY)
    branch = {"category": "product_family", "name": "x"}
    for _ in range(200):
        branch = {"category": "product_family", "name": "x", "branches": [branch]}
    document["product_tree"]["branches"] = [branch]
    with pytest.raises(RecordError) as caught:
        parse_csaf(document)
    assert caught.value.code == "too_deep"


def test_every_advisory_of_cisa_is_read(shared):
    count = products = 0
    for reading in open_records(shared / "csaf" / "cisa"):
        assert reading.error is None
        advisory = parse_csaf(reading.document)
        assert isinstance(advisory, CsafAdvisory)
        count += 1
        products += sum(len(item.affected) for item in advisory.vulnerabilities)
        for vulnerability in advisory.vulnerabilities:
            assert vulnerability.id.startswith("CVE-")
            assert all(item.vendor and item.product and item.versions for item in vulnerability.affected)
    assert count == 370
    assert products > 3_000


def test_the_standards_own_documents_are_read_or_refused_clearly(shared):
    read = refused = 0
    for reading in open_records(shared / "csaf" / "oasis" / "csaf_2.0"):
        assert reading.document is not None, reading.where
        try:
            parse_csaf(reading.document)
            read += 1
        except RecordError as problem:
            refused += bool(problem.field)
    assert read > 240
    assert 0 < refused < 30


JSON = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.lists(st.text(max_size=3), max_size=2)
)


def spots(value: object, at: tuple = ()) -> list[tuple]:
    found = [at] if at else []
    if isinstance(value, dict):
        found += [spot for key, item in value.items() for spot in spots(item, (*at, key))]
    elif isinstance(value, list):
        found += [spot for key, item in enumerate(value) for spot in spots(item, (*at, key))]
    return found


@given(st.sampled_from(spots(ADVISORY)), JSON)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_change_gives_an_advisory_or_a_clear_error(path, value):
    document = copy.deepcopy(ADVISORY)
    owner = document
    for part in path[:-1]:
        owner = owner[part]
    owner[path[-1]] = value
    with contextlib.suppress(RecordError):
        assert parse_csaf(document).id
