"""Test cases: events that a rule must match, or must not, tried on each change of its text."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
from django.db import transaction
from django.utils.translation import gettext as _

from rempart.detection.commands import allowing
from rempart.detection.commands.editing import judge_text, try_text
from rempart.detection.commands.importing import count_cases
from rempart.detection.commands.reasons import kept, told
from rempart.detection.judging import BadEvents, events_in
from rempart.detection.models import Case, Rule, RuleVersion
from rempart.kernel import audit
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Conflict, Invalid, NotFound
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now

MOST_BYTES = 16 * 1024**2
_MOST_CASES = 200


@transaction.atomic
def add_case(
    actor: Actor, *, rule_id: int, name: str, least: int, content: bytes, file_name: str = ""
) -> Case:
    """Adds events (a log of any form that is read) which the rule must match ``least`` times; never, when 0.

    Raises NotFound, NotPermitted, Invalid (naming name, least or events), Conflict (there already).
    """
    rule = Rule.objects.visible_to(actor, Permission.DETECTION_READ).filter(pk=rule_id).first()
    if rule is None:
        raise NotFound(_("Cette règle n’existe pas."))
    allowing.require(actor, Permission.DETECTION_WRITE, rule.body_id)
    allowing.require_reader(actor, rule)
    if not name.strip() or len(name) > 200:
        raise Invalid(_("Donnez un nom à cet essai."), field="name")
    if not 0 <= least <= 1_000_000:
        raise Invalid(_("De 0 (jamais) à un million de fois."), field="least")
    if not content or len(content) > MOST_BYTES:
        raise Invalid(_("Donnez des événements, 16 Mio au plus."), field="events")
    if rule.cases >= _MOST_CASES:
        raise Conflict(_("Une règle a 200 essais au plus."))
    try:
        events = events_in(content, file_name[file_name.rfind(".") :] if "." in file_name else ".json")
    except (BadEvents, OSError, ValueError) as error:
        raise Invalid(_("Ces événements ne peuvent être lus : %s.") % error, field="events") from error
    digest = hashlib.sha256(f"{least}\0".encode() + orjson.dumps(events)).hexdigest()
    if rule.test_cases.filter(digest=digest).exists():
        raise Conflict(_("La règle a déjà cet essai."), field="events")
    case = Case.objects.create(
        rule=rule, body_id=rule.body_id, shared=rule.shared, name=name.strip(), least=least, events=events,
        digest=digest, made_by_id=actor.user_id, made_at=now(),
    )  # fmt: skip
    _try_again(rule)
    audit.record(actor, "rule.case_added", rule, after=_named(case))
    return case


@transaction.atomic
def remove_case(actor: Actor, *, case_id: int, why: str) -> Rule:
    """Takes a test case away. Raises NotFound, NotPermitted, Invalid (no reason)."""
    case = (
        Case.objects.visible_to(actor, Permission.DETECTION_READ)
        .select_related("rule")
        .filter(pk=case_id)
        .first()
    )
    if case is None:
        raise NotFound(_("Cet essai n’existe pas."))
    allowing.require(actor, Permission.DETECTION_REVIEW, case.rule.body_id)
    if not why.strip():
        raise Invalid(_("Dites pourquoi cet essai est retiré."), field="why")
    rule = case.rule
    before, reason = _named(case), why.strip()[:4000]
    case.delete()
    _try_again(rule)
    kept(rule, reason)
    audit.record(actor, "rule.case_removed", rule, before=before, reason=told(actor, rule, reason))
    return rule


def _named(case: Case) -> dict[str, Any]:
    """A case as the audit trail tells it: its name stays in the body with its events."""
    if case.rule.private:
        return {"case": case.pk, "least": case.least}
    return {"case": case.name, "least": case.least, "digest": case.digest}


def _try_again(rule: Rule) -> None:
    """Tries the text in force, and those that wait, with the cases as they now are."""
    count_cases([rule.pk])
    concerned = (RuleVersion.State.ACTIVE, RuleVersion.State.PROPOSED)
    for version in rule.versions.filter(state__in=concerned):
        one = judge_text(version.text, rule.body_id)
        version.tests, version.tested_at = try_text(one, rule).record(), now()
        version.save(update_fields=["tests", "tested_at"])
