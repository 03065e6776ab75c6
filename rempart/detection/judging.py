"""What the engine says of a rule's text: what it is, whether it can be used, and how its test cases go."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from rempart.detection.releases import Document
from rempart.engines import logs, sigma

_LICENCE: Final = re.compile(r"^license:[ \t]*['\"]?([^\n'\"#]{1,200})", re.MULTILINE)
_ID: Final = re.compile(r"^id:[ \t]*['\"]?([\w.:/-]{1,200})", re.MULTILINE)
_TITLE: Final = re.compile(r"^title:[ \t]*['\"]?([^\n]{1,300}?)['\"]?[ \t]*$", re.MULTILINE)
_TECHNIQUE: Final = re.compile(r"T\d{4}(\.\d{3})?\Z")
_EVENTS, _BYTES = 1_000, 2 * 1024**2  # of one test case
OK, LISTS, DEFECTIVE = "ok", "lists", "defective"

Text = tuple[str, str]  # (name, text)


class BadEvents(ValueError):
    """Events that cannot be a test case; the message says why."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A document as the engine reads it. ``key`` is its id, else where it lies; ``refers`` are the rules that
    a correlation follows or a filter names.
    """

    document: Document
    key: str
    kind: str  # rule | correlation | filter | unknown
    verdict: str
    reason: str
    title: str
    name: str = ""
    level: str = ""
    status: str = ""
    product: str = ""
    category: str = ""
    service: str = ""
    author: str = ""
    licence: str = ""
    tags: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()
    refers: tuple[str, ...] = ()


def judged(documents: Sequence[Document], companions: Iterable[Text] = ()) -> list[Judged]:
    """What each document is, in their order. ``companions`` are texts that correlations refer to."""
    given = [(each.path, each.text.encode()) for each in documents if not each.problem]
    aside = [(f"\0{name}", text.encode()) for name, text in companions]
    collection = sigma.load_texts(given + aside)
    detector = sigma.compile_rules(collection)
    reasons: dict[str, str] = {}
    ids: dict[str, str | None] = {}
    for defect in [*collection.defects, *detector.defects]:
        reasons.setdefault(defect.path, defect.reason)
        ids.setdefault(defect.path, defect.rule_id)
    read: dict[str, tuple[str, Any]] = {}
    groups = (("rule", collection.rules), ("correlation", collection.correlations))
    for kind, group in (*groups, ("filter", collection.filters)):
        read.update({one.path: (kind, one) for one in group})  # type: ignore[attr-defined]
    return [_judged(each, *read.get(each.path, ("unknown", None)), reasons, ids) for each in documents]


def _judged(
    document: Document, kind: str, one: Any, reasons: Mapping[str, str], ids: Mapping[str, str | None]
) -> Judged:
    reason = document.problem or reasons.get(document.path, "")
    licence = _LICENCE.search(document.text)
    if one is None:
        found, title = _ID.search(document.text), _TITLE.search(document.text)
        known = ids.get(document.path) or (found[1] if found else "")
        # A second document of the same id keeps its own place, or it would hide the first.
        twice = reason.startswith("its id is already")
        return Judged(
            document, _place(document) if twice or not known else known[:300], kind, DEFECTIVE,
            reason or "nothing in it is a rule", title[1] if title else document.path[-300:],
        )  # fmt: skip
    lists = bool(getattr(one, "placeholders", ()))
    verdict = LISTS if lists and (not reason or "placeholder" in reason) else DEFECTIVE if reason else OK
    source = one.logsource
    return Judged(
        document,
        _place(document) if one.id.startswith(f"{document.path}#") else one.id[:300],
        kind,
        verdict,
        reason if verdict == DEFECTIVE else "",
        one.title[:300],
        (getattr(one, "name", "") or "")[:200],
        getattr(one, "level", ""),
        (getattr(one, "status", "") or "")[:20],
        (source.product or "")[:100],
        (source.category or "")[:100],
        (source.service or "")[:100],
        getattr(one, "author", "")[:500],
        licence[1].strip() if licence else "",
        tuple(getattr(one, "tags", ()))[:200],
        tuple(each for each in getattr(one, "techniques", ()) if _TECHNIQUE.match(each)),
        tuple(one.rules) if kind != "rule" else (),
    )


def _place(document: Document) -> str:
    return f"file:{document.path}"[:300]


@dataclass(frozen=True, slots=True)
class Trial:
    """How the test cases of a text went."""

    passed: int = 0
    failures: tuple[dict[str, Any], ...] = ()

    @property
    def failed(self) -> int:
        return len(self.failures)

    def record(self) -> dict[str, Any]:
        """As a version keeps it."""
        return {"passed": self.passed, "failed": self.failed, "failures": list(self.failures[:50])}


@dataclass(frozen=True, slots=True)
class Expected:
    """A test case: events that must make the rule match ``least`` times or more; never, when it is 0."""

    name: str
    least: int
    events: Sequence[Mapping[str, Any]] = field(repr=False)


def tried(key: str, text: str, cases: Iterable[Expected], companions: Iterable[Text] = ()) -> Trial:
    """The rule ``key`` of this text through its test cases, each with a detector that has seen nothing."""
    collection = sigma.load_texts([("rule", text.encode())] + [(n, t.encode()) for n, t in companions])
    passed, failures = 0, []
    for case in cases:
        detector = sigma.compile_rules(collection, lateness=float("inf"))
        hits = [*detector.scan([dict(each) for each in case.events]), *detector.finish()]
        found = sum(1 for one in hits if one.rule.id == key or one.rule.path == "rule")
        if found >= case.least if case.least else not found:
            passed += 1
        else:
            failures.append({"case": case.name, "expected": case.least, "found": found})
    return Trial(passed, tuple(failures))


def events_in(raw: bytes, suffix: str = "") -> list[dict[str, Any]]:
    """The events of a recorded log, of any form that is read. Raises BadEvents.

    A thousand at most, two mebibytes of JSON at most: a test case is an example, not an archive.
    """
    with tempfile.NamedTemporaryFile(prefix="rempart-case-", suffix=suffix[:10]) as file:
        file.write(raw)
        file.flush()
        problems: list[logs.Problem] = []
        events: list[dict[str, Any]] = []
        for event in logs.read(Path(file.name), problems=problems.append):
            events.append(event.data)
            if len(events) > _EVENTS:
                raise BadEvents(f"more than {_EVENTS} events")
    if problems:
        raise BadEvents(f"event {len(events)}: {problems[0].reason}"[:300])
    if not events:
        raise BadEvents("no event in it")
    kept = orjson.dumps(events, default=str, option=orjson.OPT_NON_STR_KEYS)
    if len(kept) > _BYTES:
        raise BadEvents(f"more than {_BYTES} bytes of events")
    plain: list[dict[str, Any]] = orjson.loads(kept.replace(b"\\u0000", b"\\ufffd"))
    return plain
