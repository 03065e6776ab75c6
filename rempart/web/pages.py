"""The pages of the shell: where each person starts, their account, and their API tokens."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from rempart.kernel import tokens
from rempart.kernel.edge import ActorRequest, public, signed_in
from rempart.kernel.errors import Invalid
from rempart.kernel.forms import show_refusal
from rempart.kernel.permissions import PERMISSION_NAMES, ROLE_NAMES, Permission
from rempart.kernel.time import now
from rempart.organisations import queries as organisations
from rempart.web import accounts, board, columns, home, live, navigation, search, sessions
from rempart.web.language import set_language


@public
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@signed_in
@require_GET
def start(request: ActorRequest) -> HttpResponse:
    """Sends each person to the page of their role; who has none yet is told what to ask for."""
    address = home.start_of(request.actor)
    return redirect(address) if address else render(request, "web/home.html")


def _back(request: HttpRequest) -> HttpResponseRedirect:
    """To the page the form came from, when it is one of ours."""
    target = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(target if ours else "/")


@signed_in
@require_POST
def list_columns(request: ActorRequest) -> HttpResponse:
    """Keeps the columns that a person chose for a list, or forgets their choice."""
    # Only the first column left is a choice too, and an empty one means "the list's own".
    chosen = [] if "reset" in request.POST else [*request.POST.getlist("columns"), ""]
    columns.choose(request.user, request.POST.get("list", "")[:60], chosen)
    return _back(request)


@signed_in
@require_GET
def find(request: ActorRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()[:200]
    groups = search.everywhere(request.actor, text) if len(text) >= search.SHORTEST else []
    # Not while the text is still being typed.
    if not request.htmx and len(groups) == 1 and len(groups[0].found) == 1 and groups[0].found[0].exact:
        return redirect(groups[0].found[0].url)
    context = {"search_text": text, "groups": groups, "shortest": search.SHORTEST}
    return render(request, "web/search.html", context)


class AccountForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Nom"), max_length=200)
    language = forms.ChoiceField(
        label=gettext_lazy("Langue"),
        choices=settings.LANGUAGES,
        help_text=gettext_lazy("Celle des pages et des messages que vous recevez."),
    )


@signed_in
def my_account(request: ActorRequest) -> HttpResponse:
    user = request.user
    form = AccountForm(request.POST or None, initial={"name": user.name, "language": user.language})
    if request.method == "POST" and form.is_valid():
        accounts.rename(user, form.cleaned_data["name"].strip())
        with translation.override(form.cleaned_data["language"]):
            messages.success(request, _("Votre compte est à jour."))
        request.POST = request.POST.copy()
        request.POST["next"] = request.path
        return set_language(request)
    context = {"form": form, "channels_url": navigation.address("my_channels"), "roles": _roles(request)}
    return render(request, "web/account.html", context, status=422 if form.is_bound else 200)


def _roles(request: ActorRequest) -> list[tuple[str, str]]:
    """The person's roles, in words, and where each is held."""
    places = organisations.organisations(request.actor).in_bulk(
        [g.organisation_id for g in request.actor.grants]
    )
    return [
        (
            str(ROLE_NAMES[grant.role]),
            places[grant.organisation_id].name if grant.organisation_id in places else "–",
        )
        for grant in request.actor.grants
    ]


def _grantable(request: ActorRequest) -> list[tuple[str, str]]:
    """The rights that the person holds, in words: a token may have no other."""
    held = [permission for permission in Permission if request.actor.may(permission)]
    return [(permission.value, str(PERMISSION_NAMES[permission])) for permission in held]


class TokenForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Nom"),
        max_length=100,
        help_text=gettext_lazy("Le programme qui l’emploiera, par exemple « Inventaire du parc »."),
    )
    days = forms.IntegerField(
        label=gettext_lazy("Durée, en jours"), min_value=1, max_value=tokens.MAX_DAYS, initial=90
    )
    permissions = forms.MultipleChoiceField(
        label=gettext_lazy("Droits"),
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Les seuls que ce jeton aura, dans les organismes où vous les détenez."),
    )

    def __init__(self, *arguments: object, choices: list[tuple[str, str]], **named: object) -> None:
        super().__init__(*arguments, **named)  # type: ignore[arg-type]
        self.fields["permissions"].choices = choices  # type: ignore[attr-defined]


@signed_in
def token_list(request: ActorRequest) -> HttpResponse:
    """The person's tokens; a new one is shown once, in the answer that makes it."""
    form = TokenForm(request.POST or None, choices=_grantable(request))
    secret = ""
    if request.method == "POST" and form.is_valid():
        wanted = form.cleaned_data
        try:
            _token, secret = tokens.create_token(
                request.actor,
                name=wanted["name"],
                permissions=[Permission(each) for each in wanted["permissions"]],
                days=wanted["days"],
            )
            form = TokenForm(choices=_grantable(request))
        except Invalid as error:
            show_refusal(form, error)
    rows = [(token, _token_state(token)) for token in tokens.tokens_of(request.actor)]
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "web/tokens.html", {"form": form, "secret": secret, "rows": rows}, status=status)


def _token_state(token: object) -> str:
    if token.revoked_at:  # type: ignore[attr-defined]
        return "withdrawn"
    return "expired" if token.expires_at <= now() else "active"  # type: ignore[attr-defined]


@signed_in
@require_POST
def token_revoke(request: ActorRequest, token_id: int) -> HttpResponse:
    tokens.revoke_token(request.actor, token_id=token_id)
    messages.success(request, _("Le jeton est révoqué : le programme qui l’employait n’a plus accès."))
    return redirect("token_list")


@signed_in
@require_POST
def session_end(request: ActorRequest, session_id: int) -> HttpResponse:
    sessions.close(request.actor, session_id)
    messages.success(request, _("La session est fermée."))
    return redirect("usersessions_list")


urlpatterns = [
    path("", start, name="home"),
    path("healthz", healthz, name="healthz"),
    path("live/events", live.events, name="live_events"),
    path("search/", find, name="search"),
    *board.urlpatterns,
    path("preferences/columns/", list_columns, name="list_columns"),
    path("my-account/", my_account, name="my_account"),
    path("my-tokens/", token_list, name="token_list"),
    path("my-sessions/<int:session_id>/end/", session_end, name="session_end"),
    path("my-tokens/<int:token_id>/revoke/", token_revoke, name="token_revoke"),
]
