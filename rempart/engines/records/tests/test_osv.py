"""OSV records: read whole, and answered as the schema's own algorithm answers."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from rempart.engines.exposure import Aliases, match
from rempart.engines.exposure.evaluation import evaluate
from rempart.engines.exposure.model import Affected, Component, Status, VersionEntry
from rempart.engines.exposure.ranges import compile_affected, reading_of
from rempart.engines.records import read_any
from rempart.engines.records.ecosystems import package_purl
from rempart.engines.records.fields import RecordError
from rempart.engines.records.osv import parse_osv
from rempart.engines.records.sources import open_records


def record(**changes: Any) -> dict[str, Any]:
    return {
        "schema_version": "1.6.0",
        "id": "GHSA-aaaa-bbbb-cccc",
        "modified": "2024-05-01T00:00:00Z",
        "aliases": ["CVE-2024-0001"],
        "affected": [],
    } | changes


def package(ecosystem: str, name: str, *ranges: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"package": {"ecosystem": ecosystem, "name": name}, "ranges": list(ranges)} | more


def events(kind: str, *listed: dict[str, str]) -> dict[str, Any]:
    return {"type": kind, "events": list(listed)}


def answer(affected: Affected, version: str, purl_type: str) -> Status:
    return evaluate(compile_affected(affected, reading_of(version, purl_type)), version).status


def test_identity_aliases_and_severity_are_kept() -> None:
    vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H"
    read = parse_osv(
        record(
            severity=[{"type": "CVSS_V3", "score": vector}],
            affected=[
                package("npm", "@angular/core", events("SEMVER", {"introduced": "0"}, {"fixed": "1.2.3"}))
            ],
        )
    )
    assert (read.id, read.aliases, read.state) == ("GHSA-aaaa-bbbb-cccc", ("CVE-2024-0001",), "PUBLISHED")
    assert [(metric.score, metric.severity, metric.version) for metric in read.metrics] == [
        (10.0, "CRITICAL", "3.1")
    ]
    (affected,) = read.affected
    assert affected.source == "osv:ghsa"
    assert affected.purl == "pkg:npm/%40angular/core"
    assert affected.versions == (VersionEntry("0", "affected", "semver", less_than="1.2.3"),)


def test_a_withdrawn_record_is_rejected() -> None:
    assert parse_osv(record(withdrawn="2024-06-01T00:00:00Z")).state == "REJECTED"


@pytest.mark.parametrize(
    ("ecosystem", "name", "purl"),
    [
        ("PyPI", "Flask_Login", "pkg:pypi/flask-login"),
        ("Go", "github.com/gin-gonic/gin", "pkg:golang/github.com/gin-gonic/gin"),
        ("Maven", "org.apache.struts:struts2-core", "pkg:maven/org.apache.struts/struts2-core"),
        ("Debian:12", "openssl", "pkg:deb/debian/openssl?distro=debian-12"),
        ("Ubuntu:22.04:LTS", "openssl", "pkg:deb/ubuntu/openssl?distro=ubuntu-22.04"),
        ("Alpine:v3.18", "busybox", "pkg:apk/alpine/busybox?distro=alpine-3.18"),
        ("Rocky Linux:8", "bash", "pkg:rpm/rocky-linux/bash?distro=rocky-linux-8"),
        ("Android", "platform/frameworks/base", ""),
    ],
)
def test_packages_become_package_urls(ecosystem: str, name: str, purl: str) -> None:
    assert package_purl(ecosystem, name) == purl


def test_commits_are_kept_only_where_nothing_else_names_the_versions() -> None:
    commits = {
        "type": "GIT",
        "repo": "https://example.org/a.git",
        "events": [{"introduced": "0"}, {"fixed": "a1b2"}],
    }
    both = package("PyPI", "a", commits, events("ECOSYSTEM", {"introduced": "0"}, {"fixed": "2"}))
    (affected,) = parse_osv(record(affected=[both])).affected
    assert [entry.version_type for entry in affected.versions] == ["pypi"]
    (alone,) = parse_osv(record(affected=[package("PyPI", "a", commits)])).affected
    assert answer(alone, "1.0", "pypi") is Status.CANNOT_TELL


@pytest.mark.parametrize(
    ("document", "field"),
    [
        (record(id=""), "id"),
        (record(id="not an id"), "id"),
        (record(withdrawn="yesterday"), "withdrawn"),
        (record(affected=[{"package": {"name": "a"}}]), "affected[0].package.ecosystem"),
        (
            record(affected=[package("PyPI", "a", {"type": "DATE", "events": []})]),
            "affected[0].ranges[0].type",
        ),
        (record(affected=[package("PyPI", "a", {"type": "SEMVER"})]), "affected[0].ranges[0].events"),
        (
            record(affected=[package("PyPI", "a", events("SEMVER", {"fixed": "1", "introduced": "0"}))]),
            "affected[0].ranges[0].events[0]",
        ),
    ],
)
def test_a_malformed_record_names_its_field(document: dict[str, Any], field: str) -> None:
    with pytest.raises(RecordError) as caught:
        parse_osv(document)
    assert caught.value.field == field


def by_the_schema(listed: list[tuple[str, int]], version: int) -> bool:
    """The evaluation algorithm of the OSV schema ("Evaluation") over plain numbers."""
    limits = [number for kind, number in listed if kind == "limit"]
    if limits and not any(version < number for number in limits):
        return False
    vulnerable = False
    for kind, number in sorted(
        (event for event in listed if event[0] != "limit"), key=lambda event: event[1]
    ):
        if kind == "introduced" and version >= number:
            vulnerable = True
        elif (kind == "fixed" and version >= number) or (kind == "last_affected" and version > number):
            vulnerable = False
    return vulnerable


event_lists = st.lists(
    st.tuples(st.sampled_from(["introduced", "fixed", "last_affected", "limit"]), st.integers(1, 9)),
    min_size=1,
    max_size=8,
    unique_by=lambda event: event[1],
)


@given(event_lists, st.integers(0, 10))
@settings(max_examples=300, deadline=None)
def test_ranges_answer_as_the_schema_algorithm(listed: list[tuple[str, int]], version: int) -> None:
    stated = [{kind: f"{number}.0.0"} for kind, number in listed]
    (affected,) = parse_osv(record(affected=[package("npm", "a", events("SEMVER", *stated))])).affected
    expected = Status.AFFECTED if by_the_schema(listed, version) else Status.NOT_AFFECTED
    if not affected.versions:
        assert expected is Status.NOT_AFFECTED
    else:
        assert answer(affected, f"{version}.0.0", "npm") is expected


@pytest.mark.parametrize(
    ("purl", "version", "status"),
    [
        ("pkg:deb/debian/openssl?distro=debian-12", "3.0.11-1~deb12u1", Status.AFFECTED),
        ("pkg:deb/debian/openssl?distro=debian-12", "3.0.11-1~deb12u2", Status.NOT_AFFECTED),
        ("pkg:deb/debian/openssl?distro=debian-11", "1.1.1n-0+deb11u5", None),
        ("pkg:deb/ubuntu/openssl?distro=ubuntu-22.04", "3.0.2-0ubuntu1.10", None),
        ("pkg:deb/debian/openssl", "3.0.9-1", Status.CANNOT_TELL),
    ],
)
def test_a_distribution_speaks_of_its_own_release(purl: str, version: str, status: Status | None) -> None:
    corrected = events("ECOSYSTEM", {"introduced": "0"}, {"fixed": "3.0.11-1~deb12u2"})
    read = parse_osv(record(affected=[package("Debian:12", "openssl", corrected)]))
    verdict = match(Component("c", purl=purl, version=version), read.id, read.affected, Aliases.builtin())
    assert (verdict.status if verdict else None) is status


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["id", "affected", "aliases", "severity", "references", "modified"]), json_values)
@settings(max_examples=200, deadline=None)
def test_any_field_of_any_shape_is_read_or_refused(field: str, value: Any) -> None:
    with suppress(RecordError):
        read_any(record(**{field: value}))


def test_every_real_record_is_read_and_lists_agree_with_ranges(shared: Path) -> None:
    listed = wrong = count = 0
    for reading in open_records(shared / "osv"):
        assert reading.error is None, reading.where
        assert reading.document is not None
        (read,) = read_any(reading.document)
        count += 1
        if not read.id.startswith("PYSEC") or count % 10:
            continue
        for stated, affected in zip(reading.document["affected"], read.affected, strict=True):
            for version in stated.get("versions", ())[:40]:
                listed += 1
                wrong += answer(affected, version, "pypi") is not Status.AFFECTED
    assert count > 5_000
    assert listed > 1_000
    assert wrong == 0


def test_versions_around_real_bounds_answer_as_the_schema(shared: Path) -> None:
    compared = 0
    for position, reading in enumerate(open_records(shared / "osv" / "pypi.jsonl.gz")):
        if position % 20 or reading.document is None:
            continue
        (read,) = read_any(reading.document)
        for stated, affected in zip(reading.document["affected"], read.affected, strict=True):
            ranges = [one["events"] for one in stated.get("ranges", ()) if one["type"] == "ECOSYSTEM"]
            bounds = {version for one in ranges for event in one for version in event.values()}
            for version in bounds - {"0"}:
                expected = version in stated.get("versions", ()) or any(
                    _python_says(one, Version(version)) for one in ranges
                )
                compared += 1
                assert (answer(affected, version, "pypi") is Status.AFFECTED) == expected, (read.id, version)
    assert compared > 100


def _python_says(listed: list[dict[str, str]], version: Version) -> bool:
    vulnerable = False
    placed = [(Version(bound), kind) for event in listed for kind, bound in event.items()]
    for bound, kind in sorted(placed, key=lambda one: one[0]):
        if kind == "introduced" and version >= bound:
            vulnerable = True
        elif (kind == "fixed" and version >= bound) or (kind == "last_affected" and version > bound):
            vulnerable = False
    return vulnerable
