"""Why something is done, as every decision of a person says it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from rempart.kernel.errors import Invalid

LONGEST = 4_000


def stated(text: str, field: str) -> str:
    """The reason that was given, without what no database keeps. Raises Invalid (``field``) without one."""
    reason = text.replace("\0", "").strip()
    if not reason or len(reason) > LONGEST:
        raise Invalid(_("Dites pourquoi, en moins de 4 000 caractères."), field=field)
    return reason
