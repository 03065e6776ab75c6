"""Servers that Microsoft corrects in several branches at once: each range holds its own branch alone.

Its records state the branches apart, every one of them from the product's first version: "SQL Server 2019
(GDR)" from 15.0.0 to 15.0.2116.2, "(CU 27)" from 15.0.0 to 15.0.4382.1. Read apart, the range of the higher
branch would also hold the corrections of the lower. Builds: Microsoft, "Determine which version and edition
of SQL Server Database Engine is running", "Exchange Server build numbers and release dates".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rempart.engines.exposure.display import read_server
from rempart.engines.exposure.identity import affected_keys
from rempart.engines.exposure.model import Affected, VersionEntry
from rempart.engines.versions import key

# SQL Server: the first build after those that take security corrections alone (GDR).
_AFTER_GDR = {
    "2014": "12.0.6205",
    "2016": "13.0.7000",
    "2017": "14.0.3006",
    "2019": "15.0.4003",
    "2022": "16.0.4003",
}
# Exchange: a cumulative update is the first three numbers of its builds.
_UPDATE = re.compile(r"\d+\.\d+\.\d+(?=\.\d+$)", re.ASCII)

_Product = tuple[str, str, str, frozenset[str]]  # source, server, year, identity keys


def by_branch(affecteds: Sequence[Affected]) -> Sequence[Affected]:
    """The statements about one vulnerability, those about a branch given what the others say of theirs.

    Only statements of the same identity keys are read together: whoever matches a component is given all of
    them, or none.
    """
    products: dict[_Product, list[int]] = {}
    for place, affected in enumerate(affecteds):
        product = _product_of(affected)
        if product is not None:
            products.setdefault(product, []).append(place)
    if not products:
        return affecteds
    found = list(affecteds)
    for (_, server, year, _), places in products.items():
        stated = [affecteds[place] for place in places]
        versions = _of_sql(stated, year) if server == "sql" else _of_exchange(stated)
        for place in places:
            found[place] = replace(affecteds[place], versions=versions)
    return found


def _product_of(affected: Affected) -> _Product | None:
    """The server that a statement with one affected range is about; None for any other statement."""
    if affected.vendor.casefold() != "microsoft" or len(affected.versions) != 1:
        return None
    named = read_server(affected.product)
    (entry,) = affected.versions
    if (
        named is None
        or entry.status != "affected"
        or entry.changes
        or key("generic", entry.less_than) is None
    ):
        return None
    server, year = named.kind, named.year
    is_one_of = year in _AFTER_GDR if server == "sql" else _UPDATE.match(entry.less_than) is not None
    if not is_one_of:
        return None
    return affected.source, server, year, frozenset(name for name, _ in affected_keys(affected))


def _of_sql(stated: Sequence[Affected], year: str) -> tuple[VersionEntry, ...]:
    """GDR from the product's first build, the others from the first build that is none of GDR's."""
    first = _AFTER_GDR[year]
    entries = [one.versions[0] for one in stated]
    kept = [entry for entry in entries if not _is_past(entry.less_than, first)]
    updates = [replace(entry, version=first) for entry in entries if _is_past(entry.less_than, first)]
    unsaid = [] if updates else [VersionEntry(first, "unknown", "custom", less_than="*")]
    return tuple(dict.fromkeys((*kept, *updates, *unsaid)))


def _of_exchange(stated: Sequence[Affected]) -> tuple[VersionEntry, ...]:
    """The lowest cumulative update from the product's first build, as stated; the others their own builds."""
    entries = sorted(
        (one.versions[0] for one in stated), key=lambda one: key("generic", one.less_than) or b""
    )
    lowest = _update_of(entries[0])
    return tuple(
        dict.fromkeys(
            entry if _update_of(entry) == lowest else replace(entry, version=_update_of(entry))
            for entry in entries
        )
    )


def _update_of(entry: VersionEntry) -> str:
    found = _UPDATE.match(entry.less_than)
    return found.group() if found is not None else ""


def _is_past(version: str, first: str) -> bool:
    return (key("generic", version) or b"") > (key("generic", first) or b"")
