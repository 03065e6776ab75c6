"""Reports of vulnerability scanners → the software and versions they saw: Trivy, Grype, Nuclei.

They are read as evidence of what is installed. What a scanner concludes is not taken over: the
platform matches the same versions itself and says why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from packageurl import PackageURL

from rempart.engines.inventories.json_document import list_of, mapping_of, text_of, texts_of
from rempart.engines.inventories.model import InventoryRow, Problems, shown

# Trivy's and Grype's names of package types → purl types, for reports that carry no purl.
_PURL_TYPES: Final = {
    "debian": "deb",
    "ubuntu": "deb",
    "alpine": "apk",
    "redhat": "rpm",
    "rocky": "rpm",
    "alma": "rpm",
    "centos": "rpm",
    "fedora": "rpm",
    "oracle": "rpm",
    "amazon": "rpm",
    "suse": "rpm",
    "deb": "deb",
    "rpm": "rpm",
    "apk": "apk",
    "python-pkg": "pypi",
    "pip": "pypi",
    "poetry": "pypi",
    "python": "pypi",
    "node-pkg": "npm",
    "npm": "npm",
    "yarn": "npm",
    "pnpm": "npm",
    "gobinary": "golang",
    "gomod": "golang",
    "go-module": "golang",
    "jar": "maven",
    "pom": "maven",
    "java-archive": "maven",
    "bundler": "gem",
    "gemspec": "gem",
    "gem": "gem",
    "cargo": "cargo",
    "rust-crate": "cargo",
    "composer": "composer",
    "php-composer": "composer",
    "nuget": "nuget",
    "dotnet": "nuget",
}


def is_trivy(document: Mapping[str, Any]) -> bool:
    return "SchemaVersion" in document and "ArtifactName" in document


def is_grype(document: Mapping[str, Any]) -> bool:
    return isinstance(document.get("matches"), list) and "descriptor" in document


def is_nuclei(entry: object) -> bool:
    return isinstance(entry, dict) and "template-id" in entry and "info" in entry


def trivy_rows(document: Mapping[str, Any], problems: Problems) -> Iterator[InventoryRow]:
    """Packages of every result; without ``--list-all-pkgs``, those in which Trivy found something."""
    for result, path in list_of(document, "Results", "", problems):
        kind = _PURL_TYPES.get(text_of(result, "Type", path, problems).lower(), "")
        target = text_of(result, "Target", path, problems)
        listed = list(list_of(result, "Packages", path, problems))
        for package, at in listed:
            yield from _trivy_package(package, at, kind, target, problems)
        if not listed:
            for found, at in list_of(result, "Vulnerabilities", path, problems):
                identifier = mapping_of(found, "PkgIdentifier", at, problems)
                package = {
                    "Name": found.get("PkgName"),
                    "Version": found.get("InstalledVersion"),
                    "Identifier": identifier,
                }
                yield from _trivy_package(package, at, kind, target, problems)


def trivy_lists_everything(document: Mapping[str, Any]) -> bool:
    """Whether the report lists the packages without findings too."""
    results = document.get("Results")
    entries = [entry for entry in results if isinstance(entry, dict)] if isinstance(results, list) else []
    with_packages = [entry for entry in entries if entry.get("Class") in {"os-pkgs", "lang-pkgs"}]
    return bool(with_packages) and all(entry.get("Packages") for entry in with_packages)


def _trivy_package(
    package: Mapping[str, Any], at: str, kind: str, target: str, problems: Problems
) -> Iterator[InventoryRow]:
    name = text_of(package, "Name", at, problems)
    version = text_of(package, "Version", at, problems)
    release, epoch = text_of(package, "Release", at, problems), text_of(package, "Epoch", at, problems)
    whole = f"{version}-{release}" if release else version
    purl = text_of(mapping_of(package, "Identifier", at, problems), "PURL", at, problems)
    yield from _software(
        name, f"{epoch}:{whole}" if epoch not in {"", "0"} else whole, kind, purl, at, target
    )


def grype_rows(document: Mapping[str, Any], problems: Problems) -> Iterator[InventoryRow]:
    """The artifacts of Grype's matches; a report lists only those in which it found something."""
    for match, path in list_of(document, "matches", "", problems):
        artifact = mapping_of(match, "artifact", path, problems)
        at = f"{path}.artifact"
        kind = _PURL_TYPES.get(text_of(artifact, "type", at, problems).lower(), "")
        cpes = texts_of(artifact, "cpes", at, problems)
        name, version = text_of(artifact, "name", at, problems), text_of(artifact, "version", at, problems)
        purl = text_of(artifact, "purl", at, problems)
        # The CPEs that Grype makes up are guesses; they count only where nothing else identifies.
        cpe = cpes[0] if cpes and not purl and not kind else ""
        yield from _software(name, version, kind, purl, at, "", cpe)


def nuclei_rows(entries: list[Any], problems: Problems) -> Iterator[InventoryRow]:
    """Of Nuclei's findings (JSON lines), those that name software: a CPE in the template's classification,
    with the version that the template extracted when it extracted exactly one."""
    for number, entry in enumerate(entries, start=1):
        where = f"line {number}"
        if not is_nuclei(entry):
            problems.add(where, "", "wrong_type", expected="an object", found=shown(entry))
            continue
        info = mapping_of(entry, "info", where, problems)
        metadata = mapping_of(info, "metadata", where, problems)
        cpe = text_of(mapping_of(info, "classification", where, problems), "cpe", where, problems)
        vendor, product = (text_of(metadata, key, where, problems) for key in ("vendor", "product"))
        host = text_of(entry, "host", where, problems)
        host = host.partition("://")[2] or host
        if not (cpe or product) or not host:
            problems.add(where, text_of(entry, "template-id", where, problems), "no_software")
            continue
        extracted = texts_of(entry, "extracted-results", where, problems)
        version = extracted[0].lstrip("vV") if len(extracted) == 1 and extracted[0][:2].strip("vV") else ""
        yield InventoryRow(
            where=where,
            asset_id=host.partition("/")[0].rpartition(":")[0] or host.partition("/")[0],
            kind="application",
            vendor=vendor,
            product=product,
            version=version if version[:1].isdigit() else "",
            cpe=cpe,
        )


def _software(
    name: str, version: str, kind: str, purl: str, at: str, target: str, cpe: str = ""
) -> Iterator[InventoryRow]:
    if not name and not purl:
        return
    if not purl and kind:
        group, _, short = name.replace(":", "/").rpartition("/")
        purl = PackageURL(kind, group or None, short, version or None).to_string() if short else ""
    extra = {"target": target} if target else {}
    yield InventoryRow(
        where=at, kind="library", product=name, version=version, purl=purl, cpe=cpe, extra=extra
    )
