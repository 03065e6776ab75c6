"""Whether the enabled feeds are read: told by ``rempart doctor`` and the page of operations."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from rempart.intelligence import queries
from rempart.kernel.health import OK, WARNING, Finding, check


@check("feeds")
def feeds_are_read() -> Iterator[Finding]:
    """One finding per enabled feed that fails or is late."""
    stale = queries.stale_feeds()
    for name in stale:
        message = _("La source %(name)s n’est plus lue à temps.") % {"name": name}
        mend = _("Lancez « rempart feeds sync %(name)s » et lisez son erreur.") % {"name": name}
        yield Finding("feeds", WARNING, message, mend)
    if not stale:
        yield Finding("feeds", OK, _("Les sources activées sont lues à temps."))
