"""A body lets its centres read one of its own rules, with its versions and test cases; and takes it back."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from rempart.detection.commands import allowing
from rempart.detection.models import Rule
from rempart.kernel import audit
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Conflict
from rempart.kernel.permissions import Permission


@transaction.atomic
def share_rule(actor: Actor, *, rule_id: int, shared: bool) -> Rule:
    """Lets the centres above a body read the texts, notes and test cases of its rule, those to come too; or,
    with ``shared`` false, no longer. The body's own people alone decide it.

    Raises NotFound, NotPermitted, Conflict when it is so already.
    """
    rule = allowing.taken(actor, rule_id)
    if rule.body_id is None:
        raise Conflict(_("Cette règle est à tout le gouvernement."))
    actor.require(Permission.DETECTION_REVIEW, rule.body_id)
    actor.require(Permission.TELEMETRY_READ, rule.body_id)
    if rule.shared == shared:
        raise Conflict(
            _("Les centres lisent déjà cette règle.") if shared else _("Les centres ne la lisent pas.")
        )
    rule.shared = shared
    rule.save(update_fields=["shared"])
    versions = rule.versions.update(shared=shared)
    cases = rule.test_cases.update(shared=shared)
    audit.record(
        actor, "rule.shared" if shared else "rule.unshared", rule,
        after={"versions": versions, "cases": cases},
    )  # fmt: skip
    return rule
