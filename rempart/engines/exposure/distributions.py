"""Packages of Linux distributions: identity per distribution and release, and the vendor's version inside.

A distribution corrects its packages without changing the vendor's version (``3.0.11-1~deb12u2``): inside a
vendor's affected range, the package may be corrected or not, and the range cannot say. Outside it, the
vendor's version decides as for anyone.
"""

from __future__ import annotations

import re

from packageurl import PackageURL

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
    "rocky": ("rpm", "rocky-linux"),
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
# Other writings of a namespace, as tools that list packages have them (the ``ID`` of /etc/os-release).
_NAMESPACES = {
    **dict.fromkeys(_SAME_NUMBERS, "redhat"),
    "rocky": "rocky-linux", "rockylinux": "rocky-linux", "alma": "almalinux", "amzn": "amazon",
    "sles": "suse", "sled": "suse", "opensuse-leap": "opensuse", "opensuse-tumbleweed": "opensuse",
    "oraclelinux": "oracle", "ol": "oracle",
}  # fmt: skip

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
# "5.15.0-91-generic", "5.10.0-21-amd64", "5.14.21-150500.55.49-default": a kernel that a distribution built.
# Debian and Ubuntu keep the third number at 0, whatever corrections they took from the branch.
_KERNEL = re.compile(
    r"(\d{1,2}\.\d{1,3})\.\d{1,3}-\d[\d.]*-(?:generic|lowlatency|amd64|arm64|686|armmp|cloud|rt|aws|azure|gcp|gke|"
    r"oracle|kvm|raspi|ibm|default|preempt|pve|virtual|server|common|powerpc64le)(?:-[a-z0-9-]{1,30})?"
)
_REPACKED = re.compile(r"(?:[+~](?:dfsg|ds|repack|really|git|nmu|bp)[\w.]*)+$")
_NUMBERED = re.compile(r"(?:^|[^0-9a-z.]|v|el|fc)(\d{1,2}(?:\.\d{1,2})?)(?:\.\d{1,3})?(?![0-9])")
# Distributions whose second number is another release, with packages of its own.
_MINOR_COUNTS = ("ubuntu", "alpine", "suse", "sles", "sled", "opensuse", "photon", "openeuler", "alpaquita")
_NO_RELEASE = frozenset({"unknown", "linux", "none", "na", "a"}) | _VENDORS.keys()
_WORD = re.compile(r"[a-z]+")
_SERVICE_PACK = re.compile(r"\bsp(\d)\b")
_SOURCE_RPM = re.compile(r"(?P<name>.+)-(?P<version>[^-]+-[^-]+)\.(?:no)?src\.rpm")
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
    space = _NAMESPACES.get(namespace, namespace)
    whole = "/".join(part for part in (f"purl:{kind}", space, name) if part).lower()
    return (f"{whole}@{release}", whole) if release else (whole,)


def kernel_branch(version: str) -> str:
    """The branch ("5.15") of a kernel that a distribution built, as ``uname -r`` says it; else empty."""
    found = _KERNEL.fullmatch(version)
    return found.group(1) if found is not None else ""


def with_epoch(version: str, purl: PackageURL) -> str:
    """The version with the epoch that a package URL states beside it, as those of RPM packages do."""
    epoch = purl.qualifiers.get("epoch", "") if isinstance(purl.qualifiers, dict) else ""
    stated = bool(version) and ":" not in version and epoch.isdecimal() and epoch != "0"
    return f"{epoch}:{version}" if stated else version


def source_of(kind: str, upstream: str) -> tuple[str, str]:
    """The source package that a purl's ``upstream`` qualifier names, and its version when it says one.

    Forms: "openssl", "glib2.0@2.74.6-2" (Debian, Alpine), "openssl-1.1.1k-9.el8_6.src.rpm" (RPM).
    """
    text = upstream.strip()[:300]
    if kind == "rpm":
        found = _SOURCE_RPM.fullmatch(text)
        return (found["name"].lower(), "") if found is not None else (text.partition("@")[0].lower(), "")
    name, _, version = text.partition("@")
    return name.lower(), version


def release_of(distro: str, version: str) -> str:
    """Its release by the purl's qualifier ("debian-12", "rhel-8.6", "jammy"), or by the version's mark.

    A release without a number is its name ("sid", "edge"); empty when nothing says the release.
    """
    text = distro.strip().lower()[:100]
    if text:
        return _stated_release(text)
    marked = _DEB_RELEASE.search(version) or _EL_RELEASE.search(version)
    return next((group for group in marked.groups() if group), "") if marked is not None else ""


def _stated_release(text: str) -> str:
    found = _NUMBERED.search(text)
    if found is None:
        words = _WORD.findall(text)
        named = next((_CODENAMES[word] for word in words if word in _CODENAMES), "")
        return named or (words[-1] if words and words[-1] not in _NO_RELEASE else "")
    stated = found.group(1)
    if not text.startswith(_MINOR_COUNTS) and text[:1].isalpha():
        return stated.partition(".")[0]
    pack = _SERVICE_PACK.search(text)
    numbered_apart = "." not in stated or text.startswith("openeuler")
    return f"{stated}.{pack.group(1)}" if pack is not None and numbered_apart else stated


def red_hat_release(product: str, cpes: tuple[str, ...]) -> str:
    """The release of Red Hat Enterprise Linux that a statement is about; empty when it names none."""
    for cpe in cpes:
        found = _ENTERPRISE.match(cpe) or _ENTERPRISE_TAG.search(cpe)
        if found is not None:
            return found.group(1)
    named = _ENTERPRISE_NAME.search(product)
    return named.group(1) if named is not None else ""
