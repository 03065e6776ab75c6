"""Background work: large inventories are applied out of the request, forgotten previews are cleaned up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django_tasks import task

from rempart.assets.commands import imports
from rempart.kernel import jobs, worker
from rempart.kernel.actors import actor_for
from rempart.kernel.errors import DomainError


@task(queue_name="bulk")
def apply_inventory(import_id: int, user_id: int, rows: int) -> dict[str, Any]:
    """Applies an inventory in the name of who asked. A refusal is kept in the import: the job succeeded."""
    actor = actor_for(get_user_model().objects.get(id=user_id))

    def progress(done: int, note: str) -> None:
        jobs.progress(min(done, rows), rows, note)

    try:
        applied = imports.apply_import(actor, import_id=import_id, progress=progress)
    except DomainError as error:
        imports.refuse_import(import_id, error)
        return {"state": "refused", "code": error.code}
    return {"state": applied.state}


@worker.every(timedelta(hours=6))
def discard_forgotten() -> int:
    """Gives up the previews that nobody applied."""
    return imports.discard_forgotten()
