"""Packs of rules, and which nodes run which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from rempart.detection.models import Pack, PackFile, PackReport, PackTrouble, Rule
from rempart.kernel.actors import Actor
from rempart.kernel.errors import NotFound
from rempart.kernel.permissions import Permission
from rempart.organisations import queries as organisations

_READ = Permission.DETECTION_READ


def packs(actor: Actor) -> QuerySet[Pack]:
    """The packs of all and of the actor's bodies, without their files."""
    return Pack.objects.visible_to(actor, _READ).defer("file").select_related("body", "made_by")


def get_pack(actor: Actor, digest: str) -> Pack:
    """A pack whose file is still kept, with it: that of all for who reads or runs rules, that of a body for
    its own people and nodes, since it holds their filters. Raises NotFound.
    """
    permission = Permission.DETECTION_RUN if actor.may(Permission.DETECTION_RUN) else _READ
    found: Pack | None = Pack.objects.visible_to(actor, permission).filter(digest=digest).first()
    if found is not None and found.body_id is not None:
        own = PackFile.objects.visible_to(actor, Permission.DETECTION_RUN).filter(pack=found).first()
        found.file = own.file if own is not None else b""
    if found is None or not found.file:
        raise NotFound(_("Ce paquet n’existe pas, ou n’est plus gardé."))
    return found


def latest_pack(actor: Actor, code: str = "") -> Pack:
    """The pack that a body should run: its own last one, else that of all. Raises NotFound."""
    rows = Pack.objects.visible_to(actor, Permission.DETECTION_RUN).defer("file").select_related("body")
    if code:
        body = organisations.bodies(actor, Permission.DETECTION_RUN).filter(code=code).first()
        if body is None:
            raise NotFound(_("Cet organisme n’existe pas."), field="body")
        rows = rows.filter(Q(body=None) | Q(body=body))
        found = rows.order_by(F("body_id").asc(nulls_last=True), "-number").first()
    else:
        found = rows.filter(body=None).order_by("-number").first()
    if found is None:
        raise NotFound(_("Aucun paquet n’a été signé."))
    return found


def nodes(actor: Actor) -> QuerySet[PackReport]:
    """What each node of the actor's bodies runs, and ``expected``: the digest that it should run."""
    known = Pack.objects.visible_to(actor, _READ).order_by("-number")
    own = known.filter(body_id=OuterRef("body_id")).values("digest")[:1]
    shared = known.filter(body=None).values("digest")[:1]
    return (
        PackReport.objects.visible_to(actor, _READ)
        .select_related("body", "pack")
        .defer("pack__file")
        .annotate(expected=Coalesce(Subquery(own), Subquery(shared)))
    )


@dataclass(frozen=True)
class Running:
    """How many nodes run the pack that they should, another, or one unknown here; and silent bodies."""

    current: int
    behind: int
    unknown: int
    silent: int


def running(actor: Actor) -> Running:
    """The figures above the list of nodes."""
    rows: list[tuple[Any, ...]] = list(nodes(actor).values_list("body_id", "digest", "expected", "pack_id"))
    current = sum(digest == expected for _body, digest, expected, _pack in rows)
    unknown = sum(pack is None for *_, pack in rows)
    silent = organisations.bodies(actor, _READ).exclude(pk__in={row[0] for row in rows}).count()
    return Running(current, len(rows) - current - unknown, unknown, silent)


def running_body(actor: Actor, code: str) -> int | None:
    """The number of a body for whose nodes the actor may speak; None when there is none of this code."""
    return (
        organisations.bodies(actor, Permission.DETECTION_RUN)
        .filter(code=code)
        .values_list("pk", flat=True)
        .first()
    )


def is_current(actor: Actor, report: PackReport) -> bool:
    """Whether a node runs what its body should run."""
    try:
        return latest_pack(actor, report.body.code).digest == report.digest
    except NotFound:
        return False


def get_node(actor: Actor, node_id: int) -> PackReport:
    """What one node said; raises NotFound."""
    found: PackReport | None = nodes(actor).filter(pk=node_id).first()
    if found is None:
        raise NotFound(_("Ce nœud n’existe pas, ou il est d’un autre organisme."))
    return found


def troubles_of_node(actor: Actor, report: PackReport) -> QuerySet[PackTrouble]:
    """What a node cannot do, each with the ``title`` and ``rule_id`` of its rule where it is known here: the
    body's own before that of all.
    """
    known = Rule.objects.visible_to(actor, _READ).filter(key=OuterRef("rule"))
    known = known.filter(Q(body=None) | Q(body_id=report.body_id))
    known = known.order_by(F("body_id").asc(nulls_last=True))
    return (
        PackTrouble.objects.visible_to(actor, _READ)
        .filter(report=report)
        .annotate(title=Subquery(known.values("title")[:1]), rule_id=Subquery(known.values("pk")[:1]))
    )


def troubles_of_rule(actor: Actor, rule: Rule) -> list[tuple[str, int]]:
    """(code, how many nodes said it of the rule), of the actor's bodies."""
    rows = PackTrouble.objects.visible_to(actor, _READ).filter(rule=rule.key)
    if rule.body_id is not None:
        rows = rows.filter(body_id=rule.body_id)
    return list(rows.order_by().values_list("code").annotate(n=Count("report", distinct=True)))
