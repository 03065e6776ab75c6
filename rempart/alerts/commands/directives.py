"""Issuing a directive by hand, after seeing whom it will reach and by when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from rempart.alerts.commands.delivery import queue_messages
from rempart.alerts.commands.routing import sync_targets
from rempart.alerts.commands.timeline import record_events, tell
from rempart.alerts.due import default_dues
from rempart.alerts.ladder import in_force
from rempart.alerts.models import Directive, Target
from rempart.alerts.numbering import hold_issuing, next_number
from rempart.alerts.states import OPEN
from rempart.alerts.wording import directive_words
from rempart.engines.priority import Outcome
from rempart.exposure import queries as exposure
from rempart.intelligence import queries as intelligence
from rempart.kernel import audit
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Conflict, Invalid, NotFound
from rempart.kernel.markings import Marking
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now
from rempart.organisations import queries as organisations

PRIORITIES = (Outcome.ACT_NOW, Outcome.OUT_OF_CYCLE, Outcome.SCHEDULED)


@dataclass(frozen=True)
class Reached:
    """One body that a directive would bind: by when, who would be written to, and on how many channels."""

    body_id: int
    assets: int
    priority: str
    due_at: datetime
    people: tuple[str, ...]
    person_ids: tuple[int, ...]
    channels: int


@dataclass(frozen=True)
class Preview:
    """Whom a directive would reach. ``silent`` are the bodies where nobody can be written to."""

    bodies: tuple[Reached, ...]
    words: dict[str, str]

    @property
    def people(self) -> int:
        return len({person for body in self.bodies for person in body.person_ids})

    @property
    def silent(self) -> tuple[Reached, ...]:
        return tuple(body for body in self.bodies if not body.channels)


def preview_directive(
    actor: Actor,
    *,
    vulnerability_id: int | None = None,
    audience: str = Directive.Audience.EXPOSED,
    portfolio_id: int | None = None,
    priority: str = Outcome.OUT_OF_CYCLE,
    due_at: datetime | None = None,
) -> Preview:
    """What ``issue_directive`` with the same arguments would do now.

    Without ``due_at``, a body is given what the priority table leaves: that of its own exposures, or that of
    ``priority`` where they do not say.
    """
    actor.require_everywhere(Permission.ALERT_ISSUE)
    at = now()
    _check_terms(priority, due_at, at)
    if audience == Directive.Audience.EXPOSED:
        if vulnerability_id is None:
            raise Invalid(
                _("Une directive aux organismes exposés porte sur une vulnérabilité."), field="audience"
            )
        wanted = [
            (
                body.body_id,
                body.assets,
                body.priority,
                _sooner(due_at, body.due_at) or at + timedelta(days=14),
            )
            for body in exposure.exposed_bodies(vulnerability_id)
        ]
    else:
        bodies = organisations.bodies(actor, Permission.ALERT_ISSUE)
        if audience == Directive.Audience.PORTFOLIO:
            if portfolio_id is None:
                raise Invalid(_("Choisissez le portefeuille."), field="portfolio")
            bodies = organisations.within(bodies, portfolio_id)
        due_at = due_at or default_dues(at)[str(priority)]
        known = (
            {body.body_id: body for body in exposure.exposed_bodies(vulnerability_id)}
            if vulnerability_id is not None
            else {}
        )
        wanted = []
        for body_id in bodies.order_by("id").values_list("id", flat=True):
            shown = known.get(body_id)
            by = _sooner(due_at, shown.due_at if shown else None) or due_at
            wanted.append((body_id, shown.assets if shown else 0, str(priority), by))
    recipients = organisations.recipients([row[0] for row in wanted], "officer", at)
    reached = tuple(
        Reached(
            body_id, assets, of_priority, due,
            tuple(person.name for person in recipients.get(body_id, []) if person.person_id is not None),
            tuple(person.person_id for person in recipients.get(body_id, []) if person.person_id is not None),
            sum(channel.verified for person in recipients.get(body_id, []) for channel in person.channels),
        )
        for body_id, assets, of_priority, due in wanted
    )  # fmt: skip
    words = directive_words(intelligence.facts(vulnerability_id)) if vulnerability_id is not None else {}
    return Preview(reached, words)


def _sooner(one: datetime | None, other: datetime | None) -> datetime | None:
    """A directive may ask for less time than the table of deadlines gives, never for more: a delay may."""
    return min((at for at in (one, other) if at is not None), default=None)


@transaction.atomic
def issue_directive(
    actor: Actor,
    *,
    vulnerability_id: int | None = None,
    audience: str = Directive.Audience.EXPOSED,
    portfolio_id: int | None = None,
    title_fr: str = "",
    title_en: str = "",
    text_fr: str = "",
    text_en: str = "",
    priority: str = Outcome.OUT_OF_CYCLE,
    due_at: datetime | None = None,
    marking: str = Marking.AMBER,
) -> Directive:
    """Sends a directive to its audience, now. One directive at a time is open for a vulnerability."""
    actor.require_everywhere(Permission.ALERT_ISSUE)
    at = now()
    _check_words(vulnerability_id, title_fr, title_en, text_fr, text_en)
    _check_terms(priority, due_at, at)
    hold_issuing()
    if (
        vulnerability_id is not None
        and Directive.objects.filter(vulnerability_id=vulnerability_id, state=Directive.State.OPEN).exists()
    ):
        raise Conflict(_("Une directive est déjà ouverte pour cette vulnérabilité."), code="already_open")
    preview = preview_directive(
        actor, vulnerability_id=vulnerability_id, audience=audience, portfolio_id=portfolio_id,
        priority=priority, due_at=due_at,
    )  # fmt: skip
    if not preview.bodies:
        raise Invalid(_("Cette directive ne toucherait aucun organisme."), field="audience")
    words = {
        **preview.words,
        **_given(title_fr=title_fr, title_en=title_en, text_fr=text_fr, text_en=text_en),
    }
    if audience == Directive.Audience.EXPOSED:
        priority = max((body.priority for body in preview.bodies), key=lambda name: Outcome(name).rank)
    directive = Directive.objects.create(
        number=next_number(at),
        vulnerability_id=vulnerability_id,
        audience=audience,
        portfolio_id=portfolio_id if audience == Directive.Audience.PORTFOLIO else None,
        marking=Marking.read(marking),
        priority=str(priority),
        issued_at=at,
        issued_by_id=actor.user_id,
        due_at=min(body.due_at for body in preview.bodies),
        **words,
    )
    _bind(directive, preview, at)
    if vulnerability_id is not None:
        # The exposed outside the audience chosen are alerted too: nobody exposed is left out of a directive.
        sync_targets(directive, exposure.exposed_bodies(vulnerability_id))
    audit.record(
        actor,
        "directive.issue",
        directive,
        after={"audience": audience, "bodies": len(preview.bodies), "due": directive.due_at},
    )
    return directive


def _check_terms(priority: str, due_at: datetime | None, at: datetime) -> None:
    if str(priority) not in {str(each) for each in PRIORITIES}:
        raise Invalid(_("Priorité inconnue."), field="priority")
    if due_at is not None and due_at <= at:
        raise Invalid(_("L’échéance est déjà passée."), field="due_at")


def _given(**words: str) -> dict[str, str]:
    return {name: text.strip() for name, text in words.items() if text.strip()}


def _check_words(
    vulnerability_id: int | None, title_fr: str, title_en: str, text_fr: str, text_en: str
) -> None:
    if vulnerability_id is None:
        for field, value in (
            ("title_fr", title_fr),
            ("title_en", title_en),
            ("text_fr", text_fr),
            ("text_en", text_en),
        ):
            if not value.strip():
                raise Invalid(_("Une directive s’écrit en français et en anglais."), field=field)
    for field, value, limit in (
        ("title_fr", title_fr, 300),
        ("title_en", title_en, 300),
        ("text_fr", text_fr, 20_000),
        ("text_en", text_en, 20_000),
    ):
        if len(value) > limit:
            raise Invalid(_("Ce texte est trop long."), field=field, values={"limit": limit})


def _bind(directive: Directive, preview: Preview, at: datetime) -> None:
    ladder = in_force()
    targets = [
        Target(
            directive=directive,
            body_id=body.body_id,
            priority=body.priority,
            sent_at=at,
            alerted_at=at,
            due_at=body.due_at,
            escalate_at=ladder.next_at(body.priority, at, 0),
            exposures_total=body.assets,
            exposures_open=body.assets,
        )
        for body in preview.bodies
    ]
    Target.objects.bulk_create(targets, batch_size=500)
    record_events(targets, "sent", at, {})
    queue_messages(targets, "issued", at)
    tell(directive.pk, targets, "routed")


@transaction.atomic
def cancel_directive(actor: Actor, *, directive_id: int, reason: str) -> Directive:
    """Withdraws a directive issued by mistake; each body's timeline says why."""
    actor.require_everywhere(Permission.ALERT_ISSUE)
    if not reason.strip():
        raise Invalid(_("Indiquez la raison : elle est consignée."), field="reason")
    directive = Directive.objects.select_for_update().filter(id=directive_id).first()
    if directive is None:
        raise NotFound(_("Cette directive n’existe pas."))
    if directive.state != Directive.State.OPEN:
        raise Conflict(_("Cette directive n’est plus ouverte."), code="wrong_state")
    at = now()
    directive.state, directive.closed_at = Directive.State.CANCELLED, at
    directive.save(update_fields=["state", "closed_at"])
    targets = list(directive.targets.select_for_update(of=("self",)).filter(state__in=OPEN).order_by("id"))
    directive.targets.filter(id__in=[target.pk for target in targets]).update(
        state=Target.State.WITHDRAWN, closed_at=at, escalate_at=None
    )
    record_events(targets, "cancelled", at, {"reason": reason.strip()})
    tell(directive.pk, targets, "cancelled")
    audit.record(actor, "directive.cancel", directive, reason=reason.strip(), after={"state": "cancelled"})
    return directive
