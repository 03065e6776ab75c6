"""How I am told: my own channels, their thresholds, and their proof."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rempart.kernel.edge import ActorRequest, public, signed_in
from rempart.kernel.errors import DomainError
from rempart.organisations import commands, queries
from rempart.organisations.commands.channels import channel_of_link
from rempart.organisations.pages.forms import THRESHOLDS, ChannelForm, CodeForm, attempt, data


@signed_in
def my_channels(request: ActorRequest) -> HttpResponse:
    """One's own ways to be reached; a person of the tree has some, an account without one does not."""
    own = queries.person_of(request.actor)
    form = ChannelForm(data(request), initial={"address": own.email if own else ""})
    if own and attempt(
        form, lambda: commands.add_channel(request.actor, person_id=own.pk, **form.cleaned_data)
    ):
        messages.success(request, _("Un message part vers cette adresse : suivez-le pour la vérifier."))
        return redirect("my_channels")
    context = {
        "person": own,
        "channels": list(queries.channels_of(request.actor).order_by("medium", "id")),
        "form": form,
        "thresholds": THRESHOLDS,
        "code_form": CodeForm(),
    }
    return render(request, "organisations/my_channels.html", context)


@signed_in
@require_POST
def channel_action(request: ActorRequest, channel_id: int, action: str) -> HttpResponse:
    try:
        _act(request, channel_id, action)
    except DomainError as error:
        messages.error(request, str(error.message))
    return redirect("my_channels")


def _act(request: ActorRequest, channel_id: int, action: str) -> None:
    actor = request.actor
    if action == "preferences":
        commands.set_preferences(
            actor,
            channel_id=channel_id,
            immediate_from=request.POST.get("immediate_from", ""),
            digest="digest" in request.POST,
        )
        messages.success(request, _("Vos préférences sont enregistrées."))
    elif action == "verify":
        commands.request_verification(actor, channel_id=channel_id)
        messages.success(request, _("Un nouveau message part vers cette adresse."))
    elif action == "confirm":
        commands.confirm_channel(actor, channel_id=channel_id, code=request.POST.get("code", "")[:20])
        messages.success(request, _("Ce moyen de contact est vérifié."))
    elif action == "remove":
        commands.remove_channel(actor, channel_id=channel_id)
        messages.success(request, _("Ce moyen de contact est oublié."))


@public
def channel_confirm(request: HttpRequest, token: str) -> HttpResponse:
    """From the message's link. Only the button verifies: mail filters open links by themselves."""
    context: dict[str, object] = {"token": token}
    try:
        if request.method == "POST":
            context["channel"], context["done"] = commands.confirm_link(token), True
        else:
            context["channel"] = channel_of_link(token)
    except DomainError as error:
        context["error"] = error.message
    return render(
        request, "organisations/channel_confirm.html", context, status=400 if "error" in context else 200
    )


urlpatterns = [
    path("my-channels/", my_channels, name="my_channels"),
    path("my-channels/<seq:channel_id>/<slug:action>/", channel_action, name="channel_action"),
    path("channels/confirm/<str:token>/", channel_confirm, name="channel_confirm"),
]
