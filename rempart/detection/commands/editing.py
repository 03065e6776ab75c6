"""Writing rules: proposed by one person, accepted by another, never while a test case fails."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from rempart.detection import events
from rempart.detection.commands import allowing
from rempart.detection.commands.importing import companions_of, described, not_taken
from rempart.detection.commands.reasons import kept, stated, told
from rempart.detection.judging import DEFECTIVE, Expected, Judged, Trial, judged, tried
from rempart.detection.models import Rule, RuleVersion
from rempart.detection.releases import documents_of
from rempart.kernel import audit, outbox
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Conflict, Invalid, NotFound
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now

LONGEST = 200_000


def judge_text(text: str, body_id: int | None) -> Judged:
    """What the engine says of one rule's text; raises Invalid (``text``) when it is not one document."""
    if len(text) > LONGEST:
        raise Invalid(_("Ce texte est trop long."), field="text")
    documents = documents_of("rule", text.encode("utf-8", "replace"))
    if len(documents) != 1:
        raise Invalid(_("Un seul document à la fois : une règle."), field="text")
    one = judged(documents)[0]
    if one.refers:
        one = judged(documents, companions_of(one.refers, body_id))[0]
    return one


def try_text(one: Judged, rule: Rule) -> Trial:
    """How the test cases of a rule go with a text."""
    cases = [Expected(each.name, each.least, each.events) for each in rule.test_cases.order_by("id")]
    return tried(rule.key, one.document.text, cases, companions_of(one.refers, rule.body_id))


@transaction.atomic
def propose_rule(actor: Actor, *, text: str, why: str, body_id: int | None = None) -> Rule:
    """A new rule of a body, or of all; it runs once someone else has accepted it.

    Raises NotPermitted, Invalid (naming the field: text, why), Conflict when its id is taken.
    """
    allowing.require(actor, Permission.DETECTION_WRITE, body_id)
    allowing.require_own(actor, body_id)
    one = _usable(text, body_id)
    if one.key.startswith("file:"):
        raise Invalid(_("La règle doit avoir un identifiant (id)."), field="text")
    reason = stated(why, "why")
    not_taken(one.key, body_id)
    at = now()
    rule = Rule.objects.create(
        **described(one, body_id), key=one.key, body_id=body_id, waiting=1, first_seen_at=at, changed_at=at
    )
    version = _version(actor, rule, one, reason, 1)
    version.save()
    audit.record(
        actor, "rule.proposed", rule, after={"version": 1, "digest": version.digest},
        reason=told(actor, rule, reason),
    )  # fmt: skip
    return rule


@transaction.atomic
def propose_version(actor: Actor, *, rule_id: int, text: str, why: str) -> RuleVersion:
    """Another text for a rule. Raises NotFound, NotPermitted, Invalid, Conflict (nothing changes)."""
    rule = allowing.taken(actor, rule_id)
    allowing.require(actor, Permission.DETECTION_WRITE, rule.body_id)
    allowing.require_reader(actor, rule)
    one = _usable(text, rule.body_id)
    if one.key != rule.key and not (rule.key.startswith("file:") and rule.current_id is None):
        raise Invalid(_("L’identifiant (id) d’une règle ne change pas : %s.") % rule.key, field="text")
    reason = stated(why, "why")
    if rule.current is not None and rule.current.digest == one.document.digest:
        raise Conflict(_("Ce texte est déjà celui de la règle."), field="text")
    if rule.versions.filter(state=RuleVersion.State.PROPOSED, digest=one.document.digest).exists():
        raise Conflict(_("Ce texte est déjà proposé."), field="text")
    last = rule.versions.order_by("-number").values_list("number", flat=True).first() or 0
    version = _version(actor, rule, one, reason, last + 1)
    trial = try_text(one, rule)
    version.tests, version.tested_at = trial.record(), version.made_at
    version.save()
    Rule.objects.filter(pk=rule.pk).update(waiting=rule.waiting + 1)
    audit.record(
        actor, "rule.version_proposed", rule, reason=told(actor, rule, reason),
        after={"version": version.number, "digest": version.digest},
    )  # fmt: skip
    return version


@transaction.atomic
def review_version(actor: Actor, *, version_id: int, accept: bool, note: str = "") -> RuleVersion:
    """Accepts a proposed text, which then is in force, or refuses it; never one's own.

    Raises NotFound, NotPermitted, Invalid (a refusal says why), Conflict: already reviewed, one's own, or a
    text that is defective or fails a test case.
    """
    version = (
        RuleVersion.objects.visible_to(actor, Permission.DETECTION_READ)
        .select_for_update(of=("self",))
        .select_related("rule")
        .filter(pk=version_id)
        .first()
    )
    if version is None:
        raise NotFound(_("Cette version n’existe pas."))
    rule = allowing.taken(actor, version.rule_id)
    allowing.require(actor, Permission.DETECTION_REVIEW, rule.body_id)
    if version.state != RuleVersion.State.PROPOSED:
        raise Conflict(_("Cette version a déjà été revue."))
    own = actor.user_id is not None and actor.user_id == version.made_by_id and version.release_id is None
    if own and accept:
        raise Conflict(_("Une règle est acceptée par une autre personne que son auteur."))
    if not accept and not note.strip():
        raise Invalid(_("Dites pourquoi cette version est refusée."), field="note")
    if accept:
        _put_in_force(rule, version)
    version.state = RuleVersion.State.ACTIVE if accept else RuleVersion.State.REFUSED
    version.reviewed_by_id, version.reviewed_at, version.note = actor.user_id, now(), note.strip()[:4000]
    version.save(update_fields=["state", "reviewed_by", "reviewed_at", "note", "tests", "tested_at"])
    rule.waiting = rule.versions.filter(state=RuleVersion.State.PROPOSED).count()
    rule.save()
    audit.record(
        actor, "rule.reviewed", rule, reason=told(actor, rule, note.strip()),
        after={"version": version.number, "accepted": accept, "digest": version.digest},
    )  # fmt: skip
    if accept:
        outbox.publish(events.RULES_CHANGED, "rules", {"rules": [rule.pk], "release": None})
    return version


def _put_in_force(rule: Rule, version: RuleVersion) -> None:
    one = judge_text(version.text, rule.body_id)
    if one.verdict == DEFECTIVE:
        raise Conflict(_("Cette règle a un défaut : %s.") % one.reason)
    trial = try_text(one, rule)
    if trial.failed:
        names = ", ".join(each["case"] for each in trial.failures[:5])
        raise Conflict(_("Des essais échouent : %s.") % names)
    version.tests, version.tested_at = trial.record(), now()
    if rule.current_id is not None:
        RuleVersion.objects.filter(pk=rule.current_id).update(state=RuleVersion.State.REPLACED)
    for name, value in described(one, rule.body_id).items():
        setattr(rule, name, value)
    if not rule.licence and rule.source is not None:
        rule.licence = rule.source.licence
    rule.current, rule.state, rule.changed_at = version, Rule.State.ACTIVE, now()


@transaction.atomic
def retire_rule(actor: Actor, *, rule_id: int, why: str) -> Rule:
    """Takes a rule out of the packs to come. Raises NotFound, NotPermitted, Invalid, Conflict."""
    rule = allowing.taken(actor, rule_id)
    allowing.require(actor, Permission.DETECTION_REVIEW, rule.body_id)
    reason = stated(why, "why")
    if rule.state == Rule.State.RETIRED:
        raise Conflict(_("Cette règle est déjà retirée."))
    return _move(actor, rule, Rule.State.RETIRED, "rule.retired", reason)


@transaction.atomic
def restore_rule(actor: Actor, *, rule_id: int, why: str) -> Rule:
    """Puts a retired rule back in force. Raises NotFound, NotPermitted, Invalid, Conflict."""
    rule = allowing.taken(actor, rule_id)
    allowing.require(actor, Permission.DETECTION_REVIEW, rule.body_id)
    reason = stated(why, "why")
    if rule.state != Rule.State.RETIRED or rule.current_id is None:
        raise Conflict(_("Seule une règle retirée, dont une version a été acceptée, peut revenir."))
    return _move(actor, rule, Rule.State.ACTIVE, "rule.restored", reason)


def _move(actor: Actor, rule: Rule, state: Rule.State, action: str, reason: str) -> Rule:
    before, rule.state, rule.changed_at = rule.state, state, now()
    rule.save(update_fields=["state", "changed_at"])
    kept(rule, reason)
    audit.record(
        actor, action, rule, before={"state": before}, after={"state": state},
        reason=told(actor, rule, reason),
    )  # fmt: skip
    outbox.publish(events.RULES_CHANGED, "rules", {"rules": [rule.pk], "release": None})
    return rule


def _usable(text: str, body_id: int | None) -> Judged:
    one = judge_text(text, body_id)
    if one.verdict == DEFECTIVE:
        raise Invalid(_("Cette règle a un défaut : %s.") % one.reason, field="text", code="defective")
    if one.kind == "filter":
        raise Invalid(_("Ceci est un filtre : proposez-le comme réglage d’un organisme."), field="text")
    return one


def _version(actor: Actor, rule: Rule, one: Judged, why: str, number: int) -> RuleVersion:
    return RuleVersion(
        rule=rule, body_id=rule.body_id, shared=rule.shared, number=number, name=one.name,
        text=one.document.text, digest=one.document.digest, verdict=one.verdict, reason=one.reason,
        made_by_id=actor.user_id, made_at=now(), why=why,
    )  # fmt: skip
