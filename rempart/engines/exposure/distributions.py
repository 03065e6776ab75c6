"""Packages of Linux distributions: identity per distribution and release, and the vendor's version inside.

A distribution corrects its packages without changing the vendor's version (``3.0.11-1~deb12u2``): inside a
vendor's affected range, the package may be corrected or not, and the range cannot say. Outside it, the
vendor's version decides as for anyone.
"""

from __future__ import annotations

import re

# Namespaces of purls (and vendors' names) → purl type and namespace.
_VENDORS = {
    "debian": ("deb", "debian"),
    "ubuntu": ("deb", "ubuntu"),
    "canonical": ("deb", "ubuntu"),
    "redhat": ("rpm", "redhat"),
    "centos": ("rpm", "centos"),
    "fedora": ("rpm", "fedora"),
    "fedoraproject": ("rpm", "fedora"),
    "rockylinux": ("rpm", "rocky-linux"),
    "almalinux": ("rpm", "almalinux"),
    "suse": ("rpm", "suse"),
    "opensuse": ("rpm", "opensuse"),
    "amazon": ("rpm", "amazon"),
    "alpine": ("apk", "alpine"),
    "alpinelinux": ("apk", "alpine"),
}
TYPES = frozenset({"deb", "rpm", "apk", "alpm"})
# Rebuilds of Red Hat's packages with Red Hat's numbers.
_SAME_NUMBERS = frozenset({"redhat", "centos", "rhel"})

# A revision that only a distribution writes.
_DEBIAN = re.compile(
    r"^(?:\d+:)?(?P<upstream>[^-\s]+(?:-[^-\s]+)*?)-[\w.+~]*?(?:deb(\d+)u\d+|ubuntu[\d.]+|build\d+)[\w.+~]*$"
)
_RPM = re.compile(
    r"^(?:\d+:)?(?P<upstream>[^-\s]+)-[\w.~+]*?\.(?P<dist>el\d+|fc\d+|amzn\d+|suse|lp\d+|oe\d+)[\w.~+]*$"
)
_APK = re.compile(r"^(?P<upstream>[^-\s]+)-r\d+$")
_ANY_DEB = re.compile(r"^(?:\d+:)?(?P<upstream>[^-\s]+(?:-[^-\s]+)*?)(?:-[\w.+~]+)?$")
_ANY_RPM = re.compile(r"^(?:\d+:)?(?P<upstream>[^-\s]+)(?:-[^-\s]+)?$")
_REPACKED = re.compile(r"(?:[+~](?:dfsg|ds|repack|really|git|nmu|bp)[\w.]*)+$")
_RELEASE = re.compile(
    r"(?:debian|ubuntu|rhel|redhat|el|centos|fedora|fc|alpine|rocky|almalinux)?-?v?(\d{1,2}(?:\.\d{1,2})?)"
)
_DEB_RELEASE = re.compile(r"deb(\d{1,2})u\d")
_EL_RELEASE = re.compile(r"\.el(\d{1,2})|\.fc(\d{1,2})")
_ENTERPRISE = re.compile(r"cpe:(?:/|2\.3:)[ao]:redhat:(?:enterprise_linux|rhel_\w+):(\d{1,2})", re.IGNORECASE)
_ENTERPRISE_TAG = re.compile(r"::?(?:\w+)?el(\d{1,2})\b", re.IGNORECASE)
_ENTERPRISE_NAME = re.compile(r"Red Hat Enterprise Linux (\d{1,2})", re.IGNORECASE)
_CODENAMES = {
    "buster": "10", "bullseye": "11", "bookworm": "12", "trixie": "13",
    "bionic": "18.04", "focal": "20.04", "jammy": "22.04", "noble": "24.04",
}  # fmt: skip


def of_vendor(vendor: str) -> tuple[str, str] | None:
    """purl type and namespace of a distribution named as a vendor (in one spelling)."""
    return _VENDORS.get(vendor)


def upstream_version(kind: str, version: str) -> str:
    """The vendor's version inside a distribution's; empty when nothing shows that a distribution wrote it.

    ``kind`` is the purl's type, or empty: then only an unmistakable revision counts.
    """
    patterns = {"deb": (_ANY_DEB,), "rpm": (_ANY_RPM,), "apk": (_APK, _ANY_DEB), "alpm": (_ANY_RPM,)}
    for pattern in patterns.get(kind, (_DEBIAN, _RPM) if not kind else ()):
        found = pattern.match(version)
        if found is not None:
            return _REPACKED.sub("", found["upstream"])
    return ""


def package_keys(kind: str, namespace: str, name: str, release: str) -> tuple[str, ...]:
    """Keys of a distribution's package: of its release when known, and of the package in any release."""
    space = "redhat" if namespace in _SAME_NUMBERS else namespace
    whole = "/".join(part for part in (f"purl:{kind}", space, name) if part).lower()
    return (f"{whole}@{release}", whole) if release else (whole,)


def release_of(distro: str, version: str) -> str:
    """Its release by the purl's qualifier ("debian-12", "rhel-8.6", "jammy"), or by the version's mark."""
    text = distro.strip().lower()
    if text:
        if text in _CODENAMES:
            return _CODENAMES[text]
        found = _RELEASE.fullmatch(text)
        if found is not None:
            stated = found.group(1)
            return (
                stated if text.startswith(("ubuntu", "alpine")) or "." not in stated else stated.split(".")[0]
            )
    marked = _DEB_RELEASE.search(version) or _EL_RELEASE.search(version)
    return next((group for group in marked.groups() if group), "") if marked is not None else ""


def red_hat_release(product: str, cpes: tuple[str, ...]) -> str:
    """The release of Red Hat Enterprise Linux that a statement is about; empty when it names none."""
    for cpe in cpes:
        found = _ENTERPRISE.match(cpe) or _ENTERPRISE_TAG.search(cpe)
        if found is not None:
            return found.group(1)
    named = _ENTERPRISE_NAME.search(product)
    return named.group(1) if named is not None else ""
