"""Which rules look at which events: log sources, Windows channels and event identifiers, and names of fields.

The tables are data (``data/windows.json``), in the terms of the Sigma taxonomy and of pySigma's pipelines.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from rempart.engines.sigma.model import LogSource
from rempart.engines.sigma.values import text_of

_TABLES: Final = frozenset({"services", "categories", "fields"})


class BadMappings(ValueError):
    """Tables of log sources that cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Category:
    """Events that are of a category: Windows channels, event identifiers (empty: any), other names of
    fields.
    """

    category: str
    channels: frozenset[str]
    event_ids: frozenset[str]
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mappings:
    """Windows services by channel, categories by channel and identifier, and field names by log source."""

    services: Mapping[str, frozenset[str]]
    categories: tuple[Category, ...]
    fields: tuple[tuple[LogSource, Mapping[str, str]], ...] = ()

    def digest(self) -> str:
        """The same text for the same tables, in any process."""
        categories = [
            (each.category, sorted(each.channels), sorted(each.event_ids), sorted(each.fields.items()))
            for each in self.categories
        ]
        services = sorted((channel, sorted(names)) for channel, names in self.services.items())
        fields = [(str(source), sorted(names.items())) for source, names in self.fields]
        return hashlib.blake2b(repr((services, categories, fields)).encode(), digest_size=16).hexdigest()

    def knows(self, source: LogSource) -> bool:
        """Whether some Windows channel is of this log source (of other products, readers give the hint)."""
        if source.product != "windows":
            return True
        service = source.service is None or any(source.service in each for each in self.services.values())
        category = source.category is None or any(
            source.category == each.category for each in self.categories
        )
        return service and category


@lru_cache(maxsize=1)
def default_mappings() -> Mappings:
    """The tables that come with the engine."""
    return mappings_from(_default())


def _default() -> dict[str, Any]:
    text = resources.files("rempart.engines.sigma").joinpath("data/windows.json").read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def read_mappings(path: Path) -> Mappings:
    """Tables from a JSON file of the form of ``data/windows.json``, whose members stand for those that the
    file does not have; raises BadMappings.
    """
    try:
        document = json.loads(path.read_text("utf-8"))
        unknown = sorted(set(document) - _TABLES)
        if unknown or not isinstance(document, dict):
            raise ValueError(f"{', '.join(unknown) or 'no object'} ({', '.join(sorted(_TABLES))})")
        return mappings_from({**_default(), **document})
    except (OSError, TypeError, ValueError) as error:
        raise BadMappings(f"{path}: {error}") from None


def mappings_from(document: Any) -> Mappings:
    """Tables from ``{"services": {service: [channel]}, "categories": […], "fields": […]}``; raises
    BadMappings.

    ``categories`` hold ``category``, ``channels``, ``event_ids`` and ``fields`` (rule's name → event's name);
    ``fields`` hold ``logsource`` and ``fields``, for events whose hint is of that log source.
    """
    try:
        services: dict[str, set[str]] = {}
        for service, channels in document.get("services", {}).items():
            for channel in channels:
                services.setdefault(channel.casefold(), set()).add(service)
        categories = tuple(
            Category(
                each["category"],
                frozenset(channel.casefold() for channel in each["channels"]),
                frozenset(map(str, each.get("event_ids", ()))),
                dict(each.get("fields", {})),
            )
            for each in document.get("categories", ())
        )
        fields = tuple(
            (LogSource(**each["logsource"]), dict(each["fields"])) for each in document.get("fields", ())
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise BadMappings(f"mappings: {error!r}") from None
    return Mappings({channel: frozenset(names) for channel, names in services.items()}, categories, fields)


@dataclass(frozen=True, slots=True)
class Origin:
    """What an event says of where it comes from; texts folded, None when it does not say."""

    channel: str | None
    event_id: str | None
    hint: LogSource | None


def origin_of(channel: object, event_id: object, hint: object) -> Origin:
    """From an event's ``Channel``, ``EventID`` and ``_logsource``."""
    source = None
    if isinstance(hint, Mapping):
        parts = {
            name: text_of(hint[name]).casefold() if hint.get(name) else None
            for name in ("product", "category", "service")
        }
        source = LogSource(**parts) if any(parts.values()) else None
    return Origin(
        text_of(channel).casefold() if isinstance(channel, str) and channel else None,
        text_of(event_id) if isinstance(event_id, str | int) and not isinstance(event_id, bool) else None,
        source,
    )


def fields_for(rule: LogSource, origin: Origin, mappings: Mappings) -> Mapping[str, str] | None:
    """None when a rule of this log source does not look at such events; else other names of its fields (or
    none).

    An event with a Windows channel is of the services and categories of the tables. Without a channel, the
    hint decides: nothing may contradict it, and one attribute must agree. Without either, every rule looks,
    but for those of a Windows category that no event of this EventID has.
    """
    windows = origin.channel is not None and (origin.hint is None or origin.hint.product in (None, "windows"))
    if windows:
        return _by_channel(rule, origin, mappings)
    if origin.hint is not None and not _agree(rule, origin.hint):
        return None
    if (
        rule.product == "windows"
        and rule.category
        and origin.event_id is not None
        and not _category_fits(rule.category, origin, mappings)
    ):
        return None
    return _names(origin.hint, mappings)


def _by_channel(rule: LogSource, origin: Origin, mappings: Mappings) -> Mapping[str, str] | None:
    if rule.product not in (None, "windows"):
        return None
    hint = origin.hint or LogSource()
    services = mappings.services.get(origin.channel or "", frozenset())
    if rule.service is not None and rule.service not in services and rule.service != hint.service:
        return None
    if rule.category is None:
        return {} if rule.product or rule.service else None
    for each in mappings.categories:
        if (
            each.category == rule.category
            and origin.channel in each.channels
            and (not each.event_ids or origin.event_id in each.event_ids)
        ):
            return each.fields
    return {} if rule.category == hint.category else None


def _agree(rule: LogSource, hint: LogSource) -> bool:
    shared = False
    for asked, given in (
        (rule.product, hint.product),
        (rule.category, hint.category),
        (rule.service, hint.service),
    ):
        if asked is not None and given is not None:
            if asked != given:
                return False
            shared = True
    return shared


def _category_fits(category: str, origin: Origin, mappings: Mappings) -> bool:
    return any(
        each.category == category and (not each.event_ids or origin.event_id in each.event_ids)
        for each in mappings.categories
    ) or not any(each.category == category for each in mappings.categories)


def _names(hint: LogSource | None, mappings: Mappings) -> Mapping[str, str]:
    names: dict[str, str] = {}
    if hint is not None:
        for source, fields in mappings.fields:
            if _agree(source, hint):
                names.update(fields)
    return names
