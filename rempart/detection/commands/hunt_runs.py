"""Hunts as a body's node takes them: what it keeps, what a hunt would cost there, how far it is, its end.

Everything may be said again: a node that was killed asks what is its own, and goes on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from rempart.detection import packfile
from rempart.detection.commands.hunt_moves import move, tell
from rempart.detection.commands.packs import filters_in_force, public_key, signing_key
from rempart.detection.models import HuntAuthorisation, HuntFile, HuntNode, HuntRun, HuntSighting
from rempart.detection.queries.hunts import absent
from rempart.kernel import audit
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Conflict, Invalid
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now

S, Reason = HuntRun.State, HuntRun.Reason
_NAME = 200
_MOST = 2**53
_MOST_FILES = 2**31 - 1
_STEPS = 100  # of the progress that pages are told of


@dataclass(frozen=True, slots=True)
class Kept:
    """What a node keeps."""

    files: int = 0
    events: int = 0
    bytes: int = 0
    first_day: date | None = None
    last_day: date | None = None


@transaction.atomic
def announce_node(actor: Actor, *, body_id: int, node: str, kept: Kept) -> list[HuntRun]:
    """Notes what a node keeps, and returns the open runs that are its own, the oldest first.

    It takes those that wait for a first node of the body.
    """
    actor.require(Permission.SIGHTING_SEND, body_id)
    name = _named(node)
    _counted(files=kept.files, events=kept.events, bytes=kept.bytes)
    held, new = HuntNode.objects.select_for_update().get_or_create(body_id=body_id, node=name)
    for field in ("files", "events", "bytes", "first_day", "last_day"):
        setattr(held, field, getattr(kept, field))
    held.seen_at = now()
    held.save()
    if new:
        audit.record(actor, "hunt.node_seen", held, after={"node": name})
    waiting = HuntRun.objects.select_for_update().filter(body_id=body_id, node="", state=S.ASKED)
    for run in waiting:
        run.node = name
        run.save(update_fields=["node"])
        tell(run)
    mine = HuntRun.objects.filter(body_id=body_id, node=name, state__in=HuntRun.OPEN)
    return list(mine.select_related("hunt", "body").defer("hunt__file").order_by("pk"))


def rules_of_run(actor: Actor, *, run_id: int) -> bytes:
    """The signed pack of a run's rules, with the filters that its body has for them. Raises NotFound."""
    run = _run(actor, run_id, lock=False)
    file = bytes(run.hunt.file) or _own_file(actor, run)
    held = packfile.opened(file, [public_key()]).contents
    known = {one.id for one in held.filters}
    filters = [one for one in filters_in_force(run.body_id, now()) if one.id not in known]
    if not filters:
        return file
    return packfile.sealed(replace(held, filters=(*held.filters, *filters)), signing_key())[0]


def _own_file(actor: Actor, run: HuntRun) -> bytes:
    held = HuntFile.objects.visible_to(actor, Permission.SIGHTING_SEND).filter(hunt_id=run.hunt_id).first()
    if held is None:
        raise absent()
    return bytes(held.file)


@transaction.atomic
def estimate_run(
    actor: Actor, *, run_id: int, node: str, files: int, events: int, bytes_: int, seconds: float | None
) -> HuntRun:
    """Notes what a run would cost at its node; it then waits for the body, unless allowed in advance."""
    run = _own(actor, run_id, node)
    if run.state != S.ASKED:
        return run
    _counted(files=files, events=events, bytes=bytes_)
    if seconds is not None and not (math.isfinite(seconds) and 0 <= seconds < _MOST):
        raise Invalid(_("Ce nombre n’est pas possible."), field="seconds")
    at = now()
    run.files, run.events, run.bytes, run.seconds, run.estimated_at = files, events, bytes_, seconds, at
    run.events_total, run.heard_at = events, at
    told: dict[str, Any] = {"files": files, "events": events, "seconds": seconds}
    move(actor, run, S.ESTIMATED, told=told)
    if _allowed_ahead(run):
        run.standing, run.decided_at = True, at
        move(actor, run, S.AUTHORISED, told={"standing": True})
    return run


def _allowed_ahead(run: HuntRun) -> bool:
    """Whether the body lets such a run go without being asked. One that reads nothing costs nothing."""
    ahead = HuntAuthorisation.objects.select_for_update().filter(body_id=run.body_id).first()
    cost = 0.0 if run.events == 0 else run.seconds
    if ahead is None or cost is None or cost > ahead.most_seconds:
        return False
    lately = HuntRun.objects.filter(
        body_id=run.body_id, standing=True, decided_at__gt=now() - timedelta(hours=24)
    )
    return lately.count() < ahead.per_day


@transaction.atomic
def progress_run(actor: Actor, *, run_id: int, node: str, done: int, total: int) -> HuntRun:
    """Notes how far a run is; the first word starts it. What it returns says whether to go on."""
    run = _own(actor, run_id, node)
    _counted(done=done, total=total)
    if run.state == S.AUTHORISED:
        run.started_at = now()
        _advance(run, done, total)
        move(actor, run, S.RUNNING)
    elif run.state == S.RUNNING:
        before = _step(run)
        _advance(run, done, total)
        run.save()
        if _step(run) != before:
            tell(run)
    return run


def _advance(run: HuntRun, done: int, total: int) -> None:
    run.events_total = max(total, done)
    run.events_done = done
    run.heard_at = now()


def _step(run: HuntRun) -> int:
    return _STEPS * run.events_done // max(run.events_total, 1)


@transaction.atomic
def end_run(
    actor: Actor, *, run_id: int, node: str, done: int = 0, matches: int = 0, reason: str = ""
) -> HuntRun:
    """Ends a run: done, or failed for a reason of ``HuntRun.Reason``. One that ended stays as it is."""
    run = _own(actor, run_id, node)
    if run.state in HuntRun.ENDED:
        return run
    _counted(done=done, matches=matches)
    if reason and reason not in Reason.values:
        raise Invalid(_("Cette raison n’existe pas."), field="reason")
    run.heard_at = now()
    if reason:
        run.reason = reason
        move(actor, run, S.FAILED, told={"reason": reason})
        return run
    run.events_done, run.events_total, run.matches = done, done, matches
    found = HuntSighting.objects.filter(run=run).count()
    move(actor, run, S.DONE, told={"events": done, "detections": found})
    return run


def run_of_batch(actor: Actor, *, run_id: int, body_id: int) -> HuntRun:
    """The run that detections come from. Raises NotFound when it is not one of this body."""
    run = _run(actor, run_id, lock=False)
    if run.body_id != body_id:
        raise absent()
    return run


def _own(actor: Actor, run_id: int, node: str) -> HuntRun:
    run = _run(actor, run_id, lock=True)
    if run.node != _named(node):
        raise Conflict(_("Un autre nœud de l’organisme a cette chasse."), code="hunt_node")
    return run


def _run(actor: Actor, run_id: int, *, lock: bool) -> HuntRun:
    rows = HuntRun.objects.visible_to(actor, Permission.SIGHTING_SEND).select_related("hunt")
    rows = rows.select_for_update(of=("self",)).defer("hunt__file") if lock else rows
    run: HuntRun | None = rows.filter(pk=run_id).first()
    if run is None:
        raise absent()
    return run


def _named(node: str) -> str:
    name = node.strip()
    if not name or len(name) > _NAME or not name.isprintable():
        raise Invalid(_("Ce nom de nœud n’est pas possible."), field="node")
    return name


def _counted(**counts: int) -> None:
    for field, value in counts.items():
        if not 0 <= value <= (_MOST_FILES if field == "files" else _MOST):
            raise Invalid(_("Ce nombre n’est pas possible."), field=field)
