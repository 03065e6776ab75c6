"""Whether detections are forgotten in time: told by ``rempart doctor`` and the page of operations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rempart.detection.queries import retention
from rempart.kernel.health import OK, WARNING, Finding, check

_LATE = timedelta(days=1)


@check("retention")
def detections_are_forgotten() -> Iterator[Finding]:
    """The government's limit, and whether the worker holds to it."""
    days = retention.government_limit()
    late = retention.overdue(_LATE)
    if late:
        message = ngettext(
            "%(count)d détection aurait dû être oubliée depuis plus d’un jour.",
            "%(count)d détections auraient dû être oubliées depuis plus d’un jour.",
            late,
        ) % {"count": late}
        mend = _("Voyez si le travailleur tourne ; sinon, lancez « rempart detection retention --now ».")
        yield Finding("retention", WARNING, message, mend)
    elif days is None:
        yield Finding(
            "retention",
            WARNING,
            _("Le gouvernement ne dit pas combien de temps les détections sont gardées."),
            _("Fixez-le : « rempart detection retention --days 365 », ou la page « Durée de conservation »."),
        )
    else:
        yield Finding(
            "retention", OK,
            _("Les détections sont oubliées à temps (%(days)d jours au plus).") % {"days": days},
        )  # fmt: skip
