"""The table of schemes, and which one reads a given version.

``key`` is order-preserving: for two texts that a scheme can read, comparing the keys as bytes is
comparing the versions. Keys can therefore be stored and compared by a database or an Arrow kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from rempart.engines.versions import alpm, apk, composer, deb, gem, generic, maven, nuget, pypi, rpm, semver
from rempart.engines.versions.encoding import MAX_LENGTH

_Key = Callable[[str], bytes | None]
_Bounds = Callable[[str], tuple[bytes, bytes] | None]

_SCHEMES: dict[str, tuple[_Key, _Bounds]] = {
    "semver": (semver.key, semver.prefix_bounds),
    "npm": (semver.npm_key, semver.npm_prefix_bounds),
    "pypi": (pypi.key, pypi.prefix_bounds),
    "maven": (maven.key, maven.prefix_bounds),
    "deb": (deb.key, deb.prefix_bounds),
    "rpm": (rpm.key, rpm.prefix_bounds),
    "alpm": (alpm.key, alpm.prefix_bounds),
    "apk": (apk.key, apk.prefix_bounds),
    "gem": (gem.key, gem.prefix_bounds),
    "nuget": (nuget.key, nuget.prefix_bounds),
    "composer": (composer.key, composer.prefix_bounds),
    "generic": (generic.key, generic.prefix_bounds),
}
GIT = "git"  # commits have no order without their repository: every key is None
SCHEMES = frozenset(_SCHEMES) | {GIT}

_BY_VERSION_TYPE = {
    "semver": "semver",
    "semantic": "semver",
    "npm": "npm",
    "go": "npm",
    "golang": "npm",
    "cargo": "semver",
    "python": "pypi",
    "pypi": "pypi",
    "pep440": "pypi",
    "maven": "maven",
    "rpm": "rpm",
    "deb": "deb",
    "dpkg": "deb",
    "debian": "deb",
    "git": GIT,
    "apk": "apk",
    "alpine": "apk",
    "gem": "gem",
    "rubygems": "gem",
    "nuget": "nuget",
    "composer": "composer",
    "packagist": "composer",
    "alpm": "alpm",
    "arch": "alpm",
    "conan": "npm",
}
_BY_PURL_TYPE = {
    "npm": "npm",
    "golang": "npm",
    "cargo": "npm",
    "hex": "npm",
    "pub": "npm",
    "swift": "npm",
    "pypi": "pypi",
    "maven": "maven",
    "deb": "deb",
    "rpm": "rpm",
    "apk": "apk",
    "alpm": "alpm",
    "gem": "gem",
    "nuget": "nuget",
    "composer": "composer",
    "conan": "npm",
    "githubactions": "npm",
    "bitnami": "npm",
    "julia": "npm",
}


@lru_cache(maxsize=1 << 17)
def key(scheme: str, text: str) -> bytes | None:
    """Order-preserving key of ``text`` in ``scheme``; None when the scheme cannot read it.

    Raises KeyError for a scheme that is not in ``SCHEMES``.
    """
    if scheme == GIT:
        return None
    read = _SCHEMES[scheme][0]
    return read(text) if _is_plain(text) else None


@lru_cache(maxsize=1 << 15)
def prefix_bounds(scheme: str, text: str) -> tuple[bytes, bytes] | None:
    """For ``text.*``: (low, high) such that ``low <= key(v) < high`` for every version v of the branch.

    None when the scheme cannot read the prefix. Raises KeyError for an unknown scheme.
    """
    if scheme == GIT:
        return None
    read = _SCHEMES[scheme][1]
    return read(text) if _is_plain(text) else None


def compare(scheme: str, left: str, right: str) -> int | None:
    """-1, 0 or 1 as ``left`` is before, equal to or after ``right``; None when either is unreadable."""
    left_key, right_key = key(scheme, left), key(scheme, right)
    if left_key is None or right_key is None:
        return None
    return (left_key > right_key) - (left_key < right_key)


@lru_cache(maxsize=1 << 12)
def scheme_for(version_type: str, purl_type: str = "") -> str:
    """The scheme of a ``versionType`` (CVE JSON 5), else of a purl type, else ``generic``."""
    declared = _BY_VERSION_TYPE.get(version_type.strip().lower())
    return declared or _BY_PURL_TYPE.get(purl_type.strip().lower(), "generic")


def _is_plain(text: str) -> bool:
    return 0 < len(text) <= MAX_LENGTH and text.isascii()
