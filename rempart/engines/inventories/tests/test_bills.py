"""CycloneDX and SPDX documents: real ones, the same in both syntaxes, odd and hostile ones."""

import contextlib
import copy
import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rempart.engines.inventories.detect import detect
from rempart.engines.inventories.judges import library_problems
from rempart.engines.inventories.model import (
    MESSAGES,
    Edge,
    InventoryError,
    InventoryLimits,
    InventoryRow,
    VexStatement,
)
from rempart.engines.inventories.read import read_inventory

CYCLONEDX = {
    "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
    "bomFormat": "CycloneDX",
    "specVersion": "1.5",
    "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
    "version": 3,
    "metadata": {
        "timestamp": "2024-03-01T12:00:00+02:00",
        "component": {"type": "application", "bom-ref": "app", "name": "Portail", "version": "1"},
    },
    "components": [
        {
            "type": "library",
            "bom-ref": "log4j",
            "supplier": {"name": "Apache"},
            "group": "org.apache.logging.log4j",
            "name": "log4j-core",
            "version": "2.14.1",
            "purl": "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1",
            "cpe": "cpe:2.3:a:apache:log4j:2.14.1:*:*:*:*:*:*:*",
            "licenses": [{"license": {"id": "Apache-2.0"}}],
            "pedigree": {"notes": "patched"},
            "components": [{"type": "library", "name": "inner", "version": "0.1"}],
        },
        {
            "type": "operating-system",
            "bom-ref": "os",
            "publisher": "Debian",
            "name": "debian",
            "version": "12",
        },
    ],
    "dependencies": [{"ref": "app", "dependsOn": ["log4j", "os"]}, {"ref": "log4j"}],
    "vulnerabilities": [
        {
            "id": "CVE-2021-44228",
            "analysis": {
                "state": "not_affected",
                "justification": "code_not_reachable",
                "response": ["will_not_fix"],
                "detail": "JNDI removed",
            },
            "affects": [{"ref": "log4j"}],
        }
    ],
    "compositions": [{"aggregate": "incomplete"}],
    "services": [{"bom-ref": "svc", "name": "api"}],
}

CYCLONEDX_XML = """<?xml version="1.0" encoding="UTF-8"?>
<bom xmlns="http://cyclonedx.org/schema/bom/1.5" version="3"
     serialNumber="urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79">
  <metadata>
    <timestamp>2024-03-01T12:00:00+02:00</timestamp>
    <component type="application" bom-ref="app"><name>Portail</name><version>1</version></component>
  </metadata>
  <components>
    <component type="library" bom-ref="log4j">
      <supplier><name>Apache</name></supplier>
      <group>org.apache.logging.log4j</group>
      <name>log4j-core</name>
      <version>2.14.1</version>
      <licenses><license><id>Apache-2.0</id></license></licenses>
      <cpe>cpe:2.3:a:apache:log4j:2.14.1:*:*:*:*:*:*:*</cpe>
      <purl>pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1</purl>
      <pedigree><notes>patched</notes></pedigree>
      <components><component type="library"><name>inner</name><version>0.1</version></component></components>
    </component>
    <component type="operating-system" bom-ref="os">
      <publisher>Debian</publisher><name>debian</name><version>12</version>
    </component>
  </components>
  <services><service bom-ref="svc"><name>api</name></service></services>
  <dependencies>
    <dependency ref="app"><dependency ref="log4j"/><dependency ref="os"/></dependency>
    <dependency ref="log4j"/>
  </dependencies>
  <compositions><composition><aggregate>incomplete</aggregate></composition></compositions>
  <vulnerabilities>
    <vulnerability>
      <id>CVE-2021-44228</id>
      <analysis>
        <state>not_affected</state>
        <justification>code_not_reachable</justification>
        <responses><response>will_not_fix</response></responses>
        <detail>JNDI removed</detail>
      </analysis>
      <affects><target><ref>log4j</ref></target></affects>
    </vulnerability>
  </vulnerabilities>
</bom>
"""

SPDX = {
    "spdxVersion": "SPDX-2.3",
    "SPDXID": "SPDXRef-DOCUMENT",
    "dataLicense": "CC0-1.0",
    "name": "Portail",
    "documentNamespace": "https://example.org/portail-1",
    "creationInfo": {"created": "2024-03-01T10:00:00Z", "creators": ["Tool: example"]},
    "packages": [
        {
            "SPDXID": "SPDXRef-app",
            "name": "Portail",
            "versionInfo": "1",
            "downloadLocation": "NOASSERTION",
            "filesAnalyzed": False,
        },
        {
            "SPDXID": "SPDXRef-log4j",
            "name": "log4j-core",
            "versionInfo": "2.14.1",
            "downloadLocation": "NOASSERTION",
            "filesAnalyzed": False,
            "supplier": "Organization: Apache (security@example.org)",
            "licenseConcluded": "Apache-2.0",
            "primaryPackagePurpose": "LIBRARY",
            "externalRefs": [
                {
                    "referenceCategory": "PACKAGE-MANAGER",
                    "referenceType": "purl",
                    "referenceLocator": "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1",
                },
                {
                    "referenceCategory": "SECURITY",
                    "referenceType": "cpe23Type",
                    "referenceLocator": "cpe:2.3:a:apache:log4j:2.14.1:*:*:*:*:*:*:*",
                },
            ],
        },
        {
            "SPDXID": "SPDXRef-os",
            "name": "debian",
            "versionInfo": "NOASSERTION",
            "supplier": "NOASSERTION",
            "downloadLocation": "NOASSERTION",
            "filesAnalyzed": False,
        },
    ],
    "relationships": [
        {
            "spdxElementId": "SPDXRef-DOCUMENT",
            "relatedSpdxElement": "SPDXRef-app",
            "relationshipType": "DESCRIBES",
        },
        {
            "spdxElementId": "SPDXRef-app",
            "relatedSpdxElement": "SPDXRef-log4j",
            "relationshipType": "DEPENDS_ON",
        },
        {
            "spdxElementId": "SPDXRef-os",
            "relatedSpdxElement": "SPDXRef-app",
            "relationshipType": "DEPENDENCY_OF",
        },
        {
            "spdxElementId": "SPDXRef-os",
            "relatedSpdxElement": "SPDXRef-app",
            "relationshipType": "BUILD_TOOL_OF",
        },
    ],
}

ROOT = "https://example.org/"
SPDX3 = {
    "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
    "@graph": [
        {
            "type": "CreationInfo",
            "@id": "_:made",
            "specVersion": "3.0.1",
            "created": "2024-03-01T10:00:00Z",
            "createdBy": [f"{ROOT}apache"],
        },
        {"type": "Organization", "spdxId": f"{ROOT}apache", "creationInfo": "_:made", "name": "Apache"},
        {
            "type": "SpdxDocument",
            "spdxId": f"{ROOT}document",
            "creationInfo": "_:made",
            "rootElement": [f"{ROOT}sbom"],
        },
        {
            "type": "software_Sbom",
            "spdxId": f"{ROOT}sbom",
            "creationInfo": "_:made",
            "rootElement": [f"{ROOT}app"],
        },
        {
            "type": "software_Package",
            "spdxId": f"{ROOT}app",
            "creationInfo": "_:made",
            "name": "Portail",
            "software_packageVersion": "1",
        },
        {
            "type": "software_Package",
            "spdxId": f"{ROOT}log4j",
            "creationInfo": "_:made",
            "name": "log4j-core",
            "software_packageVersion": "2.14.1",
            "software_packageUrl": "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1",
            "software_primaryPurpose": "library",
            "suppliedBy": f"{ROOT}apache",
            "externalIdentifier": [
                {
                    "type": "ExternalIdentifier",
                    "externalIdentifierType": "cpe23",
                    "identifier": "cpe:2.3:a:apache:log4j:2.14.1:*:*:*:*:*:*:*",
                }
            ],
        },
        {"type": "software_File", "spdxId": f"{ROOT}file", "creationInfo": "_:made", "name": "a.jar"},
        {
            "type": "Relationship",
            "spdxId": f"{ROOT}relation",
            "creationInfo": "_:made",
            "from": f"{ROOT}app",
            "to": [f"{ROOT}log4j"],
            "relationshipType": "dependsOn",
            "completeness": "incomplete",
        },
    ],
}

LOG4J = InventoryRow(
    where="log4j",
    kind="library",
    vendor="Apache",
    product="log4j-core",
    version="2.14.1",
    purl="pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1",
    cpe="cpe:2.3:a:apache:log4j:2.14.1:*:*:*:*:*:*:*",
)


def raw(document: object) -> bytes:
    return json.dumps(document).encode()


def facts(row: InventoryRow) -> tuple[str, ...]:
    return (row.kind, row.vendor, row.product, row.version, row.purl, row.cpe)


@pytest.mark.parametrize("source", [raw(CYCLONEDX), CYCLONEDX_XML.encode()], ids=["json", "xml"])
def test_cyclonedx_says_the_same_in_json_and_xml(source):
    inventory = read_inventory(source)
    assert (inventory.format, inventory.format_version, inventory.version) == ("cyclonedx", "1.5", "3")
    assert inventory.serial == "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79"
    assert inventory.made == datetime(2024, 3, 1, 10, tzinfo=UTC)
    assert inventory.subject is not None
    assert [row.where for row in inventory.everything] == [
        "app",
        "log4j",
        "components[0].components[0]",
        "os",
    ]
    assert facts(inventory.rows[0]) == facts(LOG4J)
    assert inventory.rows[0].extra == {"group": "org.apache.logging.log4j", "licences": "Apache-2.0"}
    assert inventory.rows[2].vendor == "Debian"
    assert set(inventory.edges) == {
        Edge("log4j", "components[0].components[0]", "contains"),
        Edge("app", "log4j"),
        Edge("app", "os"),
    }
    assert inventory.statements == (
        VexStatement(
            "CVE-2021-44228",
            "not_affected",
            "code_not_reachable",
            ("will_not_fix",),
            "JNDI removed",
            ("log4j",),
        ),
    )
    assert not inventory.complete
    assert [(problem.code, problem.values) for problem in inventory.problems] == [
        ("part_skipped", {"part": "pedigree", "count": "1"}),
        ("part_skipped", {"part": "services", "count": "1"}),
    ]


def test_spdx_2_3():
    inventory = read_inventory(raw(SPDX))
    assert (inventory.format, inventory.format_version) == ("spdx", "2.3")
    assert inventory.subject is not None
    assert inventory.subject.where == "SPDXRef-app"
    assert facts(inventory.rows[0]) == facts(LOG4J)
    assert (inventory.rows[1].version, inventory.rows[1].vendor) == ("", "")
    assert set(inventory.edges) == {Edge("SPDXRef-app", "SPDXRef-log4j"), Edge("SPDXRef-app", "SPDXRef-os")}
    assert [problem.values["part"] for problem in inventory.problems] == ["relationships BUILD_TOOL_OF"]
    assert library_problems(raw(SPDX), "spdx-json", "2.3") == []


def test_spdx_3_0():
    inventory = read_inventory(raw(SPDX3))
    assert (inventory.format, inventory.format_version, inventory.serial) == (
        "spdx",
        "3.0.1",
        f"{ROOT}document",
    )
    assert inventory.made == datetime(2024, 3, 1, 10, tzinfo=UTC)
    assert inventory.subject is not None
    assert inventory.subject.product == "Portail"
    assert [facts(row) for row in inventory.rows] == [facts(LOG4J)]
    assert inventory.edges == (Edge(f"{ROOT}app", f"{ROOT}log4j"),)
    assert not inventory.complete
    assert [problem.values["part"] for problem in inventory.problems] == ["software_File"]
    assert library_problems(raw(SPDX3), "spdx3-json", "3.0.1") == []


def test_one_odd_licence_does_not_cost_the_document():
    document = copy.deepcopy(SPDX)
    document["packages"][1]["licenseConcluded"] = "not ( a licence"
    assert len(read_inventory(raw(document)).rows) == 2
    assert library_problems(raw(document), "spdx-json", "2.3")


def test_odd_entries_are_noted_and_the_rest_is_read():
    document = copy.deepcopy(CYCLONEDX)
    document["components"] += [
        {"type": "library", "bom-ref": "log4j", "name": "again"},
        {"type": "library"},
        "text",
        {"name": 5, "version": {"a": 1}},
        {"name": "n" * 10_000, "purl": "pkg:npm/x\u0000y"},
    ]
    document["dependencies"] += [{"ref": "app", "dependsOn": ["ghost"]}, {"ref": "app", "dependsOn": "os"}]
    inventory = read_inventory(raw(document))
    assert [row.where for row in inventory.rows][3:] == ["components[2]", "components[5]", "components[6]"]
    assert len(inventory.rows[-1].product) == 10_000
    assert inventory.rows[-1].purl == "pkg:npm/x\ufffdy"
    assert {problem.code for problem in inventory.problems} == {
        "duplicate_ref",
        "missing",
        "wrong_type",
        "unknown_ref",
        "part_skipped",
    }
    assert all(str(problem) for problem in inventory.problems)


def test_problems_are_counted_past_a_thousand():
    document = CYCLONEDX | {"dependencies": [{"ref": "app", "dependsOn": ["ghost"] * 5_000}]}
    problems = read_inventory(raw(document)).problems
    assert len(problems) == 1_001
    assert problems[-1].code == "more"


def test_references_that_look_like_paths_stay_apart():
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "components": [{"name": "a", "bom-ref": "components[1]"}, {"name": "b"}],
    }
    assert len({row.where for row in read_inventory(raw(document)).rows}) == 2


def test_cyclic_dependencies_are_only_edges():
    document = CYCLONEDX | {
        "dependencies": [{"ref": "app", "dependsOn": ["os"]}, {"ref": "os", "dependsOn": ["app"]}]
    }
    assert {Edge("app", "os"), Edge("os", "app")} <= set(read_inventory(raw(document)).edges)


@pytest.mark.parametrize("version", ["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"])
def test_every_version_in_both_syntaxes(version):
    assert read_inventory(raw(CYCLONEDX | {"specVersion": version})).format_version == version
    text = CYCLONEDX_XML.replace("/bom/1.5", f"/bom/{version}")
    assert read_inventory(text.encode()).format_version == version


def test_the_schema_names_the_path():
    document = copy.deepcopy(CYCLONEDX)
    document["components"][0]["name"] = 3
    problems = library_problems(raw(document), "cyclonedx-json", "1.5")
    assert "$.components[0].name" in {problem.where for problem in problems}
    broken = CYCLONEDX_XML.replace('type="application"', "").encode()
    assert library_problems(broken, "cyclonedx-xml", "1.5")[0].where == "line 6"


def nested(levels: int) -> dict:
    component: dict = {"name": "leaf", "type": "library"}
    for _ in range(levels):
        component = {"name": "x", "type": "library", "components": [component]}
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [component]}


XML_HEAD = '<?xml version="1.0"?>'
BOM = '<bom xmlns="http://cyclonedx.org/schema/bom/1.5"><components><component type="library"><name>{}</name>'
LAUGHS = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
HOSTILE = {
    "xxe": f'{XML_HEAD}<!DOCTYPE bom [<!ENTITY x SYSTEM "file:///etc/passwd">]>{BOM.format("&x;")}',
    "laughs": f'{XML_HEAD}<!DOCTYPE bom [<!ENTITY l0 "lol">{LAUGHS}]>{BOM.format("&l9;")}',
    "external dtd": f'{XML_HEAD}<!DOCTYPE bom SYSTEM "http://192.0.2.1/x.dtd">{BOM.format("x")}',
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_xml_with_a_document_type_is_refused(kind):
    for read in (detect, lambda source: read_inventory(source, "cyclonedx-xml")):
        with pytest.raises(InventoryError) as caught:
            read(HOSTILE[kind].encode())
        assert caught.value.code == "forbidden_xml"


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (b"", "empty"),
        (b" \r\n", "empty"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 100, "encrypted"),
        (b"PK\x03\x04....", "not_xlsx"),
        (b"\x7fELF\x02\x01\x01\x00" + bytes(range(30)) * 9, "unknown_binary"),
        (b"just a sentence", "unknown_text"),
        (b'{"a": 1}', "unknown_json"),
        (b'{"bomFormat": "CycloneDX", ', "not_json"),
        (b"[1, 2]", "unknown_json"),
        (raw(CYCLONEDX)[:500], "not_json"),
        (raw(nested(100)), "too_deep"),
        (b'{"a":' * 90_000, "too_deep"),
        (b"<html><body/></html>", "unknown_xml"),
        (b"<bom", "not_xml"),
        (CYCLONEDX_XML.encode()[:900], "not_xml"),
        (b"<bom xmlns='http://cyclonedx.org/schema/bom/1.5'>" + b"<a>" * 5_000, "too_deep"),
        (raw(CYCLONEDX | {"specVersion": "9.9"}), "unknown_version"),
        (raw(CYCLONEDX | {"specVersion": ["1.5"]}), "unknown_version"),
        (raw(SPDX | {"spdxVersion": "SPDX-1.0"}), "unknown_version"),
        (raw(CYCLONEDX | {"components": {}}), "wrong_type"),
        (raw(SPDX | {"packages": "x"}), "wrong_type"),
        (b"Nom,Version\nposte,1\n", "is_table"),
    ],
)
def test_what_cannot_be_read_says_why(source, code):
    with pytest.raises(InventoryError) as caught:
        read_inventory(source)
    assert caught.value.code == code
    assert caught.value.code in MESSAGES
    assert str(caught.value)


def test_size_and_component_counts_are_bounded(tmp_path):
    path = tmp_path / "bom.json"
    path.write_bytes(raw(CYCLONEDX))
    for limits, code in (
        (InventoryLimits(file_bytes=100), "too_large"),
        (InventoryLimits(components=2), "too_many_components"),
    ):
        with pytest.raises(InventoryError) as caught:
            read_inventory(path, limits=limits)
        assert caught.value.code == code


def test_kinds_are_detected_by_content(tmp_path):
    path = tmp_path / "misnamed.xlsx"
    for content, kind in (
        (raw(CYCLONEDX), "cyclonedx-json"),
        (b"\xef\xbb\xbf" + raw(CYCLONEDX), "cyclonedx-json"),
        (json.dumps(CYCLONEDX).encode("utf-16"), "cyclonedx-json"),
        (CYCLONEDX_XML.encode(), "cyclonedx-xml"),
        (raw(SPDX), "spdx-json"),
        (raw(SPDX3), "spdx3-json"),
        ("Nom;Éditeur\na;b".encode("cp1252"), "csv"),
        ("Nom\tÉditeur\na\tb".encode("utf-16"), "csv"),
        ("Nom,Éditeur\na,b".encode("utf-16-le"), "csv"),
    ):
        path.write_bytes(content)
        assert detect(path) == detect(content) == kind


def test_every_real_document_is_read(shared):
    counts: dict[str, int] = {}
    for path in sorted((shared / "sbom").rglob("*")):
        if path.suffix not in {".json", ".xml"}:
            continue
        inventory = read_inventory(path)
        counts[str(path.relative_to(shared / "sbom"))] = len(inventory.rows)
        codes = {problem.code for problem in inventory.problems}
        assert codes <= {"part_skipped", "unknown_ref"}, (path, inventory.problems)
        assert all(row.product for row in inventory.everything)
    assert len(counts) == 21
    for name, count in counts.items():
        twin = name.removesuffix("json") + "xml"
        if name.endswith(".json") and twin in counts:
            assert counts[twin] == count
    assert counts["SBOM/juice-shop/v11.1.2/bom.json"] == 840


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def spots(value: object, at: tuple = ()) -> list[tuple]:
    found = [at] if at else []
    if isinstance(value, dict):
        found += [spot for key, item in value.items() for spot in spots(item, (*at, key))]
    elif isinstance(value, list):
        found += [spot for key, item in enumerate(value) for spot in spots(item, (*at, key))]
    return found


CHANGES = [(document, spot) for document in (CYCLONEDX, SPDX, SPDX3) for spot in spots(document)]


@given(st.sampled_from(CHANGES), JSON)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_change_gives_an_inventory_or_a_clear_error(where, value):
    document, path = copy.deepcopy(where[0]), where[1]
    owner = document
    for part in path[:-1]:
        owner = owner[part]
    owner[path[-1]] = value
    with contextlib.suppress(InventoryError):
        inventory = read_inventory(raw(document))
        assert all(isinstance(row, InventoryRow) for row in inventory.everything)
        assert all(str(problem) for problem in inventory.problems)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_detected_or_refused(source):
    with contextlib.suppress(InventoryError):
        assert detect(source)


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_damaged_xml_is_read_or_refused(data):
    content = bytearray(CYCLONEDX_XML.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InventoryError):
        assert read_inventory(bytes(content), "cyclonedx-xml").format == "cyclonedx"
