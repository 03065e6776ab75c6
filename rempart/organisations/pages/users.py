"""Accounts: opening one, the roles it holds, closing it."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import DomainError, NotFound
from rempart.kernel.listing import Column, Filter, Listing
from rempart.kernel.permissions import ROLE_NAMES, Permission, Role
from rempart.kernel.time import now
from rempart.organisations import commands, queries
from rempart.organisations.pages.forms import GrantForm, UserForm, attempt, data

USERS = Listing(
    key="users",
    columns=(
        Column("name", gettext_lazy("Nom"), ("name",)),
        Column("email", gettext_lazy("Courriel"), ("email",)),
        Column("roles", gettext_lazy("Rôles")),
        Column("last_login", gettext_lazy("Dernière connexion"), ("last_login",)),
        Column("created", gettext_lazy("Ouvert"), ("created_at",), optional=True),
        Column("state", gettext_lazy("État"), ("-is_active",)),
    ),
    filters=(
        Filter(
            "q",
            gettext_lazy("Nom ou courriel"),
            lambda rows, text: rows.filter(Q(name__icontains=text) | Q(email__icontains=text)),
        ),
        Filter(
            "role",
            gettext_lazy("Rôle"),
            queries.holding,
            [(role.value, name) for role, name in ROLE_NAMES.items()],
        ),
        Filter(
            "state",
            gettext_lazy("État"),
            lambda rows, text: rows.filter(is_active=text == "active"),
            (("active", gettext_lazy("actif")), ("closed", gettext_lazy("désactivé"))),
        ),
    ),
    default_sort="name",
)


@page(Permission.USER_MANAGE)
@require_GET
def user_list(request: ActorRequest) -> HttpResponse:
    shown = USERS.page(queries.users(request.actor), request.GET)
    roles = queries.roles_by_user([row.pk for row in shown.rows])
    for row in shown.rows:
        row.role_names = [(ROLE_NAMES[Role(role)], code) for role, code in roles.get(row.pk, [])]
    return render(request, "organisations/users.html", {"page": shown})


@page(Permission.USER_MANAGE)
def user_new(request: ActorRequest) -> HttpResponse:
    form = UserForm(data(request), initial={"language": "fr"})
    made = []
    if attempt(form, lambda: made.append(commands.create_user(request.actor, **form.cleaned_data))):
        messages.success(request, _("Le compte est ouvert : donnez-lui un rôle."))
        everywhere = request.actor.scope(Permission.USER_MANAGE).everything
        return redirect("user", made[0].pk) if everywhere else redirect("user_list")
    context = {"form": form, "title": _("Ouvrir un compte"), "cancel_url": reverse("user_list")}
    return render(request, "organisations/form.html", context)


@page(Permission.USER_MANAGE)
def user(request: ActorRequest, user_id: int) -> HttpResponse:
    found = queries.get_user(request.actor, user_id)
    form = GrantForm(data(request))
    if attempt(form, lambda: commands.grant_role(request.actor, user_id=found.pk, **form.cleaned_data)):
        messages.success(request, _("Le rôle est donné."))
        return redirect("user", found.pk)
    at = now()
    grants = [
        (grant, ROLE_NAMES[Role(grant.role)], grant.ends_at is None or grant.ends_at > at)
        for grant in queries.grants_of(request.actor, found)
    ]
    context = {"account": found, "form": form, "grants": grants, "itself": found.pk == request.actor.user_id}
    return render(request, "organisations/user.html", context)


@page(Permission.USER_MANAGE)
@require_POST
def user_action(request: ActorRequest, user_id: int, action: str) -> HttpResponse:
    actor, reason = request.actor, request.POST.get("reason", "")[:1000]
    try:
        if action == "deactivate":
            commands.set_active(actor, user_id=user_id, active=False, reason=reason)
        elif action == "reopen":
            commands.set_active(actor, user_id=user_id, active=True, reason=reason)
        elif action == "reset-mfa":
            commands.reset_mfa(actor, user_id=user_id, reason=reason)
        elif action == "invite":
            commands.invite_user(actor, user_id=user_id)
        elif action == "revoke":
            commands.revoke_role(actor, grant_id=_whole(request.POST.get("grant", "")), reason=reason)
        else:
            raise NotFound(_("Cette action n’existe pas."))
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("C’est fait, et inscrit au journal."))
    return redirect("user", user_id)


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


@page(Permission.USER_MANAGE)
@require_GET
def role_matrix(request: ActorRequest) -> HttpResponse:
    roles, rows = queries.role_matrix()
    return render(request, "organisations/roles.html", {"roles": roles, "rows": rows})


urlpatterns = [
    path("users/", user_list, name="user_list"),
    path("users/new/", user_new, name="user_new"),
    path("users/roles/", role_matrix, name="role_matrix"),
    path("users/<seq:user_id>/", user, name="user"),
    path("users/<seq:user_id>/<slug:action>/", user_action, name="user_action"),
]
