"""A body's filters over its rules: proposed with a reason and an end, reviewed, gone on their own.

What a filter says stays in its body (``TuningText``): no word of it goes to the audit trail, which centres
read.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from rempart.detection.commands.editing import judge_text
from rempart.detection.commands.reasons import stated
from rempart.detection.judging import DEFECTIVE
from rempart.detection.models import Rule, Tuning, TuningText
from rempart.detection.tuning_shape import shape_of
from rempart.kernel import audit
from rempart.kernel.actors import Actor, system
from rempart.kernel.errors import Conflict, Invalid, NotFound
from rempart.kernel.permissions import ROLE_PERMISSIONS, Permission
from rempart.kernel.time import now

LONGEST_LIFE = timedelta(days=366)
_EXPIRED_AT_ONCE = 500
_NAMED = 500  # rules of a filter that are looked up


@transaction.atomic
def propose_tuning(
    actor: Actor,
    *,
    body_id: int,
    text: str,
    reason: str,
    category: str,
    expires_at: datetime,
    rule_id: int | None = None,
) -> Tuning:
    """A Sigma filter for a body's rules, by its own people; it counts once someone else has accepted it.

    ``category``: a ``Tuning.Category``. Without ``rule_id``, it is shown beside the first rule it names.
    Raises NotPermitted, NotFound (no such rule), Invalid naming text, reason, category or until.
    """
    actor.require(Permission.TELEMETRY_TRIAGE, body_id)
    actor.require(Permission.DETECTION_WRITE, body_id)
    one = judge_text(text, body_id)
    if one.verdict == DEFECTIVE:
        raise Invalid(_("Ce filtre a un défaut : %s.") % one.reason, field="text", code="defective")
    if one.kind != "filter":
        raise Invalid(_("Ceci n’est pas un filtre Sigma (une section « filter »)."), field="text")
    why = stated(reason, "reason")
    if category not in Tuning.Category.values:
        raise Invalid(_("Choisissez une sorte de raison."), field="category")
    at = now()
    if not at < expires_at <= at + LONGEST_LIFE:
        raise Invalid(_("L’échéance doit être à venir, dans un an au plus."), field="until")
    visible = Rule.objects.visible_to(actor, Permission.DETECTION_READ).filter(Q(body=None) | Q(body=body_id))
    if rule_id is not None and not visible.filter(pk=rule_id).exists():
        raise NotFound(_("Cette règle n’existe pas."))
    key = one.key[:100]
    live = (Tuning.State.PROPOSED, Tuning.State.ACTIVE)
    if TuningText.objects.filter(body_id=body_id, key=key, tuning__state__in=live).exists():
        raise Conflict(_("Un filtre de cet identifiant est déjà proposé ou en vigueur."), field="text")
    named = dict(visible.filter(key__in=one.refers[:_NAMED]).order_by("body_id").values_list("key", "pk"))
    if rule_id is None:
        rule_id = next((named[each] for each in one.refers if each in named), None)
    made = Tuning.objects.create(
        body_id=body_id, rule_id=rule_id, shape=shape_of(one.document.text, named), category=category,
        expires_at=expires_at, made_by_id=actor.user_id, made_as=_role(actor, body_id), made_at=at,
    )  # fmt: skip
    TuningText.objects.create(
        body_id=body_id, tuning=made, title=one.title, key=key, text=one.document.text, reason=why
    )
    audit.record(actor, "tuning.proposed", made, after={"until": expires_at, "category": category})
    return made


def _role(actor: Actor, body_id: int) -> str:
    """The role by which the actor speaks for the body; "" for the platform itself."""
    held = (
        grant.role
        for grant in actor.grants
        if body_id in grant.scope and Permission.TELEMETRY_TRIAGE in ROLE_PERMISSIONS[grant.role]
    )
    return next((str(role) for role in held), "")


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
    """What someone of the body says stays in the body; what a centre says is for both."""
    before, tuning.state = tuning.state, state
    said = note.strip()[:4000]
    fields = ["state"]
    within = actor.may(Permission.TELEMETRY_READ, tuning.body_id)
    if said and within:
        TuningText.objects.filter(tuning=tuning).update(note=said)
    elif said:
        tuning.note = said
        fields.append("note")
    if before == Tuning.State.PROPOSED:
        tuning.reviewed_by_id, tuning.reviewed_at = actor.user_id, now()
        fields += ["reviewed_by", "reviewed_at"]
    tuning.save(update_fields=fields)
    audit.record(
        actor, "tuning.moved", tuning, before={"state": before}, after={"state": state},
        reason="" if within else said,
    )  # fmt: skip
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
