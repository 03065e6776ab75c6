"""What a machine cannot do with the rules of its pack, as codes: no word of a rule or filter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rempart.detection.packfile import Contents
from rempart.engines import sigma

# A rule that cannot be read, or does not compile; asks for lists that the machine has not; can never match;
# looks at logs that no channel here is known for; follows rules that are absent; a filter, left out.
CODES: Final = ("refused", "lists", "never", "unmapped", "absent", "filter")
MOST: Final = 10_000  # of one report


def troubles_of(
    contents: Contents,
    collection: sigma.Collection,
    detector: sigma.Detector,
    placeholders: Mapping[str, Sequence[str]],
) -> list[tuple[str, str]]:
    """(the rule's id, a code of ``CODES``) of each defect, once each; a filter has no id here, for the
    filter's own is its body's.
    """
    rules = {one.id for one in contents.rules}
    asking = {
        one.path for one in collection.rules if any(name not in placeholders for name in one.placeholders)
    }
    found: dict[tuple[str, str], None] = {}
    for defect in [*collection.defects, *detector.defects]:
        key = defect.path.removeprefix("pack:")
        code = _code(defect, asking)
        found[(key, code) if key in rules and code != "filter" else ("", "filter")] = None
    return list(found)


def _code(defect: sigma.Defect, asking: set[str]) -> str:
    if defect.path in asking:
        return "lists"
    return next((code for words, code in _SAID if words in defect.reason), "refused")


# What the engine says of a defect, in words: the tests hold them to be the same.
_SAID: Final = (
    ("can never", "never"),
    ("no Windows channel is known", "unmapped"),
    ("correlation: refers to", "absent"),
    ("filter: refers to", "filter"),
)


def usable(collection: sigma.Collection, detector: sigma.Detector) -> int:
    """How many rules and correlations the machine looks for."""
    refused = {each.path for each in detector.defects}
    return len(detector.rules) + sum(1 for one in collection.correlations if one.path not in refused)
