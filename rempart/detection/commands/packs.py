"""Packs of rules: what is in force, signed, for a body or for all; and what nodes say they run."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext as _

from rempart.detection import packfile
from rempart.detection.commands import allowing
from rempart.detection.models import Pack, PackFile, PackReport, PackTrouble, Rule, Tuning, TuningText
from rempart.detection.troubles import CODES, MOST
from rempart.kernel import audit, walls
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Conflict, Invalid
from rempart.kernel.markings import Audience, may_leave
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now
from rempart.organisations import queries as organisations

_AT_ONCE = 500
_KEPT = 20  # files of one body, or of all; older packs keep their digest alone


@cache
def _key_of(secret: str) -> Ed25519PrivateKey:
    return packfile.private_key(secret)


def signing_key() -> Ed25519PrivateKey:
    """The platform's key, from ``REMPART_RULES_KEY``."""
    return _key_of(settings.RULES_KEY)


def public_key() -> str:
    """What nodes trust, in hexadecimal."""
    return packfile.public_key(signing_key())


@transaction.atomic
def make_pack(actor: Actor, *, body_id: int | None = None) -> Pack:
    """Signs the rules in force for a body (with its filters), or for all; the last pack when nothing changed.

    A body's own rule stands in place of the shared one of the same id. A rule that may not leave its readers
    (TLP:RED) stays out. Raises NotPermitted, Conflict when there is no rule.
    """
    allowing.require(actor, Permission.DETECTION_WRITE, body_id)
    code = ""
    if body_id is not None:
        code = organisations.bodies(actor, Permission.DETECTION_WRITE).get(pk=body_id).code
    with walls.lifted():  # a centre signs what it does not read
        rules = _rules(body_id)
    if not rules:
        raise Conflict(_("Aucune règle n’est en vigueur."))
    at = now()
    filters = [each for each in rules if each[3] == "filter"]
    packed = [packfile.PackedRule(key, number, text) for key, number, text, kind in rules if kind != "filter"]
    left_out = [packfile.PackedFilter(key, text) for key, _number, text, _kind in filters]
    if body_id is not None:
        left_out += filters_in_force(body_id, at)
    with walls.lifted():  # numbers run through the packs of every body
        number = (Pack.objects.aggregate(last=Max("number"))["last"] or 0) + 1
    contents = packfile.Contents(
        number, at.astimezone(UTC).isoformat(timespec="seconds"), code, tuple(packed),
        tuple(sorted(left_out, key=lambda one: one.id)), "" if body_id is None else secrets.token_hex(16),
    )  # fmt: skip
    last = Pack.objects.filter(body_id=body_id).order_by("-number").first()
    if last is not None and last.key == public_key() and _holds(last, contents.digest):
        return last
    file, digest = packfile.sealed(contents, signing_key())
    made = Pack.objects.create(
        body_id=body_id, number=number, digest=digest, key=public_key(), size=len(file),
        rules=len(packed), filters=len(left_out), made_by_id=actor.user_id, made_at=at,
        **({"contents": contents.digest, "file": file} if body_id is None else {}),
    )  # fmt: skip
    _keep(made, contents.digest, file)
    PackReport.objects.filter(digest=digest, pack=None).update(pack=made)
    audit.record(
        actor, "pack.made", made,
        after={"digest": digest, "rules": made.rules, "filters": made.filters, "key": made.key},
    )  # fmt: skip
    return made


def _holds(pack: Pack, contents: str) -> bool:
    """Whether a pack's file is still kept and holds these contents."""
    if pack.body_id is None:
        return pack.contents == contents and bool(pack.file)
    with walls.lifted():  # whoever signs for a body may be of a centre, and does not read the file
        return PackFile.objects.filter(pack=pack, contents=contents).exists()


def _keep(made: Pack, contents: str, file: bytes) -> None:
    """Keeps a body's file with the body, and of old packs the digest alone."""
    old = list(
        Pack.objects.filter(body_id=made.body_id).order_by("-number").values_list("pk", flat=True)[_KEPT:]
    )
    if made.body_id is None:
        Pack.objects.filter(pk__in=old).update(file=b"")
        return
    with walls.lifted():
        PackFile.objects.create(body_id=made.body_id, pack=made, contents=contents, file=file)
        PackFile.objects.filter(pack__in=old).delete()


def _rules(body_id: int | None) -> list[tuple[str, int, str, str]]:
    """(id, version, text, kind) of what is in force, by id."""
    rows = (
        Rule.objects.filter(state=Rule.State.ACTIVE, current__isnull=False)
        .exclude(verdict=Rule.Verdict.DEFECTIVE)
        .filter(Q(body=None) | Q(body_id=body_id))
        .order_by("key", "body_id")
        .values_list("key", "current__number", "current__text", "kind", "marking", "body_id")
    )
    found: dict[str, tuple[str, int, str, str]] = {}
    own: set[str] = set()
    for key, number, text, kind, marking, owner in rows.iterator(chunk_size=2000):
        if owner is None and (key in own or not may_leave(marking, Audience.ORGANISATION)):
            continue
        if owner is not None:
            own.add(key)
        found[key] = (key, number, text, kind)
    return [found[key] for key in sorted(found)]


def filters_in_force(body_id: int, at: datetime) -> list[packfile.PackedFilter]:
    """The filters of a body that count at this moment."""
    rows = (
        TuningText.objects.filter(
            body_id=body_id, tuning__state=Tuning.State.ACTIVE, tuning__expires_at__gt=at
        )
        .select_related("tuning")
        .order_by("key", "tuning_id")
    )
    with walls.lifted():  # a centre signs what it does not read
        return [
            packfile.PackedFilter(
                one.key, one.text, one.tuning.expires_at.astimezone(UTC).isoformat(timespec="seconds")
            )
            for one in rows
        ]


@transaction.atomic
def report_pack(
    actor: Actor, *, body_id: int, node: str, digest: str, rules: int = 0, defects: int = 0,
    troubles: Sequence[tuple[str, str]] | None = None,
) -> PackReport:  # fmt: skip
    """What a node of a body runs now, and (rule, code) of what it cannot do; None: it does not say.

    Audited when it is another pack than before. Raises NotPermitted, Invalid naming node, digest, rules,
    defects or troubles.
    """
    actor.require(Permission.DETECTION_RUN, body_id)
    name = node.strip()
    if not name or len(name) > 200 or not name.isprintable():
        raise Invalid(_("Donnez le nom du nœud."), field="node")
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise Invalid(_("L’empreinte d’un paquet a 64 chiffres hexadécimaux."), field="digest")
    for field, value in (("rules", rules), ("defects", defects)):
        if not 0 <= value <= 10_000_000:
            raise Invalid(_("Ce nombre n’est pas possible."), field=field)
    if troubles is not None and (len(troubles) > MOST or any(code not in CODES for _rule, code in troubles)):
        raise Invalid(_("Ces ennuis ne sont pas lisibles."), field="troubles")
    at = now()
    pack = Pack.objects.filter(Q(body=None) | Q(body_id=body_id), digest=digest).only("pk").first()
    found, new = PackReport.objects.select_for_update().get_or_create(
        body_id=body_id, node=name, defaults={"digest": digest, "since": at}
    )
    before = "" if new else found.digest
    if before != digest:
        found.digest, found.since = digest, at
    found.pack, found.rules, found.defects, found.reported_at = pack, rules, defects, at
    found.save()
    _note_troubles(found, troubles, changed=before != digest)
    if before != digest:
        audit.record(
            actor, "pack.reported", found, before={"digest": before}, after={"digest": digest, "node": name}
        )
    return found


def _note_troubles(report: PackReport, told: Sequence[tuple[str, str]] | None, *, changed: bool) -> None:
    """What was said of another pack says nothing of this one."""
    if told is None and not changed:
        return
    wanted = {(rule[:300], code) for rule, code in told or ()}
    known = {(one.rule, one.code): one.pk for one in report.troubles.all()}
    gone = [known[each] for each in known.keys() - wanted]
    for start in range(0, len(gone), _AT_ONCE):
        PackTrouble.objects.filter(pk__in=gone[start : start + _AT_ONCE]).delete()
    fresh = sorted(wanted - known.keys())
    PackTrouble.objects.bulk_create(
        [PackTrouble(body_id=report.body_id, report=report, rule=rule, code=code) for rule, code in fresh],
        batch_size=_AT_ONCE,
    )
