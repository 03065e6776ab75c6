"""A reviewed "not affected" offered to every body with the same component, and taken up by one of them."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from rempart.exposure.commands import opening
from rempart.exposure.commands.reach import hold
from rempart.exposure.commands.statements import reach_of, tell_of
from rempart.exposure.models import Exposure, Statement
from rempart.kernel import audit, walls
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Conflict, Invalid, NotFound
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now


@transaction.atomic
def offer_statement(actor: Actor, *, statement_id: int, offered: bool = True) -> Statement:
    """Offers an accepted "not affected" to the bodies that hold its component, or withdraws the offer.

    Its words are then read by them, without its body's name. What was taken up stays. Raises NotFound,
    NotPermitted (whoever reviews for the body may), Conflict (not accepted, or about a whole body).
    """
    found = Statement.objects.visible_to(actor, Permission.EXPOSURE_READ)
    statement = found.select_for_update().filter(pk=statement_id).first()
    if statement is None:
        raise NotFound(_("Cette déclaration n’existe pas."), field="statement_id")
    actor.require(Permission.ALERT_REVIEW, statement.body_id)
    if statement.kind != Statement.Kind.NOT_AFFECTED or statement.state != Statement.State.ACCEPTED:
        raise Conflict(_("Seule une déclaration « non touché » acceptée peut être offerte."))
    if statement.component_id is None:
        raise Conflict(_("Une déclaration offerte porte sur un composant, pas sur tout un organisme."))
    statement.offered_at = now() if offered else None
    statement.offered_by_id = actor.user_id if offered else None
    statement.save(update_fields=["offered_at", "offered_by"])
    audit.record(
        actor, "statement.offered" if offered else "statement.withdrawn_offer", statement,
        after={"component_id": statement.component_id, "vulnerability_id": statement.vulnerability_id},
    )  # fmt: skip
    return statement


@walls.lifted()  # an offer is another body's statement
@transaction.atomic
def adopt_statement(actor: Actor, *, statement_id: int, body_id: int, reason: str = "") -> Statement:
    """Takes up an offer for a body that holds the same component: it counts at once, as reviewed.

    A centre acts for a body with ``reason``. Raises NotFound (no such offer, or nothing open it is about),
    NotPermitted, Invalid (no reason), Conflict (a statement waits or holds already).
    """
    hold(alone=True)
    if not actor.may(Permission.ALERT_RESPOND, body_id):
        actor.require(Permission.ALERT_ASSIST, body_id)
        if not reason.strip():
            raise Invalid(_("Dites pourquoi vous agissez au nom de l’organisme."), field="reason")
    at = now()
    in_time = Q(valid_until__isnull=True) | Q(valid_until__gt=at)
    offers = Statement.objects.filter(in_time, offered_at__isnull=False, state=Statement.State.ACCEPTED)
    offer = offers.filter(pk=statement_id).exclude(body_id=body_id).first()
    concerned = Exposure.objects.none()
    if offer is not None:
        concerned = Exposure.objects.filter(
            body_id=body_id,
            vulnerability_id=offer.vulnerability_id,
            component_id=offer.component_id,
            state="open",
        )
    example = concerned.select_related("body").first()
    if offer is None or example is None:
        raise NotFound(_("Aucune offre ne porte sur une exposition ouverte de cet organisme."))
    same = Statement.objects.filter(body_id=body_id, vulnerability_id=offer.vulnerability_id)
    live = [Statement.State.PROPOSED, Statement.State.ACCEPTED]
    if same.filter(component_id__in=[offer.component_id], state__in=live).exists():
        raise Conflict(_("Une déclaration est déjà proposée ou acceptée pour cette vulnérabilité."))
    adopted = Statement.objects.create(
        body_id=body_id,
        vulnerability_id=offer.vulnerability_id,
        component_id=offer.component_id,
        kind=offer.kind,
        justification=offer.justification,
        explanation=offer.explanation,
        valid_until=offer.valid_until,
        state=Statement.State.ACCEPTED,
        made_by_id=actor.user_id,
        made_at=at,
        reviewed_by_id=offer.reviewed_by_id,
        reviewed_at=at,
        review_note=_("Reprise de la déclaration n° %(number)s, déjà revue.") % {"number": offer.pk},
        adopted_from=offer,
    )
    movement = opening.settle(reach_of(adopted), at)
    audit.record(
        actor, "statement.adopted", adopted, after={"from": offer.pk, "component_id": offer.component_id},
        on_behalf_of=str(example.body) if reason.strip() else "", reason=reason.strip(),
    )  # fmt: skip
    tell_of(adopted, movement)
    return adopted
