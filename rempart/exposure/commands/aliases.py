"""Two keys name one product: decided once by a person, for every body."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from rempart.exposure.commands import findings, opening
from rempart.exposure.commands.inventory import Names
from rempart.exposure.commands.matching import COMPONENTS_AT_ONCE, Matched, tell
from rempart.exposure.commands.reach import Reach, hold, slices
from rempart.exposure.models import ComponentKey, ProductAlias
from rempart.kernel import audit
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Invalid
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now

_KEYS_AT_ONCE = 500
# Neither spaces nor what a database cannot hold: control characters, halves of surrogate pairs.
_KEY = re.compile(r"(?:purl|cpe|name):[^\s\x00-\x1f\x7f\ud800-\udfff]{1,290}")


@dataclass(frozen=True, slots=True)
class AliasEffect:
    """What an alias changes: the components that it renames, and the matching that follows."""

    components: int
    matched: Matched


@transaction.atomic
def alias_products(
    actor: Actor, *, key: str, canonical: str, reason: str = "", confidence: float = 1.0
) -> AliasEffect:
    """Says that ``key`` names the product of ``canonical`` (the same key twice parts it from the others).

    The components concerned are indexed and matched anew at once. Raises Invalid naming the field.
    """
    actor.require_everywhere(Permission.INTELLIGENCE_MANAGE)
    key, canonical = clean_key("key", key), clean_key("canonical", canonical)
    if not 0 < confidence <= 1:
        raise Invalid(_("La confiance va de 0 à 1."), field="confidence")
    hold(alone=True)
    before = Names()
    old = before.aliases.canonical(key)[0]
    if key != canonical and before.aliases.canonical(canonical)[0] == key:
        raise Invalid(_("Ces deux noms se renverraient l’un à l’autre."), field="canonical")
    alias, _created = ProductAlias.objects.update_or_create(
        key=key,
        defaults={
            "canonical": canonical,
            "confidence": confidence,
            "provenance": (reason.strip() or "correction")[:200],
            "decided_by_id": actor.user_id,
        },
    )
    names = Names()
    touched = {key, old, canonical, names.aliases.canonical(key)[0]}
    effect = rename_components(touched, names)
    tell(effect.matched.exposures, "alias")
    audit.record(
        actor, "product.aliased", alias,
        before={"canonical": old}, after={"key": key, "canonical": canonical, "confidence": confidence},
        reason=reason.strip(),
    )  # fmt: skip
    return effect


def preview_alias(actor: Actor, *, key: str, canonical: str) -> AliasEffect:
    """What ``alias_products`` would change: it is done, counted, and undone."""
    with transaction.atomic():
        effect = alias_products(actor, key=key, canonical=canonical)
        transaction.set_rollback(True)
    return effect


def rename_components(touched: set[str], names: Names) -> AliasEffect:
    """Indexes and matches anew the components known under these keys."""
    found: set[int] = set()
    for keys in slices(sorted(touched), _KEYS_AT_ONCE):
        found.update(ComponentKey.objects.filter(key__in=keys).values_list("component_id", flat=True))
    ids = sorted(found)
    total = Matched()
    for part in slices(ids, COMPONENTS_AT_ONCE):
        findings.forget(part)
        at = now()
        total.findings.add(findings.match_components(findings.index(part, names), names, at))
        total.exposures.add(opening.settle(Reach(component_ids=part), at))
    return AliasEffect(len(ids), total)


def clean_key(field: str, text: str) -> str:
    """An identity key as people write it. Raises Invalid naming the field."""
    text = text.strip().lower()
    if not _KEY.fullmatch(text):
        raise Invalid(
            _("Écrivez « purl:type/nom », « cpe:a:fabricant:produit » ou « name:fabricant/produit »."),
            field=field,
        )
    return text
