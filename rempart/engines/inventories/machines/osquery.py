"""osquery's answers → rows: ``osqueryi --json``, and the results log of ``osqueryd``.

A table is known by its name when the answer carries it (log: ``name``; document: its key), else by its
columns, which are those of osquery's schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from packageurl import PackageURL

from rempart.engines.inventories.model import InventoryRow, Problems, shown

# Table → (purl type, namespace); an empty type is software without a package manager.
_TABLES: Final[dict[str, tuple[str, str]]] = {
    "deb_packages": ("deb", "debian"),
    "rpm_packages": ("rpm", "redhat"),
    "python_packages": ("pypi", ""),
    "npm_packages": ("npm", ""),
    "chocolatey_packages": ("chocolatey", ""),
    "homebrew_packages": ("brew", ""),
    "programs": ("", ""),
    "apps": ("", ""),
    "os_version": ("", ""),
    "browser_plugins": ("", ""),
    "chrome_extensions": ("", ""),
    "firefox_addons": ("", ""),
}
# Columns that only one table has, most telling first.
_SIGNS: Final = (
    ("bundle_short_version", "apps"),
    ("identifying_number", "programs"),
    ("install_location", "programs"),
    ("revision", "deb_packages"),
    ("maintainer", "deb_packages"),
    ("sha1", "rpm_packages"),
    ("package_group", "rpm_packages"),
    ("platform_like", "os_version"),
    ("codename", "os_version"),
)
_HOST: Final = ("hostIdentifier", "host_identifier", "hostname", "computer_name", "host")


def osquery_rows(document: object, problems: Problems) -> Iterator[InventoryRow]:
    """Rows of a whole answer; those that state no software known here are noted in ``problems``.

    Accepted: a list of rows; an object table → rows (with the host's name beside them); entries of the
    results log (``columns`` of an event, ``snapshot``), where what was ``removed`` is no longer installed.
    """
    entries = document if isinstance(document, list) else [document]
    for number, entry in enumerate(entries):
        where = f"[{number}]"
        if not isinstance(entry, dict):
            problems.add(where, "", "wrong_type", expected="an object", found=shown(entry))
            continue
        yield from _entry(entry, where, problems)


def is_osquery(document: object) -> bool:
    """Whether a JSON document looks like an answer of osquery."""
    first = next(iter(document), None) if isinstance(document, list) else document
    if not isinstance(first, dict):
        return False
    if "columns" in first or "snapshot" in first:
        return any(name in first for name in ("name", *_HOST))
    if any(table in first and isinstance(first[table], list) for table in _TABLES):
        return True
    return bool(_table_of(first)) and isinstance(document, list)


def _entry(entry: Mapping[str, Any], where: str, problems: Problems) -> Iterator[InventoryRow]:
    host = _host(entry)
    if isinstance(entry.get("columns"), dict):
        if entry.get("action") != "removed":
            yield from _row(entry["columns"], _named(entry), host, where, problems)
    elif isinstance(entry.get("snapshot"), list):
        for place, row in enumerate(entry["snapshot"]):
            yield from _row(row, _named(entry), host, f"{where}.snapshot[{place}]", problems)
    elif any(isinstance(entry.get(table), list) for table in _TABLES):
        for table in _TABLES:
            for place, row in enumerate(entry.get(table) or ()):
                yield from _row(row, table, host, f"{where}.{table}[{place}]", problems)
    else:
        yield from _row(entry, "", host, where, problems)


def _host(entry: Mapping[str, Any]) -> str:
    decorations = entry.get("decorations")
    inner = decorations if isinstance(decorations, dict) else {}
    found = (owner.get(key) for owner in (inner, entry) for key in ("hostname", *_HOST))
    return next((value for value in found if isinstance(value, str) and value), "")


def _named(entry: Mapping[str, Any]) -> str:
    """``pack_inventory_deb_packages`` asks for deb_packages."""
    name = str(entry.get("name", ""))
    return next((table for table in _TABLES if name.endswith(table)), "")


def _table_of(row: Mapping[str, Any]) -> str:
    return next((table for sign, table in _SIGNS if sign in row), "")


def _row(row: object, table: str, host: str, where: str, problems: Problems) -> Iterator[InventoryRow]:
    if not isinstance(row, dict):
        problems.add(where, "", "wrong_type", expected="an object", found=shown(row))
        return

    def cell(*names: str) -> str:
        return next((value for name in names if isinstance(value := row.get(name), str) and value), "")

    table = table or _table_of(row)
    name = cell("name", "display_name")
    if not table or not name:
        problems.add(where, "name" if table else "", "missing" if table else "unknown_table")
        return
    version = cell("bundle_short_version", "version")
    kind, namespace = _TABLES[table]
    if kind == "rpm" and cell("release"):
        version = f"{version}-{cell('release')}"
    purl = ""
    if kind:
        name = name.lower() if kind == "pypi" else name
        scope, _, short = name.rpartition("/") if kind == "npm" else (namespace, "", name)
        qualifiers = {"arch": cell("arch")} if cell("arch") else None
        purl = PackageURL(kind, scope or None, short, version or None, qualifiers).to_string()
    system = table == "os_version"
    yield InventoryRow(
        where=where,
        asset_id=host or _host(row),
        kind="operating-system" if system else "application",
        vendor="" if kind in {"deb", "rpm"} else cell("publisher", "vendor", "author"),
        product=name.removesuffix(".app"),
        version=_windows_build(row) or version if system else version,
        purl=purl,
    )


def _windows_build(row: Mapping[str, Any]) -> str:
    """Of Windows, ``version`` says 10.0.19045 and ``revision`` the update: both make the version."""
    version, revision = row.get("version"), row.get("revision")
    if row.get("platform") == "windows" and isinstance(version, str) and isinstance(revision, str):
        return f"{version}.{revision}" if revision.isdigit() and version.count(".") == 2 else version
    return ""
