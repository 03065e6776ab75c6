"""The search box: one text, looked for in everything that the person may read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from rempart.alerts import queries as alerts
from rempart.assets import queries as assets
from rempart.intelligence import queries as intelligence
from rempart.kernel.actors import Actor
from rempart.organisations import queries as organisations
from rempart.web.navigation import address

SHORTEST = 2
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Found:
    """A line of the results; ``exact`` when the text is its very identifier."""

    label: str
    url: str
    note: str = ""
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """The results of one kind, and the list that shows them all."""

    label: Any
    found: list[Found]
    more_url: str = ""


def _vulnerabilities(actor: Actor, text: str) -> list[Found]:
    return [
        Found(row.cve_id, address("vulnerability", row.cve_id), row.title, row.cve_id == text.upper())
        for row in intelligence.search(actor, text, _SHOWN)
    ]


def _directives(actor: Actor, text: str) -> list[Found]:
    return [
        Found(row.number, address("directive", row.number), row.title, row.number == text.upper())
        for row in alerts.search(actor, text, _SHOWN)
    ]


def _assets(actor: Actor, text: str) -> list[Found]:
    """By their own names, and by the products installed on them."""
    return [
        Found(
            each.asset.name,
            address("asset", each.asset.body.code, each.asset.key),
            " · ".join(filter(None, (each.asset.key, each.asset.body.name, each.software))),
            each.asset.key.lower() == text.lower(),
        )
        for each in assets.search(actor, text, _SHOWN)
    ]


def _organisations(actor: Actor, text: str) -> list[Found]:
    match = Q(code__icontains=text) | Q(name_fr__icontains=text) | Q(name_en__icontains=text)
    rows = organisations.organisations(actor).filter(match).order_by("code")[:_SHOWN]
    return [
        Found(row.name, address("organisation", row.code), row.code, row.code.lower() == text.lower())
        for row in rows
    ]


_KINDS: tuple[tuple[Any, str, Callable[[Actor, str], list[Found]]], ...] = (
    (_("Directives"), "", _directives),
    (_("Vulnérabilités"), "vulnerability_list", _vulnerabilities),
    (_("Organismes"), "organisation_list", _organisations),
    (_("Services, actifs et produits"), "asset_list", _assets),
)


def everywhere(actor: Actor, text: str) -> list[Group]:
    """The groups that have results, each with its first ones, and its list's address when there are more."""
    groups = []
    for label, page, look in _KINDS:
        found = [each for each in look(actor, text) if each.url]
        if found:
            whole = address(page) if page else ""
            more = f"{whole}?{urlencode({'q': text})}" if whole and len(found) >= _SHOWN else ""
            groups.append(Group(label, found, more))
    return groups
