"""The organisations' tree: places, branches, portfolios, and what each place was before."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from rempart.kernel.actors import EVERYTHING, NOTHING, Actor, Scope
from rempart.kernel.errors import NotFound
from rempart.kernel.permissions import Permission
from rempart.kernel.prepared import Prepared
from rempart.kernel.time import today
from rempart.organisations.models import Kind, Organisation, OrganisationVersion

_path = Prepared(lambda place: Organisation.objects.filter(id=place).values_list("path"))


def branch_scopes(organisation_ids: Iterable[int]) -> dict[int, Scope]:
    """For each organisation, itself and all below it; the root's branch is everything."""
    wanted = set(organisation_ids)
    places = {place: found[0] for place in wanted if (found := _path.first(place=place))}
    result: dict[int, Scope] = dict.fromkeys(wanted, NOTHING)
    branches = {}
    for organisation_id, path in places.items():
        if path.count("/") == 2:  # "/1/": the root
            result[organisation_id] = EVERYTHING
        else:
            branches[organisation_id] = path
    if branches:
        prefixes = functools.reduce(operator.or_, (Q(path__startswith=path) for path in branches.values()))
        below = list(Organisation.objects.filter(prefixes).values_list("id", "path"))
        for organisation_id, path in branches.items():
            result[organisation_id] = Scope(bodies=frozenset(i for i, p in below if p.startswith(path)))
    return result


def organisations(actor: Actor) -> QuerySet[Organisation]:
    """The places of the tree that the actor may see, whatever their kind, closed ones included."""
    rows: QuerySet[Organisation] = Organisation.objects.visible_to(actor, Permission.ORGANISATION_READ)
    return rows.select_related("parent")


def get_organisation(actor: Actor, code: str) -> Organisation:
    """The organisation of this code. Raises NotFound when there is none that the actor may see."""
    found = organisations(actor).filter(code=code).first()
    if found is None:
        raise NotFound(_("Aucun organisme visible ne porte le code « %(code)s ».") % {"code": code[:40]})
    return found


def bodies(actor: Actor, permission: Permission = Permission.ORGANISATION_READ) -> QuerySet[Organisation]:
    """The public bodies in activity over which the actor holds this permission."""
    rows: QuerySet[Organisation] = Organisation.objects.visible_to(actor, permission)
    return rows.filter(Q(active_to__isnull=True) | Q(active_to__gt=today()), kind=Kind.BODY)


def children(actor: Actor, organisation: Organisation) -> QuerySet[Organisation]:
    """What stands right below a place."""
    return organisations(actor).filter(parent=organisation).order_by("kind", "code")


@dataclass(frozen=True)
class Place:
    """An ancestor on the way from the root; ``visible`` tells whether its page may be opened."""

    code: str
    name: str
    kind: str
    visible: bool


def place_of(actor: Actor, organisation: Organisation) -> list[Place]:
    """The way from the root down to the organisation, itself left out."""
    ids = [int(part) for part in organisation.path.strip("/").split("/") if part][:-1]
    rows: Any = Organisation.objects.in_bulk(ids)
    scope = actor.scope(Permission.ORGANISATION_READ)
    return [Place(rows[i].code, rows[i].name, rows[i].kind, i in scope) for i in ids if i in rows]


def history(actor: Actor, organisation: Organisation) -> list[OrganisationVersion]:
    """What the organisation was, latest first."""
    actor.require(Permission.ORGANISATION_READ, organisation.pk)
    return list(organisation.versions.select_related("parent").order_by("-valid_from", "-id"))


def portfolio_of(body_ids: Iterable[int]) -> dict[int, int]:
    """For each body, the operational centre above it (bodies without one are left out). Two queries."""
    paths = dict(Organisation.objects.filter(id__in=set(body_ids)).values_list("id", "path"))
    centres = set(Organisation.objects.filter(kind=Kind.COCD).values_list("id", flat=True))
    result = {}
    for body_id, path in paths.items():
        above = [int(part) for part in path.strip("/").split("/") if int(part) in centres]
        if above:
            result[body_id] = above[-1]
    return result


def within(rows: QuerySet[Organisation], organisation_id: int) -> QuerySet[Organisation]:
    """Keeps the places of one branch: an organisation and all below it."""
    path = Organisation.objects.filter(pk=organisation_id).values_list("path", flat=True).first()
    return rows.none() if path is None else rows.filter(path__startswith=path)
