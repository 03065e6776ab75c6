"""Assets, what is installed on them, what they stand on, and why they matter."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from rempart.assets.models import Asset, Dependency, Install, Location
from rempart.kernel.actors import Actor, system
from rempart.kernel.errors import NotFound
from rempart.kernel.permissions import Permission
from rempart.kernel.staging import fetch
from rempart.organisations import queries as organisations

_LONGEST_PATH = 200
CATEGORISED = Q(confidentiality__gt=0, integrity__gt=0, availability__gt=0)


def assets(actor: Actor, *, retired: bool = False) -> QuerySet[Asset]:
    """The assets that the actor may see, with body, owner and location; those retired only when asked."""
    rows: QuerySet[Asset] = Asset.objects.visible_to(actor, Permission.ASSET_READ)
    if not retired:
        rows = rows.filter(retired_at__isnull=True)
    return rows.select_related("body", "owner", "location")


def figures(rows: QuerySet[Asset], stale_before: datetime) -> dict[str, int]:
    """How many assets there are, and of them: categorised, not seen since, without owner, on the internet."""
    return rows.aggregate(
        total=Count("id"),
        categorised=Count("id", filter=CATEGORISED),
        stale=Count("id", filter=Q(last_seen_at__lt=stale_before)),
        unowned=Count("id", filter=Q(owner__isnull=True)),
        internet=Count("id", filter=Q(network_exposure="internet")),
    )


def services(actor: Actor) -> QuerySet[Asset]:
    """The public services that the actor may see."""
    return assets(actor).filter(kind=Asset.Kind.SERVICE)


def get_asset(actor: Actor, body_code: str, key: str) -> Asset:
    """One asset, retired or not. Raises ``NotFound``."""
    rows = assets(actor, retired=True).select_related("body", "owner", "location", "criticality_source__body")
    found: Asset | None = rows.filter(body__code=body_code, key=key).first()
    if found is None:
        raise NotFound(_("Cet actif n’existe pas."))
    return found


def why_critical(actor: Actor, asset: Asset) -> list[Asset]:
    """The path along which criticality reaches an asset, from the lending service to the asset itself.

    Steps in bodies that the actor may not see are left out. The asset alone when it states its own; empty
    when nothing reaches it.
    """
    if not asset.criticality:
        return []
    steps = fetch(
        f"""WITH RECURSIVE path (id, via, depth) AS (
              SELECT a.id, a.criticality_via_id, 0 FROM {Asset._meta.db_table} AS a WHERE a.id = %s
              UNION ALL
              SELECT a.id, a.criticality_via_id, p.depth + 1 FROM {Asset._meta.db_table} AS a
              JOIN path AS p ON a.id = p.via WHERE p.via <> p.id AND p.depth < {_LONGEST_PATH})
            SELECT id FROM path ORDER BY depth DESC""",  # noqa: S608 - our own names
        [asset.pk],
    )
    visible = assets(actor, retired=True).in_bulk([asset_id for (asset_id,) in steps])
    return [visible[asset_id] for (asset_id,) in steps if asset_id in visible]


def installs_of(actor: Actor, asset: Asset, *, removed: bool = False) -> QuerySet[Install]:
    """The software on an asset, present or (when asked) removed, by product."""
    rows: QuerySet[Install] = Install.objects.visible_to(actor, Permission.ASSET_READ).filter(asset=asset)
    rows = rows.filter(removed_at__isnull=not removed).select_related("component")
    return rows.order_by("component__product", "component__version", "id")


def needs(actor: Actor, asset: Asset) -> QuerySet[Dependency]:
    """What an asset stands on, where the actor may see it."""
    return _edges(actor, "dependency").filter(dependent=asset).order_by("dependency__name_fr", "id")


def needed_by(actor: Actor, asset: Asset) -> QuerySet[Dependency]:
    """What stands on an asset, where the actor may see it."""
    return _edges(actor, "dependent").filter(dependency=asset).order_by("dependent__name_fr", "id")


def _edges(actor: Actor, far: str) -> QuerySet[Dependency]:
    """Edges whose far end is live and visible."""
    rows = Dependency.objects.filter(**{f"{far}__retired_at__isnull": True})
    scope = actor.scope(Permission.ASSET_READ)
    if not scope.everything:
        rows = rows.filter(**{f"{far}__body_id__in": sorted(scope.bodies)})
    found: QuerySet[Dependency] = rows.select_related(far, f"{far}__body")
    return found


def locations(actor: Actor) -> QuerySet[Location]:
    """The locations of the bodies whose assets the actor may see."""
    rows: QuerySet[Location] = Location.objects.visible_to(actor, Permission.ASSET_READ)
    return rows.select_related("body").order_by("name_fr", "id")


def writable_bodies(actor: Actor) -> QuerySet[Any]:
    """The bodies whose assets the actor may change."""
    return organisations.bodies(actor, Permission.ASSET_WRITE).order_by("name_fr")


def owners(body_id: int) -> QuerySet[Any]:
    """The people who may own the assets of a body; for those who may change them."""
    return organisations.people(system("assets")).filter(body_id=body_id, active=True).order_by("name")


def asset_choices(actor: Actor, asset_ids: list[int]) -> dict[int, Asset]:
    """Assets by id, of those that the actor may see."""
    return assets(actor, retired=True).in_bulk(asset_ids)
