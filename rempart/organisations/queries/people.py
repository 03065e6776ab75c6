"""People, duties, on-call periods and contact channels."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from rempart.kernel.actors import Actor
from rempart.kernel.errors import NotFound
from rempart.kernel.permissions import Permission
from rempart.kernel.time import today
from rempart.organisations.models import ContactChannel, Duty, DutyTitle, OnCallPeriod, Organisation, Person


def people(actor: Actor, organisation: Organisation | None = None) -> QuerySet[Person]:
    """The people the actor may see, of one organisation or of all."""
    rows: QuerySet[Person] = Person.objects.visible_to(actor, Permission.PEOPLE_READ)
    if organisation is not None:
        rows = rows.filter(body=organisation)
    return rows.select_related("body")


def get_person(actor: Actor, person_id: int) -> Person:
    """Raises NotFound when there is no such person that the actor may see."""
    found = people(actor).filter(pk=person_id).select_related("body", "user").first()
    if found is None:
        raise NotFound(_("Cette personne n’existe pas, ou vous n’y avez pas accès."))
    return found


def person_of(actor: Actor) -> Person | None:
    """The person behind the actor's own account, if the account is that of a person of the tree."""
    if actor.user_id is None:
        return None
    return Person.objects.filter(user_id=actor.user_id, active=True).select_related("body").first()


def duties(actor: Actor, organisation: Organisation, *, past: bool = False) -> QuerySet[Duty]:
    """The duties held in an organisation, those in force unless ``past``."""
    rows: QuerySet[Duty] = Duty.objects.visible_to(actor, Permission.PEOPLE_READ).filter(body=organisation)
    if not past:
        rows = rows.filter(Duty.going_on(today()))
    return rows.select_related("person", "title", "deputy").order_by("title__rank", "starts_on", "id")


def duty_titles() -> QuerySet[DutyTitle]:
    """The titles that duties may carry."""
    return DutyTitle.objects.order_by("rank", "code")


def on_call(actor: Actor, organisation: Organisation, since: datetime) -> QuerySet[OnCallPeriod]:
    """The on-call periods that end after ``since``."""
    rows: QuerySet[OnCallPeriod] = OnCallPeriod.objects.visible_to(actor, Permission.PEOPLE_READ)
    return (
        rows.filter(body=organisation, ends_at__gt=since)
        .select_related("person", "deputy")
        .order_by("starts_at", "id")
    )


def channels_of(actor: Actor, *, organisation: Organisation | None = None) -> QuerySet[ContactChannel]:
    """An organisation's channels, its people's included; without one, those of the actor's own person."""
    if organisation is None:
        own = person_of(actor)
        return ContactChannel.objects.filter(person=own) if own else ContactChannel.objects.none()
    rows: QuerySet[ContactChannel] = ContactChannel.objects.visible_to(actor, Permission.PEOPLE_READ)
    return rows.filter(body=organisation).select_related("person").order_by("person__name", "medium", "id")


def get_channel(actor: Actor, channel_id: int) -> ContactChannel:
    """A channel of the actor's own, or of an organisation whose contacts they manage. Raises NotFound."""
    found = ContactChannel.objects.filter(pk=channel_id).select_related("person", "body").first()
    if found is None or not may_change_channel(actor, found):
        raise NotFound(_("Ce moyen de contact n’existe pas, ou vous n’y avez pas accès."))
    return found


def may_change_channel(actor: Actor, channel: ContactChannel) -> bool:
    """One's own channels, from one's own session; those of others by who manages the contacts."""
    own = channel.person is not None and actor.kind == "user" and channel.person.user_id == actor.user_id
    return (own and actor.user_id is not None) or actor.may(Permission.CONTACT_MANAGE, channel.body_id)
