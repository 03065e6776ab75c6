"""Which product an entry of CISA's KEV catalogue means, beside what the CVE record says of it.

Only one entry in six writes vendor and product as the record does: entries name families ("Windows"),
parts ("Chromium V8") and lists, or a product where the record says ``n/a``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from rempart.engines.exposure.aliases import Aliases
from rempart.engines.exposure.families import is_family
from rempart.engines.exposure.identity import affected_keys
from rempart.engines.exposure.model import Affected


class Meeting(StrEnum):
    """How an entry and its record were brought together, the surest first."""

    PRODUCT = "product"  # both name one product
    FAMILY = "family"  # the entry names a family, of which the record names products
    ENTRY_ALONE = "entry_alone"  # the record names no product: the entry's name is the only one


@dataclass(frozen=True, slots=True)
class Resolution:
    """The canonical key in which an entry and its record meet, and how surely."""

    key: str
    confidence: float
    meeting: Meeting


def resolve_entry(
    vendor: str, product: str, record: Iterable[Affected], aliases: Aliases
) -> Resolution | None:
    """The product that an entry (its vendor and product as written) and its record both mean.

    None when they name different products, or when neither names any.
    """
    entry = aliases.resolve(affected_keys(Affected("kev", vendor, product)))
    published: dict[str, float] = {}
    for affected in record:
        for key, confidence in aliases.resolve(affected_keys(affected)).items():
            published[key] = max(confidence, published.get(key, 0.0))
    shared = entry.keys() & published.keys()
    if shared:
        key = min(shared, key=lambda one: (is_family(one), -min(entry[one], published[one]), one))
        meeting = Meeting.FAMILY if is_family(key) else Meeting.PRODUCT
        return Resolution(key, min(entry[key], published[key]), meeting)
    if published or not entry:
        return None
    key = min(entry, key=lambda one: (-entry[one], one))
    return Resolution(key, entry[key], Meeting.ENTRY_ALONE)
