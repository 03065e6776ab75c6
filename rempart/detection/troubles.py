"""What a machine cannot do with the rules of its pack, as codes: no word of a rule or filter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rempart.detection.packfile import Contents
from rempart.engines import sigma

# A rule that cannot be read, or does not compile; asks for lists that the machine has not; can never match;
# looks at logs that no channel here is known for; follows rules that are absent; a filter, left out.
CODES: Final = ("refused", "lists", "never", "unmapped", "absent", "filter")
MOST: Final = 10_000  # of one report
# By what the engine says of a defect.
_BY_DEFECT: Final[Mapping[str, str]] = {
    "unusable": "refused", "placeholders": "lists", "never": "never", "unmapped": "unmapped",
    "absent": "absent", "filter": "filter",
}  # fmt: skip


def troubles_of(
    contents: Contents, collection: sigma.Collection, detector: sigma.Detector
) -> list[tuple[str, str]]:
    """(the rule's id, a code of ``CODES``) of each defect, once each; a filter has no id here, for the
    filter's own is its body's.
    """
    rules = {one.id for one in contents.rules}
    found: dict[tuple[str, str], None] = {}
    for defect in [*collection.defects, *detector.defects]:
        key = defect.path.removeprefix("pack:")
        code = _BY_DEFECT[defect.code]
        found[(key, code) if key in rules and code != "filter" else ("", "filter")] = None
    return list(found)


def usable(collection: sigma.Collection, detector: sigma.Detector) -> int:
    """How many rules and correlations the machine looks for."""
    refused = {each.path for each in detector.defects}
    return len(detector.rules) + sum(1 for one in collection.correlations if one.path not in refused)
