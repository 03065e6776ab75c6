"""Runs in a process of its own: ``rempart rematch --all`` after a feed changed much, killed with SIGKILL at
random moments, or left alone; what is then stored is printed, without what only the hour makes different.

Not a test: ``test_rematch.py`` starts it, on one database to kill and on a copy to leave alone.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import django

django.setup()

from django.db import connection, connections, transaction  # noqa: E402

from rempart.assets.models import Install  # noqa: E402
from rempart.exposure import cli, commands, queries  # noqa: E402
from rempart.exposure.commands import matching  # noqa: E402
from rempart.exposure.commands.inventory import Names  # noqa: E402
from rempart.exposure.models import Exposure, ExposureCount, Finding, Statement  # noqa: E402
from rempart.exposure.tests.publishing import publish  # noqa: E402
from rempart.intelligence.models import Vulnerability  # noqa: E402
from rempart.kernel.models import OutboxEvent  # noqa: E402
from rempart.kernel.time import now  # noqa: E402
from tests import factories  # noqa: E402

# Many short transactions instead of few long ones: as many places to die in.
matching.REMATCHED_AT_ONCE = 8
_PRODUCTS = ("portail", "guichet", "courriel")
_VERSIONS = ("1.0", "1.5", "2.0", "2.5")
_HISTORIES = 20  # one exposure in so many is read as its page tells it: a statement or two each
_BOUNDS = ("0", "1.2", "1.7", "2.2", "3.0")

Rows = dict[str, list[Any]]


def prepare(parts: int) -> dict[str, Any]:
    """A government matched, with statements and closed exposures; then everything changes, unmatched."""
    chance = random.Random(parts)
    bodies = [factories.organisation() for _ in range(3)]
    reviewer = factories.user()
    with transaction.atomic():
        held = [_component(product, version) for product in _PRODUCTS for version in _VERSIONS]
        assets = [
            factories.asset(body, criticality=number, network_exposure="internet" if number else "internal")
            for body in bodies
            for number in range(4)
        ]
        for asset in assets:
            for one in chance.sample(held, 5):
                factories.install(asset, one)
        published = [
            publish(chance.choice(_PRODUCTS), chance.choice(_BOUNDS[1:]))
            for _ in range(parts * matching.REMATCHED_AT_ONCE)
        ]
    commands.rematch_all()
    for one in chance.sample(published, len(published) // 3):
        Statement.objects.create(
            body=chance.choice(bodies), vulnerability=one, kind=chance.choice(Statement.Kind.values),
            explanation="Lu et commenté.", compensating_measure="Filtrage.", state="accepted",
            made_by=reviewer, made_at=now(), reviewed_by=reviewer, reviewed_at=now(), review_note="Vu.",
        )  # fmt: skip
    for install in chance.sample(list(Install.objects.order_by("id")), 12):
        Install.objects.filter(pk=install.pk).update(removed_at=now())
    commands.reconcile_all()
    back = Install.objects.filter(removed_at__isnull=False).order_by("id").values_list("id", flat=True)[:6]
    Install.objects.filter(pk__in=list(back)).update(removed_at=None)
    commands.reconcile_all()
    cutoff = now()
    with transaction.atomic():
        for one in chance.sample(published, len(published) // 2):
            publish(chance.choice(_PRODUCTS), chance.choice(_BOUNDS), one)
        rejected = [one.pk for one in chance.sample(published, len(published) // 10)]
        Vulnerability.objects.filter(pk__in=rejected).update(state="REJECTED")
        for asset in assets[::3]:
            for product in _PRODUCTS:
                factories.install(asset, _component(product, "1.1"))
    order = [list(group) for group in matching.groups_of_all(Names())]
    return {"cutoff": cutoff.isoformat(), "parts": order, "rows": _rows(cutoff, order)}


def _component(product: str, version: str) -> Any:
    return factories.component(vendor="exemple", product=product, version=version)


def _rows(cutoff: datetime, parts: list[list[int]]) -> Rows:
    """What is stored, by the part of the re-match that writes it; moments after the cutoff are only "later".

    A row that was there before has its identifier; one that came since, its place alone.
    """
    part_of = {one: number for number, part in enumerate(parts) for one in part}
    found: Rows = {"new components": [], **{f"part {number}": [] for number in set(part_of.values())}}
    findings = {(one.vulnerability_id, one.component_id): one for one in Finding.objects.all()}
    new = _new_components()

    def keep(vulnerability_id: int, component_id: int, row: dict[str, Any]) -> None:
        place = "new components" if component_id in new else f"part {part_of[vulnerability_id]}"
        found[place].append({"at": [vulnerability_id, component_id], **_timeless(row, cutoff)})

    for pair, finding in sorted(findings.items()):
        values = {name: getattr(finding, name) for name in _FINDING}
        keep(*pair, {"id": finding.pk if finding.first_found_at <= cutoff else None, **values})
    for one in Exposure.objects.select_related("vulnerability", "asset").order_by(*_PLACE):
        values = {name: getattr(one, name) for name in _EXPOSURE}
        values["due_at"] = one.due_at if one.changed_at <= cutoff else one.due_at is not None
        if one.pk % _HISTORIES == 0 and one.opened_at <= cutoff:
            said = queries.history(one, findings.get((one.vulnerability_id, one.component_id)))
            values["history"] = [[entry.at, entry.text, entry.who, entry.detail] for entry in said]
        old = one.opened_at <= cutoff or one.reopened
        keep(one.vulnerability_id, one.component_id, {"id": one.pk if old else None, **values})
    return found


_FINDING = (
    "status", "source", "range", "reason", "detail", "confidence", "first_found_at", "last_changed_at",
)  # fmt: skip
_PLACE = ("vulnerability_id", "component_id", "asset_id")
_EXPOSURE = (
    "asset_id", "body_id", "certainty", "state", "priority", "criticality", "exploited", "internet", "facet",
    "opened_at", "priority_since", "closed_at", "changed_at", "reopened", "proof",
)  # fmt: skip


def _new_components() -> set[int]:
    return set(Install.objects.filter(component__version="1.1").values_list("component_id", flat=True))


def _timeless(value: Any, cutoff: datetime) -> Any:
    if isinstance(value, dict):
        return {name: _timeless(each, cutoff) for name, each in value.items()}
    if isinstance(value, list):
        return [_timeless(each, cutoff) for each in value]
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return value
    if isinstance(value, datetime):
        at = value if value.tzinfo else value.replace(tzinfo=UTC)
        return at.isoformat() if at <= cutoff else "later"
    return value


def _told(since: int) -> list[Any]:
    events = OutboxEvent.objects.filter(kind="exposure.changed", id__gt=since).order_by("id")
    return [event.payload for event in events]


def alone(prepared: dict[str, Any]) -> dict[str, Any]:
    """The command, undisturbed."""
    since = OutboxEvent.objects.order_by("-id").values_list("id", flat=True).first() or 0
    cli.rematch(everything=True, as_json=True)
    rows = _rows(datetime.fromisoformat(prepared["cutoff"]), prepared["parts"])
    return {"rows": rows, "told": _told(since), "kills": []}


def under_fire(prepared: dict[str, Any], calm: dict[str, Any], kills: int) -> dict[str, Any]:
    """The command killed again and again, each time somewhat further; looked at after each; then finished."""
    chance, cutoff = random.Random(kills), datetime.fromisoformat(prepared["cutoff"])
    since = OutboxEvent.objects.order_by("-id").values_list("id", flat=True).first() or 0
    parts = len(prepared["rows"]) - 1
    seen = []
    for number in range(kills):
        connections.close_all()
        _kill_one(parts * number // kills, chance)
        _settled()
        seen.append(_state(prepared["rows"], calm["rows"], _rows(cutoff, prepared["parts"])))
    cli.rematch(everything=True, as_json=True)
    rows = _rows(cutoff, prepared["parts"])
    return {"rows": rows, "told": _told(since), "kills": seen, "wrong_counts": _wrong_counts()}


def _kill_one(part: int, chance: random.Random) -> None:
    """Forks the command, waits until it has reached a part, then kills it somewhere in what follows."""
    reached, reports = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reached)
        _report_to(reports)
        cli.rematch(everything=True, as_json=True)
        os._exit(0)
    os.close(reports)
    with os.fdopen(reached, "rb", buffering=0) as pipe:
        first = last = 0.0
        for number in range(part):
            pipe.read(1)
            last = time.monotonic()
            first = first if number else last
        each = (last - first) / (part - 1) if part > 1 else 0.0
        time.sleep(chance.uniform(0, max(each, 0.02)))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _report_to(pipe: int) -> None:
    """Makes each committed part write a byte."""
    rematch = matching.rematch_all

    def reported(progress: Any, **options: Any) -> Any:
        def told(done: int, of: int) -> None:
            os.write(pipe, b".")
            progress(done, of)

        return rematch(told, **options)

    commands.rematch_all = reported


def _settled() -> None:
    """A server learns a moment later that its client is dead, and undoes what was under way."""
    if connection.vendor != "postgresql":
        return
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            if not cursor.fetchone()[0]:
                return
        time.sleep(0.02)


def _state(before: Rows, after: Rows, rows: Rows) -> dict[str, Any]:
    """How many parts are as before and as after, and which are neither: those are half done."""
    rows = json.loads(json.dumps(rows))
    same = [name for name in rows if before[name] == after[name]]
    done = [name for name in rows if rows[name] == after[name] and name not in same]
    left = [name for name in rows if rows[name] == before[name] and name not in same]
    half = [name for name in rows if name not in {*same, *done, *left}]
    half += [name for name in same if rows[name] != before[name]]
    return {"done": len(done), "left": len(left), "half": half, "wrong_counts": _wrong_counts()}


def _wrong_counts() -> list[Any]:
    kept = {(one.body_id, one.facet): one.n for one in ExposureCount.objects.exclude(n=0)}
    counted = Counter(Exposure.objects.values_list("body_id", "facet"))
    return [[*pair, kept.get(pair), counted.get(pair)] for pair in _differing(kept, counted)]


def _differing(one: dict[Any, int], other: dict[Any, int]) -> Iterator[Any]:
    return (key for key in sorted(one.keys() | other.keys()) if one.get(key) != other.get(key))


def main() -> None:
    what, folder, number = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])

    def read(name: str) -> Any:
        return json.loads((folder / f"{name}.json").read_text())

    if what == "prepare":
        result = prepare(number)
    elif what == "alone":
        result = alone(read("prepare"))
    else:
        result = under_fire(read("prepare"), read("alone"), number)
    (folder / f"{what}.json").write_text(json.dumps(result))
