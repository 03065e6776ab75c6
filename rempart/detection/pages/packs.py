"""Signed packs of rules: those that were made, making one, and which nodes run which."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from rempart.detection import library_wording as wording
from rempart.detection import queries
from rempart.detection.commands import packs as commands
from rempart.detection.pages.filters import whole
from rempart.detection.pages.library_forms import body_number, owners
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.listing import Column, Filter, Listing
from rempart.kernel.permissions import Permission

PACKS = Listing(
    "rule_packs",
    (
        Column("number", _("Paquet"), ("number",)),
        Column("body", _("Pour"), ("body__name_fr",)),
        Column("rules", _("Règles"), ("rules",), numeric=True),
        Column("filters", _("Filtres"), ("filters",), numeric=True),
        Column("made", _("Signé"), ("made_at",)),
        Column("who", _("Par"), ("made_by__name",)),
        Column("digest", _("Empreinte"), ("digest",)),
    ),
    (
        Filter("body", _("Organisme"), whole("body__code")),
        Filter("q", _("Empreinte"), lambda rows, value: rows.filter(digest__startswith=value.lower())),
    ),
    "-number",
)
NODES = Listing(
    "rule_nodes",
    (
        Column("body", _("Organisme"), ("body__name_fr", "node")),
        Column("node", _("Nœud"), ("node",)),
        Column("state", _("Ce qui y tourne")),
        Column("pack", _("Paquet"), ("pack__number",), numeric=True),
        Column("rules", _("Règles utilisables"), ("rules",), numeric=True),
        Column("defects", _("Défauts"), ("defects",), numeric=True),
        Column("since", _("Depuis"), ("since",)),
        Column("reported", _("Dernière déclaration"), ("reported_at",)),
        Column("digest", _("Empreinte"), ("digest",), optional=True),
    ),
    (
        Filter("body", _("Organisme"), whole("body__code")),
        Filter("q", _("Nœud"), lambda rows, value: rows.filter(node__icontains=value)),
    ),
    "reported",
)
TROUBLES = Listing(
    "node_troubles",
    (
        Column("rule", _("Règle"), ("title", "rule")),
        Column("code", _("Ennui"), ("code", "title")),
        Column("key", _("Identifiant"), ("rule",), optional=True),
    ),
    (
        Filter("code", _("Ennui"), whole("code"), tuple(wording.TROUBLES.items())),
        Filter("q", _("Texte"), lambda rows, value: rows.filter(title__icontains=value)),
    ),
    "code",
)
_CURRENT = ("current", _("le dernier paquet"), "ok")
_BEHIND = ("behind", _("un paquet plus ancien"), "warn")
_UNKNOWN = ("unknown", _("un paquet inconnu ici"), "critical")


class PackForm(forms.Form):
    """For whom a pack is made."""

    body_id = forms.TypedChoiceField(label=_("Pour"), coerce=body_number)

    def __init__(self, actor: Any, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.fields["body_id"].choices = owners(actor, Permission.DETECTION_WRITE)  # type: ignore[attr-defined]


@page(Permission.DETECTION_READ)
def pack_list(request: ActorRequest) -> HttpResponseBase:
    """Every pack that was signed."""
    may_make = request.actor.may(Permission.DETECTION_WRITE)
    shown = PACKS.page(queries.packs(request.actor), request.GET)
    for row in shown.rows:
        row.own = row.body_id is None or request.actor.may(Permission.DETECTION_RUN, row.body_id)
    context = {
        "page": shown,
        "form": PackForm(request.actor) if may_make else None,
        "key": commands.public_key(),
    }
    return render(request, "detection/pack_list.html", context)


@require_POST
@page(Permission.DETECTION_WRITE)
def pack_new(request: ActorRequest) -> HttpResponseBase:
    """Signs a pack of what is in force."""
    form = PackForm(request.actor, request.POST)
    if not form.is_valid():
        messages.error(request, gettext("Choisissez pour qui le paquet est fait."))
        return redirect("pack_list")
    before = queries.packs(request.actor).order_by("-number").first()
    made = commands.make_pack(request.actor, body_id=form.cleaned_data["body_id"])
    if before is not None and made.number <= before.number:
        messages.info(
            request, gettext("Rien n’a changé depuis le paquet %(number)d.") % {"number": made.number}
        )
    else:
        messages.success(request, gettext("Paquet %(number)d signé.") % {"number": made.number})
    return redirect("pack_list")


@page(Permission.DETECTION_READ, Permission.DETECTION_RUN)
def pack_file(request: ActorRequest, digest: str) -> HttpResponse:
    """The file of a pack: a body's is for its own people and nodes."""
    return file_of_pack(queries.get_pack(request.actor, digest))


def file_of_pack(pack: Any) -> HttpResponse:
    """The file, to be saved."""
    answer = HttpResponse(bytes(pack.file), content_type="application/octet-stream")
    answer["Content-Disposition"] = f'attachment; filename="rempart-{pack.number}.pack"'
    return answer


@page(Permission.DETECTION_READ)
def node_list(request: ActorRequest) -> HttpResponseBase:
    """Which node runs which pack, as it said itself."""
    shown = NODES.page(queries.nodes(request.actor), request.GET)
    for row in shown.rows:
        _dressed(row)
    found = queries.running(request.actor)
    figures = [
        {"label": _("Au dernier paquet"), "value": found.current, "meaning": "ok"},
        {
            "label": _("À un paquet plus ancien"),
            "value": found.behind,
            "meaning": "warn" if found.behind else "",
        },
        {
            "label": _("À un paquet inconnu ici"),
            "value": found.unknown,
            "meaning": "critical" if found.unknown else "",
        },
        {"label": _("Organismes sans nœud déclaré"), "value": found.silent},
    ]
    return render(request, "detection/node_list.html", {"page": shown, "figures": figures})


def _dressed(row: Any) -> Any:
    kind = _CURRENT if row.digest == row.expected else _UNKNOWN if row.pack is None else _BEHIND
    row.code, row.words, row.meaning = kind
    return row


@page(Permission.DETECTION_READ)
def node(request: ActorRequest, node_id: int) -> HttpResponseBase:
    """What one node runs, and each rule of its pack that it cannot use."""
    found = _dressed(queries.get_node(request.actor, node_id))
    shown = TROUBLES.page(queries.troubles_of_node(request.actor, found), request.GET)
    for row in shown.rows:
        row.words = wording.TROUBLES.get(row.code, row.code)
    return render(request, "detection/node.html", {"page": shown, "node": found})
