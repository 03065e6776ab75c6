"""Rules: the list, one of them whole, writing one, its test cases."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from rempart.detection import library_wording as wording
from rempart.detection import queries
from rempart.detection.commands import allowing, cases, editing, sharing
from rempart.detection.pages import library_lists as lists
from rempart.detection.pages.library_forms import CaseForm, NewRuleForm, ReasonForm, TextForm
from rempart.detection.pages.numbers import number_of
from rempart.detection.reading import explained
from rempart.kernel.actors import Actor
from rempart.kernel.downloads import file_of, wanted
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import DomainError
from rempart.kernel.forms import show_refusal
from rempart.kernel.markings import Marking
from rempart.kernel.permissions import Permission
from rempart.kernel.text import language_of_reader

_VERSIONS_SHOWN = 20
_TUNINGS_SHOWN = 20
_NOBODY = "00000000-0000-4000-8000-000000000000"
_START = """\
title: Titre
id: 00000000-0000-4000-8000-000000000000
status: experimental
description: Ce que la règle cherche
author: Votre équipe
level: medium
tags:
  - attack.t1059
logsource:
  product: windows
  category: process_creation
detection:
  selection:
    Image|endswith: '\\\\exemple.exe'
  condition: selection
falsepositives:
  - Unknown
"""


@page(Permission.DETECTION_READ)
def rule_list(request: ActorRequest) -> HttpResponseBase:
    """Every rule, or those that the address asks for; also as a file."""
    listing = lists.rules_listing(request.actor)
    rows = queries.ranked(request.actor)
    if wanted(request):
        headings = [column.label for column in listing.columns]
        cells = (
            [
                row.title, wording.level(row.level), wording.looks_at(row), row.techniques.strip(),
                str(wording.STATES[row.state]), str(wording.VERDICTS[row.verdict]), row.cases,
                row.source.name if row.source else "", row.status, row.author, row.changed_at,
            ]
            for row in listing.rows(rows, request.GET).iterator(chunk_size=2000)
        )  # fmt: skip
        return file_of(
            request, name="regles", title=gettext("Règles de détection"), headings=headings, cells=cells,
            marking=Marking.AMBER_STRICT, filters=listing.sentence(request.GET),
        )  # fmt: skip
    shown = listing.page(rows, request.GET)
    for row in shown.rows:
        wording.dressed(row)
    context = {
        "page": shown,
        "export_url": request.path,
        "figures": _figures(request.actor),
        "may_write": request.actor.may(Permission.DETECTION_WRITE),
        "may_import": request.actor.may(Permission.DETECTION_REVIEW),
    }
    return render(request, "detection/rule_list.html", context)


def _figures(actor: Actor) -> list[dict[str, Any]]:
    totals, address = queries.totals(actor), reverse("rule_list")
    pairs = (
        (gettext("En vigueur"), totals.active, "state=active", "ok"),
        (gettext("À revoir"), totals.waiting, "waiting=yes", "warn" if totals.waiting else ""),
        (
            gettext("Avec un défaut"),
            totals.defective,
            "verdict=defective",
            "critical" if totals.defective else "",
        ),
        (gettext("Demandent des listes"), totals.lists, "verdict=lists&state=active", ""),
        (gettext("Règles retirées"), totals.retired, "state=retired", ""),
    )
    return [
        {
            "label": label,
            "value": number_format(count, force_grouping=True),
            "url": f"{address}?{query}",
            "meaning": meaning,
        }
        for label, count, query, meaning in pairs
    ]


@page(Permission.DETECTION_READ)
def rule(request: ActorRequest, rule_id: int) -> HttpResponseBase:
    """A rule: what it looks for in words, its text, its test cases, versions and filters."""
    found = wording.dressed(queries.get_rule(request.actor, rule_id))
    versions = [
        wording.dressed_version(each) for each in queries.versions(request.actor, found)[:_VERSIONS_SHOWN]
    ]
    shown = queries.in_force(request.actor, found)
    tunings = queries.tunings(request.actor).filter(rule=found).order_by("-made_at")[:_TUNINGS_SHOWN]
    tests = shown.tests if shown else {}
    failing = {each["case"] for each in tests.get("failures", ())}
    told = list(queries.cases(request.actor, found))
    names = queries.technique_names(request.actor, found.codes)
    for case in told:
        case.fails = case.name in failing
        case.size = len(case.events)
    context = {
        "rule": found,
        "text": shown.text if shown else "",
        "explained": explained(shown.text, language_of_reader()) if shown else None,
        "versions": versions,
        "tunings": [wording.dressed_tuning(each) for each in tunings],
        "tests": tests,
        "cases": told,
        "techniques": [(code, names.get(code, "")) for code in found.codes],
        "reads": allowing.reads(request.actor, found),
        "may_share": found.body_id is not None
        and request.actor.may(Permission.TELEMETRY_READ, found.body_id)
        and request.actor.may(Permission.DETECTION_REVIEW, found.body_id),
        "may_write": allowing.reads(request.actor, found)
        and allowing.may(request.actor, Permission.DETECTION_WRITE, found.body_id),
        "may_review": allowing.may(request.actor, Permission.DETECTION_REVIEW, found.body_id),
        "may_tune": request.actor.may(Permission.TELEMETRY_TRIAGE),
        "may_hunt": shown is not None
        and shown.verdict != "defective"
        and request.actor.may(Permission.HUNT_ASK),
        "shown": shown,
        "activity": queries.activity(request.actor, found),
        "troubles": [
            (wording.TROUBLES.get(code, code), number)
            for code, number in queries.troubles_of_rule(request.actor, found)
        ],
        "form": ReasonForm(),
    }
    return render(request, "detection/rule.html", context)


@page(Permission.DETECTION_WRITE)
def rule_new(request: ActorRequest) -> HttpResponseBase:
    """Proposes a rule."""
    form = NewRuleForm(
        request.actor, request.POST or None, initial={"text": _START.replace(_NOBODY, str(uuid4()))}
    )
    status = 200
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            made = editing.propose_rule(
                request.actor, text=values["text"], why=values["why"], body_id=values["body_id"]
            )
        except DomainError as error:
            show_refusal(form, error)
            status = error.status
        else:
            messages.success(
                request, gettext("Règle proposée ; elle comptera une fois acceptée par quelqu’un d’autre.")
            )
            return redirect("rule", made.pk)
    context = {"form": form, "cancel_url": reverse("rule_list")}
    return render(request, "detection/rule_edit.html", context, status=status)


@page(Permission.DETECTION_WRITE)
def rule_edit(request: ActorRequest, rule_id: int) -> HttpResponseBase:
    """Proposes another text for a rule."""
    found = queries.get_rule(request.actor, rule_id)
    allowing.require(request.actor, Permission.DETECTION_WRITE, found.body_id)
    allowing.require_reader(request.actor, found)
    last = queries.in_force(request.actor, found)
    form = TextForm(request.POST or None, initial={"text": last.text if last else ""})
    status = 200
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            made = editing.propose_version(
                request.actor, rule_id=found.pk, text=values["text"], why=values["why"]
            )
        except DomainError as error:
            show_refusal(form, error)
            status = error.status
        else:
            messages.success(
                request, gettext("Version proposée ; elle comptera une fois acceptée par quelqu’un d’autre.")
            )
            return redirect("rule_version", made.pk)
    context = {"form": form, "rule": found, "cancel_url": reverse("rule", args=[found.pk])}
    return render(request, "detection/rule_edit.html", context, status=status)


@require_POST
@page(Permission.DETECTION_WRITE)
def rule_check(request: ActorRequest) -> HttpResponseBase:
    """What the engine says of a text as it is typed, and how the rule's test cases go with it."""
    text = request.POST.get("text", "")
    context: dict[str, Any] = {}
    try:
        one = editing.judge_text(text, None)
    except DomainError as error:
        context["refusal"] = error.message
    else:
        usable = one.verdict != "defective"
        context |= {
            "one": one,
            "words": wording.VERDICTS[one.verdict],
            "meaning": wording.VERDICT_MEANINGS[one.verdict],
            "explained": explained(one.document.text, language_of_reader()) if usable else None,
        }
        number = number_of(request.POST.get("rule", ""))
        if number is not None and usable:
            found = queries.get_rule(request.actor, number)
            mine = found.cases and allowing.reads(request.actor, found)
            context["trial"] = editing.try_text(one, found) if mine else None
    return render(request, "detection/_check.html", context)


@require_POST
@page(Permission.DETECTION_REVIEW)
def rule_move(request: ActorRequest, rule_id: int) -> HttpResponseBase:
    """Retires a rule, or puts it back in force."""
    why = request.POST.get("why", "")
    if request.POST.get("to") == "active":
        editing.restore_rule(request.actor, rule_id=rule_id, why=why)
        messages.success(request, gettext("La règle est de nouveau en vigueur."))
    else:
        editing.retire_rule(request.actor, rule_id=rule_id, why=why)
        messages.success(request, gettext("La règle est retirée des paquets à venir."))
    return redirect("rule", rule_id)


@require_POST
@page(Permission.DETECTION_REVIEW)
def rule_share(request: ActorRequest, rule_id: int) -> HttpResponseBase:
    """Lets the centres read a body's own rule, or no longer."""
    shared = request.POST.get("to") == "centres"
    sharing.share_rule(request.actor, rule_id=rule_id, shared=shared)
    messages.success(
        request,
        gettext("Les centres lisent désormais cette règle et ses essais.")
        if shared
        else gettext("Le texte et les essais de cette règle ne sont plus lus que dans l’organisme."),
    )
    return redirect("rule", rule_id)


@page(Permission.DETECTION_WRITE)
def case_new(request: ActorRequest, rule_id: int) -> HttpResponseBase:
    """Adds a test case to a rule."""
    found = queries.get_rule(request.actor, rule_id)
    allowing.require(request.actor, Permission.DETECTION_WRITE, found.body_id)
    allowing.require_reader(request.actor, found)
    form = CaseForm(request.POST or None, request.FILES or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        file = values["file"]
        try:
            cases.add_case(
                request.actor,
                rule_id=found.pk,
                name=values["name"],
                least=values["least"],
                content=file.read(cases.MOST_BYTES + 1) if file else values["events"].encode(),
                file_name=file.name if file else "",
            )
        except DomainError as error:
            show_refusal(form, error)
            status = error.status
        else:
            messages.success(request, gettext("Essai ajouté et passé."))
            return redirect(f"{reverse('rule', args=[found.pk])}#cases")
    context = {"form": form, "rule": found, "cancel_url": reverse("rule", args=[found.pk])}
    return render(request, "detection/case_new.html", context, status=status)


@page(Permission.DETECTION_READ)
def case(request: ActorRequest, case_id: int) -> HttpResponseBase:
    """The events of a test case; who reviews rules may take it away here."""
    found = queries.get_case(request.actor, case_id)
    may_remove = allowing.may(request.actor, Permission.DETECTION_REVIEW, found.rule.body_id)
    form = ReasonForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            cases.remove_case(request.actor, case_id=found.pk, why=form.cleaned_data["why"])
        except DomainError as error:
            show_refusal(form, error)
            status = error.status
        else:
            messages.success(request, gettext("Essai retiré."))
            return redirect("rule", found.rule_id)
    context = {"case": found, "events": found.events[:20], "form": form, "may_remove": may_remove}
    return render(request, "detection/case.html", context, status=status)
