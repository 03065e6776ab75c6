"""Hunts as people ask for them, let them run over their body's logs, refuse them, or stop them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from rempart.detection import packfile
from rempart.detection.commands.hunt_moves import move, tell
from rempart.detection.commands.packs import signing_key
from rempart.detection.commands.reasons import stated
from rempart.detection.models import (
    Hunt,
    HuntAuthorisation,
    HuntFile,
    HuntNode,
    HuntRun,
    Pack,
    PackFile,
    Rule,
    RuleVersion,
    TuningText,
)
from rempart.detection.queries.hunts import absent
from rempart.kernel import audit, walls
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Invalid, NotFound
from rempart.kernel.markings import Audience, may_leave
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now

S = HuntRun.State
MOST_DAYS = 3_650
MOST_BODIES = 1_000
MOST_RULES = 500  # chosen one by one
MOST_SECONDS = 7 * 86_400
MOST_PER_DAY = 1_000
SILENT = timedelta(days=30)  # a node that says nothing for so long is not asked
_TITLE = 200


@transaction.atomic
def ask_hunt(
    actor: Actor, *, title: str, why: str, body_ids: Collection[int], days: int = 90,
    rule_keys: Sequence[str] = (), version_id: int | None = None, pack_digest: str = "",
) -> Hunt:  # fmt: skip
    """Asks bodies to look for rules in the last days of the logs that they keep; none runs before the body
    lets it.

    The rules are those in force of these ids, one version of a rule, or a pack: one of the three. A pack is
    for all or, asked by a body's own people of that body alone, the body's. They are signed as they are now.
    Each node that hunts for a body gets a run; a body that has none yet, one that its first node will take.
    Raises Invalid naming the field, NotFound, NotPermitted.
    """
    bodies = sorted(set(body_ids))
    if not bodies or len(bodies) > MOST_BODIES:
        raise Invalid(_("Choisissez de 1 à 1 000 organismes."), field="body_ids")
    for body_id in bodies:
        actor.require(Permission.HUNT_ASK, body_id)
    name = title.replace("\0", "").strip()
    if not name or len(name) > _TITLE:
        raise Invalid(_("Donnez un titre, en moins de 200 caractères."), field="title")
    reason = stated(why, "why")
    if not 1 <= days <= MOST_DAYS:
        raise Invalid(_("De 1 à 3 650 jours."), field="days")
    found = _sought(actor, bodies, rule_keys, version_id, pack_digest)
    at, own = now(), found.owner is not None
    file, _digest = packfile.sealed(found.contents, signing_key())
    hunt = Hunt.objects.create(
        title=name, why=reason, since=at - timedelta(days=days), until=at, file=b"" if own else file,
        version=found.version, pack=found.pack, rules=len(found.contents.rules), asked_by_id=actor.user_id,
        asked_at=at,
    )  # fmt: skip
    if own:
        with walls.lifted():  # a centre may ask for a rule that the body shares
            HuntFile.objects.create(body_id=found.owner, hunt=hunt, file=file)
    for run in HuntRun.objects.bulk_create(_runs(hunt, bodies, at)):
        tell(run)
    audit.record(
        actor, "hunt.asked", hunt, body_id=bodies[0] if len(bodies) == 1 else None, reason=reason,
        after={"bodies": len(bodies), "rules": hunt.rules, "days": days},
    )  # fmt: skip
    return hunt


def _runs(hunt: Hunt, bodies: list[int], at: datetime) -> list[HuntRun]:
    nodes: dict[int, list[str]] = {}
    known = HuntNode.objects.filter(body_id__in=bodies, seen_at__gt=at - SILENT).order_by("node")
    for body_id, node in known.values_list("body_id", "node"):
        nodes.setdefault(body_id, []).append(node)
    return [HuntRun(hunt=hunt, body_id=body, node=node) for body in bodies for node in nodes.get(body, [""])]


@dataclass(frozen=True, slots=True)
class _Sought:
    """What is looked for, and the body whose own rules are among it."""

    contents: packfile.Contents
    owner: int | None = None
    version: RuleVersion | None = None
    pack: Pack | None = None


def _sought(
    actor: Actor, bodies: list[int], keys: Sequence[str], version_id: int | None, digest: str
) -> _Sought:
    if sum((bool(keys), version_id is not None, bool(digest))) != 1:
        raise Invalid(_("Choisissez des règles, la version d’une règle, ou un paquet."), field="rule_keys")
    made_at = now().astimezone(UTC).isoformat(timespec="seconds")
    if digest:
        pack = _pack(actor, digest)
        _belongs(pack.body_id, bodies)
        held = packfile.opened(bytes(pack.file), [pack.key]).contents
        filters = held.filters
        if pack.body_id is not None:  # those in force are given to the node when it takes the run
            own = TuningText.objects.filter(body_id=pack.body_id, key__in=[one.id for one in filters])
            ended = set(own.values_list("key", flat=True))
            filters = tuple(one for one in filters if one.id not in ended)
        contents = packfile.Contents(held.number, made_at, "", held.rules, filters)
        return _Sought(contents, pack.body_id, pack=pack)
    if version_id is not None:
        rows = RuleVersion.objects.visible_to(actor, Permission.DETECTION_READ).select_related("rule")
        version = rows.filter(pk=version_id).first()
        if version is None:
            raise NotFound(_("Cette version n’existe pas, ou elle est d’un autre organisme."))
        packed = _packed(made_at, [_usable(version, version.rule, bodies)])
        return _Sought(packed, version.body_id, version)
    chosen = _in_force(actor, bodies, keys)
    owner = next((rule.body_id for rule, _version in chosen if rule.body_id is not None), None)
    rules = [_usable(version, rule, bodies) for rule, version in chosen]
    return _Sought(_packed(made_at, rules), owner)


def _pack(actor: Actor, digest: str) -> Pack:
    """A pack with its file: that of a body for its own people. Raises NotFound."""
    pack: Pack | None = (
        Pack.objects.visible_to(actor, Permission.DETECTION_READ).filter(digest=digest).first()
    )
    if pack is not None and pack.body_id is not None:
        held = PackFile.objects.visible_to(actor, Permission.TELEMETRY_READ).filter(pack=pack).first()
        pack.file = held.file if held is not None else b""
    if pack is None or not pack.file:
        raise NotFound(_("Ce paquet n’existe pas, ou n’est plus gardé."), field="pack_digest")
    return pack


def _packed(made_at: str, rules: list[packfile.PackedRule]) -> packfile.Contents:
    return packfile.Contents(0, made_at, "", tuple(rules), ())


def _in_force(actor: Actor, bodies: list[int], keys: Sequence[str]) -> list[tuple[Rule, RuleVersion]]:
    wanted = list(dict.fromkeys(key.replace("\0", "").strip() for key in keys if key.strip()))
    if len(wanted) > MOST_RULES:
        raise Invalid(_("Au plus 500 règles ; au-delà, prenez un paquet."), field="rule_keys")
    texts = RuleVersion.objects.visible_to(actor, Permission.DETECTION_READ)
    rows = Rule.objects.visible_to(actor, Permission.DETECTION_READ).filter(current__in=texts)
    rows = rows.select_related("current")
    found: dict[str, Rule] = {}
    for rule in rows.filter(key__in=wanted, state=Rule.State.ACTIVE):
        # A body's own rule stands in place of the shared one where it alone is asked.
        if rule.key not in found or _rank(rule, bodies) < _rank(found[rule.key], bodies):
            found[rule.key] = rule
    missing = [key for key in wanted if key not in found]
    if missing or not wanted:
        words = _("Aucune règle en vigueur n’a l’identifiant « %(key)s ».")
        raise Invalid(words % {"key": (missing or [""])[0][:100]}, field="rule_keys")
    chosen = [found[key] for key in wanted]
    return [(rule, rule.current) for rule in chosen if rule.current is not None]


def _rank(rule: Rule, bodies: list[int]) -> int:
    if rule.body_id is None:
        return 1
    return 0 if bodies == [rule.body_id] else 2


def _usable(version: RuleVersion, rule: Rule, bodies: list[int]) -> packfile.PackedRule:
    _belongs(rule.body_id, bodies)
    if version.verdict == Rule.Verdict.DEFECTIVE:
        raise Invalid(
            _("Le moteur refuse cette règle : %(title)s.") % {"title": rule.title}, field="rule_keys"
        )
    if rule.body_id is None and not may_leave(rule.marking, Audience.ORGANISATION):
        raise Invalid(
            _("Cette règle ne peut sortir d’ici : %(title)s.") % {"title": rule.title}, field="rule_keys"
        )
    return packfile.PackedRule(rule.key, version.number, version.text)


def _belongs(owner: int | None, bodies: list[int]) -> None:
    """A body's own rules are looked for in that body alone."""
    if owner is not None and bodies != [owner]:
        raise Invalid(_("Les règles d’un organisme ne se cherchent que chez lui."), field="body_ids")


@transaction.atomic
def decide_run(actor: Actor, *, run_id: int, allow: bool, note: str = "") -> HuntRun:
    """The body lets a run go, once its cost is known, or refuses it, saying why."""
    run = _held(actor, run_id, Permission.HUNT_ALLOW)
    if not allow:
        run.note = stated(note, "note")
    run.decided_by_id, run.decided_at = actor.user_id, now()
    move(actor, run, S.AUTHORISED if allow else S.REFUSED, reason=run.note)
    return run


@transaction.atomic
def cancel_run(actor: Actor, *, run_id: int, note: str) -> HuntRun:
    """Stops a run, for the body or for who asks; its node learns it at its next word."""
    own = HuntRun.objects.visible_to(actor, Permission.HUNT_ALLOW).filter(pk=run_id).exists()
    run = _held(actor, run_id, Permission.HUNT_ALLOW if own else Permission.HUNT_ASK)
    run.note = stated(note, "note")
    move(actor, run, S.CANCELLED, reason=run.note)
    return run


@transaction.atomic
def cancel_hunt(actor: Actor, *, hunt_id: int, note: str) -> int:
    """Stops every open run of a hunt in the bodies where the actor asks; returns how many."""
    actor.require(Permission.HUNT_ASK)
    reason = stated(note, "note")
    runs = HuntRun.objects.visible_to(actor, Permission.HUNT_ASK).filter(hunt_id=hunt_id)
    if not runs.exists():
        raise absent()
    stopped = list(
        runs.filter(state__in=HuntRun.OPEN)
        .select_related("hunt")
        .select_for_update(of=("self",))
        .order_by("pk")
    )
    for run in stopped:
        run.note = reason
        move(actor, run, S.CANCELLED, reason=reason)
    return len(stopped)


@transaction.atomic
def authorise_hunts(
    actor: Actor, *, body_id: int, most_minutes: int, per_day: int
) -> HuntAuthorisation | None:
    """Lets hunts of at most so many minutes run in a body without asking its people, so many in 24 hours.

    Nothing (0) takes it back; returns what is then in force.
    """
    actor.require(Permission.HUNT_ALLOW, body_id)
    if not 0 <= most_minutes * 60 <= MOST_SECONDS:
        raise Invalid(_("De 0 à 10 080 minutes."), field="most_minutes")
    if not 0 <= per_day <= MOST_PER_DAY:
        raise Invalid(_("De 0 à 1 000 chasses par jour."), field="per_day")
    held = HuntAuthorisation.objects.select_for_update().filter(body_id=body_id).first()
    before = {"seconds": held.most_seconds, "per_day": held.per_day} if held else {}
    if not most_minutes or not per_day:
        if held is not None:
            audit.record(actor, "hunt.authorisation_ended", held, before=before)
            held.delete()
        return None
    held = held or HuntAuthorisation(body_id=body_id)
    held.most_seconds, held.per_day = most_minutes * 60, per_day
    held.set_by_id, held.set_at = actor.user_id, now()
    held.save()
    after = {"seconds": held.most_seconds, "per_day": per_day}
    audit.record(actor, "hunt.authorised_ahead", held, before=before, after=after)
    return held


def _held(actor: Actor, run_id: int, permission: Permission) -> HuntRun:
    """The run, locked; NotFound when there is none that the actor may see, NotPermitted without the right."""
    rows = HuntRun.objects.select_related("hunt").select_for_update(of=("self",))
    seen = rows.visible_to(actor, permission if actor.may(permission) else Permission.DETECTION_READ)
    run: HuntRun | None = seen.filter(pk=run_id).first()
    if run is None:
        raise absent()
    actor.require(permission, run.body_id)
    return run
