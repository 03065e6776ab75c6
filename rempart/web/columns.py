"""Which columns of a list a person sees: their choice, kept in their preferences, or the list's own."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest

from rempart.kernel.listing import Listing
from rempart.kernel.models import User

_LISTS_KEPT = 100
_COLUMNS_KEPT = 60


def shown(request: HttpRequest | None, listing: Listing) -> frozenset[str]:
    """The keys of the columns to show. The first column is always shown: it names the row."""
    known = [column.key for column in listing.columns]
    preferences = getattr(getattr(request, "user", None), "preferences", {})
    chosen = preferences.get("columns", {}).get(listing.key)
    if not isinstance(chosen, list):
        return frozenset(column.key for column in listing.columns if not column.optional)
    return frozenset([known[0], *(key for key in known if key in chosen)])


def choose(user: User, listing_key: str, columns: Iterable[str]) -> None:
    """Keeps a person's choice; an empty one returns to the list's own columns."""
    chosen = [column[:60] for column in columns][:_COLUMNS_KEPT]
    kept = dict(user.preferences.get("columns", {}))
    kept.pop(listing_key, None)
    if chosen:
        kept[listing_key] = chosen
    user.preferences = {**user.preferences, "columns": dict(list(kept.items())[-_LISTS_KEPT:])}
    user.save(update_fields=["preferences"])
