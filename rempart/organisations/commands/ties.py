"""Which account is whose: a person of the tree is tied to the account of their address.

Only where the account holds a role in the very organisation where the person belongs: an address written in
one organisation says nothing of who signs in for another.
"""

from __future__ import annotations

from django.db.models import Q

from rempart.kernel import audit
from rempart.kernel.actors import Actor
from rempart.kernel.models import RoleGrant, User
from rempart.kernel.time import now
from rempart.organisations.models import Organisation, Person


def tie_person(actor: Actor, person: Person) -> bool:
    """Ties someone to their account, if it is there and nobody's yet. Call it within a transaction."""
    if person.user_id is not None or not person.active:
        return False
    held = RoleGrant.objects.filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=now()), organisation_id=person.body_id
    )
    user = User.objects.filter(
        email__iexact=person.email, is_active=True, person__isnull=True, pk__in=held.values("user_id")
    ).first()
    if user is None:
        return False
    person.user = user
    person.save(update_fields=["user"])
    audit.record(actor, "person.tie", person, before={"user_id": None}, after={"user_id": user.pk})
    return True


def tie_account(actor: Actor, user: User, organisation: Organisation) -> bool:
    """The same, seen from an account that has just received a role in ``organisation``."""
    person = Person.objects.filter(body=organisation, email__iexact=user.email, active=True).first()
    return person is not None and tie_person(actor, person)
