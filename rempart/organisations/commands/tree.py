"""Creating, renaming, moving and closing organisations; what is replaced stays in the history."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Concat, Substr
from django.utils.translation import gettext as _

from rempart.kernel import audit, outbox
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Conflict, Invalid, NotFound
from rempart.kernel.permissions import Permission
from rempart.kernel.time import today
from rempart.organisations.models import Kind, Organisation, OrganisationVersion

CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,38}[a-z0-9]?", re.ASCII)
MAX_DEPTH = 12

# What may stand right below what.
PARENTS: dict[str, frozenset[str]] = {
    Kind.GOVERNMENT: frozenset(),
    Kind.CGCD: frozenset({Kind.GOVERNMENT}),
    Kind.COCD: frozenset({Kind.CGCD, Kind.GOVERNMENT}),
    Kind.BODY: frozenset({Kind.COCD, Kind.CGCD}),
    Kind.UNIT: frozenset({Kind.UNIT, Kind.BODY, Kind.COCD, Kind.CGCD}),
}
_VERSIONED = ("name_fr", "name_en", "sector")


@transaction.atomic
def create_organisation(
    actor: Actor,
    *,
    code: str,
    kind: str,
    parent_code: str = "",
    name_fr: str,
    name_en: str = "",
    sector: str = "",
    essential: bool = False,
    active_from: date | None = None,
) -> Organisation:
    """Adds an organisation below another; the government alone has none above it, and there is one only.

    Raises Invalid (field named), Conflict when the code is taken, NotPermitted.
    """
    values = clean_fields(
        {"code": code, "kind": kind, "name_fr": name_fr, "name_en": name_en, "sector": sector},
        essential=essential,
    )
    parent = lock_tree_and_load(parent_code) if parent_code else None
    if parent is None:
        actor.require_everywhere(Permission.ORGANISATION_MANAGE)
    else:
        actor.require(Permission.ORGANISATION_MANAGE, parent.pk)
    check_place(values["kind"], parent)
    if Organisation.objects.filter(code=values["code"]).exists():
        raise Conflict(_("Le code « %(code)s » est déjà pris.") % {"code": values["code"]}, field="code")
    starts = active_from or today()
    made = Organisation.objects.create(**values, parent=parent, active_from=starts)
    made.path = f"{parent.path if parent else '/'}{made.pk}/"
    made.save(update_fields=["path"])
    OrganisationVersion.objects.create(
        organisation=made,
        valid_from=starts,
        parent=parent,
        kind=made.kind,
        **{n: values[n] for n in _VERSIONED},
    )
    _tell(made, "created")
    audit.record(actor, "organisation.create", made, body_id=made.pk, after=described(made))
    return made


@transaction.atomic
def edit_organisation(
    actor: Actor,
    *,
    code: str,
    name_fr: str,
    name_en: str = "",
    sector: str = "",
    essential: bool = False,
    on: date | None = None,
) -> Organisation:
    """Renames an organisation or changes its sector from a day on; writes nothing when nothing changes."""
    organisation = lock_tree_and_load(code)
    actor.require(Permission.ORGANISATION_MANAGE, organisation.pk)
    values = clean_fields(
        {"code": code, "kind": organisation.kind, "name_fr": name_fr, "name_en": name_en, "sector": sector},
        essential=essential,
    )
    before = described(organisation)
    for name in (*_VERSIONED, "essential"):
        setattr(organisation, name, values[name])
    after = described(organisation)
    if after == before:
        return organisation
    organisation.save(update_fields=[*_VERSIONED, "essential"])
    if any(before[name] != after[name] for name in _VERSIONED):
        _new_version(organisation, on)
    outbox.publish(
        "organisations.changed", f"body:{organisation.pk}", {"body_id": organisation.pk, "what": "edited"}
    )
    audit.record(
        actor, "organisation.edit", organisation, body_id=organisation.pk, before=before, after=after
    )
    return organisation


@transaction.atomic
def move_organisation(actor: Actor, *, code: str, parent_code: str, on: date | None = None) -> Organisation:
    """Puts an organisation, with all that stands below it, under another one from a day on.

    The right is needed over the branch and over both places. Raises Invalid for a place below itself.
    """
    organisation, parent = lock_tree_and_load(code), lock_tree_and_load(parent_code)
    for place in (organisation.pk, organisation.parent_id, parent.pk):
        actor.require(Permission.ORGANISATION_MANAGE, place)
    if organisation.parent_id == parent.pk:
        return organisation
    if parent.path.startswith(organisation.path):
        raise Invalid(
            _("« %(parent)s » se trouve sous « %(name)s » : le déplacement ferait une boucle.")
            % {"parent": parent.name, "name": organisation.name},
            code="cycle",
            field="parent_code",
        )
    check_place(organisation.kind, parent)
    before, former = described(organisation), organisation.path
    path = f"{parent.path}{organisation.pk}/"
    deepest = (
        Organisation.objects.filter(path__startswith=former).order_by("-path").values_list("path", flat=True)
    )
    if max(p.count("/") for p in deepest) - former.count("/") + path.count("/") > MAX_DEPTH + 1:
        raise Invalid(
            _("L’arbre aurait plus de %(depth)d niveaux.") % {"depth": MAX_DEPTH}, field="parent_code"
        )
    Organisation.objects.filter(path__startswith=former).update(
        path=Concat(Value(path), Substr(F("path"), len(former) + 1))
    )
    organisation.parent, organisation.path = parent, path
    organisation.save(update_fields=["parent"])
    _new_version(organisation, on)
    outbox.publish(
        "organisations.changed", f"body:{organisation.pk}", {"body_id": organisation.pk, "what": "moved"}
    )
    audit.record(
        actor,
        "organisation.move",
        organisation,
        body_id=organisation.pk,
        before=before,
        after=described(organisation),
    )
    return organisation


@transaction.atomic
def close_organisation(actor: Actor, *, code: str, on: date | None = None, reason: str = "") -> Organisation:
    """Ends an organisation on a day; what stands below it must have been moved or closed before."""
    organisation = lock_tree_and_load(code)
    actor.require(Permission.ORGANISATION_MANAGE, organisation.pk)
    end = on or today()
    if organisation.active_to is not None:
        raise Conflict(_("« %(name)s » est déjà fermé.") % {"name": organisation.name})
    if end < organisation.active_from:
        raise Invalid(_("La fin ne peut précéder le début."), field="on")
    open_below = Organisation.objects.filter(parent=organisation).filter(
        Q(active_to__isnull=True) | Q(active_to__gt=end)
    )
    if open_below.exists():
        raise Conflict(
            _("Déplacez ou fermez d’abord ce qui relève de « %(name)s ».") % {"name": organisation.name}
        )
    organisation.active_to = end
    organisation.save(update_fields=["active_to"])
    organisation.versions.filter(valid_to__isnull=True).update(valid_to=end)
    outbox.publish(
        "organisations.changed", f"body:{organisation.pk}", {"body_id": organisation.pk, "what": "closed"}
    )
    audit.record(
        actor,
        "organisation.close",
        organisation,
        body_id=organisation.pk,
        before={"active_to": None},
        after={"active_to": end},
        reason=reason,
    )
    return organisation


def lock_tree_and_load(code: str) -> Organisation:
    """The organisation of this code, with the tree held until the transaction ends, so that two moves made at
    the same moment cannot close a loop. Raises NotFound."""
    list(Organisation.objects.select_for_update().filter(parent__isnull=True).values_list("pk"))
    found = Organisation.objects.filter(code=code).select_related("parent").first()
    if found is None:
        raise NotFound(
            _("Aucun organisme ne porte le code « %(code)s ».") % {"code": code[:40]}, field="code"
        )
    return found


def described(organisation: Organisation) -> dict[str, Any]:
    """What the audit trail keeps of an organisation."""
    return {
        "code": organisation.code,
        "kind": organisation.kind,
        "parent": organisation.parent.code if organisation.parent else None,
        "name_fr": organisation.name_fr,
        "name_en": organisation.name_en,
        "sector": organisation.sector,
        "essential": organisation.essential,
    }


def clean_fields(texts: dict[str, str], *, essential: bool) -> dict[str, Any]:
    """The fields of an organisation without stray spaces. Raises Invalid naming the field."""
    values: dict[str, Any] = {name: " ".join(text.split()) for name, text in texts.items()}
    if not CODE.fullmatch(values["code"]):
        raise Invalid(
            _("Un code compte de 1 à 40 lettres minuscules, chiffres ou traits d’union."), field="code"
        )
    if values["kind"] not in Kind.values:
        raise Invalid(
            _("Genre inconnu : « %(kind)s » (attendu : %(known)s).")
            % {"kind": values["kind"][:40], "known": ", ".join(Kind.values)},
            field="kind",
        )
    if not values["name_fr"]:
        raise Invalid(_("Donnez le nom en français."), field="name_fr")
    for name, longest in (("name_fr", 200), ("name_en", 200), ("sector", 60)):
        if len(values[name]) > longest:
            raise Invalid(_("Au plus %(count)d caractères.") % {"count": longest}, field=name)
    return {**values, "essential": essential}


def check_place(kind: str, parent: Organisation | None) -> None:
    """Raises Invalid when an organisation of this kind may not stand there."""
    if parent is None:
        if kind != Kind.GOVERNMENT:
            raise Invalid(_("Nommez l’organisme dont celui-ci relève."), field="parent_code")
        if Organisation.objects.filter(parent__isnull=True).exists():
            raise Conflict(_("L’arbre a déjà un gouvernement."), field="kind")
        return
    if parent.kind not in PARENTS[kind]:
        raise Invalid(
            _("Un organisme de genre « %(kind)s » ne peut relever d’un « %(parent)s ».")
            % {"kind": kind, "parent": parent.kind},
            code="place",
            field="parent_code",
        )
    if parent.active_to is not None and parent.active_to <= today():
        raise Invalid(_("« %(name)s » est fermé.") % {"name": parent.name}, field="parent_code")
    if parent.path.count("/") - 1 >= MAX_DEPTH:
        raise Invalid(
            _("L’arbre aurait plus de %(depth)d niveaux.") % {"depth": MAX_DEPTH}, field="parent_code"
        )


def _tell(organisation: Organisation, what: str) -> None:
    payload = {"body_id": organisation.pk, "what": what}
    outbox.publish("organisations.changed", f"body:{organisation.pk}", payload)


def _new_version(organisation: Organisation, on: date | None) -> None:
    """Ends the current version on a day and starts the next; two changes of one day make one version."""
    day = on or today()
    if day > today():
        raise Invalid(_("Un changement prend effet aujourd’hui ou à une date passée."), field="on")
    current = organisation.versions.filter(valid_to__isnull=True).first()
    values = {
        "parent": organisation.parent,
        "kind": organisation.kind,
        **{name: getattr(organisation, name) for name in _VERSIONED},
    }
    if current is not None:
        if day < current.valid_from:
            raise Invalid(
                _("Le dernier changement date du %(day)s : le suivant ne peut le précéder.")
                % {"day": current.valid_from.isoformat()},
                field="on",
            )
        if day == current.valid_from:
            organisation.versions.filter(pk=current.pk).update(**values)
            return
        organisation.versions.filter(pk=current.pk).update(valid_to=day)
    OrganisationVersion.objects.create(organisation=organisation, valid_from=day, **values)
