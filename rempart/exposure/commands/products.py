"""Decisions about products' names beyond joining two: refusing, parting, taking in another node's."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from rempart.engines.exposure.aliases import BUILTIN_ALIASES, Aliases, AliasRow
from rempart.engines.lifecycle.cycles import SOURCE
from rempart.exposure.commands.aliases import AliasEffect, alias_products, clean_key, rename_components
from rempart.exposure.commands.inventory import Names
from rempart.exposure.commands.matching import tell
from rempart.exposure.commands.reach import hold
from rempart.exposure.models import ComponentKey, Finding, ProductAlias, ProductDifference
from rempart.kernel import audit
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Invalid
from rempart.kernel.permissions import Permission

MOST_LINES = 20_000
_LONGEST_LINE = 4_000
_MOST_NAMED = 20
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class AliasPreview:
    """What joining two names would change: verdicts before and after by status, and the bodies touched."""

    effect: AliasEffect
    before: dict[str, int]
    after: dict[str, int]
    body_ids: tuple[int, ...]

    def gained(self, status: str) -> int:
        return self.after.get(status, 0) - self.before.get(status, 0)


@dataclass(slots=True)
class Imported:
    """Lines of decisions: taken, already so, left because a person here decided otherwise; and errors."""

    added: int = 0
    unchanged: int = 0
    kept: int = 0
    errors: list[str] = field(default_factory=list)


def preview_products(actor: Actor, *, key: str, canonical: str) -> AliasPreview:
    """What ``alias_products`` would change: it is done, counted, and undone. Raises as it does."""
    with transaction.atomic():
        concerned = {clean_key("key", key), clean_key("canonical", canonical)}
        ids = _components(concerned)
        before = _statuses(ids)
        effect = alias_products(actor, key=key, canonical=canonical)
        preview = AliasPreview(
            effect, before, _statuses(ids), tuple(sorted(effect.matched.exposures.body_ids))
        )
        transaction.set_rollback(True)
    return preview


def _components(keys: set[str]) -> list[int]:
    names = Names()
    canonical = {names.aliases.canonical(key)[0] for key in keys} | keys
    found = ComponentKey.objects.filter(key__in=sorted(canonical))
    return sorted(set(found.values_list("component_id", flat=True)))


def _statuses(component_ids: list[int]) -> dict[str, int]:
    counted: Counter[str] = Counter()
    for start in range(0, len(component_ids), 500):
        part = Finding.objects.filter(component_id__in=component_ids[start : start + 500])
        counted.update(part.values_list("status", flat=True))
    return dict(counted)


@transaction.atomic
def tell_apart(actor: Actor, *, key: str, other: str, reason: str = "") -> ProductDifference:
    """Says that two names are two products: never proposed again, and parted if they were joined.

    Raises NotPermitted, Invalid naming the field.
    """
    actor.require_everywhere(Permission.INTELLIGENCE_MANAGE)
    key, other = clean_key("key", key), clean_key("other", other)
    if key == other:
        raise Invalid(_("Ce sont deux fois le même nom."), field="other")
    first, second = sorted((key, other))
    names = Names()
    if names.aliases.canonical(key)[0] == names.aliases.canonical(other)[0]:
        apart = key if names.aliases.canonical(key)[0] != key else other
        alias_products(actor, key=apart, canonical=apart, reason=reason)
    difference, _created = ProductDifference.objects.update_or_create(
        key=first,
        other=second,
        defaults={"reason": reason.strip()[:200], "decided_by_id": actor.user_id},
    )
    audit.record(
        actor, "product.told_apart", difference, after={"key": first, "other": second}, reason=reason.strip()
    )
    return difference


def export_decisions(actor: Actor) -> Iterator[str]:
    """Every decision of people about names, one JSON object a line, oldest first."""
    actor.require_everywhere(Permission.INTELLIGENCE_MANAGE)
    for alias in ProductAlias.objects.exclude(decided_by__isnull=True, provenance=SOURCE).order_by("id"):
        yield _line(key=alias.key, same_as=alias.canonical, confidence=alias.confidence,
                    why=alias.provenance, at=alias.decided_at.isoformat())  # fmt: skip
    for one in ProductDifference.objects.order_by("id"):
        yield _line(key=one.key, different_from=one.other, why=one.reason, at=one.decided_at.isoformat())


def _line(**values: Any) -> str:
    return json.dumps(values, ensure_ascii=False) + "\n"


@transaction.atomic
def import_decisions(actor: Actor, lines: Iterable[str], *, replace: bool = False) -> Imported:
    """Takes in decisions written by ``export_decisions``: all of them, or none when a line is wrong.

    What a person decided here stays unless ``replace``. Raises NotPermitted; the result names wrong lines.
    """
    actor.require_everywhere(Permission.INTELLIGENCE_MANAGE)
    result, joins, parts = _read_lines(lines)
    if result.errors:
        return result
    hold(alone=True)
    stored = {row.key: row for row in ProductAlias.objects.filter(key__in=list(joins))}
    before = Names()
    result.errors.extend(_endless(joins, before))
    if result.errors:
        return result
    touched: set[str] = set()
    for key, values in joins.items():
        row = stored.get(key)
        if row is not None and row.canonical == values["canonical"]:
            result.unchanged += 1
            continue
        if row is not None and row.decided_by_id is not None and not replace:
            result.kept += 1
            continue
        ProductAlias.objects.update_or_create(key=key, defaults={**values, "decided_by_id": actor.user_id})
        touched |= {key, values["canonical"], before.aliases.canonical(key)[0]}
        result.added += 1
    for key, other, why in parts:
        _row, created = ProductDifference.objects.get_or_create(
            key=key, other=other, defaults={"reason": why, "decided_by_id": actor.user_id}
        )
        result.added += created
        result.unchanged += not created
    if touched:
        names = Names()
        touched |= {names.aliases.canonical(key)[0] for key in touched}
        tell(rename_components(touched, names).matched.exposures, "alias")
    audit.record(actor, "product.imported", None, after={"added": result.added, "kept": result.kept})
    return result


def _read_lines(
    lines: Iterable[str],
) -> tuple[Imported, dict[str, dict[str, Any]], list[tuple[str, str, str]]]:
    """The decisions of a file, with the lines that are wrong among ``errors``."""
    result = Imported()
    joins: dict[str, dict[str, Any]] = {}
    parts: list[tuple[str, str, str]] = []
    for number, line in enumerate(lines, start=1):
        if number > MOST_LINES:
            result.errors.append(_("Plus de %(most)s lignes.") % {"most": MOST_LINES})
            break
        if not line.strip():
            continue
        try:
            _read(line, joins, parts)
        except Invalid as error:
            result.errors.append(
                _("ligne %(number)s : %(reason)s") % {"number": number, "reason": error.message}
            )
    return result, joins, parts


def _endless(joins: dict[str, dict[str, Any]], names: Names) -> list[str]:
    """Refusals of names that would turn in a circle, or lead further than names are followed."""
    rows = [AliasRow(key, values["canonical"], 1.0, "") for key, values in joins.items()]
    joined = Aliases.builtin([*names.corrections, *rows])
    leads = {row.key: row.canonical for row in (*BUILTIN_ALIASES, *names.corrections, *rows)}
    refused = []
    for row in rows:
        end = joined.canonical(row.key)[0]
        if leads.get(end, end) != end:
            refused.append(_("« %(name)s » renvoie sans fin d’un nom à l’autre.") % {"name": row.key})
    return refused[:_MOST_NAMED]


def _read(line: str, joins: dict[str, dict[str, Any]], parts: list[tuple[str, str, str]]) -> None:
    if len(line) > _LONGEST_LINE:
        raise Invalid(_("Ce texte est trop long."))
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        raise Invalid(_("Ce n’est pas du JSON.")) from None
    if not isinstance(values, dict):
        raise Invalid(_("Ce n’est pas un objet JSON."))
    key, why = clean_key("key", str(values.get("key", ""))), str(values.get("why", ""))[:200]
    if _UNWRITABLE.search(why):
        raise Invalid(_("Ce texte contient un caractère qui ne s’écrit pas."), field="why")
    if "different_from" in values:
        first, second = sorted((key, clean_key("different_from", str(values["different_from"]))))
        if first == second:
            raise Invalid(_("Ce sont deux fois le même nom."), field="different_from")
        parts.append((first, second, why))
        return
    confidence = values.get("confidence", 1.0)
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0 < confidence <= 1:
        raise Invalid(_("La confiance va de 0 à 1."), field="confidence")
    canonical = clean_key("same_as", str(values.get("same_as", "")))
    if key in joins and joins[key]["canonical"] != canonical:
        raise Invalid(_("Une autre ligne de ce fichier décide autrement de ce nom."), field="key")
    joins[key] = {
        "canonical": canonical,
        "confidence": float(confidence),
        "provenance": why or "import",
    }
