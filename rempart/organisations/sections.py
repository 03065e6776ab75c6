"""What later slices add to an organisation's page, without being called from here by name.

Assets add what the body runs, exposure where it is exposed, alerts what it was asked.
"""

from __future__ import annotations

from rempart.kernel.sections import Sections
from rempart.organisations.models import Organisation

_sections: Sections[Organisation] = Sections()
register_section, sections_for = _sections.register, _sections.shown
