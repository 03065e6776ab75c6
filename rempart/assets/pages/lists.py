"""The lists of assets, services and inventories: columns, filters, and what their exports hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from rempart.assets import queries, words
from rempart.assets.pages.cells import asset_row
from rempart.kernel.actors import Actor
from rempart.kernel.exports import Cell
from rempart.kernel.listing import Choices, Column, Filter, Listing
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now
from rempart.organisations import queries as organisations

STALE = timedelta(days=30)
_YES_NO = (("yes", _("oui")), ("no", _("non")))
_LONGEST_CHOICE = 400

Rows = QuerySet[Any]


def _exactly(field: str, allowed: Any) -> Callable[[Rows, str], Rows]:
    return lambda rows, value: rows.filter(**{field: value}) if value in allowed else rows


def _criticality(rows: Rows, value: str) -> Rows:
    """Assets of this level."""
    return rows.filter(criticality=int(value)) if value in {"0", "1", "2", "3", "4"} else rows


def _either(condition: Q) -> Callable[[Rows, str], Rows]:
    def apply(rows: Rows, value: str) -> Rows:
        return {"yes": rows.filter(condition), "no": rows.exclude(condition)}.get(value, rows)

    return apply


def _stale(rows: Rows, value: str) -> Rows:
    limit = now() - STALE
    chosen = {"yes": Q(last_seen_at__lt=limit), "no": Q(last_seen_at__gte=limit)}.get(value)
    return rows if chosen is None else rows.filter(chosen)


def _owner(rows: Rows, value: str) -> Rows:
    if value == "-":
        return rows.filter(owner__isnull=True)
    return rows.filter(Q(owner__name__icontains=value) | Q(owner__email__iexact=value))


def _location(rows: Rows, value: str) -> Rows:
    if value == "-":
        return rows.filter(location__isnull=True)
    return rows.filter(location__code=value)


def _jurisdiction(rows: Rows, value: str) -> Rows:
    return rows.filter(location__jurisdiction__iexact=value)


def _bodies(actor: Actor) -> Callable[[], Choices]:
    return lambda: organisations.choices(actor, Permission.ASSET_READ).bodies


def _locations(actor: Actor) -> Callable[[], Choices]:
    def choices() -> Choices:
        rows = queries.locations(actor).values_list("code", "name_fr").distinct()[:_LONGEST_CHOICE]
        return [("-", _("aucun")), *rows]

    return choices


def _items(names: dict[Any, Any]) -> list[tuple[str, Any]]:
    return [(str(key), label) for key, label in names.items()]


def asset_listing(actor: Actor) -> Listing:
    """The list of assets as this actor may filter it."""
    return Listing(
        key="assets",
        columns=(
            Column("name", _("Actif"), ("name_fr",)),
            Column("key", _("Identifiant"), ("key",)),
            Column("body", _("Organisme"), ("body__name_fr",)),
            Column("kind", _("Genre"), ("kind",)),
            Column("criticality", _("Criticité"), ("criticality",), numeric=True),
            Column("cia", _("D-I-C"), ("availability", "integrity", "confidentiality"), numeric=True),
            Column("exposure", _("Exposition réseau"), ("network_exposure",)),
            Column("location", _("Emplacement"), ("location__name_fr",), optional=True),
            Column("jurisdiction", _("Territoire"), ("location__jurisdiction",), optional=True),
            Column("owner", _("Détenteur"), ("owner__name",)),
            Column("seen", _("Vu"), ("last_seen_at",)),
            Column("source", _("Source"), ("source",), optional=True),
        ),
        filters=(
            Filter("q", _("Texte"), queries.containing, kind="hidden"),  # typed in the page’s search
            Filter("body", _("Organisme"), lambda rows, value: rows.filter(body__code=value), _bodies(actor)),
            Filter("kind", _("Genre"), _exactly("kind", words.KINDS), _items(words.KINDS)),
            Filter("criticality", _("Criticité"), _criticality, _items(words.LEVELS)),
            Filter(
                "exposure",
                _("Exposition réseau"),
                _exactly("network_exposure", words.EXPOSURES),
                _items(words.EXPOSURES),
                folded=True,
            ),
            Filter("location", _("Emplacement"), _location, _locations(actor), folded=True),
            Filter("jurisdiction", _("Territoire"), _jurisdiction, folded=True),
            Filter("categorised", _("Catégorisé"), _either(queries.CATEGORISED), _YES_NO, folded=True),
            Filter("stale", _("Pas vu depuis 30 jours"), _stale, _YES_NO, folded=True),
            Filter("owner", _("Détenteur"), _owner, folded=True),
        ),
        default_sort="-criticality",
        cells=asset_row,
    )


ASSET_HEADINGS = (
    *(
        _("Organisme"),
        _("Identifiant"),
        _("Nom"),
        _("Genre"),
        _("Criticité"),
        _("Disponibilité"),
        _("Intégrité"),
    ),
    *(
        _("Confidentialité"),
        _("Exposition réseau"),
        _("Emplacement"),
        _("Territoire"),
        _("Détenteur"),
        _("Source"),
    ),
    _("Vu"),
)


def asset_cells(rows: Rows) -> Iterator[list[Cell]]:
    """What an export of assets holds, a row at a time."""
    for asset in rows.iterator(2_000):
        place, owner = asset.location, asset.owner
        yield [
            *(asset.body.code, asset.key, asset.name, asset.kind_word, asset.criticality),
            *(asset.availability, asset.integrity, asset.confidentiality),
            *(
                asset.exposure_word,
                place.name if place else "",
                place.jurisdiction if place else "",
            ),
            *(owner.email if owner else "", asset.source, asset.last_seen_at),
        ]


def service_listing(actor: Actor) -> Listing:
    """The list of public services."""
    return Listing(
        key="services",
        columns=(
            Column("name", _("Service"), ("name_fr",)),
            Column("body", _("Organisme"), ("body__name_fr",)),
            Column("essential", _("Essentiel"), ("essential",)),
            Column("criticality", _("Criticité"), ("criticality",), numeric=True),
            Column("cia", _("D-I-C"), ("availability", "integrity", "confidentiality"), numeric=True),
            Column("rto", _("Délai de reprise"), ("rto_hours",), numeric=True),
            Column("rpo", _("Perte de données admise"), ("rpo_hours",), numeric=True),
            Column("needs", _("Repose sur"), (), numeric=True),
            Column("owner", _("Détenteur"), ("owner__name",)),
        ),
        filters=(
            Filter("q", _("Texte"), queries.containing),
            Filter("body", _("Organisme"), lambda rows, value: rows.filter(body__code=value), _bodies(actor)),
            Filter("essential", _("Essentiel"), _either(Q(essential=True)), _YES_NO, folded=True),
            Filter("criticality", _("Criticité"), _criticality, _items(words.LEVELS)),
            Filter("categorised", _("Catégorisé"), _either(queries.CATEGORISED), _YES_NO, folded=True),
        ),
        default_sort="-criticality",
    )


SERVICE_HEADINGS = (
    *(_("Organisme"), _("Identifiant"), _("Service"), _("Essentiel"), _("Criticité"), _("Disponibilité")),
    *(_("Intégrité"), _("Confidentialité"), _("Délai de reprise (h)"), _("Perte de données admise (h)")),
    *(_("Repose sur"), _("Détenteur")),
)


def service_cells(rows: Rows) -> Iterator[list[Cell]]:
    """What an export of services holds, a row at a time."""
    for service in rows.iterator(2_000):
        yield [
            *(service.body.code, service.key, service.name, service.essential, service.criticality),
            *(service.availability, service.integrity, service.confidentiality),
            *(service.rto_hours, service.rpo_hours, service.needs_count),
            service.owner.email if service.owner else "",
        ]


_STATES = (
    ("previewed", _("aperçu")),
    ("applied", _("appliqué")),
    ("refused", _("refusé")),
    ("discarded", _("écarté")),
)


def import_listing(actor: Actor) -> Listing:
    """The history of inventories."""
    return Listing(
        key="inventories",
        columns=(
            Column("source", _("Inventaire"), ("source",)),
            Column("body", _("Organisme"), ("body__name_fr",)),
            Column("state", _("État"), ("state",)),
            Column("rows", _("Lignes"), ("rows",), numeric=True),
            Column("difference", _("Différences")),
            Column("errors", _("Erreurs"), ("error_count",), numeric=True),
            Column("observed", _("Relevé"), ("observed_at",)),
            Column("created", _("Reçu"), ("created_at",)),
            Column("by", _("Par"), ("created_by__name",), optional=True),
        ),
        filters=(
            Filter("body", _("Organisme"), lambda rows, value: rows.filter(body__code=value), _bodies(actor)),
            Filter("source", _("Source"), lambda rows, value: rows.filter(source=value)),
            Filter("state", _("État"), _exactly("state", dict(_STATES)), _STATES),
        ),
        default_sort="-created",
    )


IMPORT_HEADINGS = (
    *(
        _("Organisme"),
        _("Source"),
        _("Fichier"),
        _("État"),
        _("Lignes"),
        _("Erreurs"),
        _("Relevé"),
        _("Reçu"),
    ),
    *(
        _("Appliqué"),
        _("Actifs apparus"),
        _("Actifs disparus"),
        _("Logiciels apparus"),
        _("Logiciels disparus"),
    ),
)


def import_cells(rows: Rows) -> Iterator[list[Cell]]:
    """What an export of the history holds, a row at a time."""
    for each in rows.iterator(500):
        assets, installs = each.summary.get("assets", {}), each.summary.get("installs", {})
        yield [
            *(each.body.code, each.source, each.file_name, str(dict(_STATES)[each.state]), each.rows),
            *(each.error_count, each.observed_at, each.created_at, each.applied_at),
            *(
                assets.get("appeared"),
                assets.get("disappeared"),
                installs.get("appeared"),
                installs.get("disappeared"),
            ),
        ]
