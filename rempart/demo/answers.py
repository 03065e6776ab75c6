"""Lets the demo’s bodies answer what they were asked, some well, some late: a board with a life."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rempart.alerts import commands as alerts
from rempart.alerts import queries as directives
from rempart.assets import commands as assets
from rempart.demo import make, plan
from rempart.demo.catalogue import PRODUCTS
from rempart.exposure import queries as exposure
from rempart.kernel.actors import system
from rempart.kernel.worker import Worker
from rempart.organisations import queries as organisations

_PLAYER = system("demo")
_NEWEST = {product.name: product for product in PRODUCTS}
_REASON = "Démonstration"


@dataclass(frozen=True)
class Answers:
    """What the bodies did."""

    acknowledged: int
    declared: int
    inventories: int


def answer(progress: Callable[[int, int], None]) -> Answers:
    """About three bodies in four acknowledge, half declare, a third prove by a newer inventory.

    Raises NoDemo without the demo government.
    """
    recipe = make.recipe()
    if recipe is None:
        raise make.NoDemo
    worker = Worker("demo")
    worker.drain()
    draw = random.Random(recipe.seed)
    targets = list(directives.targets(_PLAYER).filter(closed_at__isnull=True).order_by("pk"))
    diligence = {body_id: draw.random() for body_id in sorted({target.body_id for target in targets})}
    acknowledged = declared = 0
    for number, target in enumerate(targets):
        care = diligence[target.body_id] + draw.uniform(-0.2, 0.2)
        if care > 0.25 and target.acknowledged_at is None:
            alerts.acknowledge(_PLAYER, target_id=target.pk, reason=_REASON)
            acknowledged += 1
        if care > 0.5 and target.state != "declared":
            alerts.declare(_PLAYER, target_id=target.pk, reason=_REASON)
            declared += 1
        progress(number + 1, len(targets))
    inventories = _prove(recipe, {body_id for body_id, care in diligence.items() if care > 0.62})
    worker.drain()
    return Answers(acknowledged, declared, inventories)


def _prove(recipe: make.Recipe, body_ids: set[int]) -> int:
    """Newer inventories of these bodies: what a directive asked to correct is at its newest version."""
    tree = plan.places(recipe.bodies, recipe.seed)
    ids = {place.code: place.pk for place in organisations.bodies(_PLAYER)}
    done = 0
    for inventory in plan.inventories(tree, recipe.assets, recipe.seed):
        body_id = ids.get(inventory.place)
        if body_id not in body_ids:
            continue
        asked = set(
            exposure.exposures(_PLAYER)
            .filter(body_id=body_id, state="open", vulnerability__directives__state="open")
            .values_list("component__product", flat=True)
        )
        rows = [_corrected(asset, asked) for asset in inventory.assets]
        assets.upsert_inventory(_PLAYER, body_id=body_id, source=make.SOURCE, assets=rows, complete=True)
        done += 1
    return done


def _corrected(asset: dict[str, Any], products: set[str]) -> dict[str, Any]:
    components = []
    for component in asset["components"]:
        if component["product"] in products:
            product = _NEWEST[component["product"]]
            components.append(plan.component(product, product.versions[-1]))
        else:
            components.append(component)
    return {**asset, "components": components}
