"""What this slice adds to the pages of vulnerabilities, assets and bodies, and to a list."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from rempart.assets import sections as asset_sections
from rempart.engines.exposure.unread import UNREAD
from rempart.engines.graph import layered
from rempart.exposure import facets, queries, wording
from rempart.intelligence import queries as intelligence
from rempart.intelligence import sections
from rempart.kernel import outbox
from rempart.kernel.actors import Actor
from rempart.kernel.addresses import address
from rempart.kernel.keeping import Kept
from rempart.kernel.listing import Filter
from rempart.kernel.permissions import Permission
from rempart.kernel.text import language_of_reader
from rempart.organisations import sections as organisation_sections

_SHOWN = 25
_SHOWN_OF_ASSET = 20

# Figure of a body's page: its label, its meaning when it is not zero, the combinations that it counts.
_BODY_FIGURES: tuple[tuple[Any, str, dict[str, Any]], ...] = (
    (_("Agir maintenant"), "critical", {"certainty": "affected", "priority": "act_now"}),
    (_("Exploitée (KEV)"), "critical", {"certainty": "affected", "exploited": True}),
    (_("Ouvertes"), "", {"certainty": "affected"}),
    (_("À trancher"), "", {"certainty": "cannot_tell"}),
)

# When a vulnerability makes the news, everyone looks at its page.
_kept: Kept[str] = Kept(seconds=60)


def exposed_section(request: HttpRequest, vulnerability: Any) -> str | None:
    """Exposed bodies → services → assets: the picture, then a line per body."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not actor.may(Permission.EXPOSURE_READ):
        return None
    whole = request.GET.get("bodies") == "all"
    key = (vulnerability.pk, actor.scope(Permission.EXPOSURE_READ), language_of_reader(), whole)
    return _kept.get(key, lambda: _exposed(request, vulnerability, whole), outbox.newest())


def _exposed(request: HttpRequest, vulnerability: Any, whole: bool) -> str:
    """The section, with nothing in it of the person who asks but their scope and language."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    lines = queries.body_lines(actor, vulnerability.pk)
    context: dict[str, Any] = {
        "vulnerability": vulnerability,
        "lines": [
            (line, _address(vulnerability.cve_id, body=line.code))
            for line in (lines if whole else lines[:_SHOWN])
        ],
        "total": len(lines),
        "exposed": sum(1 for line in lines if line.open),
        "assets": sum(line.assets for line in lines),
        "in_doubt": sum(line.in_doubt for line in lines),
        "services": queries.exposed_services([vulnerability.pk], actor) if lines else [],
    }
    drawn = queries.picture(actor, vulnerability.pk, lines)
    if drawn is not None:
        context |= {
            "nodes": {
                key: {**node, "url": _address(vulnerability.cve_id, state="open", **node["query"])}
                for key, node in drawn.nodes.items()
            },
            "edges": drawn.edges,
            "layout": layered(drawn.layers, drawn.edges),
        }
    return render_to_string("exposure/_exposed.html", context, request=request)


def asset_section(request: HttpRequest, asset: Any) -> str | None:
    """The open exposures of one asset, the most urgent first."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not actor.may(Permission.EXPOSURE_READ, asset.body_id):
        return None
    open_rows = queries.of_asset(actor, asset.pk).filter(state="open")
    context = {"asset": asset, "rows": open_rows[:_SHOWN_OF_ASSET], "total": open_rows.count()}
    return render_to_string("exposure/_of_asset.html", context, request=request)


def body_section(request: HttpRequest, organisation: Any) -> str | None:
    """How many open exposures a body has, each figure leading to its rows."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if organisation.kind != "body" or not actor.may(Permission.EXPOSURE_READ, organisation.pk):
        return None
    counts = queries.count_by_facet(actor, frozenset([organisation.pk]))
    page = address("exposure_list")
    figures = []
    for label, meaning, wanted in _BODY_FIGURES:
        asked = {key: value for key, value in wanted.items() if key != "exploited"}
        number = sum(counts.get(each, 0) for each in facets.numbers(state="open", **wanted))
        kev = {"kev": "yes"} if wanted.get("exploited") else {}
        query = urlencode({"state": "open", **asked, **kev, "body": organisation.code})
        figures.append(
            {"label": label, "value": number, "url": f"{page}?{query}", "meaning": meaning if number else ""}
        )
    return render_to_string("exposure/_of_body.html", {"figures": figures}, request=request)


def stays_unread(actor: Actor) -> Filter:
    """The records of which a range can be compared with no version, by the reason why."""

    def apply(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return intelligence.with_unread(actor, rows, value) if value in UNREAD else rows

    choices = tuple((reason, wording.DOUBTS[reason]) for reason in UNREAD)
    return Filter("unread", _("Plage non lue"), apply, choices, folded=True)


def touches_us(actor: Actor) -> Filter:
    """A filter of the list of vulnerabilities: those to which one's bodies are exposed now."""
    mine = queries.exposures(actor).filter(
        vulnerability_id=OuterRef("pk"), state="open", certainty="affected"
    )

    def apply(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        chosen = {"yes": Exists(mine), "no": ~Exists(mine)}.get(value)
        return rows if chosen is None else rows.filter(chosen)

    return Filter("exposed", _("Nous touche"), apply, (("yes", _("oui")), ("no", _("non"))))


def _address(cve_id: str, **query: Any) -> str:
    """The list of its exposures, filtered."""
    return f"{address('exposure_list')}?{urlencode({'vulnerability': cve_id, **query})}"


def register() -> None:
    """Called once, when the addresses are read."""
    sections.register_section(10, _("Exposition"), exposed_section)
    sections.register_filter("exposed", touches_us)
    sections.register_filter("unread", stays_unread)
    asset_sections.register_section(10, _("Expositions"), asset_section)
    organisation_sections.register_section(20, _("Expositions"), body_section)
