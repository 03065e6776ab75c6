"""What later slices add to an asset's page, without being called from here by name."""

from __future__ import annotations

from rempart.assets.models import Asset
from rempart.kernel.sections import Sections

_sections: Sections[Asset] = Sections()
register_section, sections_for = _sections.register, _sections.shown
