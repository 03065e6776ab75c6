"""API tokens: shown once, stored as a hash, narrower than their owner, until a date (RFC 6750 bearer)."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from rempart.kernel import audit
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Invalid, NotFound
from rempart.kernel.models import ApiToken, User
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now

PREFIX = "rmp_"
MAX_DAYS = 366
_TOUCH = timedelta(minutes=1)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def create_token(
    actor: Actor, *, name: str, permissions: list[Permission], days: int, organisation_id: int | None = None
) -> tuple[ApiToken, str]:
    """Makes a token for the actor's own account; returns it with its secret, shown this once only."""
    if actor.user_id is None or actor.kind != "user":
        raise Invalid(
            _("Un jeton se crée depuis une session ouverte par une personne."), code="person_needed"
        )
    if not name.strip():
        raise Invalid(_("Donnez un nom à ce jeton."), field="name")
    if not 1 <= days <= MAX_DAYS:
        raise Invalid(_("La durée va de 1 à 366 jours."), field="days")
    held = [permission for permission in permissions if actor.may(permission)]
    if not permissions or len(held) != len(permissions):
        raise Invalid(_("Un jeton ne peut avoir que des droits que vous détenez."), field="permissions")
    if organisation_id is not None:
        for permission in permissions:
            actor.require(permission, organisation_id)
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user_id=actor.user_id,
        name=name.strip()[:100],
        prefix=secret[:10],
        digest=_digest(secret),
        permissions=sorted(permissions),
        organisation_id=organisation_id,
        created_at=now(),
        expires_at=now() + timedelta(days=days),
    )
    audit.record(
        actor, "token.create", token, after={"permissions": token.permissions, "expires": token.expires_at}
    )
    return token, secret


@transaction.atomic
def revoke_token(actor: Actor, *, token_id: int) -> None:
    token = ApiToken.objects.filter(id=token_id, user_id=actor.user_id, revoked_at__isnull=True).first()
    if token is None:
        raise NotFound(_("Ce jeton n’existe pas ou est déjà révoqué."))
    token.revoked_at = now()
    token.save(update_fields=["revoked_at"])
    audit.record(actor, "token.revoke", token)


def tokens_of(actor: Actor) -> list[ApiToken]:
    return list(ApiToken.objects.filter(user_id=actor.user_id).order_by("-created_at"))


def authenticate(secret: str) -> tuple[User, ApiToken] | None:
    """The owner and the token behind a bearer secret, if it is still good."""
    if not secret.startswith(PREFIX) or len(secret) > 200:
        return None
    at = now()
    token = (
        ApiToken.objects.select_related("user")
        .filter(digest=_digest(secret), revoked_at__isnull=True, expires_at__gt=at, user__is_active=True)
        .first()
    )
    if token is None:
        return None
    if token.last_used_at is None or at - token.last_used_at > _TOUCH:
        ApiToken.objects.filter(id=token.id).update(last_used_at=at)
    return token.user, token
