"""Accounts and the roles they hold. Whoever manages accounts never serves themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from rempart.kernel import audit
from rempart.kernel.actors import Actor, NotPermitted
from rempart.kernel.errors import Conflict, Invalid, NotFound
from rempart.kernel.models import ApiToken, RoleGrant, User
from rempart.kernel.permissions import Permission, Role
from rempart.kernel.time import now
from rempart.organisations import queries
from rempart.organisations.commands.ties import tie_account
from rempart.organisations.models import Organisation


@transaction.atomic
def create_user(
    actor: Actor,
    *,
    email: str,
    name: str,
    password: str | None = None,
    language: str = "fr",
    invite: bool = False,
) -> User:
    """Opens an account. Without a password the person chooses one from the invitation, or signs in by OIDC.

    Raises Invalid (field named) and Conflict when the address has an account already.
    """
    address, full_name = email.strip().lower(), " ".join(name.split())
    try:
        validate_email(address)
    except ValidationError as error:
        raise Invalid(_("Cette adresse de courriel n’est pas valide."), field="email") from error
    if not full_name or len(full_name) > 200:
        raise Invalid(_("Donnez un nom de 200 caractères au plus."), field="name")
    if language not in ("fr", "en"):
        raise Invalid(_("La langue est « fr » ou « en »."), field="language")
    actor.require(Permission.USER_MANAGE)
    if User.objects.filter(email__iexact=address).exists():
        raise Conflict(_("Cette adresse a déjà un compte."), field="email")
    if password is not None:
        try:
            validate_password(password, User(email=address, name=full_name))
        except ValidationError as error:
            raise Invalid(" ".join(error.messages), field="password") from error
    user = User.objects.create_user(address, password, name=full_name, language=language)
    if invite:
        _send_invitation(user)
    audit.record(
        actor, "user.create", user, after={"email": address, "name": full_name, "language": language}
    )
    return user


@transaction.atomic
def invite_user(actor: Actor, *, user_id: int) -> None:
    """Sends again the message from which a person chooses a password."""
    user = _managed(actor, user_id)
    if not user.is_active:
        raise Conflict(_("Ce compte est désactivé."))
    _send_invitation(user)
    audit.record(actor, "user.invite", user)


@transaction.atomic
def set_active(actor: Actor, *, user_id: int, active: bool, reason: str = "") -> User:
    """Closes an account (its sessions and tokens end at once) or opens it again."""
    user = _managed(actor, user_id)
    if user.is_active == active:
        return user
    user.is_active = active
    user.save(update_fields=["is_active"])
    if not active:
        _end_sessions(user)
        ApiToken.objects.filter(user=user, revoked_at__isnull=True).update(revoked_at=now())
    audit.record(
        actor,
        "user.reopen" if active else "user.deactivate",
        user,
        before={"is_active": not active},
        after={"is_active": active},
        reason=reason,
    )
    return user


@transaction.atomic
def reset_mfa(actor: Actor, *, user_id: int, reason: str = "") -> int:
    """Removes an account's second factors (a lost phone) and ends its sessions; returns how many."""
    user = _managed(actor, user_id)
    removed, _details = Authenticator.objects.filter(user_id=user.pk).delete()
    _end_sessions(user)
    audit.record(actor, "user.reset_mfa", user, after={"removed": removed}, reason=reason)
    return removed


@transaction.atomic
def grant_role(
    actor: Actor, *, user_id: int, role: str, organisation_code: str, ends_at: datetime | None = None
) -> RoleGrant:
    """Gives an account a role over a branch of the tree. No one grants themselves anything.

    The right to manage accounts is needed over that branch; only who holds it over the whole government
    makes administrators. Raises Invalid, NotFound, Conflict, NotPermitted.
    """
    if role not in list(Role):
        raise Invalid(_("Rôle inconnu : « %(role)s ».") % {"role": role[:32]}, field="role")
    if ends_at is not None and ends_at <= now():
        raise Invalid(_("La fin doit être à venir."), field="ends_at")
    organisation = Organisation.objects.filter(code=organisation_code).first()
    if organisation is None or (
        actor.kind != "system" and organisation.pk not in actor.scope(Permission.USER_MANAGE)
    ):
        raise NotFound(
            _("Aucun organisme ne porte le code « %(code)s ».") % {"code": organisation_code[:40]},
            field="organisation_code",
        )
    if role == Role.ADMINISTRATOR:
        actor.require_everywhere(Permission.USER_MANAGE)
    user = _grantee(actor, user_id)
    _refuse_self(actor, user)
    at = now()
    existing = RoleGrant.objects.filter(user=user, role=role, organisation=organisation).first()
    if (
        existing is not None
        and (existing.ends_at is None or existing.ends_at > at)
        and existing.ends_at == ends_at
    ):
        raise Conflict(_("Ce compte a déjà ce rôle à cet endroit."), field="role")
    before = {"starts_at": existing.starts_at, "ends_at": existing.ends_at} if existing else None
    grant, _created = RoleGrant.objects.update_or_create(
        user=user, role=role, organisation=organisation, defaults={"starts_at": at, "ends_at": ends_at}
    )
    audit.record(
        actor,
        "role.grant",
        grant,
        body_id=organisation.pk,
        label=f"{user.name} {role} {organisation.code}",
        before=before,
        after=_described(grant),
    )
    tie_account(actor, user, organisation)
    return grant


@transaction.atomic
def revoke_role(actor: Actor, *, grant_id: int, reason: str = "") -> None:
    """Ends a role now; it stays visible among the account's past roles."""
    at = now()
    grant = (
        RoleGrant.objects.select_related("user", "organisation")
        .filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at), pk=grant_id)
        .first()
    )
    if grant is None or grant.organisation_id not in actor.scope(Permission.USER_MANAGE):
        raise NotFound(_("Ce rôle n’existe pas ou a déjà pris fin."))
    if grant.role == Role.ADMINISTRATOR:
        actor.require_everywhere(Permission.USER_MANAGE)
        others = RoleGrant.objects.filter(
            Q(ends_at__isnull=True), role=Role.ADMINISTRATOR, user__is_active=True
        ).exclude(pk=grant.pk)
        if actor.kind != "system" and not others.exists():
            raise Conflict(_("La plateforme doit garder un administrateur."))
    before = _described(grant)
    grant.ends_at = at
    grant.save(update_fields=["ends_at"])
    audit.record(
        actor,
        "role.revoke",
        grant,
        body_id=grant.organisation_id,
        label=f"{grant.user.name} {grant.role} {grant.organisation.code}",
        before=before,
        after=_described(grant),
        reason=reason,
    )


def _grantee(actor: Actor, user_id: int) -> User:
    """Any account may receive a role over the actor's own branch."""
    actor.require(Permission.USER_MANAGE)
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise NotFound(_("Ce compte n’existe pas, ou vous ne le gérez pas."), field="user_id")
    if not user.is_active:
        raise Conflict(_("Ce compte est désactivé."))
    return user


def _managed(actor: Actor, user_id: int) -> User:
    actor.require(Permission.USER_MANAGE)
    user = queries.get_user(actor, user_id)
    _refuse_self(actor, user)
    return user


def _refuse_self(actor: Actor, user: User) -> None:
    if actor.user_id is not None and actor.user_id == user.pk:
        raise NotPermitted(Permission.USER_MANAGE)


def _end_sessions(user: User) -> None:
    for session in UserSession.objects.filter(user_id=user.pk):
        session.end()


def _send_invitation(user: User) -> None:
    from rempart.organisations.jobs import send_invitation

    send_invitation.enqueue(user.pk)


def _described(grant: RoleGrant) -> dict[str, Any]:
    return {
        "role": grant.role,
        "organisation_id": grant.organisation_id,
        "starts_at": grant.starts_at,
        "ends_at": grant.ends_at,
    }
