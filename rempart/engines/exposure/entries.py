"""A statement's entries with their texts reduced to versions, whatever words surround them.

Each rule here undoes one way of writing, described in ``docs/version-text.md``; a text of no known form
is left as it is, and stays unreadable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rempart.engines.exposure.cpe import ANY, parse_cpe
from rempart.engines.exposure.model import Affected, VersionEntry
from rempart.engines.exposure.names import vendor_name
from rempart.engines.exposure.rangetext import UNSTATED, without_product
from rempart.engines.exposure.spellings import published, speech_of
from rempart.engines.versions import key

# Citrix states a branch as the version and the patch inside that branch as the bound. CISA repeats both, and
# drops the type that says so.
_PATCHES_ITS_BRANCHES, _ITS_APPLIANCE = "citrix", "netscaler"
_BRANCH_OF_PATCH = re.compile(r"[0-9]+\.[0-9]+(?:-[A-Za-z]+)?")
_PATCH = re.compile(r"[0-9]+\.[0-9]+")
# "p4" of "14.1-RELEASE", "update_5" of "2020": an update of the version beside it.
_UPDATE = re.compile(r"(?:p|pl|patch|update|sp|hf|hotfix|cu|ru)[ _-]?[0-9]{1,5}", re.IGNORECASE)
_BASE = re.compile(r"[0-9][0-9.]*(?:-[A-Za-z]+[0-9]*)?")
# "22.3R2-S2, 22.3R3": the first correction of each line of releases.
_SEPARATOR = re.compile(r"\s*[,;]\s*")
_LINE = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_MAX_ENDS = 40
_ARCHITECTURE = re.compile(
    r"(?<=[0-9A-Za-z])\s\(?(?:x64|x86|x86_64|amd64|arm64|(?:32|64)[- ]?bit)\)?$", re.IGNORECASE
)
# "ArubaOS 10.5.x.x: 10.5.0.0 and below": a branch, and the last version of it or the only one.
_BRANCHED = re.compile(
    r"(?:[A-Za-z][\w /()-]{0,60}? )?(?P<branch>[0-9]+(?:\.[0-9]+){0,5}(?:\.[x*]){0,4}): ?"
    r"(?P<last>[0-9][0-9A-Za-z.-]{0,60}?)(?P<below> (?:and|or) (?:below|earlier|prior|older))?\.?",
    re.ASCII | re.IGNORECASE,
)
# "2019 (14.0)": the year by which the product is sold, and the version.
_YEAR_BEFORE = re.compile(r"20[0-9]{2} \(([0-9]+(?:\.[0-9]+)+)\)")
# The epoch of a package's version ("0:2.9.4-3.el8_10") is no branch.
_EPOCH = re.compile(r"[0-9]{1,10}:[0-9]", re.ASCII)


def entries_of(affected: Affected) -> tuple[VersionEntry, ...]:
    """The statement's entries, else what its CPE names say, ready to be compiled."""
    stated = affected.versions or tuple(_entries_of_cpes(affected.cpes))
    speech = speech_of_statement(affected)
    found: list[VersionEntry] = []
    for entry in _joined(stated):
        plain = _each_end(_plain(entry, affected))
        found.extend((_spelled(one, speech) for one in plain) if speech else plain)
    return tuple(found)


def in_any_update(affected: Affected) -> frozenset[str]:
    """The versions that the CPE names of a statement state with any update (``*``), where they are its list.

    ``9.0:*`` names 9.0 and its every update, ``9.0:-`` the one without (NISTIR 7696, section 6: ANY holds
    each value of the attribute; NVD's match criteria follow it).
    """
    if affected.versions and not affected.source.partition(":")[0].endswith("-cpe"):
        return frozenset()
    read = [parse_cpe(text) for text in affected.cpes]
    return frozenset(
        cpe.version
        for cpe in read
        if cpe is not None and cpe.version and not cpe.wildcards and cpe.logical_update == ANY
    )


def speech_of_statement(affected: Affected) -> str:
    """By which product's habits a statement writes versions (see ``spellings``); empty for most."""
    return speech_of(affected.vendor, affected.product, affected.cpes[0] if affected.cpes else "")


def _spelled(entry: VersionEntry, speech: str) -> VersionEntry:
    return replace(
        entry,
        version=published(speech, entry.version.strip()),
        less_than=published(speech, entry.less_than.strip()),
        less_than_or_equal=published(speech, entry.less_than_or_equal.strip()),
        changes=tuple(replace(one, at=published(speech, one.at.strip())) for one in entry.changes),
    )


def _entries_of_cpes(cpes: Sequence[str]) -> Iterator[VersionEntry]:
    """A CPE name with a version names one affected version (CPE names carry no range)."""
    for text in cpes:
        cpe = parse_cpe(text)
        if cpe is not None and cpe.version:
            yield VersionEntry(version=cpe.full_version, status="affected", version_type="cpe")


def _joined(entries: Sequence[VersionEntry]) -> Iterator[VersionEntry]:
    """Entries with the two halves of one range joined.

    Converted from the older format, "at least 8.6.0" and "below 8.13.4" became two entries, each with
    one end unspecified; read apart, the second would hold what lies below 8.6.0.
    """
    position = 0
    while position < len(entries):
        entry = entries[position]
        following = entries[position + 1] if position + 1 < len(entries) else None
        if following is not None and _starts(entry) and _only_ends(following, entry):
            yield replace(following, version=entry.version)
            position += 2
            continue
        yield entry
        position += 1


def _starts(entry: VersionEntry) -> bool:
    end = (entry.less_than or entry.less_than_or_equal).strip().casefold()
    return end in {"unspecified", "n/a"} and entry.version.strip().casefold() not in UNSTATED


def _only_ends(entry: VersionEntry, start: VersionEntry) -> bool:
    end = (entry.less_than or entry.less_than_or_equal).strip().casefold()
    return (
        entry.version.strip().casefold() in {"unspecified", "n/a"}
        and end not in UNSTATED
        and end != "*"
        and (entry.status, entry.changes) == (start.status, start.changes)
    )


def _plain(entry: VersionEntry, affected: Affected) -> VersionEntry:
    """The entry with its texts reduced to versions: no product name, no patch apart from its branch."""
    names = f"{affected.vendor} {affected.product}"
    stated = entry.version.strip()
    version = without_product(stated, names)
    if len(version.split(maxsplit=1)) > 1:
        version = _ARCHITECTURE.sub("", version)
    named = _YEAR_BEFORE.fullmatch(version)
    version = named.group(1) if named is not None else version
    less_than = without_product(entry.less_than.strip(), names)
    less_than_or_equal = without_product(entry.less_than_or_equal.strip(), names)
    has_branch = ":" in stated[:80] and not _EPOCH.match(stated)
    branched = _BRANCHED.fullmatch(stated) if has_branch else None
    if branched is not None:
        version = branched["last"]
        if branched["below"] or less_than or less_than_or_equal:
            version = branched["branch"]
            less_than_or_equal = less_than_or_equal or ("" if less_than else branched["last"])
    if states_patches(affected, entry):
        less_than = _of_branch(version, less_than)
        less_than_or_equal = _of_branch(version, less_than_or_equal)
    less_than = _of_base(version, less_than)
    less_than_or_equal = _of_base(version, less_than_or_equal)
    if (version, less_than, less_than_or_equal) == (entry.version, entry.less_than, entry.less_than_or_equal):
        return entry
    return replace(entry, version=version, less_than=less_than, less_than_or_equal=less_than_or_equal)


def states_patches(affected: Affected, entry: VersionEntry) -> bool:
    """Whether an entry's bounds are patches inside the branch that its version is."""
    is_patch = entry.version_type.casefold() == "patch" or (
        _ITS_APPLIANCE in affected.product.casefold() or affected.vendor.casefold() == _ITS_APPLIANCE
    )
    return is_patch and vendor_name(affected.vendor) == _PATCHES_ITS_BRANCHES


def _of_branch(branch: str, patch: str) -> str:
    """ "13.1" with a patch below "49.13" stands for 13.1-49.13."""
    if not _BRANCH_OF_PATCH.fullmatch(branch) or not _PATCH.fullmatch(patch):
        return patch
    return patch if branch.partition(".")[0] == patch.partition(".")[0] else f"{branch}-{patch}"


def _of_base(base: str, update: str) -> str:
    """ "14.1-RELEASE" up to "p4" stands for 14.1-RELEASE-p4."""
    if not update[:1].isalpha() or not _UPDATE.fullmatch(update) or not _BASE.fullmatch(base):
        return update
    return f"{base}-{update.replace('_', '').replace(' ', '')}"


def _each_end(entry: VersionEntry) -> Iterator[VersionEntry]:
    """An end that lists the first correction of several lines: one range for each line.

    Of corrections in one line ("22.3R2-S2, 22.3R3") the first ends the range. A later line starts at its
    own beginning ("2022.10" of "2022.10.6"); texts that are not all versions stay as they are.
    """
    listed = entry.less_than or entry.less_than_or_equal
    ends = _SEPARATOR.split(listed.strip()) if "," in listed or ";" in listed else []
    if not 1 < len(ends) <= _MAX_ENDS or entry.changes:
        yield entry
        return
    placed = []
    for end in ends:
        place, line = key("generic", end), _line_of(end)
        if place is None or not line:
            yield entry
            return
        placed.append((place, end, line))
    placed.sort()
    lines: dict[str, str] = {}
    for _, end, line in placed:
        lines.setdefault(line, end)
    for position, (line, end) in enumerate(lines.items()):
        start = entry.version if position == 0 else line
        if entry.less_than:
            yield replace(entry, version=start, less_than=end)
        else:
            yield replace(entry, version=start, less_than_or_equal=end)


def _line_of(version: str) -> str:
    """ "2022.10" of "2022.10.6", "22.3" of "22.3R2-S2"; empty where no line shows."""
    found = _LINE.match(version)
    if found is None:
        return ""
    numbers = found.group()
    return numbers if found.end() < len(version) else numbers.rpartition(".")[0]
