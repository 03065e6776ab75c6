"""Inventories received, and how far those being applied are."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from rempart.assets.models import InventoryImport
from rempart.kernel.actors import Actor
from rempart.kernel.errors import NotFound
from rempart.kernel.models import Job
from rempart.kernel.permissions import Permission


def imports(actor: Actor) -> QuerySet[InventoryImport]:
    """The inventories received from the bodies that the actor may see, newest first."""
    rows: QuerySet[InventoryImport] = InventoryImport.objects.visible_to(actor, Permission.ASSET_READ)
    return rows.select_related("body", "created_by", "asset").order_by("-created_at", "-id")


def get_import(actor: Actor, import_id: int) -> InventoryImport:
    """One inventory received. Raises ``NotFound``."""
    found = imports(actor).filter(id=import_id).first()
    if found is None:
        raise NotFound(_("Cet inventaire n’existe pas."))
    return found


def job_progress(inventory: InventoryImport) -> dict[str, Any] | None:
    """How far the job that applies an inventory is: state, done, total, note; None when there is none."""
    job_id = inventory.summary.get("job")
    job = Job.objects.filter(id=job_id).first() if job_id else None
    if job is None:
        return None
    return {
        "state": job.state,
        "done": job.progress_done,
        "total": job.progress_total,
        "note": job.progress_note,
    }


def last_inventories(actor: Actor, body_id: int) -> list[InventoryImport]:
    """The newest applied inventory of each source of a body."""
    newest: dict[str, InventoryImport] = {}
    rows = (
        imports(actor)
        .filter(body_id=body_id, state=InventoryImport.State.APPLIED)
        .order_by("-observed_at", "-id")
    )
    for each in rows[:200]:
        newest.setdefault(each.source, each)
    return list(newest.values())
