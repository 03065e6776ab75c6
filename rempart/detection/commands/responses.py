"""What a body authorises in advance: described, rehearsed without effect, then armed; and taken back."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from rempart.detection.commands.reasons import stated
from rempart.detection.commands.responding import act, describe, meets, settle_undo, subject_of
from rempart.detection.models import Detection, Level, Response, ResponseAction
from rempart.kernel import audit, signing
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Conflict, Invalid, NotFound
from rempart.kernel.http import HttpRefused, webhook_policy
from rempart.kernel.http.guard import check_url
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now

Kind, Mode, S = Response.Kind, Response.Mode, ResponseAction.State
WEBHOOKS = frozenset({Kind.DISABLE_ACCOUNT, Kind.ISOLATE_HOST})
MOST_PER_HOUR = 1_000
_LOOKED_AT = 200
_LONGEST = {"name": 120, "field": 200, "url": 500, "rules": 10_000}


@transaction.atomic
def save_response(
    actor: Actor, *, body_id: int, response_id: int | None = None, kind: str, name: str, level: int,
    least_count: int = 1, per_hour: int = 10, rules: str = "", field: str = "", url: str = "",
) -> Response:  # fmt: skip
    """Describes a response, or changes one; either way it then acts without effect until it is armed.

    Raises Invalid naming the field, NotFound, Conflict when the name is taken.
    """
    actor.require(Permission.RESPONSE_MANAGE, body_id)
    values = _checked(kind, name, level, least_count, per_hour, rules, field, url)
    at = now()
    if response_id is None:
        response = Response(body_id=body_id)
    else:
        response = held(actor, response_id)
        if response.kind != kind:
            raise Invalid(_("Le genre d’une réponse ne change pas."), field="kind")
    for one, value in values.items():
        setattr(response, one, value)
    response.mode, response.changed_at, response.armed_at = Mode.DRY, at, None
    response.authorised_by_id = None
    if kind in WEBHOOKS and not response.secret:
        response.secret = signing.new_secret()
    try:
        with transaction.atomic():
            response.save()
    except IntegrityError as error:
        raise Conflict(_("Une réponse de l’organisme porte déjà ce nom."), field="name") from error
    told = {"kind": kind, "level": values["level"], "count": least_count, "per_hour": per_hour}
    audit.record(actor, "response.saved", response, after=told)
    return response


def _checked(
    kind: str, name: str, level: int, least_count: int, per_hour: int, rules: str, field: str, url: str
) -> dict[str, Any]:
    if kind not in Kind.values:
        raise Invalid(_("Ce genre de réponse n’existe pas."), field="kind")
    texts = {"name": name, "field": field, "url": url, "rules": rules}
    texts = {one: text.replace("\0", "").strip() for one, text in texts.items()}
    for one, text in texts.items():
        if len(text) > _LONGEST[one]:
            raise Invalid(_("Ce texte est trop long."), field=one)
    if not texts["name"]:
        raise Invalid(_("Donnez un nom à cette réponse."), field="name")
    if level not in Level.values:
        raise Invalid(_("Ce niveau n’existe pas."), field="level")
    if not 1 <= least_count <= 10**9:
        raise Invalid(_("Le seuil va de 1 à un milliard d’événements."), field="least_count")
    if not 1 <= per_hour <= MOST_PER_HOUR:
        raise Invalid(_("De 1 à 1 000 fois par heure."), field="per_hour")
    if kind == Kind.BLOCK and not texts["field"]:
        raise Invalid(_("Dites ce qui est bloqué : host, user ou un champ de l’événement."), field="field")
    if kind in WEBHOOKS:
        try:
            check_url(texts["url"], webhook_policy())
        except HttpRefused as error:
            raise Invalid(_("Cette adresse ne peut être appelée."), field="url") from error
    else:
        texts["url"] = ""
    if kind != Kind.BLOCK:
        texts["field"] = ""
    return {**texts, "kind": kind, "level": level, "least_count": least_count, "per_hour": per_hour}


@transaction.atomic
def rehearse(actor: Actor, *, response_id: int) -> ResponseAction:
    """Shows what the response would do to the latest detection that it concerns, without doing it.

    That detection meets its conditions or, when none does yet, only has what the response acts upon. Raises
    Conflict when the body has no such detection.
    """
    response = held(actor, response_id)
    rows = Detection.objects.visible_to(actor, Permission.TELEMETRY_READ)
    latest = list(rows.filter(body_id=response.body_id).order_by("-seen_at", "-pk")[:_LOOKED_AT])
    able = [one for one in latest if subject_of(response, one)]
    found = next((one for one in able if meets(response, one)), able[0] if able else None)
    if found is None:
        raise Conflict(_("Aucune détection ne permet d’essayer cette réponse."), code="nothing_to_try")
    action, _made = ResponseAction.objects.update_or_create(
        response=response, detection=found, dry=True,
        defaults={"body_id": response.body_id, "state": S.DRY, "at": now(), **describe(response, found)},
    )  # fmt: skip
    audit.record(actor, "response.rehearsed", response)
    return action


@transaction.atomic
def set_mode(actor: Actor, *, response_id: int, mode: str) -> Response:
    """Stops a response, lets it act without effect, or arms it: once seen at work since its last change.

    Raises Conflict when it was not, Invalid for an unknown mode.
    """
    response = held(actor, response_id)
    if mode not in Mode.values:
        raise Invalid(_("Ce mode n’existe pas."), field="mode")
    before, response.mode = response.mode, mode
    if mode == Mode.ARMED:
        tried = response.actions.filter(dry=True, at__gte=response.changed_at)
        if not tried.exists():
            raise Conflict(_("Essayez d’abord cette réponse à blanc."), code="not_tried")
        response.armed_at, response.authorised_by_id = now(), actor.user_id
    response.save(update_fields=["mode", "armed_at", "authorised_by"])
    audit.record(actor, "response.mode", response, before={"mode": before}, after={"mode": mode})
    return response


@transaction.atomic
def undo_action(actor: Actor, *, action_id: int, reason: str) -> ResponseAction:
    """Takes back what a response did. Raises Conflict when there is nothing to take back, Invalid."""
    action = _action(actor, action_id)
    why = stated(reason, "reason")
    if action.dry or action.state not in {S.DONE, S.UNDO_FAILED}:
        raise Conflict(_("Cette réponse n’a rien fait qui puisse être annulé."), code="wrong_state")
    before = action.state
    action.undone_by_id, action.undo_reason = actor.user_id, why
    settle_undo(action)
    audit.record(actor, "response.undone", action, before={"state": before}, after={"state": action.state})
    return action


@transaction.atomic
def redo_action(actor: Actor, *, action_id: int) -> ResponseAction:
    """Has a response done that the hour's limit or a failure stopped, on a person's word."""
    action = _action(actor, action_id)
    if action.dry or action.state not in {S.LIMITED, S.FAILED}:
        raise Conflict(_("Cette réponse n’attend personne."), code="wrong_state")
    before = action.state
    act(action, by_person=True)
    audit.record(actor, "response.redone", action, before={"state": before}, after={"state": action.state})
    return action


def held(actor: Actor, response_id: int) -> Response:
    """The response, locked. Raises NotFound."""
    rows = Response.objects.visible_to(actor, Permission.RESPONSE_MANAGE).select_for_update(of=("self",))
    found: Response | None = rows.filter(pk=response_id).first()
    if found is None:
        raise NotFound(_("Cette réponse n’existe pas, ou elle est d’un autre organisme."))
    return found


def _action(actor: Actor, action_id: int) -> ResponseAction:
    rows = ResponseAction.objects.visible_to(actor, Permission.RESPONSE_MANAGE)
    rows = rows.select_for_update(of=("self",)).select_related("response", "detection__sighting", "directive")
    found: ResponseAction | None = rows.filter(pk=action_id).first()
    if found is None:
        raise NotFound(_("Cette réponse n’existe pas, ou elle est d’un autre organisme."))
    return found
