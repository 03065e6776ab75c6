"""A body's filters over its rules: proposed with a reason and an end, reviewed, gone on their own."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from rempart.detection.commands.editing import judge_text
from rempart.detection.commands.reasons import stated
from rempart.detection.judging import DEFECTIVE
from rempart.detection.models import Rule, Tuning
from rempart.kernel import audit
from rempart.kernel.actors import Actor, system
from rempart.kernel.errors import Conflict, Invalid, NotFound
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now

LONGEST_LIFE = timedelta(days=366)
_EXPIRED_AT_ONCE = 500


@transaction.atomic
def propose_tuning(
    actor: Actor,
    *,
    body_id: int,
    text: str,
    reason: str,
    expires_at: datetime,
    rule_id: int | None = None,
) -> Tuning:
    """A Sigma filter for a body's rules; it counts once someone else has accepted it.

    Raises NotPermitted, NotFound (no such rule), Invalid naming text, reason or until.
    """
    actor.require(Permission.DETECTION_WRITE, body_id)
    one = judge_text(text, body_id)
    if one.verdict == DEFECTIVE:
        raise Invalid(_("Ce filtre a un défaut : %s.") % one.reason, field="text", code="defective")
    if one.kind != "filter":
        raise Invalid(_("Ceci n’est pas un filtre Sigma (une section « filter »)."), field="text")
    why = stated(reason, "reason")
    at = now()
    if not at < expires_at <= at + LONGEST_LIFE:
        raise Invalid(_("L’échéance doit être à venir, dans un an au plus."), field="until")
    if rule_id is not None:
        found = Rule.objects.visible_to(actor, Permission.DETECTION_READ).filter(pk=rule_id)
        if not found.exists():
            raise NotFound(_("Cette règle n’existe pas."))
    key = one.key[:100]
    live = (Tuning.State.PROPOSED, Tuning.State.ACTIVE)
    if Tuning.objects.filter(body_id=body_id, key=key, state__in=live).exists():
        raise Conflict(_("Un filtre de cet identifiant est déjà proposé ou en vigueur."), field="text")
    made = Tuning.objects.create(
        body_id=body_id, title=one.title, key=key, text=one.document.text, rule_id=rule_id,
        reason=why, expires_at=expires_at, made_by_id=actor.user_id, made_at=at,
    )  # fmt: skip
    audit.record(actor, "tuning.proposed", made, after={"until": expires_at, "key": key}, reason=why)
    return made


@transaction.atomic
def review_tuning(actor: Actor, *, tuning_id: int, accept: bool, note: str = "") -> Tuning:
    """Accepts or refuses a proposed filter, never one's own.

    Raises NotFound, NotPermitted, Invalid, Conflict.
    """
    tuning = _tuning(actor, tuning_id)
    actor.require(Permission.DETECTION_REVIEW, tuning.body_id)
    if tuning.state != Tuning.State.PROPOSED:
        raise Conflict(_("Ce filtre a déjà été revu."))
    if accept and actor.user_id is not None and actor.user_id == tuning.made_by_id:
        raise Conflict(_("Un filtre est accepté par une autre personne que son auteur."))
    if accept and tuning.expires_at <= now():
        raise Conflict(_("L’échéance de ce filtre est déjà passée."))
    if not accept and not note.strip():
        raise Invalid(_("Dites pourquoi ce filtre est refusé."), field="note")
    return _move(actor, tuning, Tuning.State.ACTIVE if accept else Tuning.State.REFUSED, note)


@transaction.atomic
def end_tuning(actor: Actor, *, tuning_id: int, note: str) -> Tuning:
    """Ends a filter before its date. Raises NotFound, NotPermitted, Invalid, Conflict."""
    tuning = _tuning(actor, tuning_id)
    actor.require(Permission.DETECTION_WRITE, tuning.body_id)
    if tuning.state not in {Tuning.State.ACTIVE, Tuning.State.PROPOSED}:
        raise Conflict(_("Ce filtre n’est plus en vigueur."))
    if not note.strip():
        raise Invalid(_("Dites pourquoi ce filtre prend fin."), field="note")
    return _move(actor, tuning, Tuning.State.ENDED, note)


def expire_tunings() -> int:
    """Ends the filters whose date has come; returns how many. Packs leave them out from that date anyway."""
    due = Tuning.objects.filter(state=Tuning.State.ACTIVE, expires_at__lte=now()).order_by("id")
    ended = 0
    for tuning_id in list(due.values_list("id", flat=True)[:_EXPIRED_AT_ONCE]):
        with transaction.atomic():
            tuning = Tuning.objects.select_for_update().get(pk=tuning_id)
            if tuning.state == Tuning.State.ACTIVE:
                _move(system("detection"), tuning, Tuning.State.EXPIRED, "")
                ended += 1
    return ended


def _move(actor: Actor, tuning: Tuning, state: Tuning.State, note: str) -> Tuning:
    before, tuning.state = tuning.state, state
    tuning.note = note.strip()[:4000] or tuning.note
    fields = ["state", "note"]
    if before == Tuning.State.PROPOSED:
        tuning.reviewed_by_id, tuning.reviewed_at = actor.user_id, now()
        fields += ["reviewed_by", "reviewed_at"]
    tuning.save(update_fields=fields)
    audit.record(
        actor, "tuning.moved", tuning, before={"state": before}, after={"state": state}, reason=note.strip()
    )
    return tuning


def _tuning(actor: Actor, tuning_id: int) -> Tuning:
    tuning = (
        Tuning.objects.visible_to(actor, Permission.DETECTION_READ)
        .select_for_update(of=("self",))
        .filter(pk=tuning_id)
        .first()
    )
    if tuning is None:
        raise NotFound(_("Ce filtre n’existe pas."))
    return tuning
