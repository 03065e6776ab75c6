"""Assets, locations and dependencies as people keep them, one at a time."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from rempart.assets.commands.criticality import recompute_criticality
from rempart.assets.inventory.surroundings import surroundings_of
from rempart.assets.models import Asset, Dependency, Location
from rempart.kernel import audit, outbox
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Conflict, Invalid, NotFound
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now

_FACTS = frozenset(
    {
        *("kind", "name_fr", "name_en", "description", "owner_id", "location_id", "network_exposure"),
        *("environment", "essential", "rto_hours", "rpo_hours"),
    }
)
_LEVELS = ("confidentiality", "integrity", "availability", "own_criticality")
MANUAL = "manuel"


@transaction.atomic
def create_asset(actor: Actor, *, body_id: int, key: str, **facts: Any) -> Asset:
    """Adds an asset by hand (a public service, most often). Raises ``Conflict`` when the key is taken."""
    actor.require(Permission.ASSET_WRITE, body_id)
    key = key.strip()
    if not key or len(key) > 200:
        raise Invalid(_("L’identifiant compte de 1 à 200 caractères."), field="key")
    _check(body_id, facts)
    if Asset.objects.filter(body_id=body_id, key=key).exists():
        raise Conflict(_("Un actif de l’organisme porte déjà cet identifiant."), field="key")
    at = now()
    created = Asset.objects.create(
        body_id=body_id, key=key, source=MANUAL, first_seen_at=at, last_seen_at=at, **facts
    )
    audit.record(actor, "assets.asset_created", created, after={"key": key, **facts})
    return created


@transaction.atomic
def edit_asset(actor: Actor, *, asset_id: int, **facts: Any) -> Asset:
    """Changes what an asset is: kind, names, description, owner, location, exposure, RTO, RPO…

    Publishes ``assets.network_exposure_changed``: urgency depends on it.
    """
    asset = _load(actor, asset_id)
    _check(asset.body_id, facts)
    before = {name: getattr(asset, name) for name in facts}
    changed = {name: value for name, value in facts.items() if before[name] != value}
    if not changed:
        return asset
    for name, value in changed.items():
        setattr(asset, name, value)
    asset.save()
    audit.record(
        actor, "assets.asset_edited", asset, before={name: before[name] for name in changed}, after=changed
    )
    if "network_exposure" in changed:
        payload = {"body_id": asset.body_id, "asset_ids": [asset.pk]}
        outbox.publish("assets.network_exposure_changed", f"body:{asset.body_id}", payload)
    return asset


@transaction.atomic
def categorise_asset(
    actor: Actor,
    *,
    asset_id: int,
    confidentiality: int,
    integrity: int,
    availability: int,
    own_criticality: int,
    reason: str,
) -> Asset:
    """States an asset's levels (1 to 4; criticality 0 when it only inherits) with their justification.

    What a person justified stays whatever later inventories state.
    """
    asset = _load(actor, asset_id)
    levels = dict(zip(_LEVELS, (confidentiality, integrity, availability, own_criticality), strict=True))
    for name, level in levels.items():
        if not (0 if name == "own_criticality" else 1) <= level <= 4:
            raise Invalid(_("Les niveaux vont de 1 (faible) à 4 (très élevé)."), field=name)
    reason = reason.strip()
    if not reason:
        raise Invalid(_("Justifiez la catégorisation."), field="reason")
    if len(reason) > 4_000:
        raise Invalid(_("La justification compte au plus 4 000 caractères."), field="reason")
    before = {name: getattr(asset, name) for name in _LEVELS}
    for name, level in levels.items():
        setattr(asset, name, level)
    asset.category_reason, asset.categorised_at = reason, now()
    asset.save()
    if before["own_criticality"] != own_criticality:
        recompute_criticality([asset.body_id])
        asset.refresh_from_db()
    audit.record(actor, "assets.asset_categorised", asset, before=before, after=levels, reason=reason)
    return asset


@transaction.atomic
def add_dependency(
    actor: Actor, *, dependent_id: int, dependency_id: int, kind: str = "runs_on"
) -> Dependency:
    """States that one asset needs another, maybe of another body that the actor sees. Cycles are allowed."""
    dependent = _load(actor, dependent_id)
    dependency = Asset.objects.visible_to(actor, Permission.ASSET_READ).filter(id=dependency_id).first()
    if dependency is None:
        raise NotFound(_("Cet actif n’existe pas."))
    if dependent.pk == dependency.pk:
        raise Invalid(_("Un actif ne peut dépendre de lui-même."), code="self_dependency", field="dependency")
    try:
        with transaction.atomic():
            edge = Dependency.objects.create(
                body_id=dependent.body_id,
                dependent=dependent,
                dependency=dependency,
                kind=kind[:30],
                source=MANUAL,
            )
    except IntegrityError as error:
        raise Conflict(_("Cette dépendance est déjà connue."), field="dependency") from error
    recompute_criticality([dependent.body_id, dependency.body_id])
    audit.record(
        actor,
        "assets.dependency_added",
        edge,
        after={"dependent": dependent.key, "dependency": dependency.key},
    )
    return edge


@transaction.atomic
def remove_dependency(actor: Actor, *, edge_id: int) -> None:
    """Takes back that one asset needs another."""
    edge = (
        Dependency.objects.visible_to(actor, Permission.ASSET_WRITE)
        .select_related("dependent", "dependency")
        .filter(id=edge_id)
        .first()
    )
    if edge is None:
        raise NotFound(_("Cette dépendance n’existe pas."))
    bodies = [edge.body_id, edge.dependency.body_id]
    stated = {"dependent": edge.dependent.key, "dependency": edge.dependency.key}
    audit.record(actor, "assets.dependency_removed", edge, before=stated)
    edge.delete()
    recompute_criticality(bodies)


@transaction.atomic
def save_location(actor: Actor, *, body_id: int, code: str, name_fr: str, **facts: Any) -> Location:
    """Adds a site or a cloud region of a body, or changes the one of this code."""
    actor.require(Permission.ASSET_WRITE, body_id)
    code, name_fr = code.strip(), name_fr.strip()
    if not code or len(code) > 60:
        raise Invalid(_("Le code compte de 1 à 60 caractères."), field="code")
    if not name_fr or len(name_fr) > 200:
        raise Invalid(_("Le nom compte de 1 à 200 caractères."), field="name_fr")
    location, created = Location.objects.update_or_create(
        body_id=body_id, code=code, defaults={"name_fr": name_fr, **facts}
    )
    action = "assets.location_added" if created else "assets.location_edited"
    audit.record(actor, action, location, after={"code": code, "name_fr": name_fr, **facts})
    return location


def _load(actor: Actor, asset_id: int) -> Asset:
    """The asset, for who may see it; refused to who may not change it."""
    asset: Asset | None = (
        Asset.objects.visible_to(actor, Permission.ASSET_READ)
        .select_for_update(of=("self",))
        .filter(id=asset_id)
        .first()
    )
    if asset is None:
        raise NotFound(_("Cet actif n’existe pas."))
    actor.require(Permission.ASSET_WRITE, asset.body_id)
    return asset


def _check(body_id: int, facts: dict[str, Any]) -> None:
    unknown = facts.keys() - _FACTS
    if unknown:
        raise Invalid(_("Ce champ ne se change pas ainsi."), field=min(unknown))
    if "name_fr" in facts and not facts["name_fr"].strip():
        raise Invalid(_("Nommez l’actif."), field="name_fr")
    for name, choices in (("kind", Asset.Kind.values), ("network_exposure", Asset.Exposure.values)):
        if name in facts and facts[name] not in choices:
            raise Invalid(_("Cette valeur n’est pas permise."), field=name)
    for name in ("name_fr", "name_en", "environment"):
        longest = Asset._meta.get_field(name).max_length or 0
        if len(facts.get(name) or "") > longest:
            raise Invalid(_("Ce texte est trop long."), field=name)
    around = surroundings_of(body_id) if facts.get("owner_id") or facts.get("location_id") else None
    for name, known in (("owner_id", around and around.owners), ("location_id", around and around.locations)):
        if facts.get(name) is not None and facts[name] not in (known or {}).values():
            raise Invalid(_("Cette valeur n’est pas de l’organisme."), field=name)
