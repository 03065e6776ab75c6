"""The escalation ladder as the command centre edits it: read, checked, tried, then saved and applied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from rempart.alerts import ladder as ladders
from rempart.alerts.ladder import PRIORITIES, RUNGS, Escalation
from rempart.alerts.models import EscalationStep, Target
from rempart.alerts.states import WAITING
from rempart.engines.clocks import Ladder, Rung, Step
from rempart.kernel import audit
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Conflict, Invalid
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now
from rempart.organisations import commands as organisations_commands
from rempart.organisations import queries as organisations

MAX_MINUTES = 366 * 24 * 60
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Moved:
    """A body's directive whose next escalation moves: to ``rung`` at ``after``; None: nobody is told."""

    target_id: int
    directive: str
    body: str
    before: datetime | None
    after: datetime | None
    rung: str


@dataclass(frozen=True, slots=True)
class Told:
    """When a rung would be told of a directive sent now, before and after; None: it is not told."""

    rung: str
    before: datetime | None
    after: datetime | None


@dataclass(frozen=True, slots=True)
class LadderPreview:
    """What another ladder changes among the ``waiting``, the directives of bodies that nobody acknowledged.

    ``sooner``, ``later``; ``started`` would go up and no longer would, ``stopped`` the contrary; ``at_once``
    of those are due already. ``moved`` the first of them; ``sent_now`` by priority, of a directive sent now.
    """

    waiting: int
    sooner: int
    later: int
    started: int
    stopped: int
    at_once: int
    moved: list[Moved]
    sent_now: dict[str, list[Told]]

    @property
    def changed(self) -> int:
        return self.sooner + self.later + self.started + self.stopped


def read_ladder(document: Mapping[str, Any]) -> Escalation:
    """The ladder that a document describes. Raises Invalid that names the field; nothing is half read."""
    given = document.get("ladders")
    if not isinstance(given, Mapping) or set(given) != set(PRIORITIES):
        raise Invalid(
            _("Donnez une échelle pour chaque priorité : act_now, out_of_cycle et scheduled."),
            field="ladders",
        )
    found = tuple((priority, _ladder(f"ladders.{priority}", given[priority])) for priority in PRIORITIES)
    if all(step.rung is not Rung.CGCD for step in found[0][1].steps):
        raise Invalid(
            _("Ce qui se fait maintenant doit monter jusqu’au centre gouvernemental."),
            field="ladders.act_now.cgcd",
        )
    return Escalation(found, organisations.office_of(document))


def _ladder(field: str, given: Any) -> Ladder:
    rows = list(given) if isinstance(given, Iterable) and not isinstance(given, str | bytes | Mapping) else []
    if not 1 <= len(rows) <= len(RUNGS):
        raise Invalid(_("Une échelle a de un à quatre degrés."), field=field)
    steps: list[Step] = []
    for row in rows:
        step, where = _step(field, row)
        _check_climbs(where, steps, step)
        steps.append(step)
    if steps[0].rung is not Rung.OFFICER or steps[0].after:
        raise Invalid(
            _("L’échelle commence par le responsable, sans délai : il reçoit la directive."),
            field=f"{field}.officer",
        )
    return Ladder(tuple(steps))


def _step(field: str, row: Any) -> tuple[Step, str]:
    rung = row.get("rung") if isinstance(row, Mapping) else None
    if rung not in {str(each) for each in RUNGS}:
        raise Invalid(_("Un degré est officer, deputy, cocd ou cgcd."), field=field)
    where = f"{field}.{rung}"
    minutes, business = row.get("minutes"), row.get("business", False)
    if type(minutes) is not int or not 0 <= minutes <= MAX_MINUTES:
        raise Invalid(_("Le délai va de 0 minute à un an."), field=where)
    if type(business) is not bool:
        raise Invalid(_("Dites vrai ou faux."), field=where)
    return Step(Rung(rung), timedelta(minutes=minutes), business), where


def _check_climbs(field: str, below: list[Step], step: Step) -> None:
    """Whatever the hour of the sending, a rung is told after the one below it."""
    if not below:
        return
    last = below[-1]
    if RUNGS.index(step.rung) <= RUNGS.index(last.rung):
        raise Invalid(
            _("Les degrés montent : responsable, suppléant, centre opérationnel, centre gouvernemental."),
            field=field,
        )
    if step.after <= last.after:
        raise Invalid(_("Ce délai doit dépasser celui du degré au-dessous."), field=field)
    if last.business and not step.business:
        raise Invalid(
            _("Après un délai en heures ouvrables, le suivant l’est aussi : il viendrait parfois avant."),
            field=field,
        )


def preview_ladder(actor: Actor, *, terms: Escalation) -> LadderPreview:
    """Says what would change if this ladder were in force now; changes nothing. Raises NotPermitted."""
    actor.require_everywhere(Permission.ESCALATION_EDIT)
    at, before = now(), ladders.in_force()
    waiting = _waiting()
    moves = _moves(waiting, before, terms, at)
    return _preview(actor, waiting, moves, before, terms, at)


@transaction.atomic
def save_ladder(
    actor: Actor, *, terms: Escalation, version: str = "", reason: str = ""
) -> LadderPreview | None:
    """Puts a ladder in force and moves what waits; None when it already was.

    ``version``: that of the ladder that was read and changed. Raises Conflict when it is no longer in force,
    NotPermitted.
    """
    actor.require_everywhere(Permission.ESCALATION_EDIT)
    organisations_commands.hold_office()
    at, before = now(), ladders.in_force()
    if version and version != before.version:
        raise Conflict(
            _("L’échelle a changé depuis que vous l’avez lue : rechargez-la, puis refaites vos changements."),
            code="stale",
        )
    if terms == before:
        return None
    waiting = _waiting(hold=True)
    moves = _moves(waiting, before, terms, at)
    effect = _preview(actor, waiting, moves, before, terms, at)
    if terms.ladders != before.ladders:
        _keep_steps(terms)
    for target, after in moves:
        target.escalate_at = after
    Target.objects.bulk_update([target for target, _after in moves], ["escalate_at"], batch_size=300)
    organisations_commands.save_office(actor, office=terms.office, reason=reason)
    if terms.ladders != before.ladders:
        audit.record(
            actor,
            "escalation.save",
            object_type="alerts.escalationstep",
            object_id="ladder",
            label="escalation",
            before=_spelt(before, terms),
            after={**_spelt(terms, before), "moved": effect.changed},
            reason=reason.strip(),
        )
    return effect


def _spelt(one: Escalation, other: Escalation) -> dict[str, object]:
    """The steps of one that the other has otherwise, or not at all (None), by "priority.rung"."""
    mine, theirs = _by_name(one), _by_name(other)
    return {name: mine.get(name) for name in sorted({*mine, *theirs}) if mine.get(name) != theirs.get(name)}


def _by_name(terms: Escalation) -> dict[str, dict[str, object]]:
    return {
        f"{priority}.{step['rung']}": {"minutes": step["minutes"], "business": step["business"]}
        for priority, steps in terms.to_document()["ladders"].items()
        for step in steps
    }


def _keep_steps(terms: Escalation) -> None:
    EscalationStep.objects.all().delete()
    EscalationStep.objects.bulk_create(
        EscalationStep(
            priority=priority,
            rung=str(step.rung),
            minutes=step.after // timedelta(minutes=1),
            business=step.business,
        )
        for priority, ladder in terms.ladders
        for step in ladder.steps
    )


def _waiting(*, hold: bool = False) -> list[Target]:
    rows = Target.objects.filter(closed_at__isnull=True, state__in=WAITING).order_by("id")
    if hold:
        rows = rows.select_for_update(of=("self",))
    return list(rows.only("id", "priority", "alerted_at", "rung", "escalate_at"))


def _moves(
    waiting: list[Target], before: Escalation, after: Escalation, at: datetime
) -> list[tuple[Target, datetime | None]]:
    """Those whose next escalation is another instant, with that instant. What is due now climbs as it was."""
    found = []
    for target in waiting:
        if target.escalate_at is not None and target.escalate_at <= at:
            continue
        now_at = after.next_at(target.priority, target.alerted_at, target.rung)
        if now_at == before.next_at(target.priority, target.alerted_at, target.rung):
            continue
        if now_at != target.escalate_at:
            found.append((target, now_at))
    return found


def _preview(
    actor: Actor,
    waiting: list[Target],
    moves: list[tuple[Target, datetime | None]],
    before: Escalation,
    after: Escalation,
    at: datetime,
) -> LadderPreview:
    counts = dict.fromkeys(("sooner", "later", "started", "stopped"), 0)
    for target, moved in moves:
        counts[_way(target.escalate_at, moved)] += 1
    return LadderPreview(
        waiting=len(waiting),
        at_once=sum(moved is not None and moved <= at for _target, moved in moves),
        moved=_first(actor, moves, after),
        sent_now={priority: _told(priority, before, after, at) for priority in PRIORITIES},
        **counts,
    )


def _way(before: datetime | None, after: datetime | None) -> str:
    if before is None:
        return "started"
    if after is None:
        return "stopped"
    return "sooner" if after < before else "later"


def _first(actor: Actor, moves: list[tuple[Target, datetime | None]], after: Escalation) -> list[Moved]:
    """The first to be told, then those that nobody would be told of, with their body and directive."""
    ordered = sorted(moves, key=lambda move: (move[1] is None, move[1] or move[0].escalate_at, move[0].pk))
    instants = {target.pk: (target.escalate_at, moved) for target, moved in ordered[:_SHOWN]}
    rows = Target.objects.visible_to(actor, Permission.ALERT_READ).filter(id__in=instants)
    shown = {row.pk: row for row in rows.select_related("directive", "body")}
    found = []
    for target_id, (was, moved) in instants.items():
        row = shown.get(target_id)
        if row is None:
            continue
        told = after.next_told(row.priority, row.alerted_at, row.rung)
        rung = str(told[0]) if told else ""
        found.append(Moved(target_id, row.directive.number, row.body.name, was, moved, rung))
    return found


def _told(priority: str, before: Escalation, after: Escalation, at: datetime) -> list[Told]:
    was, will = dict(before.steps(priority, at)), dict(after.steps(priority, at))
    return [Told(str(rung), was.get(rung), will.get(rung)) for rung in RUNGS]
