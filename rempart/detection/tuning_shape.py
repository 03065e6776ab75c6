"""What a centre may read of a body's filter: which fields it compares, how, and how they are combined.

Nothing that it looks for is there, nor any name that its author chose: a search is called S1, S2…
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from rempart.engines import sigma

_FIELDS: Final = 60
_FIELD_NAME = re.compile(r"[\w@.$:/-]{1,100}(\|\w{1,20}){0,6}")
_PLACE = re.compile(r"[\w.-]{1,60}")
_PIECE = re.compile(r"[()]|[^\s()]+")
_WORDS: Final = frozenset({"and", "or", "not", "of", "all", "any", "them"})
_PLACES: Final = ("product", "category", "service")


def shape_of(text: str, known: Iterable[str] = ()) -> dict[str, Any]:
    """The shape of a filter (YAML): ``logsource``; ``rules``, the ids it names that are among ``known``, and
    ``other_rules``, how many are not; ``condition``; ``fields``, as [{"search", "field", "values"}].

    ``field`` is "" for words looked for anywhere, "?" for a name that is not one of a field. An empty shape
    when the text holds no filter.
    """
    filters = sigma.load_texts([("filter", text.encode())]).filters
    if not filters:
        return {}
    one = filters[0]
    named = set(known)
    rules = [key for key in one.rules if key in named]
    places = ((name, getattr(one.logsource, name)) for name in _PLACES)
    searches = [str(name) for name in one.detection if name != "condition"]
    calls = {name: f"S{number}" for number, name in enumerate(searches, start=1)}
    fields = [
        {"search": calls[name], "field": field, "values": values}
        for name in searches
        for field, values in _fields(one.detection[name])
    ]
    return {
        "logsource": {name: value for name, value in places if value and _PLACE.fullmatch(value)},
        "rules": rules[:_FIELDS],
        "other_rules": len(one.rules) - len(rules),
        "condition": _condition(one.detection.get("condition"), calls),
        "fields": fields[:_FIELDS],
        "more_fields": max(0, len(fields) - _FIELDS),
    }


def _fields(search: Any) -> list[tuple[str, int]]:
    """(field, how many values) of a search; its words together as one."""
    if isinstance(search, Mapping):
        return [(_name(field), len(each) if isinstance(each, list) else 1) for field, each in search.items()]
    if not isinstance(search, list):
        return [("", 1)]
    words = sum(not isinstance(each, Mapping) for each in search)
    found = [pair for each in search if isinstance(each, Mapping) for pair in _fields(each)]
    return [*found, ("", words)] if words else found


def _name(field: Any) -> str:
    text = str(field)
    return text if _FIELD_NAME.fullmatch(text) else "?"


def _condition(said: Any, calls: Mapping[str, str]) -> str:
    """The condition with each search by its call; a pattern over their names becomes ``S*``."""
    lines = said if isinstance(said, list) else [said]
    told = (" ".join(_told(word, calls) for word in _PIECE.findall(str(line))) for line in lines)
    return " or ".join(told).replace("( ", "(").replace(" )", ")")


def _told(word: str, calls: Mapping[str, str]) -> str:
    if word in calls:
        return calls[word]
    plain = word in {"(", ")"} or word.isdecimal() or word.lower() in _WORDS
    return word if plain else "S*"
