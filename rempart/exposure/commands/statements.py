"""A body's word: not affected (with its justification), or a risk accepted until a date; and its review."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from rempart.exposure.commands import opening
from rempart.exposure.commands.matching import tell
from rempart.exposure.commands.opening import Movement
from rempart.exposure.commands.reach import Reach, hold
from rempart.exposure.models import Exposure, Statement
from rempart.kernel import audit
from rempart.kernel.actors import Actor, system
from rempart.kernel.errors import Conflict, Invalid, NotFound
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now

# CISA, "Vulnerability Exploitability eXchange (VEX) – Status Justifications" (2022), also of OpenVEX.
JUSTIFICATIONS = (
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
)
LONGEST_ACCEPTANCE = timedelta(days=366)
_MAX_TEXT = 10_000
_EXPIRED_AT_ONCE = 200


@transaction.atomic
def make_statement(
    actor: Actor,
    *,
    body_id: int,
    vulnerability_id: int,
    kind: str,
    explanation: str,
    justification: str = "",
    compensating_measure: str = "",
    valid_until: datetime | None = None,
    component_id: int | None = None,
    reason: str = "",
) -> Statement:
    """Proposes a statement; it counts once reviewed by someone else.

    A centre speaks for a body with ``reason`` (its right is to assist). Raises Invalid naming the field,
    NotFound when the body has no exposure to state anything about, Conflict when one already waits or holds.
    """
    at = now()
    if not actor.may(Permission.ALERT_RESPOND, body_id):
        actor.require(Permission.ALERT_ASSIST, body_id)
        if not reason.strip():
            raise Invalid(_("Dites pourquoi vous agissez au nom de l’organisme."), field="reason")
    fields = _clean(kind, justification, explanation, compensating_measure, valid_until, at)
    concerned = Exposure.objects.filter(body_id=body_id, vulnerability_id=vulnerability_id)
    if component_id is not None:
        concerned = concerned.filter(component_id=component_id)
    example = concerned.select_related("body").first()
    if example is None:
        raise NotFound(_("Cet organisme n’est pas exposé à cette vulnérabilité."), field="vulnerability_id")
    same = Statement.objects.filter(
        body_id=body_id, vulnerability_id=vulnerability_id, component_id=component_id
    )
    if same.filter(state__in=[Statement.State.PROPOSED, Statement.State.ACCEPTED]).exists():
        raise Conflict(_("Une déclaration est déjà proposée ou acceptée pour cette vulnérabilité."))
    statement = Statement.objects.create(
        body_id=body_id,
        vulnerability_id=vulnerability_id,
        component_id=component_id,
        made_by_id=actor.user_id,
        made_at=at,
        **fields,
    )
    audit.record(
        actor,
        "statement.made",
        statement,
        after={**fields, "vulnerability_id": vulnerability_id, "component_id": component_id},
        on_behalf_of=str(example.body) if reason.strip() else "",
        reason=reason.strip(),
    )
    tell_of(statement, Movement())
    return statement


@transaction.atomic
def review_statement(actor: Actor, *, statement_id: int, accept: bool, note: str = "") -> Statement:
    """Accepts or refuses a proposed statement, never one's own; an accepted one closes what it covers.

    Raises NotFound, NotPermitted, Conflict (already reviewed, or one's own), Invalid (no note).
    """
    hold(alone=True)
    statement = (
        Statement.objects.visible_to(actor, Permission.EXPOSURE_READ)
        .select_for_update()
        .filter(pk=statement_id)
        .first()
    )
    if statement is None:
        raise NotFound(_("Cette déclaration n’existe pas."), field="statement_id")
    actor.require(Permission.ALERT_REVIEW, statement.body_id)
    if actor.user_id is not None and actor.user_id == statement.made_by_id:
        raise Conflict(_("Une déclaration est revue par une autre personne que son auteur."))
    if statement.state != Statement.State.PROPOSED:
        raise Conflict(_("Cette déclaration a déjà été revue."))
    if not accept and not note.strip():
        raise Invalid(_("Dites à l’organisme pourquoi la déclaration est refusée."), field="note")
    at = now()
    if accept and statement.valid_until is not None and statement.valid_until <= at:
        raise Conflict(_("L’échéance de cette acceptation est déjà passée."))
    statement.state = Statement.State.ACCEPTED if accept else Statement.State.REFUSED
    statement.reviewed_by_id, statement.reviewed_at, statement.review_note = actor.user_id, at, note.strip()
    statement.save(update_fields=["state", "reviewed_by", "reviewed_at", "review_note"])
    movement = opening.settle(reach_of(statement), at) if accept else Movement()
    audit.record(
        actor, "statement.reviewed", statement,
        before={"state": Statement.State.PROPOSED}, after={"state": statement.state}, reason=note.strip(),
    )  # fmt: skip
    tell_of(statement, movement)
    return statement


def expire_statements() -> int:
    """Ends the accepted statements whose date has come: what they covered is open again. Returns how many."""
    due = Statement.objects.filter(state=Statement.State.ACCEPTED, valid_until__lte=now()).order_by("id")
    return _expire(due.values_list("id", flat=True)[:_EXPIRED_AT_ONCE])


def _expire(ids: Iterable[int]) -> int:
    ended = 0
    for statement_id in list(ids):
        with transaction.atomic():
            hold(alone=True)
            at = now()
            statement = Statement.objects.select_for_update().get(pk=statement_id)
            if statement.state != Statement.State.ACCEPTED:
                continue  # another worker came first
            statement.state = Statement.State.EXPIRED
            statement.save(update_fields=["state"])
            movement = opening.settle(reach_of(statement), at)
            audit.record(
                system("exposure"), "statement.expired", statement,
                before={"state": Statement.State.ACCEPTED}, after={"state": statement.state},
            )  # fmt: skip
            tell_of(statement, movement)
            ended += 1
    return ended


def reach_of(statement: Statement) -> Reach:
    """The exposures that a statement speaks of, and those of the same vulnerability beside them."""
    return Reach(vulnerability_ids=[statement.vulnerability_id], body_id=statement.body_id)


def tell_of(statement: Statement, movement: Movement) -> None:
    """Tells even when no exposure moved: a directive shows that a statement waits, or was refused."""
    movement.vulnerability_ids.add(statement.vulnerability_id)
    movement.body_ids.add(statement.body_id)
    tell(movement, "statement", statement_id=statement.pk, statement_state=str(statement.state))


def _clean(
    kind: str, justification: str, explanation: str, measure: str, valid_until: datetime | None, at: datetime
) -> dict[str, object]:
    explanation, measure = explanation.strip(), measure.strip()
    if kind not in Statement.Kind.values:
        raise Invalid(_("Cette sorte de déclaration n’existe pas."), field="kind")
    if not explanation:
        raise Invalid(_("Expliquez la déclaration."), field="explanation")
    for field, text in (("explanation", explanation), ("compensating_measure", measure)):
        if len(text) > _MAX_TEXT:
            raise Invalid(_("Ce texte est trop long."), field=field)
    if kind == Statement.Kind.NOT_AFFECTED:
        if justification not in JUSTIFICATIONS:
            raise Invalid(_("Choisissez la justification (VEX)."), field="justification")
    else:
        justification = ""
        if not measure:
            raise Invalid(_("Décrivez la mesure qui atténue le risque."), field="compensating_measure")
        if valid_until is None or valid_until.tzinfo is None:
            raise Invalid(_("Dites jusqu’à quand le risque est accepté."), field="valid_until")
        if not at < valid_until <= at + LONGEST_ACCEPTANCE:
            raise Invalid(_("L’échéance doit être à venir, dans un an au plus."), field="valid_until")
    if valid_until is not None and valid_until <= at:
        raise Invalid(_("L’échéance doit être à venir."), field="valid_until")
    return {
        "kind": kind,
        "justification": justification,
        "explanation": explanation,
        "compensating_measure": measure,
        "valid_until": valid_until,
    }
