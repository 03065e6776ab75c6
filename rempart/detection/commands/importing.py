"""Reading a release of rules: what is new is added, what changed gets a version, what is gone is retired."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from rempart.detection import events
from rempart.detection.commands import allowing
from rempart.detection.judging import (
    DEFECTIVE,
    BadEvents,
    Expected,
    Judged,
    Text,
    Trial,
    events_in,
    judged,
    tried,
)
from rempart.detection.models import Case, Release, Rule, RuleSource, RuleVersion, padded
from rempart.detection.releases import BadRelease, Contents, Document, Recording, read_release
from rempart.kernel import audit, outbox
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Conflict, Invalid
from rempart.kernel.http import HttpFailure, HttpPolicy, SafeClient
from rempart.kernel.markings import Marking
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now

_BATCH = 500
_DEFECTS_KEPT = 500
_NAMED_AT_MOST = 500
_SIGMAHQ = ("sigmahq", "DRL 1.1")
# What the version in force says of its rule, for lists.
DESCRIBED = (
    "kind", "title", "level", "status", "product", "category", "service", "author", "licence",
    "tags", "techniques", "verdict", "reason",
)  # fmt: skip
_STAYING = ("author", "licence", "reason")  # in a body, of its own rules: its people read them in the text
_WRITTEN = (*DESCRIBED, "source", "marking", "path", "upstream", "state", "current", "waiting", "changed_at")


def import_rules(
    actor: Actor,
    place: str | Path,
    *,
    source: str = "",
    body_id: int | None = None,
    licence: str = "",
    marking: str = Marking.CLEAR,
    revision: str = "",
    label: str = "",
    retire_many: bool = False,
) -> Release:
    """Reads a folder, a zip archive (a file, or an https address) or a Git repository of rules.

    Idempotent: the same release again changes nothing. A rule that a person changed here keeps that text
    until its source changes it too; then, as when a new text is defective or fails its test cases, the text
    waits for review. Raises NotPermitted, Invalid (nothing in it, or most rules gone unless
    ``retire_many``), naming the field.
    """
    allowing.require(actor, Permission.DETECTION_REVIEW, body_id)
    allowing.require_own(actor, body_id)
    try:
        contents = _contents(str(place), revision)
    except (BadRelease, HttpFailure) as error:
        raise Invalid(_("Cette version ne peut être lue : %s.") % error, field="place") from error
    if not contents.documents:
        raise Invalid(_("Aucune règle dans cette version."), field="place", code="no_rules")
    name = source or (_SIGMAHQ[0] if contents.sigmahq else _slug(label or str(place)))
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,59}", name):
        raise Invalid(_("Un nom de source : minuscules, chiffres et traits d’union."), field="source")
    terms = licence or (_SIGMAHQ[1] if contents.sigmahq else "")
    try:
        wanted = Marking.read(marking)
    except ValueError as error:
        raise Invalid(_("Cette marque n’existe pas."), field="marking") from error
    shown = label or Path(str(place)).name
    return _Reading(actor, contents, body_id, retire_many).store(name, terms, str(wanted), shown)


def _contents(place: str, revision: str) -> Contents:
    if not place.startswith("https://"):
        return read_release(Path(place), revision)
    policy = HttpPolicy(max_bytes=256 * 1024**2, allow_private=settings.FEED_ALLOW_PRIVATE_ADDRESSES)
    with tempfile.TemporaryDirectory(prefix="rempart-release-") as folder, SafeClient(policy) as client:
        target = Path(folder) / "release.zip"
        client.fetch(place, target)
        return read_release(target)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", Path(text).stem.lower()).strip("-")[:60]


def companions_of(refers: Iterable[str], body_id: int | None, known: Iterable[str] = ()) -> list[Text]:
    """The texts in force of the rules that correlations name (by id or name), seen from a body."""
    wanted = sorted(set(refers) - set(known))
    if not wanted:
        return []
    found = Rule.objects.filter(Q(key__in=wanted) | Q(current__name__in=wanted), current__isnull=False)
    found = found.filter(Q(body=None) | Q(body_id=body_id))
    return list(found.values_list("key", "current__text"))


def described(one: Judged, body_id: int | None) -> dict[str, Any]:
    """The columns of a rule of a body, or of all, whose text is this one."""
    values = {name: getattr(one, name) for name in DESCRIBED}
    values["tags"] = list(one.tags)
    values["techniques"] = padded(one.techniques)
    values["verdict"] = Rule.Verdict(one.verdict)
    if body_id is not None:
        values |= dict.fromkeys(_STAYING, "")
        values["tags"] = [tag for tag in values["tags"] if tag.startswith("attack.")]
    return values


def kept_path(path: str, body_id: int | None) -> str:
    """A document's place as its rule keeps it; of a body's own, a keyed digest of it."""
    if body_id is None:
        return path[:500]
    return salted_hmac("detection.path", f"{body_id} {path}", algorithm="sha256").hexdigest()


def _keyed(one: Judged, body_id: int | None) -> Judged:
    """A body's document without an id does not go by its place either."""
    if body_id is None or not one.key.startswith("file:"):
        return one
    return replace(one, key=f"file:{kept_path(one.document.path, body_id)}")


@dataclass
class _Plan:
    """What is to be written."""

    added: list[tuple[Rule, RuleVersion]] = field(default_factory=list)
    changed: list[tuple[Rule, RuleVersion]] = field(default_factory=list)
    moved: list[Rule] = field(default_factory=list)
    retired: list[Rule] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    defects: list[dict[str, str]] = field(default_factory=list)


class _Reading:
    """One release on its way to the tables: judged before the transaction that stores it."""

    def __init__(self, actor: Actor, contents: Contents, body_id: int | None, retire_many: bool) -> None:
        self.actor, self.contents, self.body_id, self.retire_many = actor, contents, body_id, retire_many
        self.at = now()
        self.recordings: dict[str, list[Recording]] = {}
        for recording in contents.recordings:
            for key in recording.rules:
                self.recordings.setdefault(key, []).append(recording)

    def store(self, name: str, licence: str, marking: str, label: str) -> Release:
        known = self._unchanged(name)
        fresh = [
            each
            for each in self.contents.documents
            if known.get(self._kept(each), ("", ""))[0] != each.digest
        ]
        found = {one.document.path: one for one in self._judge(fresh)}
        cases, problems = self._cases(
            {one.key for one in found.values()} | {key for _, key in known.values()}
        )
        trials = self._try(found.values(), cases)
        with transaction.atomic():
            RuleSource.objects.get_or_create(
                name=name, body_id=self.body_id, defaults={"licence": licence, "marking": marking}
            )
            source = RuleSource.objects.select_for_update().get(name=name, body_id=self.body_id)
            release = Release(
                source=source, body_id=self.body_id, place=label[:300], digest=self.contents.digest,
                read_at=self.at, read_by_id=self.actor.user_id,
            )  # fmt: skip
            plan = self._plan(source, release, found, trials)
            plan.counts["read"] = len(self.contents.documents)
            told = [*self.contents.problems, *problems]
            plan.defects += [{"path": path, "rule": "", "reason": reason} for path, reason in told]
            release.counts = dict(plan.counts)
            release.defects = plan.defects[:_DEFECTS_KEPT]
            release.save()
            self._write(plan, release)
            release.counts["cases"] = self._write_cases(cases)
            release.save(update_fields=["counts"])
            self._tell(source, release, plan)
        return release

    def _unchanged(self, name: str) -> dict[str, tuple[str, str]]:
        """Path → (digest, key) of what the source gave last time and is still known."""
        rows = Rule.objects.filter(
            source__name=name, source__body_id=self.body_id, body_id=self.body_id
        ).exclude(state=Rule.State.RETIRED)
        return {path: (upstream, key) for path, upstream, key in rows.values_list("path", "upstream", "key")}

    def _kept(self, document: Document) -> str:
        return kept_path(document.path, self.body_id)

    def _judge(self, documents: Sequence[Document]) -> list[Judged]:
        return [_keyed(one, self.body_id) for one in self._read(documents)]

    def _read(self, documents: Sequence[Document]) -> list[Judged]:
        found = judged(documents)
        known = {name for one in found for name in (one.key, one.name)}
        companions = companions_of((each for one in found for each in one.refers), self.body_id, known)
        return judged(documents, companions) if companions else found

    def _cases(self, keys: set[str]) -> tuple[dict[str, list[Case]], list[tuple[str, str]]]:
        """The recordings of these rules that are not stored yet, read; and those that cannot be."""
        wanted = [key for key in self.recordings if key in keys]
        stored = set(
            Case.objects.filter(rule__key__in=wanted, rule__body_id=self.body_id).values_list(
                "rule__key", "digest"
            )
        )
        cases: dict[str, list[Case]] = {}
        problems = []
        for key in wanted:
            for one in self.recordings[key]:
                if (key, one.digest) in stored:
                    continue
                try:
                    read = events_in(one.raw, one.suffix)
                except (BadEvents, OSError, ValueError) as error:
                    problems.append((one.path, str(error)))
                    continue
                cases.setdefault(key, []).append(
                    Case(
                        name=one.name,
                        least=one.least,
                        events=read,
                        origin=one.path[:500],
                        digest=one.digest,
                        made_at=self.at,
                        made_by_id=self.actor.user_id,
                        body_id=self.body_id,
                    )
                )
        return cases, problems

    def _try(self, found: Iterable[Judged], fresh: Mapping[str, list[Case]]) -> dict[str, Trial]:
        """Key → how the test cases of each new text go, those stored and those that came with it."""
        usable = {one.key: one for one in found if one.verdict != DEFECTIVE}
        stored: dict[str, list[Case]] = {}
        for case in Case.objects.filter(
            rule__key__in=list(usable), rule__body_id=self.body_id
        ).select_related("rule"):
            stored.setdefault(case.rule.key, []).append(case)
        trials = {}
        for key, one in usable.items():
            cases = [*stored.get(key, ()), *fresh.get(key, ())]
            if cases:
                expected = [Expected(each.name, each.least, each.events) for each in cases]
                companions = companions_of(one.refers, self.body_id)
                trials[key] = tried(key, one.document.text, expected, companions)
        return trials

    def _plan(
        self, source: RuleSource, release: Release, found: Mapping[str, Judged], trials: Mapping[str, Trial]
    ) -> _Plan:
        plan = _Plan()
        rules = {
            rule.key: rule
            for rule in Rule.objects.select_for_update(of=("self",))
            .filter(body_id=self.body_id)
            .select_related("current")
        }
        by_path = {rule.path: rule for rule in rules.values() if rule.source_id == source.pk}
        seen: set[str] = set()
        for document in self.contents.documents:
            one = found.get(document.path)
            if one is None:  # as it was
                seen.add(by_path[self._kept(document)].key)
                plan.counts["unchanged"] += 1
                continue
            rule = rules.get(one.key)
            if one.verdict == DEFECTIVE:
                plan.counts["defective"] += 1
                plan.defects.append({"path": document.path, "rule": one.key, "reason": one.reason})
            if one.key in seen or (rule is not None and rule.source_id != source.pk):
                owner = rule.source if rule is not None and rule.source_id else None
                reason = _("Une autre règle a déjà cet identifiant (%s).") % (owner or _("écrite ici"))
                plan.defects.append({"path": document.path, "rule": one.key, "reason": reason})
                plan.counts["refused"] += 1
                continue
            seen.add(one.key)
            if rule is None:
                self._add(plan, source, release, one, trials.get(one.key))
            else:
                self._change(plan, rule, release, one, trials.get(one.key))
        self._retire(plan, [r for r in rules.values() if r.source_id == source.pk and r.key not in seen])
        return plan

    def _version(self, one: Judged, trial: Trial | None, release: Release) -> RuleVersion:
        return RuleVersion(
            body_id=self.body_id, name=one.name, text=one.document.text, digest=one.document.digest,
            verdict=one.verdict, reason=one.reason, made_by_id=self.actor.user_id, made_at=self.at,
            release=release,
            tests=trial.record() if trial else {}, tested_at=self.at if trial else None,
        )  # fmt: skip

    def _usable(self, one: Judged, trial: Trial | None) -> bool:
        return (
            one.verdict != DEFECTIVE and one.kind in {"rule", "correlation"} and not (trial and trial.failed)
        )

    def _activate(self, version: RuleVersion) -> None:
        version.state = RuleVersion.State.ACTIVE
        version.reviewed_at, version.reviewed_by_id = self.at, self.actor.user_id

    def _add(
        self, plan: _Plan, source: RuleSource, release: Release, one: Judged, trial: Trial | None
    ) -> None:
        values = described(one, self.body_id)
        values["licence"] = values["licence"] or source.licence
        rule = Rule(
            **values, key=one.key, source=source, body_id=self.body_id, marking=source.marking,
            path=self._kept(one.document), upstream=one.document.digest, first_seen_at=self.at,
            changed_at=self.at,
        )  # fmt: skip
        version = self._version(one, trial, release)
        version.number = 1
        if self._usable(one, trial):
            rule.state = Rule.State.ACTIVE
            self._activate(version)
        else:
            rule.waiting = 1
            plan.counts["held"] += one.verdict != DEFECTIVE
        plan.added.append((rule, version))
        plan.counts["added"] += 1

    def _change(self, plan: _Plan, rule: Rule, release: Release, one: Judged, trial: Trial | None) -> None:
        restored = rule.state == Rule.State.RETIRED
        same = rule.upstream == one.document.digest
        edited = rule.current is not None and rule.current.digest not in {rule.upstream, one.document.digest}
        rule.path, rule.upstream = self._kept(one.document), one.document.digest
        if restored:
            rule.state = Rule.State.ACTIVE if rule.current_id else Rule.State.PROPOSED
            plan.counts["restored"] += 1
        if same:
            plan.moved.append(rule)
            plan.counts["unchanged"] += not restored
            return
        version = self._version(one, trial, release)
        if self._usable(one, trial) and not edited:
            for name, value in described(one, self.body_id).items():
                setattr(rule, name, value)
            rule.licence = rule.licence or rule.source.licence
            rule.state = Rule.State.ACTIVE
            self._activate(version)
        else:
            rule.waiting += 1
            plan.counts["held"] += one.verdict != DEFECTIVE
            if rule.current_id is None:
                rule.verdict = Rule.Verdict(one.verdict)
                rule.reason = described(one, self.body_id)["reason"]
        rule.changed_at = self.at
        plan.changed.append((rule, version))
        plan.counts["changed"] += 1

    def _retire(self, plan: _Plan, gone: list[Rule]) -> None:
        leaving = [rule for rule in gone if rule.state != Rule.State.RETIRED]
        kept = plan.counts["unchanged"] + plan.counts["changed"] + plan.counts["restored"]
        if len(leaving) > 20 and len(leaving) > kept and not self.retire_many:
            raise Invalid(
                _("%(count)d règles de cette source manquent dans cette version : est-elle entière ?")
                % {"count": len(leaving)},
                field="retire_many", code="too_many_gone", values={"gone": len(leaving)},
            )  # fmt: skip
        for rule in leaving:
            rule.state, rule.changed_at = Rule.State.RETIRED, self.at
        plan.retired = leaving
        plan.counts["retired"] = len(leaving)

    def _write(self, plan: _Plan, release: Release) -> None:
        Rule.objects.bulk_create([rule for rule, _ in plan.added], batch_size=_BATCH)
        numbers = dict(_last_numbers([rule.pk for rule, _ in plan.changed]))
        pairs = [*plan.added, *plan.changed]
        for rule, version in pairs:
            version.rule = rule
            version.number = numbers.get(rule.pk, 0) + 1
            version.shared = rule.shared
        replaced = [rule.current_id for rule, version in plan.changed if version.state == "active"]
        for start in range(0, len(replaced), _BATCH):
            RuleVersion.objects.filter(pk__in=replaced[start : start + _BATCH]).update(
                state=RuleVersion.State.REPLACED
            )
        RuleVersion.objects.bulk_create([version for _, version in pairs], batch_size=_BATCH)
        for rule, version in pairs:
            if version.state == RuleVersion.State.ACTIVE:
                rule.current = version
        settled = [rule for rule, version in plan.added if version.state == "active"]
        Rule.objects.bulk_update(settled, ["current"], batch_size=_BATCH)
        others = [rule for rule, _ in plan.changed] + plan.moved + plan.retired
        Rule.objects.bulk_update(others, _WRITTEN, batch_size=50)

    def _write_cases(self, cases: Mapping[str, list[Case]]) -> int:
        rules = {one.key: one for one in Rule.objects.filter(key__in=list(cases), body_id=self.body_id)}
        made = []
        for key, several in cases.items():
            if key in rules:
                for case in several:
                    case.rule, case.shared = rules[key], rules[key].shared
                    made.append(case)
        Case.objects.bulk_create(made, batch_size=_BATCH, ignore_conflicts=True)
        count_cases([one.pk for one in rules.values()])
        return len(made)

    def _tell(self, source: RuleSource, release: Release, plan: _Plan) -> None:
        touched = [rule.pk for rule, _ in [*plan.added, *plan.changed]] + [r.pk for r in plan.retired]
        audit.record(
            self.actor, "rules.imported", release, after={"source": source.name, **release.counts},
            label=f"{source.name} {release.place}" if self.body_id is None else source.name,
        )  # fmt: skip
        if touched or plan.counts["restored"]:
            named = touched if len(touched) <= _NAMED_AT_MOST else []
            outbox.publish(events.RULES_CHANGED, "rules", {"rules": named, "release": release.pk})


def _last_numbers(rule_ids: list[int]) -> Iterable[tuple[int, int]]:
    for start in range(0, len(rule_ids), _BATCH):
        several = rule_ids[start : start + _BATCH]
        rows = RuleVersion.objects.filter(rule_id__in=several).order_by("number")
        yield from rows.values_list("rule_id", "number")


def count_cases(rule_ids: Sequence[int]) -> None:
    """Makes the number of test cases that each of these rules shows true again."""
    counts = Counter(Case.objects.filter(rule_id__in=rule_ids).values_list("rule_id", flat=True))
    rules = list(Rule.objects.filter(pk__in=rule_ids))
    for rule in rules:
        rule.cases = counts[rule.pk]
    Rule.objects.bulk_update(rules, ["cases"], batch_size=_BATCH)


def not_taken(key: str, body_id: int | None) -> None:
    """Raises Conflict when the body (or all) has a rule of this id already."""
    if Rule.objects.filter(key=key, body_id=body_id).exists():
        raise Conflict(_("Une règle a déjà cet identifiant."), field="text")
