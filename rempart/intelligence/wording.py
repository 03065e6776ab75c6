"""Version ranges and facts in the reader's words."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from rempart.engines.exposure.model import Affected, VersionEntry

_FROM_FIRST = frozenset({"", "0", "0.0", "0.0.0", "*", "n/a", "unspecified", "-"})
_MOST = 40


def ranges_in_words(affected: Affected) -> str:
    """What a statement says of versions: « de 2.0-beta9 à avant 2.3.1 ; de 2.4 à avant 2.12.2 ».

    Affected ranges come first; exceptions and doubts follow, each with its own words.
    """
    said: dict[str, list[str]] = {"affected": [], "unaffected": [], "unknown": []}
    for entry in affected.versions:
        for status, text in _segments(entry):
            # What lies between two affected ranges goes without saying.
            if entry.changes and status == "unaffected" and affected.default_status != "affected":
                continue
            if text not in said[status]:
                said[status].append(text)
    parts = []
    if affected.default_status == "affected":
        parts.append(_("toutes les versions"))
    if said["affected"] and affected.default_status != "affected":
        parts.append(_listed(said["affected"]))
    if said["unaffected"]:
        excluding = affected.default_status == "affected"
        exception = _("sauf %(ranges)s") if excluding else _("non touché : %(ranges)s")
        parts.append(exception % {"ranges": _listed(said["unaffected"])})
    if said["unknown"]:
        parts.append(_("sans certitude : %(ranges)s") % {"ranges": _listed(said["unknown"])})
    return _(" ; ").join(parts) or _("versions non précisées")


def _listed(texts: list[str]) -> str:
    """At most forty, then how many more: some records list thousands."""
    shown = _(" ; ").join(texts[:_MOST])
    more = len(texts) - _MOST
    return _("%(shown)s ; et %(count)d autres") % {"shown": shown, "count": more} if more > 0 else shown


def _segments(entry: VersionEntry) -> Iterator[tuple[str, str]]:
    """(status, words) of each part of an entry: ``changes`` cut its range."""
    status, start = entry.status, entry.version
    for change in entry.changes:
        if change.status != status:
            yield status, _range(start, change.at, "")
            status, start = change.status, change.at
    yield status, _range(start, entry.less_than, entry.less_than_or_equal)


def _range(start: str, before: str, last: str) -> str:
    opened = start.strip().lower() in _FROM_FIRST
    if before == "*" or last == "*" or (opened and not before and not last):
        return _("toutes les versions") if opened else _("à partir de %(start)s") % {"start": start}
    values = {"start": start, "end": before or last}
    if before:
        return _("avant %(end)s") % values if opened else _("de %(start)s à avant %(end)s") % values
    if last:
        return _("jusqu’à %(end)s inclus") % values if opened else _("de %(start)s à %(end)s inclus") % values
    return start


def exploitation_in_words(value: str) -> str:
    """SSVC's "exploitation"."""
    return {
        "active": _("exploitée activement"),
        "poc": _("preuve de concept publique"),
        "none": _("aucune connue"),
    }.get(value, value)


def severity_in_words(value: str) -> str:
    """CVSS's qualitative severity."""
    return {
        "CRITICAL": _("critique"),
        "HIGH": _("élevée"),
        "MEDIUM": _("moyenne"),
        "LOW": _("faible"),
        "NONE": _("nulle"),
    }.get(value, value)


def source_in_words(source: str) -> str:
    """Who says it: ``cna:apache`` and its like, for a reader."""
    role, _colon, name = source.partition(":")
    if name == "CISA-ADP":
        name = "CISA"
    words = {
        "kev": _("catalogue KEV de la CISA"),
        "cna": _("éditeur (%(name)s)"),
        "cna-cpe": _("éditeur, configurations CPE (%(name)s)"),
        "adp": _("%(name)s (conteneur ADP)"),
        "adp-cpe": _("%(name)s (conteneur ADP, configurations CPE)"),
        "csaf": _("avis %(name)s"),
        "vex": _("fournisseur (%(name)s), déclaration VEX"),
    }.get(role, source)
    return words % {"name": name} if "%(name)s" in words else words
