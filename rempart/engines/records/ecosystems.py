"""The ecosystems of OSV records (OSV schema, "Defined ecosystems"): purl type and version scheme of each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Ecosystem:
    """``scheme`` is a word that ``versions.scheme_for`` knows; ``purl`` and ``namespace`` make package URLs.

    ``distro`` is how the ecosystem's release (``Debian:12``) is written in a purl's ``distro`` qualifier.
    """

    scheme: str
    purl: str = ""
    namespace: str = ""
    distro: str = ""


_RPM_NAMESPACES: Final = {
    "AlmaLinux": "almalinux",
    "Azure Linux": "azurelinux",
    "Mageia": "mageia",
    "Photon OS": "photon",
    "Red Hat": "redhat",
    "Rocky Linux": "rocky-linux",
    "SUSE": "suse",
    "openEuler": "openeuler",
    "openSUSE": "opensuse",
}

ECOSYSTEMS: Final[dict[str, Ecosystem]] = {
    "Alpaquita": Ecosystem("apk", "apk", "alpaquita", "alpaquita"),
    "Alpine": Ecosystem("apk", "apk", "alpine", "alpine"),
    "Android": Ecosystem("generic"),
    "BellSoft Hardened Containers": Ecosystem("apk", "apk", "bellsoft-hardened-containers"),
    "Bioconductor": Ecosystem("generic", "bioconductor"),
    "Bitnami": Ecosystem("semver", "bitnami"),
    "CRAN": Ecosystem("generic", "cran"),
    "Chainguard": Ecosystem("apk", "apk", "chainguard"),
    "ConanCenter": Ecosystem("conan", "conan"),
    "Debian": Ecosystem("deb", "deb", "debian", "debian"),
    "Echo": Ecosystem("deb", "deb", "echo"),
    "GHC": Ecosystem("generic", "generic"),
    "GIT": Ecosystem("generic"),
    "GitHub Actions": Ecosystem("npm", "githubactions"),
    "Go": Ecosystem("golang", "golang"),
    "Hackage": Ecosystem("generic", "hackage"),
    "Hex": Ecosystem("npm", "hex"),
    "Julia": Ecosystem("npm", "julia"),
    "Kubernetes": Ecosystem("npm", "golang"),
    "Linux": Ecosystem("generic", "generic"),
    "Maven": Ecosystem("maven", "maven"),
    "MinimOS": Ecosystem("apk", "apk", "minimos"),
    "NuGet": Ecosystem("nuget", "nuget"),
    "OSS-Fuzz": Ecosystem("generic", "generic"),
    "Packagist": Ecosystem("composer", "composer"),
    "Pub": Ecosystem("npm", "pub"),
    "PyPI": Ecosystem("pypi", "pypi"),
    "RubyGems": Ecosystem("gem", "gem"),
    "SwiftURL": Ecosystem("npm", "swift"),
    "Ubuntu": Ecosystem("deb", "deb", "ubuntu", "ubuntu"),
    "VSCode": Ecosystem("npm", "vscode"),
    "Wolfi": Ecosystem("apk", "apk", "wolfi"),
    "crates.io": Ecosystem("cargo", "cargo"),
    "npm": Ecosystem("npm", "npm"),
    **{name: Ecosystem("rpm", "rpm", space, space) for name, space in _RPM_NAMESPACES.items()},
}
UNKNOWN: Final = Ecosystem("generic")

_PYPI_SEPARATORS: Final = re.compile(r"[-_.]+")
_RELEASE: Final = re.compile(r"v?([0-9]+(?:\.[0-9]+)?)")
_WORDS: Final = re.compile(r"[^a-z0-9.]+")


def ecosystem_of(text: str) -> tuple[Ecosystem, str]:
    """The ecosystem of ``Name`` or ``Name:suffix``, and the suffix (a release, a repository)."""
    name, _, suffix = text.partition(":")
    return ECOSYSTEMS.get(name, UNKNOWN), suffix


def package_purl(ecosystem: str, name: str) -> str:
    """The package URL, without version, of a package named as its ecosystem does; empty when it has none."""
    known, suffix = ecosystem_of(ecosystem)
    if not known.purl or not name:
        return ""
    space, plain = known.namespace, name
    if known.purl == "maven":
        space, _, plain = name.partition(":") if ":" in name else ("", "", name)
    elif known.purl in {"golang", "npm", "composer", "swift", "githubactions", "vscode"} and "/" in name:
        space, _, plain = name.rpartition("/")
    elif known.purl == "pypi":
        plain = _PYPI_SEPARATORS.sub("-", name).lower()
    path = "/".join(quote(part, safe=".~_-") for part in (*space.split("/"), plain) if part)
    release = _RELEASE.match(suffix)
    # "Ubuntu:Pro:18.04:LTS", "Red Hat:enterprise_linux:8::appstream": a statement about that release alone.
    named = release.group(1) if release else _WORDS.sub("-", suffix.lower()).strip("-")
    distro = f"?distro={known.distro}-{named}" if known.distro and named else ""
    return f"pkg:{known.purl}/{path}{distro}"
