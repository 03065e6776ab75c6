"""People, the duties they hold, their deputies, and who is on call."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from rempart.kernel import audit
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Conflict, Invalid, NotFound
from rempart.kernel.models import User
from rempart.kernel.permissions import Permission
from rempart.kernel.time import today
from rempart.organisations.commands.channels import add_channel
from rempart.organisations.commands.ties import tie_person
from rempart.organisations.commands.tree import CODE
from rempart.organisations.models import Duty, DutyTitle, OnCallPeriod, Organisation, Person

LONGEST_ON_CALL = timedelta(days=31)


@transaction.atomic
def add_person(
    actor: Actor,
    *,
    body_id: int,
    name: str,
    email: str,
    phone: str = "",
    language: str = "fr",
    user_id: int | None = None,
    reach: bool = False,
) -> Person:
    """Adds someone to an organisation. Raises Invalid, Conflict.

    ``user_id`` ties them to their account; without it, the account of their address is looked for.
    ``reach``: their address becomes a contact channel, which a message asks them to prove.
    """
    values = clean_person(name, email, phone, language)
    body = _organisation(body_id)
    actor.require(Permission.ORGANISATION_MANAGE, body.pk)
    if Person.objects.filter(body=body, email=values["email"]).exists():
        raise Conflict(_("Cette adresse est déjà celle d’une personne de l’organisme."), field="email")
    _check_account(user_id)
    person = Person.objects.create(body=body, user_id=user_id, **values)
    audit.record(actor, "person.add", person, after={**values, "user_id": user_id})
    tie_person(actor, person)
    if reach:
        add_channel(actor, medium="email", address=person.email, person_id=person.pk)
    return person


@transaction.atomic
def edit_person(
    actor: Actor,
    *,
    person_id: int,
    name: str,
    email: str,
    phone: str = "",
    language: str = "fr",
    active: bool = True,
    user_id: int | None = None,
) -> Person:
    """Corrects what is known of someone, or tells that they left (``active`` false: never alerted again)."""
    values: dict[str, Any] = {
        **clean_person(name, email, phone, language),
        "active": active,
        "user_id": user_id,
    }
    person = _person(person_id)
    actor.require(Permission.ORGANISATION_MANAGE, person.body_id)
    if Person.objects.filter(body_id=person.body_id, email=values["email"]).exclude(pk=person.pk).exists():
        raise Conflict(_("Cette adresse est déjà celle d’une personne de l’organisme."), field="email")
    if user_id != person.user_id:
        _check_account(user_id)
    before = {key: getattr(person, key) for key in values}
    if before == values:
        return person
    for key, value in values.items():
        setattr(person, key, value)
    person.save(update_fields=list(values))
    audit.record(actor, "person.edit", person, before=before, after=values)
    tie_person(actor, person)
    return person


@transaction.atomic
def give_duty(
    actor: Actor,
    *,
    person_id: int,
    title_code: str,
    body_id: int | None = None,
    deputy_id: int | None = None,
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> Duty:
    """Gives someone a duty in an organisation (their own unless named)."""
    person = _seen(actor, person_id)
    body = _organisation(body_id if body_id is not None else person.body_id)
    actor.require(Permission.CONTACT_MANAGE, body.pk)
    title = DutyTitle.objects.filter(code=title_code).first()
    if title is None:
        raise Invalid(
            _("Aucune fonction ne porte le code « %(code)s ».") % {"code": title_code[:30]},
            field="title_code",
        )
    starts = starts_on or today()
    if ends_on is not None and ends_on < starts:
        raise Invalid(_("La fin ne peut précéder le début."), field="ends_on")
    deputy = _deputy(actor, person, deputy_id)
    same = Duty.objects.filter(body=body, person=person, title=title).filter(Duty.going_on(starts))
    if ends_on is not None:
        same = same.filter(starts_on__lte=ends_on)
    if same.exists():
        raise Conflict(
            _("Cette personne exerce déjà cette fonction durant cette période."), field="starts_on"
        )
    duty = Duty.objects.create(
        body=body, person=person, title=title, deputy=deputy, starts_on=starts, ends_on=ends_on
    )
    audit.record(
        actor,
        "duty.give",
        duty,
        label=f"{person.name} {title.code}",
        after={
            "person_id": person.pk, "title": title.code, "deputy_id": deputy_id,
            "starts_on": starts, "ends_on": ends_on,
        },
    )  # fmt: skip
    return duty


@transaction.atomic
def end_duty(actor: Actor, *, duty_id: int, on: date | None = None) -> Duty:
    """Ends a duty on a day (that day included)."""
    duty = _held(actor, duty_id)
    end = on or today()
    if end < duty.starts_on:
        raise Invalid(_("La fin ne peut précéder le début."), field="on")
    before, duty.ends_on = duty.ends_on, end
    duty.save(update_fields=["ends_on"])
    audit.record(
        actor,
        "duty.end",
        duty,
        label=f"{duty.person.name} {duty.title.code}",
        before={"ends_on": before},
        after={"ends_on": end},
    )
    return duty


@transaction.atomic
def set_deputy(actor: Actor, *, duty_id: int, deputy_id: int | None) -> Duty:
    """Says who answers when the holder of a duty cannot, or that nobody does."""
    duty = _held(actor, duty_id)
    deputy = _deputy(actor, duty.person, deputy_id)
    if duty.deputy_id == deputy_id:
        return duty
    before, duty.deputy = duty.deputy_id, deputy
    duty.save(update_fields=["deputy"])
    audit.record(
        actor,
        "duty.deputy",
        duty,
        label=f"{duty.person.name} {duty.title.code}",
        before={"deputy_id": before},
        after={"deputy_id": deputy_id},
    )
    return duty


@transaction.atomic
def save_duty_title(
    actor: Actor, *, code: str, name_fr: str, name_en: str, receives_alerts: bool = False, rank: int = 100
) -> DutyTitle:
    """Adds a title of duty, or changes the one of this code: titles are the same for the whole government."""
    values = {"name_fr": " ".join(name_fr.split())[:200], "name_en": " ".join(name_en.split())[:200]}
    if not CODE.fullmatch(code) or len(code) > 30:
        raise Invalid(
            _("Un code compte de 1 à 30 lettres minuscules, chiffres ou traits d’union."), field="code"
        )
    for name, value in values.items():
        if not value:
            raise Invalid(_("Donnez le titre dans les deux langues."), field=name)
    if not 0 <= rank <= 1000:
        raise Invalid(_("Le rang va de 0 à 1000."), field="rank")
    actor.require_everywhere(Permission.ORGANISATION_MANAGE)
    wanted = {**values, "receives_alerts": receives_alerts, "rank": rank}
    title = DutyTitle.objects.filter(code=code).first()
    before = {key: getattr(title, key) for key in wanted} if title else None
    if before == wanted and title is not None:
        return title
    title, _created = DutyTitle.objects.update_or_create(code=code, defaults=wanted)
    audit.record(actor, "duty_title.save", title, before=before, after=wanted)
    return title


@transaction.atomic
def add_on_call(
    actor: Actor,
    *,
    body_id: int,
    person_id: int,
    starts_at: datetime,
    ends_at: datetime,
    deputy_id: int | None = None,
) -> OnCallPeriod:
    """Puts someone on call for an organisation; raises Conflict where another period overlaps."""
    body, person = _organisation(body_id), _seen(actor, person_id)
    actor.require(Permission.CONTACT_MANAGE, body.pk)
    if starts_at.tzinfo is None or ends_at.tzinfo is None:
        raise Invalid(_("Précisez le fuseau horaire."), field="starts_at")
    if ends_at <= starts_at:
        raise Invalid(_("La fin doit suivre le début."), field="ends_at")
    if ends_at - starts_at > LONGEST_ON_CALL:
        raise Invalid(
            _("Une garde dure au plus %(days)d jours.") % {"days": LONGEST_ON_CALL.days}, field="ends_at"
        )
    deputy = _deputy(actor, person, deputy_id)
    # Two periods written at the same moment must not both find the place free.
    list(Organisation.objects.select_for_update().filter(pk=body.pk).values_list("pk"))
    other = (
        OnCallPeriod.objects.filter(body=body, starts_at__lt=ends_at, ends_at__gt=starts_at)
        .select_related("person")
        .first()
    )
    if other is not None:
        raise Conflict(
            _("%(name)s est déjà de garde durant cette période.") % {"name": other.person.name},
            code="overlap",
            field="starts_at",
        )
    period = OnCallPeriod.objects.create(
        body=body, person=person, deputy=deputy, starts_at=starts_at, ends_at=ends_at
    )
    audit.record(
        actor,
        "on_call.add",
        period,
        label=person.name,
        after={"person_id": person.pk, "deputy_id": deputy_id, "starts_at": starts_at, "ends_at": ends_at},
    )
    return period


@transaction.atomic
def remove_on_call(actor: Actor, *, period_id: int) -> None:
    """Takes an on-call period back."""
    period = OnCallPeriod.objects.select_related("person").filter(pk=period_id).first()
    if period is None:
        raise NotFound(_("Cette garde n’existe pas."))
    actor.require(Permission.CONTACT_MANAGE, period.body_id)
    before = {"person_id": period.person_id, "starts_at": period.starts_at, "ends_at": period.ends_at}
    audit.record(actor, "on_call.remove", period, label=period.person.name, before=before)
    period.delete()


def clean_person(name: str, email: str, phone: str, language: str) -> dict[str, str]:
    """What is kept of someone, spaces and case apart. Raises Invalid naming the field at fault."""
    values = {
        "name": " ".join(name.split()),
        "email": email.strip().lower(),
        "phone": " ".join(phone.split()),
        "language": language,
    }
    if not values["name"] or len(values["name"]) > 200:
        raise Invalid(_("Donnez un nom de 200 caractères au plus."), field="name")
    try:
        validate_email(values["email"])
    except ValidationError as error:
        raise Invalid(_("Cette adresse de courriel n’est pas valide."), field="email") from error
    if len(values["phone"]) > 40:
        raise Invalid(_("Au plus %(count)d caractères.") % {"count": 40}, field="phone")
    if language not in ("fr", "en"):
        raise Invalid(_("La langue est « fr » ou « en »."), field="language")
    return values


def _check_account(user_id: int | None) -> None:
    if user_id is None:
        return
    if not User.objects.filter(pk=user_id).exists():
        raise Invalid(_("Ce compte n’existe pas."), field="user_id")
    if Person.objects.filter(user_id=user_id).exists():
        raise Conflict(_("Ce compte est déjà celui d’une autre personne."), field="user_id")


def _organisation(body_id: int) -> Organisation:
    found = Organisation.objects.filter(pk=body_id).first()
    if found is None:
        raise NotFound(_("Cet organisme n’existe pas."), field="body_id")
    return found


def _person(person_id: int) -> Person:
    found = Person.objects.filter(pk=person_id).first()
    if found is None:
        raise NotFound(_("Cette personne n’existe pas."), field="person_id")
    return found


def _seen(actor: Actor, person_id: int) -> Person:
    """Someone whom the actor may be told of: giving a duty to a stranger would tell who they are."""
    found = _person(person_id)
    if not actor.may(Permission.PEOPLE_READ, found.body_id):
        raise NotFound(_("Cette personne n’existe pas."), field="person_id")
    return found


def _held(actor: Actor, duty_id: int) -> Duty:
    """The duty, for who may change it. Raises NotFound, NotPermitted."""
    duty = Duty.objects.select_related("person", "title").filter(pk=duty_id).first()
    if duty is None:
        raise NotFound(_("Cette fonction n’est pas exercée."))
    actor.require(Permission.CONTACT_MANAGE, duty.body_id)
    return duty


def _deputy(actor: Actor, person: Person, deputy_id: int | None) -> Person | None:
    if deputy_id is None:
        return None
    if deputy_id == person.pk:
        raise Invalid(_("Une personne ne se supplée pas elle-même."), field="deputy_id")
    deputy = _seen(actor, deputy_id)
    if not deputy.active:
        raise Invalid(_("La personne suppléante a quitté ses fonctions."), field="deputy_id")
    return deputy
