"""What leaves bodies, as centres read it: rules, times, counts and pseudonyms, and nothing behind them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from rempart.detection.models import PseudonymKey, Sighting
from rempart.kernel.actors import Actor
from rempart.kernel.errors import NotFound
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now
from rempart.organisations import queries as organisations

WINDOW = timedelta(days=90)  # by which rules and coverage are judged
# Every field of what leaves, by its own name: a test holds them equal to the table's.
FIELDS = (
    "body__code", "kind", "rule_id", "rule_title", "rule_digest", "level", "techniques", "first_at",
    "last_at", "count", "host", "user", "recorded_at",
)  # fmt: skip


def sightings(actor: Actor) -> QuerySet[Sighting]:
    """The sightings of the bodies that the actor may see."""
    return Sighting.objects.visible_to(actor, Permission.SIGHTING_READ).select_related("body")


def recent(actor: Actor) -> QuerySet[Sighting]:
    """The same, of the last 90 days."""
    rows = Sighting.objects.visible_to(actor, Permission.SIGHTING_READ)
    return rows.filter(recorded_at__gte=now() - WINDOW)


def leaving(actor: Actor) -> QuerySet[Sighting]:
    """What left the bodies of which the actor sees the detections: the same rows, the same fields."""
    return Sighting.objects.visible_to(actor, Permission.TELEMETRY_READ).select_related("body")


def own_bodies(actor: Actor, permission: Permission = Permission.TELEMETRY_READ) -> list[Any]:
    """The bodies whose private rows the actor sees, or over which they hold another such right, by name."""
    return list(organisations.bodies(actor, permission).order_by("name_fr"))


def own_body(actor: Actor, code: str, permission: Permission) -> Any:
    """The body of this code, where the actor holds a right of its own people. Raises NotFound."""
    found = organisations.bodies(actor, permission).filter(code=code).first()
    if found is None:
        raise NotFound(_("Aucun organisme visible ne porte le code « %(code)s ».") % {"code": code[:40]})
    return found


def pseudonyms_since(actor: Actor, body_id: int) -> datetime | None:
    """Since when the body's pseudonyms are what they are; None before the first detection."""
    rows = PseudonymKey.objects.visible_to(actor, Permission.TELEMETRY_READ)
    found: datetime | None = (
        rows.filter(body_id=body_id, replaced_at__isnull=True).values_list("made_at", flat=True).first()
    )
    return found
