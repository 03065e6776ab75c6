"""The package databases of a machine → rows: dpkg, rpm, apk, Python, npm.

Package URLs follow the purl types' definitions: a distribution's package carries its distribution, its
architecture and the source package it was built from (``upstream``), because advisories of distributions
speak of source packages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from email.parser import HeaderParser
from typing import Final

from packageurl import PackageURL

from rempart.engines.inventories.model import InventoryRow

RPM_FORMAT: Final = (
    r"%{NAME}\t%{EPOCHNUM}\t%{VERSION}\t%{RELEASE}\t%{ARCH}\t%{SOURCERPM}\t%{VENDOR}\n"  # rpm -qa --qf
)
_STANZA: Final = re.compile(r"\n[ \t]*\n")
_SOURCE: Final = re.compile(r"(?P<name>[^ ()]+)(?: \((?P<version>[^()]+)\))?")
_SOURCE_RPM: Final = re.compile(r"(?P<name>.+)-[^-]+-[^-]+\.(?:no)?src\.rpm")
_OS_LINE: Final = re.compile(r"([A-Z_]+)=(?:\"(.*)\"|'(.*)'|(.*))")
_MAX_NAME: Final = 300
_USUAL: Final = {"deb": "debian", "rpm": "redhat", "apk": "alpine"}
# What a distribution alone writes into the versions of its packages. Those derived from it add their own.
_DERIVED: Final = re.compile(r"rp[it][0-9]|pve|pmx|kali|mint|pop[0-9]|neon")
_UBUNTU: Final = re.compile(r"(?<=[0-9])(?:ubuntu|build)[0-9]")
_UBUNTU_RELEASE: Final = re.compile(r"ubuntu[0-9]*\.([0-9]{2}\.[0-9]{2})(?:\.|$)")
_DEBIAN: Final = re.compile(r"deb([0-9]{1,2})u[0-9]")
_FEDORA: Final = re.compile(r"\.fc([0-9]{2})$")


def read_os_release(text: str) -> dict[str, str]:
    """The assignments of ``/etc/os-release`` (os-release(5)); lines of another form are passed over."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        matched = _OS_LINE.fullmatch(line.strip())
        if matched is not None:
            key, double, single, bare = matched.groups()
            found[key] = double or single or bare or ""
    return found


def operating_system(release: Mapping[str, str]) -> InventoryRow | None:
    """The operating system itself, from its ``os-release``; None when it does not name itself."""
    name = release.get("NAME", "")
    if not name:
        return None
    cpe = release.get("CPE_NAME", "")
    return InventoryRow(
        where="operating-system",
        kind="operating-system",
        product=name,
        version=release.get("VERSION_ID", ""),
        cpe=cpe if cpe.startswith("cpe:") else "",
    )


def dpkg_rows(status: str, release: Mapping[str, str] | None) -> Iterator[InventoryRow]:
    """Installed packages of dpkg's database (``/var/lib/dpkg/status``, deb-control(5)).

    Here and below, ``release`` is None where nothing says which distribution it is (see ``marked``).
    """
    for stanza in _STANZA.split(status):
        fields = _fields(stanza)
        name, version = fields.get("Package", ""), fields.get("Version", "")
        if not name or not fields.get("Status", "").endswith(" installed"):
            continue
        namespace, distro = _distribution("deb", version, release)
        source = _SOURCE.match(fields.get("Source", ""))
        qualifiers = {
            "arch": fields.get("Architecture", ""),
            "distro": distro,
            "upstream": f"{source['name']}@{source['version'] or version}" if source else "",
        }
        yield package_row("deb", namespace, name, version, qualifiers)


def rpm_rows(listing: str, release: Mapping[str, str] | None) -> Iterator[InventoryRow]:
    """Packages as ``rpm -qa --qf RPM_FORMAT`` lists them."""
    for line in listing.splitlines():
        cells = line.split("\t")
        if len(cells) != RPM_FORMAT.count("%") or cells[0] == "gpg-pubkey":
            continue
        name, epoch, version, edition, arch, source, vendor = cells
        built = _SOURCE_RPM.fullmatch(source)
        whole = f"{version}-{edition}"
        namespace, distro = _distribution("rpm", whole, release)
        has_epoch = epoch.isdigit() and epoch != "0"
        qualifiers = {
            "arch": arch if arch != "(none)" else "",
            "distro": distro,
            "epoch": epoch if has_epoch else "",
            "upstream": built["name"] if built and built["name"] != name else "",
        }
        row = package_row(
            "rpm", namespace, name, whole, qualifiers, shown=f"{epoch}:{whole}" if has_epoch else ""
        )
        yield row if vendor in {"", "(none)"} else _with_vendor(row, vendor)


def apk_rows(database: str, release: Mapping[str, str] | None) -> Iterator[InventoryRow]:
    """Packages of apk's database (``/lib/apk/db/installed``)."""
    for stanza in _STANZA.split(database):
        fields = dict(line.split(":", 1) for line in stanza.splitlines() if line[1:2] == ":")
        name, version = fields.get("P", ""), fields.get("V", "")
        if name:
            namespace, distro = _distribution("apk", version, release)
            origin = fields.get("o", "")
            qualifiers = {
                "arch": fields.get("A", ""),
                "distro": distro,
                "upstream": origin if origin != name else "",
            }
            yield package_row("apk", namespace, name, version, qualifiers)


def python_rows(listed: str) -> Iterator[InventoryRow]:
    """Distributions as ``pip list --format json`` lists them. Raises ``ValueError`` when it is not that."""
    for entry in _objects(json.loads(listed)):
        yield from named("pypi", entry)


def python_row(metadata: str) -> InventoryRow | None:
    """One installed distribution from its ``METADATA`` (core metadata specification)."""
    message = HeaderParser().parsestr(metadata)
    return next(named("pypi", {"name": message["Name"], "version": message["Version"]}), None)


def npm_row(package: str) -> InventoryRow | None:
    """One installed package from its ``package.json``. Raises ``ValueError`` when it is not JSON."""
    document = json.loads(package)
    return next(named("npm", document), None) if isinstance(document, dict) else None


def maven_row(properties: str) -> InventoryRow | None:
    """One Java library from the ``pom.properties`` that Maven leaves in its archive."""
    pairs = (line.partition("=") for line in properties.splitlines() if not line.startswith("#"))
    values = {key.strip(): value.strip() for key, equals, value in pairs if equals}
    group, artifact, version = (values.get(key, "") for key in ("groupId", "artifactId", "version"))
    if not group or not artifact or len(artifact) > _MAX_NAME:
        return None
    return package_row("maven", group, artifact, version, {})


def named(kind: str, entry: Mapping[str, object]) -> Iterator[InventoryRow]:
    name, version = entry.get("name"), entry.get("version")
    if not isinstance(name, str) or not name or len(name) > _MAX_NAME:
        return
    namespace, _, short = name.rpartition("/") if kind == "npm" else ("", "", name)
    if kind == "pypi":
        short = re.sub(r"[-_.]+", "-", name).lower()
    text = version if isinstance(version, str) else ""
    row = package_row(kind, namespace, short, text, {})
    yield InventoryRow(row.where, kind=row.kind, product=name, version=text, purl=row.purl)


def _objects(document: object) -> Iterator[Mapping[str, object]]:
    if not isinstance(document, list):
        raise ValueError("a list was expected")
    return (entry for entry in document if isinstance(entry, dict))


def _distribution(kind: str, version: str, release: Mapping[str, str] | None) -> tuple[str, str]:
    """purl namespace and ``distro`` qualifier: ("debian", "debian-12")."""
    if release is None:
        return marked(kind, version)
    identifier = release.get("ID", "").lower() or _USUAL[kind]
    namespace = {"rhel": "redhat"}.get(identifier, identifier)
    version = release.get("VERSION_ID", "")
    return namespace, f"{identifier}-{version}" if version else identifier


def marked(kind: str, version: str) -> tuple[str, str]:
    """purl namespace and ``distro`` qualifier that a package's own version shows, or none."""
    fedora = _FEDORA.search(version) if kind == "rpm" else None
    if fedora is not None:
        return "fedora", f"fedora-{fedora.group(1)}"
    if kind != "deb" or _DERIVED.search(version):
        return "", ""
    if _UBUNTU.search(version):
        release = _UBUNTU_RELEASE.search(version)
        return "ubuntu", f"ubuntu-{release.group(1)}" if release is not None else ""
    debian = _DEBIAN.search(version)
    return ("debian", f"debian-{debian.group(1)}") if debian is not None else ("", "")


def _fields(stanza: str) -> dict[str, str]:
    return {
        name: value.strip()
        for name, colon, value in (line.partition(":") for line in stanza.splitlines())
        if colon and not name[:1].isspace()
    }


def package_row(
    kind: str, namespace: str, name: str, version: str, qualifiers: Mapping[str, str], shown: str = ""
) -> InventoryRow:
    stated = {key: value for key, value in qualifiers.items() if value}
    purl = PackageURL(kind, namespace or None, name, version or None, stated or None).to_string()
    return InventoryRow(where=purl, kind="library", product=name, version=shown or version, purl=purl)


def _with_vendor(row: InventoryRow, vendor: str) -> InventoryRow:
    return InventoryRow(
        row.where, kind=row.kind, vendor=vendor, product=row.product, version=row.version, purl=row.purl
    )


def distinct(rows: Iterable[InventoryRow]) -> tuple[InventoryRow, ...]:
    """Each piece of software once: several tools may see the same."""
    return tuple({(row.vendor, row.product, row.version, row.purl, row.cpe): row for row in rows}.values())
