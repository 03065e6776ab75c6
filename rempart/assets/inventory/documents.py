"""Assets stated by programs, as plain dictionaries (the API's JSON)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rempart.assets.inventory.statement import Gatherer, Statement
from rempart.assets.inventory.surroundings import surroundings_of
from rempart.assets.inventory.values import COMPONENT_LIMITS, STATED
from rempart.engines.records.fields import clean
from rempart.kernel.actors import Actor

_WORDS = (*STATED, "owner", "location", "service")


def read_document(actor: Actor, body_id: int, assets: Sequence[Mapping[str, Any]]) -> Statement:
    """Validates assets: ``key``, what is stated (``name``, ``kind``…: texts, numbers, booleans),
    ``depends_on`` (keys, or ``BODY:key``) and ``components`` (vendor, product, version, purl, cpe).

    ``None`` and empty text mean "not stated". Errors are in the statement, at ``assets[0]`` and so on.
    """
    statement = Statement("api")
    gatherer = Gatherer(statement, surroundings_of(body_id), {})
    for number, asset in enumerate(assets):
        where = f"assets[{number}]"
        key = _text(asset.get("key"))
        cells = {word: text for word in _WORDS if (text := _text(asset.get(word)))}
        components = asset.get("components") or ()
        for component in components or ({},):
            software = tuple(_text(component.get(field)) for field in COMPONENT_LIMITS)
            gatherer.row(where, key, cells, software)  # type: ignore[arg-type]
        for reference in asset.get("depends_on") or ():
            if key and _text(reference):
                gatherer.need(where, key, _text(reference))
    return gatherer.finish(actor)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return clean(str(value)).strip()
