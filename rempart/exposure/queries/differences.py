"""What matchings changed: the runs, and what each did to the exposures of the bodies that one may see."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _

from rempart.exposure.models import ExposureMove, MatchRun
from rempart.kernel.actors import Actor
from rempart.kernel.errors import NotFound
from rempart.kernel.permissions import Permission
from rempart.kernel.scoping import ScopedQuerySet


def runs(actor: Actor) -> QuerySet[MatchRun]:
    """The runs kept: that one took place is no secret to who reads exposures."""
    actor.require(Permission.EXPOSURE_READ)
    return MatchRun.objects.all()


def get_run(actor: Actor, run_id: int | None = None) -> MatchRun:
    """A run, or the latest. Raises NotFound."""
    rows = runs(actor).order_by("-started_at", "-id")
    found = (rows if run_id is None else rows.filter(pk=run_id)).first()
    if found is None:
        raise NotFound(_("Ce rapprochement n’est pas connu, ou n’est plus gardé."), field="run_id")
    return found


def moves(actor: Actor, run: MatchRun) -> ScopedQuerySet:
    """What a run did to the exposures of the actor's bodies."""
    rows = ExposureMove.objects.visible_to(actor, Permission.EXPOSURE_READ).filter(run=run)
    return rows.select_related("body", "component", "vulnerability", "verdict")


def moved(actor: Actor, run_ids: Collection[int]) -> dict[int, dict[str, int]]:
    """How many exposures of the actor's bodies moved in each of these runs, by move."""
    rows = ExposureMove.objects.visible_to(actor, Permission.EXPOSURE_READ).filter(run_id__in=run_ids)
    counted: dict[int, dict[str, int]] = {one: {} for one in run_ids}
    for run_id, move, count in rows.order_by().values_list("run_id", "move").annotate(total=Sum("n")):
        counted[run_id][move] = count
    return counted
