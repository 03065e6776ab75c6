"""Rule files to a collection: detection rules, correlations and filters, and every document that is none."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from rempart.engines.sigma import collections, detection, expressions, store
from rempart.engines.sigma.documents import Unreadable, read_documents
from rempart.engines.sigma.model import (
    LEVELS,
    Collection,
    Correlation,
    Defect,
    Filter,
    Limits,
    LogSource,
    Rule,
)
from rempart.engines.sigma.modifiers import Context
from rempart.engines.sigma.texts import BadValue, placeholder_names
from rempart.engines.sigma.values import number_of, text_of

_SUFFIXES: Final = (".yml", ".yaml")
_TIMESPAN: Final = re.compile(r"(\d{1,9})([smhdwMy])\Z")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800, "M": 2_592_000, "y": 31_536_000}
_OPERATORS: Final = frozenset({"gt", "gte", "lt", "lte", "eq", "neq"})
_TEMPORAL: Final = frozenset({"temporal", "temporal_ordered"})
_METRIC: Final = frozenset({"value_count", "value_sum", "value_avg", "value_percentile", "value_median"})
# A document with none of these does not say that it is a rule.
_OF_RULES: Final = frozenset({"detection", "correlation", "filter", "action", "logsource"})
_FILTER_RESERVED: Final = frozenset({"condition", "timeframe", "rules"})


def load_rules(
    paths: Iterable[Path], *, limits: Limits | None = None, cache: Path | None = None
) -> Collection:
    """Read every ``.yml`` and ``.yaml`` beneath ``paths`` (folders or files), in the order of their names.

    ``cache`` is a folder where the result is kept by the files' contents. Nothing is raised for what a file
    holds: it is told in ``defects``. A path that does not exist is a defect too. A file of a folder that says
    nowhere that it is a rule is told in ``not_rules`` alone; named by itself, it is a defect.
    """
    limits = limits or Limits()
    paths = list(paths)
    files, defects = _files(paths, limits)
    contents: list[tuple[str, bytes]] = []
    for path in files:
        try:
            with path.open("rb") as stream:
                raw = stream.read(limits.file_bytes + 1)
        except OSError as error:
            defects.append(Defect(str(path), None, f"cannot be read: {error.strerror}"))
            continue
        contents.append((str(path), raw))
    known = load_texts(contents, limits=limits, cache=cache)
    named = {str(path) for path in paths}
    known.not_rules = [path for path in known.not_rules if path not in named]
    strays = set(known.not_rules)
    known.defects[:] = defects + [each for each in known.defects if each.path not in strays]
    return known


def load_texts(
    contents: Iterable[tuple[str, bytes]], *, limits: Limits | None = None, cache: Path | None = None
) -> Collection:
    """The rules in these texts, each given with the name of what holds it: ``load_rules`` without files.

    What is in ``not_rules`` is in ``defects`` too.
    """
    limits = limits or Limits()
    contents = list(contents)
    digest = hashlib.blake2b(repr(limits).encode(), digest_size=16)
    for name, raw in contents:
        for part in (name.encode("utf-8", "surrogateescape"), raw):
            digest.update(len(part).to_bytes(8, "little") + part)
    known = store.read(cache, "rules", digest.hexdigest(), Collection) if cache else None
    if known is None:
        known = _collection(contents, limits)
        known.digest = digest.hexdigest()
        if cache:
            store.write(cache, "rules", known.digest, known)
    return known


def _files(paths: Iterable[Path], limits: Limits) -> tuple[list[Path], list[Defect]]:
    files: dict[Path, None] = {}
    defects: list[Defect] = []
    for path in map(Path, paths):
        if path.is_dir():
            found = [each for each in path.rglob("*") if each.suffix.lower() in _SUFFIXES and each.is_file()]
            files.update(dict.fromkeys(sorted(found)))
        elif path.exists():
            files[path] = None
        else:
            defects.append(Defect(str(path), None, "does not exist"))
        if len(files) > limits.files:
            defects.append(
                Defect(str(path), None, f"more than {limits.files} files; the others are not read")
            )
            break
    return list(files)[: limits.files], defects


def _collection(contents: Iterable[tuple[str, bytes]], limits: Limits) -> Collection:
    collection = Collection()
    for path, raw in contents:
        said: list[bool] = []  # of each document, whether it says that it is a rule
        whole = collections.Whole()
        try:
            for document in read_documents(raw, limits):
                _add(collection, document, whole, path, limits)
                said.append(not (isinstance(document, Mapping) and _OF_RULES.isdisjoint(document)))
        except Unreadable as error:
            collection.defects.append(Defect(path, None, f"not readable as YAML: {error}"))
            said.append(True)
        if whole.idle:
            collection.defects.append(Defect(path, None, "'action: global' has no rule after it"))
        if said and not any(said):
            collection.not_rules.append(path)
    _distinct(collection)
    return collection


def _add(collection: Collection, document: Any, whole: collections.Whole, path: str, limits: Limits) -> None:
    rule_id = None
    try:
        if not isinstance(document, Mapping):
            raise BadValue("the document is not a map")
        rule_id = text_of(document["id"]) if document.get("id") is not None else None
        document = whole.of(document)
        if document is None:
            return
        if "correlation" in document:
            collection.correlations.append(_correlation(document, path))
        elif "filter" in document:
            collection.filters.append(_filter(document, path, limits))
        elif "detection" in document:
            collection.rules.append(_rule(document, path, limits))
        else:
            raise BadValue("neither 'detection', 'correlation' nor 'filter'")
    except BadValue as error:
        collection.defects.append(Defect(path, rule_id, str(error), error.code))


def _distinct(collection: Collection) -> None:
    """Keep the first of the documents that bear one id, and report the others; those that have none are told
    apart.
    """
    for group in (collection.rules, collection.correlations, collection.filters):
        seen: dict[str, str] = {}
        kept: list[Any] = []
        for document in group:
            each = document
            if each.id in seen and each.id == f"{each.path}#{each.title}":
                each = replace(each, id=f"{each.id}#{len(kept)}")
            if each.id in seen:
                reason = f"its id is already that of {seen[each.id]}"
                collection.defects.append(Defect(each.path, each.id, reason))
            else:
                seen[each.id] = each.path
                kept.append(each)
        group[:] = kept


def _strings(value: Any) -> tuple[str, ...]:
    given = value if isinstance(value, list) else [] if value is None else [value]
    return tuple(text_of(each) for each in given if each is not None and not isinstance(each, dict | list))


def _one(document: Mapping[str, Any], name: str) -> str | None:
    value = document.get(name)
    if value is None or isinstance(value, dict | list):
        return None
    return text_of(value)


def _logsource(document: Mapping[str, Any]) -> LogSource:
    given = document.get("logsource")
    if not isinstance(given, Mapping):
        raise BadValue("'logsource' is absent or not a map")
    parts = {name: _one(given, name) for name in ("product", "category", "service")}
    if not any(parts.values()):
        raise BadValue("'logsource' names neither product, category nor service")
    return LogSource(**{name: part.strip().casefold() if part else None for name, part in parts.items()})


def _common(document: Mapping[str, Any], path: str) -> dict[str, Any]:
    title = _one(document, "title")
    if not title:
        raise BadValue("'title' is absent")
    level = (_one(document, "level") or "informational").lower()
    if level not in LEVELS:
        raise BadValue(f"level {level!r} is none of {', '.join(LEVELS)}")
    return {
        "id": _one(document, "id") or _one(document, "name") or f"{path}#{title}",
        "title": title,
        "name": _one(document, "name"),
        "level": level,
        "status": _one(document, "status"),
        "description": _one(document, "description") or "",
        "tags": tuple(tag.lower() for tag in _strings(document.get("tags"))),
        "path": path,
    }


def _detection(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    given = document[name]
    if not isinstance(given, dict):
        raise BadValue(f"{name!r} is not a map")
    return given


def _names(value: Any, found: set[str]) -> None:
    """The placeholders' names in what follows a key with ``expand``."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if "expand" in key.split("|")[1:]:
                for each in item if isinstance(item, list) else [item]:
                    found |= placeholder_names(each) if isinstance(each, str) else set()
            _names(item, found)
    elif isinstance(value, list):
        for item in value:
            _names(item, found)


def _placeholders(given: Mapping[str, Any]) -> frozenset[str]:
    found: set[str] = set()
    _names(given, found)
    return frozenset(found)


def _rule(document: Mapping[str, Any], path: str, limits: Limits) -> Rule:
    common = _common(document, path)
    logsource = _logsource(document)
    given = _detection(document, "detection")
    placeholders = _placeholders(given)
    tree = detection.build(given, Context(limits))
    return Rule(
        **common,
        author=_one(document, "author") or "",
        references=_strings(document.get("references")),
        falsepositives=_strings(document.get("falsepositives")),
        fields=_strings(document.get("fields")),
        logsource=logsource,
        detection=given,
        placeholders=placeholders,
        tree=None if placeholders else tree,
    )


def _filter(document: Mapping[str, Any], path: str, limits: Limits) -> Filter:
    common = _common(document, path)
    logsource = _logsource(document)
    given = _detection(document, "filter")
    rules = given.get("rules")
    named = () if isinstance(rules, str) and rules.casefold() == "any" else _strings(rules)
    if rules is None or (not named and not isinstance(rules, str)):
        raise BadValue("filter: 'rules' names no rule")
    detection.build(given, Context(limits), reserved=_FILTER_RESERVED)
    return Filter(
        id=common["id"],
        title=common["title"],
        path=path,
        logsource=logsource,
        rules=named,
        detection={name: body for name, body in given.items() if name != "rules"},
        placeholders=_placeholders(given),
    )


def _correlation(document: Mapping[str, Any], path: str) -> Correlation:
    common = _common(document, path)
    given = _detection(document, "correlation")
    kind = _one(given, "type") or ""
    if kind != "event_count" and kind not in _TEMPORAL | _METRIC:
        raise BadValue(f"correlation: unknown type {kind!r}")
    rules = _strings(given.get("rules"))
    asked = given.get("condition")
    expression = None
    if isinstance(asked, str) and kind in _TEMPORAL:
        expression, rules = expressions.parse(asked, rules)
        if kind == "temporal_ordered":
            expressions.least_sets(expression)
    if not rules:
        raise BadValue("correlation: 'rules' names no rule")
    condition, fields, percentile = _condition(asked if expression is None else None)
    if not condition and kind not in _TEMPORAL:
        raise BadValue(f"correlation: {kind} needs a condition")
    if kind in _METRIC and not fields:
        raise BadValue(f"correlation: {kind} needs 'field' in its condition")
    if kind in _METRIC - {"value_count"} and len(fields) != 1:
        raise BadValue(f"correlation: {kind} takes one field")
    return Correlation(
        **common,
        type=kind,
        rules=rules,
        group_by=_strings(given.get("group-by")),
        timespan=_timespan(_one(given, "timespan") or _one(given, "timeframe") or ""),
        condition=condition,
        fields=fields,
        aliases=_aliases(given.get("aliases"), rules),
        generate=True in (given.get("generate"), document.get("generate")),
        percentile=percentile,
        expression=expression,
        written=asked if isinstance(asked, str) else "",
    )


def _timespan(text: str) -> float:
    found = _TIMESPAN.match(text.strip())
    if not found or not int(found[1]):
        raise BadValue(f"correlation: timespan {text!r} is not a number and one of s m h d w M y")
    return float(int(found[1]) * _SECONDS[found[2]])


def _condition(given: Any) -> tuple[tuple[tuple[str, float], ...], tuple[str, ...], float | None]:
    if given is None:
        return (), (), None
    if not isinstance(given, Mapping):
        raise BadValue("correlation: 'condition' is not a map")
    found: list[tuple[str, float]] = []
    percentile = None
    for name, value in given.items():
        if name == "field":
            continue
        number = number_of(text_of(value)) if not isinstance(value, dict | list) else None
        if number is None:
            raise BadValue(f"correlation: condition {name}: {value!r} is not a number")
        if name == "percentile":
            if not 0 <= number <= 100:
                raise BadValue("correlation: a percentile is between 0 and 100")
            percentile = number
        elif name in _OPERATORS:
            found.append((name, number))
        else:
            raise BadValue(f"correlation: unknown operator {name!r}")
    return tuple(found), _strings(given.get("field")), percentile


def _aliases(given: Any, rules: Sequence[str]) -> dict[str, dict[str, str]]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise BadValue("correlation: 'aliases' is not a map")
    aliases: dict[str, dict[str, str]] = {}
    for alias, members in given.items():
        if not isinstance(members, Mapping):
            raise BadValue(f"correlation: the alias {alias!r} is not a map of rules to fields")
        absent = [rule for rule in members if rule not in rules]
        if absent:
            raise BadValue(
                f"correlation: the alias {alias!r} is of what is not in 'rules': {', '.join(absent)}"
            )
        aliases[alias] = {rule: text_of(name) for rule, name in members.items()}
    return aliases
