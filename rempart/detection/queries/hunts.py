"""Hunts as those who asked and those whose logs are asked see them: each the runs of their own bodies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Sum
from django.utils.translation import gettext as _

from rempart.detection.models import (
    Detection,
    Hunt,
    HuntAuthorisation,
    HuntNode,
    HuntRun,
    HuntSighting,
    Pack,
    PackFile,
    RuleVersion,
    Sighting,
)
from rempart.kernel.actors import Actor
from rempart.kernel.errors import NotFound
from rempart.kernel.permissions import Permission
from rempart.organisations import queries as organisations

_READ = Permission.DETECTION_READ
S = HuntRun.State
_LATEST = 10


def runs(actor: Actor) -> QuerySet[HuntRun]:
    """The runs of hunts in the actor's bodies, each with how many sightings it brought (``found``)."""
    rows = HuntRun.objects.visible_to(actor, _READ).defer("hunt__file")
    return rows.select_related("hunt", "body", "decided_by").annotate(found=Count("sightings"))


def hunts(actor: Actor) -> QuerySet[Hunt]:
    """The hunts of which the actor sees a run, without their rules."""
    seen = HuntRun.objects.visible_to(actor, _READ).filter(hunt_id=OuterRef("pk"))
    return Hunt.objects.filter(Exists(seen)).defer("file").select_related("asked_by")


def absent() -> NotFound:
    """What is told of a hunt, or of a run, that is not there or not for the reader."""
    return NotFound(_("Cette chasse n’existe pas, ou elle ne concerne pas vos organismes."))


def get_hunt(actor: Actor, hunt_id: int) -> Hunt:
    """Raises NotFound when there is none of which the actor sees a run."""
    found = (
        hunts(actor).select_related("version__rule", "pack").defer("pack__file").filter(pk=hunt_id).first()
    )
    if found is None:
        raise absent()
    return found


def get_run(actor: Actor, run_id: int) -> HuntRun:
    """Raises NotFound when there is none that the actor may see."""
    found: HuntRun | None = runs(actor).filter(pk=run_id).first()
    if found is None:
        raise absent()
    return found


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the runs of a hunt are, among those that the actor sees. ``share``: 0 to 1, of their events."""

    bodies: int = 0
    nodes: int = 0
    open: int = 0
    waiting: int = 0  # for their body's word
    running: int = 0
    done: int = 0
    failed: int = 0
    events_done: int = 0
    events_total: int = 0
    found: int = 0  # sightings that they brought

    @property
    def share(self) -> float:
        """Of the events of the runs, those done."""
        return self.events_done / self.events_total if self.events_total else float(not self.open)


def progress(actor: Actor, ids: list[int]) -> dict[int, Progress]:
    """The progress of hunts, by their number."""
    rows = HuntRun.objects.visible_to(actor, _READ).filter(hunt_id__in=ids).values("hunt_id").order_by()
    counted = rows.annotate(
        bodies=Count("body_id", distinct=True),
        nodes=Count("pk"),
        open=Count("pk", filter=Q(state__in=HuntRun.OPEN)),
        waiting=Count("pk", filter=Q(state=S.ESTIMATED)),
        running=Count("pk", filter=Q(state=S.RUNNING)),
        done=Count("pk", filter=Q(state=S.DONE)),
        failed=Count("pk", filter=Q(state=S.FAILED)),
        events_done=Sum("events_done"),
        events_total=Sum("events_total", filter=~Q(state__in=[S.REFUSED, S.CANCELLED, S.FAILED])),
    )
    found: dict[int, int] = dict(
        HuntRun.objects.visible_to(actor, _READ)
        .filter(hunt_id__in=ids)
        .values("hunt_id")
        .order_by()
        .annotate(n=Count("sightings__sighting_id", distinct=True))
        .values_list("hunt_id", "n")
    )
    made = {}
    for row in counted:
        hunt_id = row.pop("hunt_id")
        row["events_total"] = row["events_total"] or 0
        row["events_done"] = min(row["events_done"] or 0, row["events_total"])
        made[hunt_id] = Progress(**row, found=found.get(hunt_id, 0))
    return made


def asked_of(actor: Actor) -> QuerySet[HuntRun]:
    """The runs that wait for a word of the actor's own bodies, the oldest first."""
    rows = HuntRun.objects.visible_to(actor, Permission.HUNT_ALLOW).defer("hunt__file")
    return rows.filter(state=S.ESTIMATED).select_related("hunt", "hunt__asked_by", "body").order_by("pk")


def waiting(actor: Actor) -> dict[str, int]:
    """How many hunts wait for the actor's word, by the page that shows them."""
    if not actor.may(Permission.HUNT_ALLOW):
        return {}
    rows = HuntRun.objects.visible_to(actor, Permission.HUNT_ALLOW)
    return {"hunt_list": rows.filter(state=S.ESTIMATED).count()}


def askable(actor: Actor) -> list[Any]:
    """The bodies that the actor may ask, by name, each with its nodes (``nodes``) and what these keep."""
    kept: dict[int, list[HuntNode]] = {}
    for node in HuntNode.objects.visible_to(actor, Permission.HUNT_ASK).order_by("node"):
        kept.setdefault(node.body_id, []).append(node)
    bodies = list(organisations.bodies(actor, Permission.HUNT_ASK).order_by("name_fr"))
    for body in bodies:
        body.nodes = kept.get(body.pk, [])  # type: ignore[attr-defined]
    return bodies


def huntable_packs(actor: Actor) -> list[Pack]:
    """The packs whose file is kept, the last first: those for all, and those of the actor's own bodies."""
    own = PackFile.objects.visible_to(actor, Permission.TELEMETRY_READ).values("pack")
    rows = Pack.objects.visible_to(actor, _READ).filter(Q(body=None) & ~Q(file=b"") | Q(pk__in=own))
    return list(rows.select_related("body").defer("file").order_by("-number")[:40])


def latest_found(actor: Actor, hunt_id: int) -> list[Sighting]:
    """The last sightings that a hunt brought, for whoever reads sightings; ``detection``: the number of the
    detection, in the actor's own bodies.
    """
    own = Detection.objects.visible_to(actor, Permission.TELEMETRY_READ).filter(sighting=OuterRef("pk"))
    brought_here = HuntSighting.objects.visible_to(actor, _READ).filter(run__hunt_id=hunt_id)
    rows = Sighting.objects.visible_to(actor, Permission.SIGHTING_READ).select_related("body")
    rows = rows.filter(pk__in=brought_here.values("sighting_id"))
    return list(
        rows.annotate(detection=Subquery(own.values("pk")[:1])).order_by("-recorded_at", "-pk")[:_LATEST]
    )


def version_of(actor: Actor, version_id: int) -> RuleVersion | None:
    """A version of a rule, when the actor may see it."""
    rows = RuleVersion.objects.visible_to(actor, _READ).select_related("rule")
    found: RuleVersion | None = rows.filter(pk=version_id).first()
    return found


def authorisations(actor: Actor) -> dict[int, HuntAuthorisation]:
    """What the actor's own bodies allow in advance, by body."""
    rows = HuntAuthorisation.objects.visible_to(actor, Permission.HUNT_ALLOW).select_related("set_by")
    return {row.body_id: row for row in rows}


def brought(hunt_id: int) -> QuerySet[HuntSighting, int]:
    """The numbers of the sightings that a hunt brought, to filter rows that are already scoped."""
    return HuntSighting.objects.filter(run__hunt_id=hunt_id).values_list("sighting_id", flat=True)
