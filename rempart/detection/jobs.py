"""Background work of the library: releases are read out of the request, filters end on their day."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django_tasks import task

from rempart.detection.commands import importing, tuning
from rempart.kernel import worker
from rempart.kernel.actors import actor_for
from rempart.kernel.errors import DomainError


@task(queue_name="bulk")
def read_release(user_id: int, place: str, options: dict[str, Any]) -> dict[str, Any]:
    """Reads a release in the name of who asked; an archive that was sent is then deleted.

    A refusal is the job's answer, which its page shows: trying again would not change it.
    """
    actor = actor_for(get_user_model().objects.get(id=user_id))
    sent = not place.startswith("https://")
    if sent and not Path(place).exists():
        return {"refused": "already read"}
    try:
        release = importing.import_rules(actor, place, **options)
    except DomainError as error:
        answer: dict[str, Any] = {"refused": str(error.message), "code": error.code}
    else:
        answer = {"release": release.pk, **release.counts}
    if sent:
        Path(place).unlink(missing_ok=True)
    return answer


@worker.every(timedelta(minutes=15))
def expire_tunings() -> int:
    """Ends the filters whose date has come."""
    return tuning.expire_tunings()
