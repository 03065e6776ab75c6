"""Our order beside the order of each ecosystem's own tool or of a well-kept library, on real texts."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from packaging.version import InvalidVersion, Version
from univers.versions import DebianVersion, MavenVersion, RpmVersion, SemverVersion

from rempart.engines.versions import compare, key
from rempart.engines.versions.tests.corpus import cve, go, pairs, pypi, sample


def _sign(left: object, right: object) -> int:
    return int(left > right) - int(left < right)  # type: ignore[operator]


def _python(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def test_python_versions_are_read_and_ordered_as_by_packaging() -> None:
    texts = sample(set(pypi()) | {text for _, text in cve() if len(text) < 40}, 6000)
    readable = [text for text in texts if _python(text) is not None]
    assert len(readable) > 2000
    assert {text for text in texts if key("pypi", text) is not None} == set(readable)
    for left, right in pairs(readable, 8000):
        assert compare("pypi", left, right) == _sign(Version(left), Version(right)), (left, right)


def test_debian_versions_are_ordered_as_by_dpkg() -> None:
    dpkg = shutil.which("dpkg")
    if dpkg is None:
        pytest.skip("dpkg is not installed on this machine")
    shape = re.compile(r"(?:[0-9]+:)?[0-9][A-Za-z0-9.+~-]*")
    real = sample({text for _, text in cve() if shape.fullmatch(text) and len(text) < 60}, 150)
    policy = ["1.0~~", "1.0~~a", "1.0~", "1.0", "1.0a", "1:0", "0", "0-0", "1.0-0", "1.0+b1", "1.0-1~bpo1"]
    for left, right in [*pairs(real, 160), *((a, b) for a in policy for b in policy)]:
        ours = compare("deb", left, right)
        operator = {-1: "lt", 0: "eq", 1: "gt"}[ours if ours is not None else 9]
        done = subprocess.run([dpkg, "--compare-versions", left, operator, right], check=False)
        assert done.returncode == 0, (left, operator, right)


def test_debian_versions_are_ordered_as_by_univers() -> None:
    shape = re.compile(r"(?:[0-9]+:)?[0-9][A-Za-z0-9.+~]*(?:-[A-Za-z0-9.+~]+)?")
    real = sample({text for _, text in cve() if shape.fullmatch(text) and len(text) < 60}, 1500)
    for left, right in pairs(real, 3000):
        assert compare("deb", left, right) == _sign(DebianVersion(left), DebianVersion(right)), (left, right)


def test_rpm_versions_are_ordered_as_by_univers() -> None:
    # The library drops a leading "v" before any scheme sees it; rpmvercmp does not.
    readable = {(kind, text) for kind, text in cve() if key("rpm", text) is not None and text[0] not in "vV"}
    typed = {text for kind, text in readable if kind == "rpm"}
    plain = {text for kind, text in readable if kind == "custom"}
    assert len(typed) > 500
    for left, right in [*pairs(sample(typed, 1500), 3000), *pairs(sample(plain, 500), 1000)]:
        assert compare("rpm", left, right) == _sign(RpmVersion(left), RpmVersion(right)), (left, right)


def test_maven_versions_are_ordered_as_by_univers() -> None:
    shape = re.compile(r"[0-9]+(?:[.-][0-9A-Za-z]+)*")
    typed = {text for kind, text in cve() if kind == "maven" and shape.fullmatch(text)}
    plain = {text for kind, text in cve() if kind == "custom" and shape.fullmatch(text) and len(text) < 30}
    assert len(typed) > 100
    for left, right in [*pairs(sorted(typed), 600), *pairs(sample(plain, 1500), 3000)]:
        assert compare("maven", left, right) == _sign(MavenVersion(left), MavenVersion(right)), (left, right)


def test_semantic_versions_are_ordered_as_by_univers() -> None:
    typed = {text for text in go() if key("semver", text) is not None}
    assert len(typed) > 300
    for left, right in pairs(sample(typed, 1000), 2000):
        # Build metadata has no rank (clause 10): the library is asked about what remains.
        ours = compare("semver", left, right)
        assert ours == _sign(SemverVersion(left.split("+")[0]), SemverVersion(right.split("+")[0])), (
            left,
            right,
        )
