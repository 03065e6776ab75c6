"""Exposures, statements and findings as lists and pages read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from rempart.exposure.models import Exposure, Finding, ProductAlias, Statement
from rempart.kernel.actors import Actor
from rempart.kernel.errors import NotFound
from rempart.kernel.permissions import Permission
from rempart.kernel.prepared import PreparedWithin
from rempart.kernel.scoping import ScopedQuerySet
from rempart.kernel.text import in_language
from rempart.organisations import queries as organisations

# What a list shows of an exposure, its asset, component, vulnerability and body.
_SHOWN = (
    *("priority", "due_at", "state", "criticality", "certainty"),
    *("opened_at", "closed_at", "reopened", "proof"),
    *("asset__key", "asset__name_fr", "asset__name_en"),
    *("component__vendor", "component__product", "component__version", "component__purl"),
    *("vulnerability__cve_id", "vulnerability__kev_added_on"),
    *("body__code", "body__name_fr", "body__name_en"),
)


def exposures(actor: Actor) -> ScopedQuerySet:
    """The exposures that the actor may see, with asset, component, vulnerability and body."""
    return Exposure.objects.visible_to(actor, Permission.EXPOSURE_READ).select_related(
        "asset", "component", "vulnerability", "body"
    )


def get_exposure(actor: Actor, exposure_id: int) -> Exposure:
    """Raises NotFound when there is none that the actor may see."""
    found = (
        exposures(actor)
        .select_related("asset__criticality_source", "body__parent")
        .filter(pk=exposure_id)
        .first()
    )
    if found is None:
        raise NotFound(_("Cette exposition n’existe pas."), field="exposure_id")
    return found


def of_vulnerability(actor: Actor, vulnerability_id: int) -> ScopedQuerySet:
    """The exposures to one vulnerability that the actor may see."""
    return exposures(actor).filter(vulnerability_id=vulnerability_id)


def of_asset(actor: Actor, asset_id: int) -> ScopedQuerySet:
    """The exposures of one asset that the actor may see, the most urgent first."""
    return exposures(actor).filter(asset_id=asset_id).order_by("due_at", "id")


def finding_of(exposure: Exposure) -> Finding | None:
    """The verdict behind an exposure; None when the record no longer names the product."""
    return Finding.objects.filter(
        vulnerability_id=exposure.vulnerability_id, component_id=exposure.component_id
    ).first()


def findings(actor: Actor, vulnerability_id: int) -> QuerySet[Finding]:
    """The verdicts about one vulnerability, of components that the actor's bodies hold or held."""
    scope = actor.scope(Permission.EXPOSURE_READ)
    rows = Finding.objects.filter(vulnerability_id=vulnerability_id).select_related("component")
    if not scope.everything:
        seen = Exposure.objects.visible_to(actor, Permission.EXPOSURE_READ).filter(
            vulnerability_id=vulnerability_id
        )
        rows = rows.filter(component_id__in=seen.values("component_id"))
    return rows.order_by("status", "component_id")


def statements(actor: Actor) -> ScopedQuerySet:
    """The statements that the actor may see."""
    return Statement.objects.visible_to(actor, Permission.EXPOSURE_READ).select_related(
        "body", "vulnerability", "component", "made_by", "reviewed_by"
    )


def get_statement(actor: Actor, statement_id: int) -> Statement:
    """Raises NotFound when there is none that the actor may see."""
    found = statements(actor).filter(pk=statement_id).first()
    if found is None:
        raise NotFound(_("Cette déclaration n’existe pas."), field="statement_id")
    return found


def aliases() -> QuerySet[ProductAlias]:
    """What people decided about products' names, latest first."""
    return ProductAlias.objects.select_related("decided_by").order_by("-decided_at", "-id")


_shown = PreparedWithin(
    (Permission.EXPOSURE_READ,), lambda actor, ids: exposures(actor).only(*_SHOWN).filter(pk__in=ids)
)


def in_order(actor: Actor, ids: Sequence[int]) -> list[Exposure]:
    """These exposures in this order, with what a list shows of each; those the actor may not see left out."""
    shown = {one.pk: one for one in _shown.rows(actor, ids=ids)} if ids else {}
    return [shown[one] for one in ids if one in shown]


def centres(actor: Actor) -> dict[int, dict[str, Any]]:
    """The operational centres above the bodies that the actor may see: id → code, name, bodies."""
    rows = organisations.bodies(actor, Permission.EXPOSURE_READ).order_by("code")
    named = rows.filter(parent__kind="cocd").values_list(
        "id", "parent_id", "parent__code", "parent__name_fr", "parent__name_en"
    )
    found: dict[int, dict[str, Any]] = {}
    for body_id, parent_id, code, french, english in named:
        name = in_language(french, english)
        found.setdefault(parent_id, {"code": code, "name": name, "bodies": []})["bodies"].append(body_id)
    return dict(sorted(found.items(), key=lambda item: item[1]["code"]))


def bodies_of_centre(actor: Actor, code: str) -> Iterable[int]:
    """The ids of the bodies of one centre, among those that the actor may see."""
    return next((one["bodies"] for one in centres(actor).values() if one["code"] == code), [])
