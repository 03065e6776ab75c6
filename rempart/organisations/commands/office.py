"""Changing the office's hours and closed days, by which business time is counted everywhere."""

from __future__ import annotations

from django.db import transaction

from rempart.kernel import audit, outbox
from rempart.kernel.actors import Actor
from rempart.kernel.permissions import Permission
from rempart.organisations import office as keeping
from rempart.organisations.models import OfficeCalendar
from rempart.organisations.office import Office


def hold_office() -> Office:
    """The office in force, nobody else changing it until the end of the caller's transaction."""
    first = keeping.office_in_force()
    OfficeCalendar.objects.get_or_create(id=OfficeCalendar.ONLY, defaults=_columns(first))
    OfficeCalendar.objects.select_for_update().get(id=OfficeCalendar.ONLY)
    return keeping.office_in_force()


@transaction.atomic
def save_office(actor: Actor, *, office: Office, reason: str = "") -> bool:
    """Makes this office the one that counts; False when it already was.

    Whoever keeps dates counted by it is told. Raises NotPermitted.
    """
    actor.require_everywhere(Permission.ESCALATION_EDIT)
    before = hold_office()
    if office == before:
        return False
    OfficeCalendar.objects.filter(id=OfficeCalendar.ONLY).update(**_columns(office))
    outbox.publish("organisations.office_changed", "office")
    audit.record(
        actor,
        "office.save",
        object_type="organisations.officecalendar",
        object_id=str(OfficeCalendar.ONLY),
        label=office.time_zone,
        before=before.to_document(),
        after=office.to_document(),
        reason=reason.strip(),
    )
    return True


def _columns(office: Office) -> dict[str, object]:
    document = office.to_document()
    return {
        "time_zone": document["time_zone"],
        "statutory_holidays": document["statutory_holidays"],
        "week": list(document["hours"].values()),
        "closed_days": document["closed_days"],
    }
