"""The rules that issue directives by themselves."""

from __future__ import annotations

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from rempart.alerts.models import AlertRule, Directive
from rempart.kernel.actors import Actor
from rempart.kernel.errors import NotFound
from rempart.kernel.permissions import Permission


def rules(actor: Actor) -> QuerySet[AlertRule]:
    """Every rule, in the order in which they are asked. Raises NotPermitted: issuers alone read."""
    actor.require_everywhere(Permission.ALERT_ISSUE)
    return AlertRule.objects.order_by("id")


def get_rule(actor: Actor, rule_id: int) -> AlertRule:
    """Raises NotFound, NotPermitted."""
    found = rules(actor).filter(pk=rule_id).first()
    if found is None:
        raise NotFound(_("Cette règle n’existe pas."))
    return found


def directives_by_rule(actor: Actor) -> dict[int, int]:
    """How many directives each rule has issued."""
    actor.require_everywhere(Permission.ALERT_ISSUE)
    rows = Directive.objects.filter(issued_by_rule__isnull=False).values_list("issued_by_rule")
    return dict(rows.annotate(n=Count("id")).order_by())
