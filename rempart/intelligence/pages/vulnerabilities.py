"""The list of vulnerabilities, and the page of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from rempart.intelligence import queries
from rempart.intelligence.pages.cells import vulnerability_row
from rempart.intelligence.pages.downloads import download, wanted
from rempart.intelligence.sections import filters_for, sections_for
from rempart.intelligence.statements import unpack
from rempart.intelligence.wording import (
    exploitation_in_words,
    ranges_in_words,
    severity_in_words,
    source_in_words,
)
from rempart.kernel.actors import Actor
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.listing import Column, Filter, Listing
from rempart.kernel.markings import Marking
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now, today

_YES_NO = (("yes", gettext_lazy("oui")), ("no", gettext_lazy("non")))
_DAYS = (("1", gettext_lazy("24 heures")), ("7", gettext_lazy("7 jours")), ("30", gettext_lazy("30 jours")),
         ("90", gettext_lazy("90 jours")), ("365", gettext_lazy("un an")))  # fmt: skip


def _text(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
    return rows.filter(queries.named(value))


def _product(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
    return rows.filter(queries.stating_product(value))


def _kev(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
    return rows.filter(kev_added_on__isnull=value != "yes") if value in {"yes", "no"} else rows


def _exploitation(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
    return rows.filter(exploitation=value) if value in {"active", "poc", "none"} else rows


def _at_least(field: str) -> Any:
    def apply(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        try:
            least = float(value.replace(",", "."))
        except ValueError:
            return rows
        return rows.filter(**{f"{field}__gte": least}) if 0 <= least <= 10 else rows

    return apply


def _since(field: str) -> Any:
    def apply(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        if value not in dict(_DAYS):
            return rows
        day = field.endswith("_on")
        start: Any = (today() if day else now()) - timedelta(days=int(value))
        return rows.filter(**{f"{field}__gte": start})

    return apply


def listing(actor: Actor) -> Listing:
    """The list as this reader sees it, with the filters that other slices add."""
    return Listing(
        key="vulnerabilities",
        columns=(
            Column("cve", gettext_lazy("Vulnérabilité"), ("cve_id",)),
            Column("title", gettext_lazy("Titre")),
            Column("kev", gettext_lazy("Au KEV depuis"), ("kev_added_on",)),
            Column("exploitation", gettext_lazy("Exploitation"), ("exploitation",)),
            Column("cvss", gettext_lazy("CVSS"), ("cvss_score",), numeric=True),
            Column("epss", gettext_lazy("EPSS"), ("epss",), numeric=True),
            Column("published", gettext_lazy("Publiée"), ("published_at",)),
            Column("seen", gettext_lazy("Connue ici"), ("first_seen_at",), optional=True),
        ),
        filters=(
            Filter("q", gettext_lazy("CVE ou texte"), _text),
            Filter("product", gettext_lazy("Éditeur ou produit"), _product),
            Filter("kev", gettext_lazy("Au KEV"), _kev, _YES_NO),
            Filter(
                "exploitation",
                gettext_lazy("Exploitation"),
                _exploitation,
                (
                    ("active", gettext_lazy("exploitée activement")),
                    ("poc", gettext_lazy("preuve de concept")),
                    ("none", gettext_lazy("aucune connue")),
                ),
                folded=True,
            ),
            Filter(
                "cvss",
                gettext_lazy("CVSS au moins"),
                _at_least("cvss_score"),
                (("9", "9"), ("7", "7"), ("4", "4")),
                folded=True,
            ),
            Filter(
                "epss",
                gettext_lazy("EPSS au moins"),
                _at_least("epss"),
                (("0.5", "50 %"), ("0.1", "10 %"), ("0.01", "1 %")),
                folded=True,
            ),
            Filter(
                "arrived", gettext_lazy("Entrée au KEV depuis"), _since("kev_added_on"), _DAYS, folded=True
            ),
            Filter("published", gettext_lazy("Publiée depuis"), _since("published_at"), _DAYS, folded=True),
            *filters_for(actor),
        ),
        default_sort="-published",
        cells=vulnerability_row,
    )


@page(Permission.INTELLIGENCE_READ)
def vulnerability_list(request: ActorRequest) -> HttpResponseBase:
    known = queries.vulnerabilities(request.actor)
    kind = listing(request.actor)
    within = request.actor.held  # filters of other slices narrow the list by rights of their own
    shown = kind.page(known.defer("description", "references", "metrics", "kev_action"), request.GET, within)
    if wanted(request):
        rows = kind.rows(known, request.GET).iterator(chunk_size=2000)
        headings = (
            "CVE", _("Titre"), _("Au KEV depuis"), _("Exploitation"), "CVSS", _("Gravité"), "EPSS",
            _("Publiée"),
        )  # fmt: skip
        cells = (
            (v.cve_id, v.title, v.kev_added_on, exploitation_in_words(v.exploitation), v.cvss_score,
             severity_in_words(v.cvss_severity), v.epss, v.published_at)
            for v in rows
        )  # fmt: skip
        return download(request, shown, "vulnerabilites", _("Vulnérabilités"), headings, cells, Marking.CLEAR)
    address = reverse("vulnerability_list")
    week = known.filter(kev_added_on__gte=today() - timedelta(days=7)).count()
    listed = known.filter(kev_added_on__isnull=False).count()
    figures = [
        {
            "label": _("Au KEV, 7 derniers jours"),
            "value": week,
            "url": f"{address}?kev=yes&arrived=7&sort=-kev",
        },
        {
            "label": _("Au KEV"),
            "value": number_format(listed, force_grouping=True),
            "url": f"{address}?kev=yes&sort=-kev",
        },
    ]
    context = {"page": shown, "figures": figures, "week": week, "export_url": request.path}
    return render(request, "intelligence/vulnerability_list.html", context)


@dataclass(frozen=True)
class Fact:
    """A line of the facts: what, its value, who says it, as of when."""

    name: Any
    value: Any
    source: str
    on: date | datetime | None
    note: str = ""


@page(Permission.INTELLIGENCE_READ)
def vulnerability(request: ActorRequest, cve_id: str) -> HttpResponseBase:
    found = queries.get_vulnerability(request.actor, cve_id)
    stated, total = queries.statements_of(request.actor, found)
    statements = [
        {
            "product": f"{each.vendor} {each.product}".strip() or _("produit non précisé"),
            "ranges": ranges_in_words(unpack(each.statement)),
            "platforms": ", ".join(each.statement.get("platforms", ())[:6]),
            "source": source_in_words(each.source),
            "advisory": each.advisory,
            "raw": each.statement,
        }
        for each in stated
    ]
    context = {
        "vulnerability": found,
        "facts": _facts(found),
        "scores": [
            each
            | {"severity": severity_in_words(each["severity"]), "source": source_in_words(each["source"])}
            for each in found.metrics
        ],
        "statements": statements,
        "statement_count": total,
        "advisories": queries.advisories_of(request.actor, found),
        "warnings": [_warning(each) for each in found.warnings],
        "sections": sections_for(request, found),
        "more": ngettext(
            "%(count)d énoncé en tout.", "%(count)d énoncés en tout.", total
        ) % {"count": total} if total > len(stated) else "",
    }  # fmt: skip
    return render(request, "intelligence/vulnerability.html", context)


def _percent(value: float) -> str:
    return f"{number_format(round(value * 100, 1), 1)} %"


def _facts(v: Any) -> list[Fact]:
    """The facts known, each with who says it and as of when."""
    facts = []
    if v.kev_added_on:
        facts.append(
            Fact(_("Au catalogue KEV"), v.kev_name or _("oui"), source_in_words("kev"), v.kev_added_on)
        )
        if v.kev_due_on:
            facts.append(
                Fact(
                    _("Échéance de la CISA"), v.kev_due_on.isoformat(), source_in_words("kev"), v.kev_added_on
                )
            )
        if v.kev_ransomware:
            known = _("utilisée par des rançongiciels")
            facts.append(Fact(_("Campagnes"), known, source_in_words("kev"), v.kev_added_on))
    source = source_in_words(v.exploitation_source) if v.exploitation_source else _("aucune source")
    when = v.kev_added_on if v.exploitation_source == "kev" else v.ssvc_at
    facts.append(Fact(_("Exploitation"), exploitation_in_words(v.exploitation), source, when))
    yes_no = {"yes": _("oui"), "no": _("non"), "partial": _("partiel"), "total": _("total")}
    for name, value in ((_("Automatisable"), v.automatable), (_("Impact technique"), v.technical_impact)):
        if value:
            facts.append(Fact(name, yes_no.get(value, value), source_in_words(v.ssvc_source), v.ssvc_at))
    if v.epss is not None:
        value = _("%(score)s dans les 30 jours (plus que %(rank)s des CVE)") % {
            "score": _percent(v.epss),
            "rank": _percent(v.epss_percentile or 0),
        }
        facts.append(Fact(_("Probabilité d’exploitation (EPSS)"), value, "FIRST", v.epss_on))
    if v.cvss_score is not None:
        value = f"{number_format(v.cvss_score, 1)} ({severity_in_words(v.cvss_severity)})"
        name = _("Gravité (CVSS %(version)s)") % {"version": v.cvss_version}
        facts.append(Fact(name, value, source_in_words(v.cvss_source), v.updated_at, v.cvss_vector))
    return facts


def _warning(stated: dict[str, Any]) -> str:
    """A date that is not believed, in words."""
    names = {
        "published_at": _("La date de publication"),
        "updated_at": _("La date de mise à jour"),
        "kev_added_on": _("La date d’entrée au KEV"),
    }
    values = {"name": names.get(str(stated.get("field")), stated.get("field")), "value": stated.get("value")}
    return _("%(name)s annoncée (%(value)s) est dans le futur : elle n’ouvre aucun délai.") % values
