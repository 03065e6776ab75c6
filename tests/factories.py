"""Makes the rows that tests stand on: a small government and its cast. Factories only, no fixtures."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from typing import Any

from rempart.assets.models import Asset, Component, Install
from rempart.intelligence.models import Vulnerability
from rempart.kernel.actors import Actor, actor_for
from rempart.kernel.models import RoleGrant, User
from rempart.kernel.permissions import Role
from rempart.kernel.time import now
from rempart.organisations.models import ContactChannel, Duty, DutyTitle, Organisation, Person

_numbers = itertools.count(1)


def organisation(kind: str = "body", parent: Organisation | None = None, **fields: Any) -> Organisation:
    """A place in the tree; without a parent and not the root, it hangs under a COCD made for it."""
    number = next(_numbers)
    if parent is None and kind != "government":
        above = {"cgcd": "government", "cocd": "cgcd", "body": "cocd", "unit": "body"}[kind]
        parent = (
            Organisation.objects.filter(kind=above).first() if above in {"government", "cgcd"} else None
        ) or organisation(above)
    made = Organisation.objects.create(
        **{
            "code": f"{kind}-{number}",
            "kind": kind,
            "parent": parent,
            "name_fr": f"Organisme fictif {number}",
            "name_en": f"Fictional body {number}",
            "active_from": date(2020, 1, 1),
            **fields,
        }
    )
    made.path = f"{parent.path if parent else '/'}{made.pk}/"
    made.save(update_fields=["path"])
    return made


def user(role: Role | None = None, place: Organisation | None = None, **fields: Any) -> User:
    number = next(_numbers)
    made = User.objects.create_user(
        fields.pop("email", f"personne{number}@exemple.test"),
        "mot de passe de test",
        name=f"Personne {number}",
        **fields,
    )
    if role is not None:
        assert place is not None
        RoleGrant.objects.create(
            user=made, role=role, organisation=place, starts_at=now() - timedelta(days=1)
        )
    return made


def actor(role: Role, place: Organisation) -> Actor:
    """Someone who holds this role there, and nothing else."""
    return actor_for(user(role, place))


def officer(body: Organisation, email: str = "", **fields: Any) -> Person:
    """A body's COMSI: a person with a duty that receives alerts, a verified e-mail channel and an account."""
    account = user(Role.BODY_OFFICER, body, **({"email": email} if email else {}))
    person = Person.objects.create(body=body, user=account, name=account.name, email=account.email, **fields)
    title, _ = DutyTitle.objects.get_or_create(
        code="comsi",
        defaults={
            "name_fr": "COMSI",
            "name_en": "Security measures coordinator",
            "receives_alerts": True,
            "rank": 10,
        },
    )
    Duty.objects.create(body=body, person=person, title=title, starts_on=date(2020, 1, 1))
    ContactChannel.objects.create(
        body=body, person=person, medium="email", address=person.email, verified_at=now()
    )
    return person


def asset(body: Organisation, **fields: Any) -> Asset:
    number = next(_numbers)
    return Asset.objects.create(
        **{
            "body": body,
            "key": f"actif-{number}",
            "name_fr": f"Serveur {number}",
            "kind": "server",
            "first_seen_at": now(),
            "last_seen_at": now(),
            **fields,
        }
    )


def component(**fields: Any) -> Component:
    """A component whose digest is computed as imports compute it."""
    from rempart.assets.commands import component_digest

    values = {"vendor": "", "product": "", "version": "", "purl": "", "cpe": "", **fields}
    made, _ = Component.objects.get_or_create(digest=component_digest(**values), defaults=values)
    return made


def install(on: Asset, what: Component, source: str = "cmdb") -> Install:
    return Install.objects.create(
        body_id=on.body_id, asset=on, component=what, source=source, first_seen_at=now(), last_seen_at=now()
    )


def vulnerability(**fields: Any) -> Vulnerability:
    number = next(_numbers)
    return Vulnerability.objects.create(
        **{"cve_id": f"CVE-2099-{number:05d}", "title": f"Faille {number}", "first_seen_at": now(), **fields}
    )
