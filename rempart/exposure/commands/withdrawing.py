"""Taking back a statement: what it covered is open again, and so is what other bodies took up from it."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from rempart.exposure.commands import opening
from rempart.exposure.commands.reach import hold
from rempart.exposure.commands.statements import reach_of, tell_of
from rempart.exposure.models import Statement
from rempart.kernel import audit, walls
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Conflict, Invalid, NotFound
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now

_MAX_REASON = 2_000
LIVE = (Statement.State.PROPOSED, Statement.State.ACCEPTED)


@transaction.atomic
def withdraw_statement(actor: Actor, *, statement_id: int, reason: str) -> int:
    """Ends a statement that waits or holds, by its body's people or by those who review for it.

    The copies that other bodies took up end with it: they stood on the same review. Returns how many
    statements ended. Raises NotFound, NotPermitted, Invalid (no reason), Conflict (it ended already).
    """
    hold(alone=True)
    found = Statement.objects.visible_to(actor, Permission.EXPOSURE_READ)
    statement = found.select_for_update().filter(pk=statement_id).first()
    if statement is None:
        raise NotFound(_("Cette déclaration n’existe pas."), field="statement_id")
    if not actor.may(Permission.ALERT_RESPOND, statement.body_id):
        actor.require(Permission.ALERT_REVIEW, statement.body_id)
    reason = reason.strip()[:_MAX_REASON]
    if not reason:
        raise Invalid(_("Dites pourquoi la déclaration est retirée."), field="reason")
    if statement.state not in LIVE:
        raise Conflict(_("Cette déclaration n’est plus en vigueur."))
    _end(actor, statement, reason)
    return 1 + _end_copies(actor, statement)


@walls.lifted()  # the copies are other bodies' statements
def _end_copies(actor: Actor, statement: Statement) -> int:
    """Ends the live copies of a statement, and those of its copies."""
    ended, sources = 0, [statement]
    reason = _("La déclaration n° %(number)s, dont celle-ci est la reprise, a été retirée.")
    while sources:
        source = sources.pop()
        copies = Statement.objects.select_for_update().filter(adopted_from=source, state__in=LIVE)
        for copy in copies.order_by("pk"):
            _end(actor, copy, reason % {"number": source.pk})
            sources.append(copy)
            ended += 1
    return ended


def _end(actor: Actor, statement: Statement, reason: str) -> None:
    at, before = now(), str(statement.state)
    statement.state, statement.offered_at, statement.offered_by_id = Statement.State.WITHDRAWN, None, None
    statement.ended_at, statement.ended_by_id, statement.end_reason = at, actor.user_id, reason
    statement.save(update_fields=["state", "offered_at", "offered_by", "ended_at", "ended_by", "end_reason"])
    movement = opening.settle(reach_of(statement), at)
    audit.record(
        actor, "statement.withdrawn", statement,
        before={"state": before}, after={"state": str(statement.state)}, reason=reason,
    )  # fmt: skip
    tell_of(statement, movement)
