"""Search as you type over every asset: by key, name, and the software installed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from rempart.assets.folding import folded
from rempart.assets.models import Asset, Component, Install
from rempart.kernel.actors import Actor
from rempart.kernel.permissions import Permission
from rempart.kernel.staging import fetch

_LONGEST = 100
_FEW_BODIES = 3  # their assets are read faster than an index of everything is intersected with them
_CANDIDATES = 5_000  # how far the index is followed before the actor's bodies are read instead
_COMPONENTS = 50


@dataclass(frozen=True, slots=True)
class Found:
    """An asset found, and the software by which it was found ("" when by its own key or name)."""

    asset: Asset
    software: str = ""


def search(actor: Actor, text: str, limit: int = 20) -> list[Found]:
    """The assets whose key, name or present software contain the text, accents aside; exact keys first."""
    text = text.replace("\x00", "").strip()[: 2 * _LONGEST]
    words = folded(text)[:_LONGEST]
    scope = actor.scope(Permission.ASSET_READ)
    if len(words) < 2 or not scope or limit < 1:
        return []
    visible: QuerySet[Asset] = Asset.objects.visible_to(actor, Permission.ASSET_READ).filter(
        retired_at__isnull=True
    )
    exact = list(visible.filter(key__in={text, words, words.upper()}).values_list("id", flat=True)[:limit])
    by_name = _by_name(visible, words, limit, None if scope.everything else scope.bodies)
    ids = list(dict.fromkeys([*exact, *by_name]))[:limit]
    software = _by_software(actor, words, limit - len(ids), set(ids)) if len(ids) < limit else {}
    rows = visible.select_related("body").in_bulk([*ids, *software])
    return [Found(rows[each], software.get(each, "")) for each in (*ids, *software) if each in rows]


def _by_name(visible: QuerySet[Asset], words: str, limit: int, bodies: Collection[int] | None) -> list[int]:
    """Through the index of everything, or the rows of the actor's bodies where that is quicker."""
    small = bodies is not None and len(bodies) <= _FEW_BODIES
    found = [] if small else _matching(Asset, words, limit, bodies)
    if bodies is None or len(found) >= limit or (not small and not _common(words)):
        return found
    rows = visible.filter(search_text__contains=words).order_by()
    return list(rows.values_list("id", flat=True)[:limit])


def _common(words: str) -> bool:
    """Whether so much contains the words that the index was not followed to its end."""
    if connection.vendor != "sqlite" or len(words) < 3:
        return False
    index = f"{Asset._meta.db_table}_search"
    sql = f"SELECT 1 FROM {index} WHERE {index} MATCH %s LIMIT 1 OFFSET {_CANDIDATES - 1}"  # noqa: S608 - our names
    return bool(fetch(sql, [_quoted(words)]))


def containing(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    """Narrows assets to those whose key or name contains the text: the filter of their lists."""
    words = folded(text.replace("\x00", ""))[:_LONGEST]
    if connection.vendor == "sqlite" and len(words) >= 3:
        index = f"{Asset._meta.db_table}_search"
        found = RawSQL(f"SELECT rowid FROM {index} WHERE {index} MATCH %s", [_quoted(words)])  # noqa: S608, S611
        return rows.filter(id__in=found)
    return rows.filter(search_text__contains=words)


def _quoted(words: str) -> str:
    """The words as one phrase of the full-text index, whatever signs they hold."""
    return '"' + words.replace('"', '""') + '"'


def _by_software(actor: Actor, words: str, limit: int, known: set[int]) -> dict[int, str]:
    """asset id → the software found on it, for assets not found otherwise."""
    components = Component.objects.in_bulk(_matching(Component, words, _COMPONENTS))
    present = Install.objects.visible_to(actor, Permission.ASSET_READ).filter(
        component_id__in=components, removed_at__isnull=True
    )
    found: dict[int, str] = {}
    pairs = present.exclude(asset_id__in=known).order_by().values_list("asset_id", "component_id")
    for asset_id, component_id in pairs[: limit * 4]:
        if len(found) < limit:
            found.setdefault(asset_id, str(components[component_id]))
    return found


def _matching(model: Any, words: str, limit: int, bodies: Collection[int] | None = None) -> list[int]:
    """Ids of the rows whose folded text contains the words; the index needs three letters."""
    table = model._meta.db_table
    where, parameters = _condition(table, words)
    live = "" if model is Component else " AND t.retired_at IS NULL"
    if bodies is not None:
        chosen = sorted(bodies)
        live += f" AND t.body_id IN ({', '.join(['%s'] * len(chosen))})"
        parameters = [*parameters, *chosen]
    rows = fetch(f"SELECT t.id FROM {table} AS t {where}{live} LIMIT %s", [*parameters, limit])  # noqa: S608 - our names
    return [row_id for (row_id,) in rows]


def _condition(table: str, words: str) -> tuple[str, list[Any]]:
    pattern = "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    if connection.vendor == "sqlite" and len(words) >= 3:
        index = f"{table}_search"
        found = f"SELECT rowid FROM {index} WHERE {index} MATCH %s LIMIT {_CANDIDATES}"  # noqa: S608 - our names
        return f"WHERE t.id IN ({found})", [_quoted(words)]
    if connection.vendor == "postgresql" and not _has_trigrams():
        return "WHERE left(t.search_text, 100) LIKE %s", [pattern[1:]]
    return "WHERE t.search_text LIKE %s ESCAPE '\\'", [pattern]


@lru_cache(maxsize=1)
def _has_trigrams() -> bool:
    return bool(fetch("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'"))
