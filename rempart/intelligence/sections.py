"""What later slices add to this one's pages, without being called from here by name.

Exposure adds exposed bodies and the filter "touches us"; alerts add the directive and its timeline.
"""

from __future__ import annotations

from collections.abc import Callable

from rempart.intelligence.models import Vulnerability
from rempart.kernel.actors import Actor
from rempart.kernel.listing import Filter
from rempart.kernel.sections import Sections

FilterFactory = Callable[[Actor], Filter]

_sections: Sections[Vulnerability] = Sections()
register_section, sections_for = _sections.register, _sections.shown
_filters: dict[str, FilterFactory] = {}


def register_filter(key: str, factory: FilterFactory) -> None:
    """Adds a filter to the list of vulnerabilities; ``factory`` makes it for its reader."""
    _filters[key] = factory


def filters_for(actor: Actor) -> tuple[Filter, ...]:
    """The filters that other slices add, for this reader."""
    return tuple(factory(actor) for factory in _filters.values())
