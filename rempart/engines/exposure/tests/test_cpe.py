"""CPE names as NISTIR 7695 binds them, the configurations made of them, and what they say of platforms."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.engines.exposure import Aliases, match
from rempart.engines.exposure.cpe import parse_cpe
from rempart.engines.exposure.model import Affected, Component, Status, Verdict, VersionEntry
from rempart.engines.exposure.platforms import family_of, is_elsewhere
from rempart.engines.records.applicability import parse_applicability

YES, NO, OPEN = Status.AFFECTED, Status.NOT_AFFECTED, Status.CANNOT_TELL


@pytest.mark.parametrize(
    ("text", "version", "update", "logical"),
    [
        ("cpe:2.3:a:acme:frob:1.2:p3:*:*:*:*:*:*", "1.2", "p3", ("", "")),
        ("cpe:2.3:a:acme:frob:-:*:*:*:*:*:*:*", "", "", ("-", "*")),
        ("cpe:2.3:a:acme:frob:*:-:*:*:*:*:*:*", "", "", ("*", "-")),
        ("cpe:2.3:a:acme:frob:4.0\\+b\\:1:*:*:*:*:*:*:*", "4.0+b:1", "", ("", "*")),
        ("cpe:/a:acme:frob:1.2:p3", "1.2", "p3", ("", "")),
        ("cpe:/a:acme:frob", "", "", ("*", "*")),
        ("cpe:/a:acme:frob:-", "", "", ("-", "*")),
        ("cpe:/a:acme:frob:1.0%2bb", "1.0+b", "", ("", "*")),
    ],
)
def test_any_and_not_applicable_stay_apart(
    text: str, version: str, update: str, logical: tuple[str, str]
) -> None:
    cpe = parse_cpe(text)
    assert cpe is not None
    assert (cpe.version, cpe.update) == (version, update)
    assert (cpe.logical_version, cpe.logical_update) == logical


def test_the_packed_field_of_a_uri_is_unpacked() -> None:
    cpe = parse_cpe("cpe:/a:acme:frob:1.0::~lite~pro~wordpress~x64~")
    assert cpe is not None
    assert (cpe.edition, cpe.sw_edition, cpe.target_sw, cpe.target_hw) == ("lite", "pro", "wordpress", "x64")


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("cpe:2.3:a:acme:frob:2.1*:*:*:*:*:*:*:*", "2.1.*"),
        ("cpe:2.3:a:acme:frob:2.1.*:*:*:*:*:*:*:*", "2.1.*"),
        ("cpe:2.3:a:acme:frob:2.?.1:*:*:*:*:*:*:*", "2.?.1"),
        ("cpe:2.3:a:acme:frob:2.1\\*:*:*:*:*:*:*:*", "2.1*"),
    ],
)
def test_wildcards_are_not_the_characters_that_they_are_written_with(text: str, version: str) -> None:
    cpe = parse_cpe(text)
    assert cpe is not None
    assert cpe.full_version == version
    assert cpe.wildcards == ("\\*" not in text)


@pytest.mark.parametrize("text", ["cpe:2.3:a:acme", "cpe:2.3:x:a:b:1:*:*:*:*:*:*:*", "cpe:/a:*:b", "acme"])
def test_what_names_no_product_is_refused(text: str) -> None:
    assert parse_cpe(text) is None


@given(st.text(alphabet="cpe:/2.3aoh*-?\\~%01 \u00e9", max_size=120))
def test_any_text_is_read_or_refused(text: str) -> None:
    parse_cpe(text)
    parse_cpe("cpe:2.3:a:" + text)
    parse_cpe("cpe:/a:x:" + text)


def configured(*nodes: dict[str, Any], operator: str = "OR") -> list[Affected]:
    container = {"cpeApplicability": [{"operator": operator, "nodes": list(nodes)}]}
    return list(parse_applicability(container, "containers.cna", "cna-cpe:acme"))


def node(*matches: dict[str, Any], operator: str = "OR", negate: bool = False) -> dict[str, Any]:
    return {"operator": operator, "negate": negate, "cpeMatch": list(matches)}


def criteria(
    product: str, *, part: str = "a", version: str = "*", update: str = "*", **more: Any
) -> dict[str, Any]:
    name = f"cpe:2.3:{part}:acme:{product}:{version}:{update}:*:*:*:*:*:*"
    return {"criteria": name, "vulnerable": more.pop("vulnerable", True), **more}


def ask(statements: list[Affected], product: str, version: str, cpe: str = "") -> Verdict:
    component = Component(
        "c", version=version, cpe=cpe or f"cpe:2.3:a:acme:{product}:{version}:*:*:*:*:*:*:*"
    )
    verdict = match(component, "CVE-2024-1", statements, Aliases())
    assert verdict is not None
    return verdict


def test_hardware_that_no_inventory_shows_is_told() -> None:
    statements = configured(
        node(criteria("frob_firmware", part="o", versionEndExcluding="2.0")),
        node(criteria("frob", part="h", version="-", vulnerable=False)),
        operator="AND",
    )
    verdict = ask(statements, "", "1.0", "cpe:2.3:o:acme:frob_firmware:1.0:*:*:*:*:*:*:*")
    assert (verdict.status, verdict.detail["condition"]) == (YES, "cpe:2.3:h:acme:frob:-:*:*:*:*:*:*:*")
    alone = configured(node(criteria("frob_firmware", part="o", versionEndExcluding="2.0")))
    assert (
        verdict.confidence
        < ask(alone, "", "1.0", "cpe:2.3:o:acme:frob_firmware:1.0:*:*:*:*:*:*:*").confidence
    )


def test_products_vulnerable_together_are_each_others_condition() -> None:
    statements = configured(node(criteria("one")), node(criteria("two")), operator="AND")
    assert [one.platforms for one in statements] == [
        ("cpe:2.3:a:acme:two:*:*:*:*:*:*:*:*",),
        ("cpe:2.3:a:acme:one:*:*:*:*:*:*:*:*",),
    ]
    statements = configured(node(criteria("one")), node(criteria("two")))
    assert [one.platforms for one in statements] == [(), ()]


def test_a_negated_node_is_said_as_such() -> None:
    statements = configured(
        node(criteria("frob", versionEndExcluding="2.0")),
        node(criteria("shield", vulnerable=False), negate=True),
        operator="AND",
    )
    assert statements[0].platforms == ("not cpe:2.3:a:acme:shield:*:*:*:*:*:*:*:*",)
    (negated,) = configured(node(criteria("frob", versionEndExcluding="2.0"), negate=True))
    assert [entry.status for entry in negated.versions] == ["unknown"]


def test_updates_and_excluded_starts_count() -> None:
    statements = configured(
        node(
            criteria("frob", version="1.2", update="p3"),
            criteria("frob", versionStartExcluding="2.0", versionEndIncluding="3.0"),
        )
    )
    assert [entry.version for one in statements for entry in one.versions] == ["1.2-p3", "2.0"]
    assert [
        ask(statements, "frob", version).status for version in ("1.2 patch 3", "2.0", "2.0.1", "3.0")
    ] == [
        YES,
        OPEN,
        YES,
        YES,
    ]


def test_not_applicable_is_no_version_and_any_is_every_version() -> None:
    assert ask(configured(node(criteria("frob", version="*"))), "frob", "9").status is YES
    assert ask(configured(node(criteria("frob", version="-"))), "frob", "9").reason == "unstated_version"


def about(target: str = "*", platforms: tuple[str, ...] = ()) -> list[Affected]:
    cpe = f"cpe:2.3:a:acme:frob:*:*:*:*:*:{target}:*:*"
    return [
        Affected(
            "cna:acme", cpes=(cpe,), platforms=platforms, versions=(VersionEntry("0", "affected", "", "2.0"),)
        )
    ]


@pytest.mark.parametrize(
    ("statement", "held", "status", "reason"),
    [
        (about("wordpress"), "node.js", NO, "other_platform"),
        (about("wordpress"), "wordpress", YES, "in_range"),
        (about("wordpress"), "*", YES, "in_range"),
        (about("wordpress"), "windows", YES, "in_range"),
        (about("*", ("Windows",)), "macos", NO, "other_platform"),
        (about("*", ("Windows", "MacOS")), "macos", YES, "in_range"),
        (about("*", ("Windows", "x64-based Systems")), "macos", YES, "in_range"),
        (about("iphone_os"), "android", NO, "other_platform"),
    ],
)
def test_another_platform_is_another_product(
    statement: list[Affected], held: str, status: Status, reason: str
) -> None:
    verdict = ask(statement, "frob", "1.0", f"cpe:2.3:a:acme:frob:1.0:*:*:*:*:{held}:*:*")
    assert (verdict.status, verdict.reason) == (status, reason)


def test_families_of_two_kinds_do_not_exclude_each_other() -> None:
    assert family_of("Windows 10 Version 1809 for x64-based Systems") == "windows"
    assert family_of("Snapdragon Auto") == ""
    assert not is_elsewhere(frozenset({"windows"}), frozenset({"node.js"}))
    assert is_elsewhere(frozenset({"windows"}), frozenset({"node.js", "linux"}))
