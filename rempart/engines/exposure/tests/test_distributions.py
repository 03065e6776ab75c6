"""Packages of distributions: matched by their own statements, never silently by the vendor's ranges."""

from __future__ import annotations

import pytest

from rempart.engines.exposure import Aliases, match
from rempart.engines.exposure.distributions import release_of, upstream_version
from rempart.engines.exposure.model import Affected, Component, Status, VersionEntry

OPENSSL = [
    Affected(
        "cna:openssl", "OpenSSL", "OpenSSL", default_status="unaffected",
        versions=(VersionEntry("3.0.0", "affected", "semver", less_than="3.0.12"),),
    )
]  # fmt: skip
_PACKAGES = "https://access.redhat.com/downloads/content/package-browser/"


def _red_hat(release: int, fixed: str) -> Affected:
    return Affected(
        "cna:redhat", "Red Hat", f"Red Hat Enterprise Linux {release}", "kernel", _PACKAGES,
        default_status="affected", cpes=(f"cpe:/o:redhat:enterprise_linux:{release}::baseos",),
        versions=(VersionEntry(fixed, "unaffected", "rpm", less_than="*"),),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("component", "status", "reason"),
    [
        (Component("c", purl="pkg:deb/debian/openssl@3.0.11-1~deb12u2?distro=debian-12"),
         Status.CANNOT_TELL, "backported"),
        (Component("c", "OpenSSL", "openssl", "3.0.11-1~deb12u2"), Status.CANNOT_TELL, "backported"),
        (Component("c", purl="pkg:deb/debian/openssl@3.0.15-1~deb12u1"), Status.NOT_AFFECTED, "fixed_at"),
        (Component("c", purl="pkg:rpm/redhat/openssl-libs@1:3.0.7-27.el9"), Status.CANNOT_TELL, "backported"),
        (Component("c", purl="pkg:apk/alpine/openssl@3.0.8-r3"), Status.CANNOT_TELL, "backported"),
        (Component("c", purl="pkg:generic/openssl@3.0.11"), Status.AFFECTED, "in_range"),
        (Component("c", "OpenSSL", "openssl", "3.0.11"), Status.AFFECTED, "in_range"),
    ],
)  # fmt: skip
def test_the_vendors_range_does_not_decide_for_a_package(
    component: Component, status: Status, reason: str
) -> None:
    verdict = match(component, "CVE-1", OPENSSL, Aliases.builtin())
    assert verdict is not None
    assert (verdict.status, verdict.reason) == (status, reason)


@pytest.mark.parametrize(
    ("purl", "status"),
    [
        ("pkg:rpm/redhat/kernel@4.18.0-500.el8?arch=x86_64", Status.AFFECTED),
        ("pkg:rpm/redhat/kernel@4.18.0-553.16.1.el8_10?arch=x86_64", Status.NOT_AFFECTED),
        ("pkg:rpm/redhat/kernel@5.14.0-427.el9", Status.AFFECTED),
        ("pkg:rpm/redhat/kernel@5.14.0-503.el9?distro=rhel-9.5", Status.NOT_AFFECTED),
        ("pkg:rpm/redhat/kernel@5.14.0-503", Status.CANNOT_TELL),
    ],
)
def test_a_release_is_compared_with_its_own_statement(purl: str, status: Status) -> None:
    statements = [_red_hat(8, "0:4.18.0-553.el8_10"), _red_hat(9, "0:5.14.0-500.el9")]
    verdict = match(Component("c", purl=purl), "CVE-1", statements, Aliases.builtin())
    assert verdict is not None
    assert verdict.status is status


@pytest.mark.parametrize(
    ("kind", "version", "upstream"),
    [
        ("deb", "1:9.2p1-2+deb12u3", "9.2p1"),
        ("deb", "2.4.57+dfsg-2", "2.4.57"),
        ("rpm", "0:2.9.4-3.el8_10", "2.9.4"),
        ("apk", "1.36.1-r15", "1.36.1"),
        ("", "3.0.2-0ubuntu1.15", "3.0.2"),
        ("", "2.9.4-3.el8_10", "2.9.4"),
        ("", "1.2.3-4", ""),
        ("", "2.0-beta9", ""),
    ],
)
def test_the_vendors_version_inside(kind: str, version: str, upstream: str) -> None:
    assert upstream_version(kind, version) == upstream


@pytest.mark.parametrize(
    ("distro", "version", "release"),
    [
        ("debian-12", "", "12"),
        ("bookworm", "", "12"),
        ("ubuntu-22.04", "", "22.04"),
        ("rhel-8.6", "", "8"),
        ("", "1.0-1.el9_2", "9"),
        ("", "1.0-1+deb11u4", "11"),
        ("", "1.0", ""),
        ("unknown", "1.0", ""),
    ],
)
def test_the_release_of_a_distribution(distro: str, version: str, release: str) -> None:
    assert release_of(distro, version) == release
