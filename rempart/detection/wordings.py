"""What a rule says, in words, for who must decide whether to use it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from rempart.engines.sigma import Correlation, Filter, Rule

_VERBS: Final = {
    "contains": "contient · contains",
    "startswith": "commence par · starts with",
    "endswith": "finit par · ends with",
    "re": "suit l’expression · matches the expression",
    "cidr": "est dans le réseau · is in the network",
    "exists": "est présent · is present",
    "gt": ">", "gte": "≥", "lt": "<", "lte": "≤", "neq": "≠",
    "fieldref": "égale le champ · equals the field",
    "expand": "est dans la liste · is in the list",
    "base64": "contient en base64 · contains in base64",
    "base64offset": "contient en base64 · contains in base64",
}  # fmt: skip
_QUALIFIERS: Final = {
    "all": "tous · all of", "cased": "casse exacte · exact case", "windash": "tirets au choix · any dash",
    "wide": "UTF-16", "utf16": "UTF-16", "utf16le": "UTF-16", "utf16be": "UTF-16",
}  # fmt: skip
_SHOWN: Final = 12
_COUNTED: Final = {
    "event_count": "nombre d’événements · number of events",
    "value_count": "nombre de valeurs distinctes · number of distinct values",
    "value_sum": "somme · sum",
    "value_avg": "moyenne · average",
    "value_median": "médiane · median",
    "value_percentile": "centile · percentile",
    "temporal": "toutes ces règles, dans tout ordre · all of these rules, in any order",
    "temporal_ordered": "toutes ces règles, dans cet ordre · all of these rules, in this order",
}
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def described(rule: Rule, language: str = "") -> dict[str, Any]:
    """The rule as plain data: its log source and fields, and its searches in words.

    ``language``: "fr" or "en"; without it, both ("contient · contains").
    """
    said = _both if not language else _english if language == "en" else _french
    return {
        **_about("rule", rule),
        "logsource": str(rule.logsource),
        "fields": sorted(_fields(rule.detection)),
        "techniques": list(rule.techniques),
        "condition": _condition(rule.detection),
        "searches": _searches(rule.detection, said),
        "placeholders": sorted(rule.placeholders),
        "falsepositives": list(rule.falsepositives),
    }


def described_correlation(rule: Correlation) -> dict[str, Any]:
    """The correlation as plain data: the rules that it follows, and what it counts of them, in words."""
    counted = _COUNTED[rule.type]
    if rule.expression is not None:
        counted = rule.written
    elif rule.fields:
        counted += f" ({', '.join(rule.fields)})"
    bounds = " ".join(f"{_VERBS.get(operator, '=')} {bound:g}" for operator, bound in rule.condition)
    return {
        **_about("correlation", rule),
        "techniques": list(rule.techniques),
        "rules": list(rule.rules),
        "group_by": list(rule.group_by),
        "timespan": rule.timespan,
        "within": _duration(rule.timespan),
        "condition": f"{counted} {bounds}".rstrip(),
    }


def described_filter(added: Filter) -> dict[str, Any]:
    """The filter as plain data: the rules to whose condition it is added, and its searches in words."""
    return {
        "kind": "filter",
        "id": added.id,
        "title": added.title,
        "path": added.path,
        "logsource": str(added.logsource),
        "rules": list(added.rules),
        "fields": sorted(_fields(added.detection)),
        "condition": _condition(added.detection),
        "searches": _searches(added.detection, _both),
    }


def _about(kind: str, rule: Rule | Correlation) -> dict[str, Any]:
    return {
        "kind": kind,
        "id": rule.id,
        "title": rule.title,
        "level": rule.level,
        "status": rule.status,
        "path": rule.path,
        "description": rule.description,
    }


def _condition(detection: Mapping[str, Any]) -> str:
    condition = detection.get("condition")
    return " | ".join(map(str, condition)) if isinstance(condition, list) else str(condition)


def _searches(detection: Mapping[str, Any], said: Callable[[str], str]) -> dict[str, str]:
    return {
        str(name): _search(body, said)
        for name, body in detection.items()
        if name not in ("condition", "timeframe")
    }


def _duration(seconds: float) -> str:
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
    return f"{seconds / size:g} {unit}"


def _both(words: str) -> str:
    return words


def _french(words: str) -> str:
    first, bar, _ = words.partition(" · ")
    return f"{first} " if bar and first.startswith(" ") else first


def _english(words: str) -> str:
    _, bar, last = words.rpartition(" · ")
    return f" {last}" if bar and last.endswith(" ") else last


def _fields(detection: Mapping[str, Any]) -> set[str]:
    fields: set[str] = set()
    waiting = [body for name, body in detection.items() if name not in ("condition", "timeframe")]
    while waiting:
        body = waiting.pop()
        if isinstance(body, Mapping):
            fields.update(str(key).partition("|")[0] for key in body)
        elif isinstance(body, list):
            waiting.extend(body)
    return fields - {""}


def _search(body: Any, said: Callable[[str], str]) -> str:
    if isinstance(body, Mapping):
        return said(" ET · AND ").join(_item(str(key), values, said) for key, values in body.items())
    if isinstance(body, list):
        maps = [f"({_search(one, said)})" for one in body if isinstance(one, Mapping)]
        words = [one for one in body if not isinstance(one, Mapping)]
        if words:
            maps.insert(0, f"{said('un des mots · one of the words')} {_values(words)}")
        return said(" OU · OR ").join(maps)
    return f"{said('le mot · the word')} {_values([body])}"


def _item(key: str, values: Any, said: Callable[[str], str]) -> str:
    field, *modifiers = key.split("|")
    verb = said(next((_VERBS[one] for one in modifiers if one in _VERBS), "="))
    qualifiers = [said(_QUALIFIERS[one]) for one in modifiers if one in _QUALIFIERS]
    tail = ", ".join(qualifiers)
    what = _values(values if isinstance(values, list) else [values])
    return f"{field or '*'} {verb} {what}{f' ({tail})' if qualifiers else ''}"


def _values(values: list[Any]) -> str:
    shown = ["∅" if one is None else f"« {one} »" for one in values[:_SHOWN]]
    if len(values) > _SHOWN:
        shown.append(f"… (+{len(values) - _SHOWN})")
    return ", ".join(shown)
