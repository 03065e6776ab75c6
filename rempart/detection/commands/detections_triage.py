"""What a body's people decide of its detections. Their words stay in the body, out of the audit trail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from rempart.detection.commands.reasons import stated
from rempart.detection.models import Detection, DetectionNote, Rule
from rempart.detection.tuning_proposal import proposed_filter
from rempart.kernel import audit, outbox
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Invalid, NotFound
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now
from rempart.organisations import queries as organisations

S = Detection.State
MOST = 500


@transaction.atomic
def triage(actor: Actor, *, detection_ids: Collection[int], state: str, reason: str) -> int:
    """Gives detections a verdict, with its reason; returns how many changed. "new" takes a verdict back.

    A false positive gets the text of a filter that would have left it out. Publishes ``detection.triaged``
    {body_id, detection_ids, state}. Raises NotFound when one is not the actor's to triage.
    """
    if state not in S.values:
        raise Invalid(_("Ce verdict n’existe pas."), field="state")
    why = stated(reason, "reason")
    at = now()
    rows = [row for row in _held(actor, detection_ids) if row.state != state or row.reason != why]
    done = state != S.NEW
    filters = _filters(actor, rows) if state == S.FALSE_POSITIVE else {}
    for row in rows:
        row.state, row.reason = state, why
        row.triaged_at, row.triaged_by_id = (at, actor.user_id) if done else (None, None)
        row.tuning = filters.get(row.pk, "")
    Detection.objects.bulk_update(
        rows, ["state", "reason", "triaged_at", "triaged_by", "tuning"], batch_size=100
    )
    _note(actor, rows, "triaged", why, state)
    bodies: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        bodies[row.body_id].append(row.pk)
    for body_id, ids in bodies.items():
        told = {"body_id": body_id, "detection_ids": ids, "state": state}
        outbox.publish("detection.triaged", f"detections:{body_id}", told)
        audit.record(
            actor, "detection.triaged", None, body_id=body_id,
            after={"verdict": state, "detections": len(ids), "numbers": ids[:50]},
        )  # fmt: skip
    return len(rows)


@transaction.atomic
def assign_detection(actor: Actor, *, detection_id: int, person_id: int | None) -> Detection:
    """Gives a detection to a person of the body, or to nobody."""
    (row,) = _held(actor, [detection_id])
    name = ""
    if person_id is not None:
        person = organisations.get_person(actor, person_id)
        if not person.active or not person.body.path.startswith(row.body.path):
            raise Invalid(_("Cette personne n’appartient pas à l’organisme."), field="person")
        name = person.name
    row.assignee_id = person_id
    row.save(update_fields=["assignee"])
    _note(actor, [row], "assigned", name)
    audit.record(actor, "detection.assigned", row, after={"person_id": person_id})
    return row


@transaction.atomic
def note_detection(actor: Actor, *, detection_id: int, text: str) -> DetectionNote:
    """Adds what someone found out about a detection."""
    (row,) = _held(actor, [detection_id])
    (made,) = _note(actor, [row], "note", stated(text, "text"))
    audit.record(actor, "detection.noted", row)
    return made


def _held(actor: Actor, detection_ids: Collection[int]) -> list[Detection]:
    """The detections, locked, in order. Raises NotFound, Invalid when there is none or there are too many."""
    wanted = set(detection_ids)
    if not wanted:
        raise Invalid(_("Choisissez au moins une détection."), field="selected")
    if len(wanted) > MOST:
        raise Invalid(_("Choisissez 500 détections au plus."), field="selected")
    rows = list(
        Detection.objects.visible_to(actor, Permission.TELEMETRY_TRIAGE)
        .select_for_update(of=("self",))
        .select_related("body")
        .filter(pk__in=wanted)
        .order_by("pk")
    )
    if len(rows) != len(wanted):
        raise NotFound(_("Cette détection n’existe pas, ou elle est d’un autre organisme."))
    return rows


def _filters(actor: Actor, rows: list[Detection]) -> dict[int, str]:
    """The filter that each detection suggests, by its id; rules of the library say their log source."""
    keys = {row.rule_id for row in rows if row.kind == "sigma"}
    known: dict[str, Any] = {
        rule.key: rule
        for rule in Rule.objects.visible_to(actor, Permission.DETECTION_READ).filter(key__in=keys)
    }
    return {row.pk: proposed_filter(row, known.get(row.rule_id)) for row in rows if row.kind == "sigma"}


def _note(actor: Actor, rows: list[Detection], kind: str, text: str, state: str = "") -> list[DetectionNote]:
    at = now()
    return DetectionNote.objects.bulk_create(
        DetectionNote(
            body_id=row.body_id, detection=row, at=at, kind=kind, state=state, text=text,
            author_id=actor.user_id, author_label=actor.label,
        )
        for row in rows
    )  # fmt: skip
