"""The library of rules in the world of tests: a rule of each body with all that hangs on it, all marked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from rempart.detection.models import (
    Case,
    Pack,
    PackFile,
    PackReport,
    PackTrouble,
    Release,
    Rule,
    RuleSource,
    RuleVersion,
    Tuning,
    TuningText,
)
from rempart.detection.tuning_shape import shape_of
from rempart.kernel.time import now
from rempart.organisations.models import Organisation, Person

_TEXT = """\
title: "{title}"
id: {key}
status: test
description: "{raw}"
level: high
tags: [attack.t1059.001]
logsource: {{product: windows, category: process_creation}}
detection: {{selection: {{Image|endswith: '\\sc.exe'}}, condition: selection}}
"""
_FILTER = """\
title: {raw}
id: {raw}
logsource: {{product: windows, category: process_creation}}
filter:
  rules: [{key}]
  {raw}: {{"{raw} compte": {raw}, "User|contains": [{raw}, b]}}
  condition: not {raw}
"""


@dataclass
class Library:
    """A rule of a body: a version in force, one that waits, a test case, a filter, the release it came in."""

    rule: Rule
    waiting: RuleVersion
    case: Case
    release: Release
    tuning: Tuning
    pack: Pack
    report: PackReport


def library(secret: str, letter: str, body: Organisation, officer: Person) -> Library:
    """Makes a body’s library; every free text is ``secret``, or "RAW-" and the letter when it stays there."""
    key = f"rule-{letter}"
    raw = f"RAW-{letter}"
    text = _TEXT.format(title=secret.replace('"', "'"), raw=raw, key=key)
    source = RuleSource.objects.create(body=body, name=f"source-{letter.lower()[:40]}")
    release = Release.objects.create(
        body=body, source=source, place=raw, digest="0" * 64, read_by=officer.user,
        counts={"read": 1, "added": 1}, defects=[{"path": raw, "rule": key, "reason": raw}],
    )  # fmt: skip
    rule = Rule.objects.create(
        body=body, source=source, key=key, title=secret, level="high", product="windows",
        category="process_creation", techniques=" T1059.001 ", state="active",
        verdict="ok", waiting=1, cases=1,
    )  # fmt: skip
    common: dict[str, Any] = {
        "rule": rule,
        "body": body,
        "verdict": "ok",
        "made_by": officer.user,
    }
    rule.current = RuleVersion.objects.create(
        number=1, text=text, digest="1" * 64, state="active", why=raw, **common
    )
    rule.save(update_fields=["current"])
    waiting = RuleVersion.objects.create(
        number=2, text=text + "author: x\n", digest="2" * 64, state="proposed", why=raw, **common
    )
    case = Case.objects.create(
        rule=rule, body=body, name=raw, least=1, events=[{"Image": f"{raw}\\sc.exe"}], digest="3" * 64,
        made_by=officer.user,
    )  # fmt: skip
    tuning = _tuning(body, officer, rule, raw)
    pack = Pack.objects.create(
        body=body, number=Pack.objects.count() + 1, digest=sha256(secret.encode()).hexdigest(), key="a" * 64,
        size=1, rules=1, filters=0, made_by=officer.user,
    )  # fmt: skip
    PackFile.objects.create(body=body, pack=pack, contents="5" * 64, file=raw.encode())
    report = PackReport.objects.create(body=body, node=secret, digest=pack.digest, pack=pack)
    PackTrouble.objects.create(body=body, report=report, rule=key, code="lists")
    return Library(rule, waiting, case, release, tuning, pack, report)


def _tuning(body: Organisation, officer: Person, rule: Rule, raw: str) -> Tuning:
    text = _FILTER.format(raw=raw, key=rule.key)
    made = Tuning.objects.create(
        body=body, rule=rule, shape=shape_of(text, [rule.key]), expires_at=now() + timedelta(days=30),
        made_by=officer.user, made_as="body_officer",
    )  # fmt: skip
    TuningText.objects.create(body=body, tuning=made, title=raw, key=raw, text=text, reason=raw, note=raw)
    return made


def library_arguments(own: Library) -> dict[str, Any]:
    """A value for each argument of the library's addresses."""
    pages = ("rule", "rule_edit", "rule_move", "rule_share", "case_new")
    return {
        **{f"{page}.rule_id": own.rule.pk for page in pages},
        "detection.rule_id": own.rule.pk,
        "version_id": own.waiting.pk,
        "case_id": own.case.pk,
        "release_id": own.release.pk,
        "tuning_id": own.tuning.pk,
        "node_id": own.report.pk,
        "pack_file.digest": own.pack.digest,
        "detection.digest": own.pack.digest,
    }


def grow_library(shared: Library, body: Organisation, person: Person, mark: str) -> None:
    """One more rule of a body, and one more version, test case and filter of the shared one."""
    made = library(f"Règle {mark}", mark, body, person)
    rule, at = shared.rule, now()
    number = rule.versions.count() + 1
    RuleVersion.objects.create(
        rule=rule, body=rule.body, number=number, text="x", digest=mark, state="replaced", verdict="ok",
        made_by=person.user, made_at=at,
    )  # fmt: skip
    Case.objects.create(rule=rule, body=rule.body, name=mark, least=1, events=[{}], digest=mark)
    _tuning(body, person, rule, mark)
    Rule.objects.filter(pk=made.rule.pk).update(techniques=f" T1{mark[:3]} ")
