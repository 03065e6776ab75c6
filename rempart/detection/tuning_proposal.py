"""The Sigma filter that a false positive suggests: for its rule, what its event had where the rule looked."""

from __future__ import annotations

import uuid
from typing import Any, Final

import yaml

_NAMESPACE: Final = uuid.UUID("6d2a5c6e-6f2d-4a39-9e0e-2a5d1f0a7c11")
_FIELDS: Final = 6
_LONGEST = 500


def proposed_filter(detection: Any, rule: Any = None) -> str:
    """A filter (YAML) to be read and loosened by a person: it is about this very event.

    ``detection``: rule_id, rule_title, matched, sample, host. ``rule``, of the library: its product, category
    and service. The host comes first when the event names it: a false positive is most often of one machine.
    """
    selection: dict[str, str] = {}
    for name, value in detection.sample.items():
        if detection.host and value == detection.host:
            selection[str(name)] = _literal(value)
            break
    for one in detection.matched:
        if one["field"] and len(selection) < _FIELDS:
            selection.setdefault(one["field"], _literal(one["value"]))
    if not selection:
        return ""
    places = {name: getattr(rule, name, "") for name in ("product", "category", "service")}
    identifier = uuid.uuid5(_NAMESPACE, f"{detection.rule_id}\0{detection.pk}")
    document = {
        "title": f"Filtre · {detection.rule_title}"[:200],
        "id": str(identifier),
        "logsource": {name: value for name, value in places.items() if value} or {"category": "any"},
        "filter": {
            "rules": [detection.rule_id],
            "selection": selection,
            "condition": "not selection",
        },
    }
    return str(yaml.dump(document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=1_000))


class _Dumper(yaml.SafeDumper):
    """Writes between double quotes, escaped, the texts whose line breaks YAML would otherwise fold."""


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    folded = any(letter in value for letter in "\n\r\x85\u2028\u2029")
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style='"' if folded else None)


_Dumper.add_representer(str, _text)


def _literal(value: Any) -> str:
    """A value that Sigma takes as it is: its wildcards and escapes are escaped."""
    text = str(value)
    cut = len(text) > _LONGEST
    text = text[:_LONGEST].replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")
    return f"{text}*" if cut else text
