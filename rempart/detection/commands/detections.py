"""Detections as they come from a body's nodes: counted once, whatever is sent again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max, Min, Sum
from django.utils.translation import gettext as _

from rempart.detection.commands.hunt_runs import run_of_batch
from rempart.detection.commands.pseudonymising import key_in_use
from rempart.detection.commands.retention import remembered, restore_parts
from rempart.detection.models import Detection, DetectionPart, HuntSighting, Level, Sighting, padded
from rempart.detection.pseudonyms import KINDS, canonical, group_key, hour_of, pseudonym
from rempart.kernel import audit, outbox
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Invalid
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now

MOST = 500
_EARLIEST, _LATEST = datetime(1980, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(minutes=10)  # how far a sender's clock may run before ours
_LONGEST_KEY = 512


@dataclass(frozen=True, slots=True)
class Reported:
    """A part of a detection, as its sender tells it. ``key`` names the part.

    ``host_pseudonym`` and ``user_pseudonym`` replace the host and user of a sender that keeps them.
    """

    key: str
    kind: str
    rule_id: str
    rule_title: str
    level: Level
    count: int
    rule_digest: str = ""
    techniques: tuple[str, ...] = ()
    first_at: datetime | None = None
    last_at: datetime | None = None
    host: str = ""
    user: str = ""
    host_pseudonym: str = ""
    user_pseudonym: str = ""
    source: str = ""
    matched: list[dict[str, str]] = field(default_factory=list)
    sample: dict[str, Any] = field(default_factory=dict)

    @property
    def group(self) -> str:
        """The key of the detection that this is a part of."""
        host, user = self.host or self.host_pseudonym, self.user or self.user_pseudonym
        return group_key(self.rule_id, self.rule_digest, host, user, hour_of(_dated(self.first_at)))


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a batch changed: detections that are new, those that grew, and parts already known so."""

    received: int
    new: int
    grown: int
    unchanged: int


@transaction.atomic
def record_detections(
    actor: Actor, *, body_id: int, reported: Sequence[Reported], run_id: int | None = None
) -> Recorded:
    """Adds to the detections of a body. The same part given again, in any order, changes nothing.

    With ``run_id``, they are also those of that run of a hunt, known before or not. A detection's count is
    the sum over its parts of the largest count each was given with. Publishes ``detection.recorded``
    {body_id, detection_ids} when something changed.
    """
    actor.require(Permission.SIGHTING_SEND, body_id)
    if len(reported) > MOST:
        raise Invalid(_("Un envoi compte au plus 500 détections."), field="detections")
    run = None if run_id is None else run_of_batch(actor, run_id=run_id, body_id=body_id)
    # Held until the end: batches of one body follow one another.
    secret = bytes(key_in_use(body_id).secret)
    groups: dict[str, list[Reported]] = {}
    for one in reported:
        groups.setdefault(one.group, []).append(one)
    rows = {row.key: row for row in Detection.objects.filter(body_id=body_id, key__in=list(groups))}
    fresh = {key: each for key, each in groups.items() if key not in rows}
    forgotten = remembered(body_id, list(fresh))
    added = _add_detections(body_id, fresh, secret, {key: one.sighting_id for key, one in forgotten.items()})
    restore_parts([(added[key], one) for key, one in forgotten.items()])
    changed, unchanged = _add_parts(rows | added, groups)
    changed |= {added[key].pk: added[key] for key in forgotten}
    _recount(list(changed.values()))
    if run is not None:
        found = [
            HuntSighting(body_id=body_id, run=run, sighting_id=row.sighting_id)
            for row in (rows | added).values()
        ]
        HuntSighting.objects.bulk_create(found, ignore_conflicts=True)
    if changed:
        ids = sorted(row.pk for row in changed.values())
        outbox.publish(
            "detection.recorded", f"detections:{body_id}", {"body_id": body_id, "detection_ids": ids}
        )
        told = {"detections": len(reported), "new": len(added), "grown": len(changed) - len(added)}
        audit.record(actor, "detection.recorded", None, body_id=body_id, after=told)
    return Recorded(len(reported), len(added), len(changed) - len(added), unchanged)


def _add_detections(
    body_id: int, groups: dict[str, list[Reported]], secret: bytes, known: dict[str, int]
) -> dict[str, Detection]:
    """Rows of detections not there yet, each with its sighting; their counts are made by ``_recount``.

    ``known``: the sightings of those that were forgotten, which they take again.
    """
    at = now()
    firsts = {key: min(parts, key=_order) for key, parts in groups.items()}
    unseen = [key for key in firsts if key not in known]
    sightings = Sighting.objects.bulk_create(
        [
            Sighting(
                body_id=body_id, count=0, recorded_at=at, **_rule(one),
                **{kind: _pseudonym(secret, kind, one) for kind in KINDS},
            )
            for one in (firsts[key] for key in unseen)
        ]
    )  # fmt: skip
    places = known | {key: sighting.pk for key, sighting in zip(unseen, sightings, strict=True)}
    rows = [
        Detection(
            body_id=body_id, sighting_id=places[key], key=key, first_part=one.key, count=0, recorded_at=at,
            seen_at=at, host=one.host, user=one.user, host_key=canonical(one.host)[:_LONGEST_KEY],
            user_key=canonical(one.user)[:_LONGEST_KEY], source=one.source, matched=one.matched,
            sample=one.sample, **_rule(one),
        )
        for key, one in firsts.items()
    ]  # fmt: skip
    return {row.key: row for row in Detection.objects.bulk_create(rows)}


def _rule(one: Reported) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "rule_id": one.rule_id,
        "rule_title": one.rule_title,
        "rule_digest": one.rule_digest,
        "level": one.level,
        "techniques": padded(one.techniques),
    }


def _pseudonym(secret: bytes, kind: str, one: Reported) -> str:
    given: str = getattr(one, f"{kind}_pseudonym")
    return given or pseudonym(secret, kind, getattr(one, kind))


def _add_parts(
    rows: dict[str, Detection], groups: dict[str, list[Reported]]
) -> tuple[dict[int, Detection], int]:
    """(the detections that changed, by id; how many parts told nothing new)."""
    wanted = {(rows[key].pk, one.key) for key, parts in groups.items() for one in parts}
    known = {
        (part.detection_id, part.key): part
        for part in DetectionPart.objects.filter(
            detection_id__in={pk for pk, _key in wanted}, key__in={key for _pk, key in wanted}
        )
    }
    fresh: dict[tuple[int, str], DetectionPart] = {}
    grown: dict[tuple[int, str], DetectionPart] = {}
    changed: dict[int, Detection] = {}
    unchanged = 0
    for key, parts in groups.items():
        row = rows[key]
        for one in parts:
            place = (row.pk, one.key)
            first, last = _dated(one.first_at), _dated(one.last_at)
            part = known.get(place)
            if part is None:
                part = known[place] = fresh[place] = DetectionPart(
                    body_id=row.body_id, detection=row, key=one.key, count=one.count, first_at=first,
                    last_at=last,
                )  # fmt: skip
                _keep_sample(row, one)
            elif _grow(part, one.count, first, last):
                if place not in fresh:
                    grown[place] = part
            else:
                unchanged += 1
                continue
            changed[row.pk] = row
    DetectionPart.objects.bulk_create(fresh.values())
    DetectionPart.objects.bulk_update(grown.values(), ["count", "first_at", "last_at"])
    return changed, unchanged


def _grow(part: DetectionPart, count: int, first: datetime | None, last: datetime | None) -> bool:
    before = (part.count, part.first_at, part.last_at)
    part.count = max(part.count, count)
    part.first_at = min((each for each in (part.first_at, first) if each), default=None)
    part.last_at = max((each for each in (part.last_at, last) if each), default=None)
    return (part.count, part.first_at, part.last_at) != before


def _keep_sample(row: Detection, one: Reported) -> None:
    """The event kept is that of the earliest part, in whatever order parts come."""
    if _order(one) < (row.first_at or _LATEST, row.first_part):
        row.first_at, row.first_part = _dated(one.first_at), one.key
        row.source, row.matched, row.sample = one.source, one.matched, one.sample


def _order(one: Reported) -> tuple[datetime, str]:
    return _dated(one.first_at) or _LATEST, one.key


def _dated(moment: datetime | None) -> datetime | None:
    """A time that is one: a sender's clock may be absurd."""
    return moment if moment and _EARLIEST <= moment < _LATEST else None


def _recount(rows: list[Detection]) -> None:
    """Makes the counts and times of detections, and of their sightings, those of their parts."""
    totals = {
        each["detection_id"]: each
        for each in DetectionPart.objects.filter(detection_id__in=[row.pk for row in rows])
        .values("detection_id")
        .annotate(total=Sum("count"), first=Min("first_at"), last=Max("last_at"))
        .order_by()
    }
    sightings = []
    for row in rows:
        total = totals[row.pk]
        row.count, row.first_at, row.last_at = total["total"], total["first"], total["last"]
        early = row.first_at and row.first_at <= row.recorded_at + _AHEAD
        row.seen_at = row.first_at if early else row.recorded_at
        sightings.append(
            Sighting(pk=row.sighting_id, count=row.count, first_at=row.first_at, last_at=row.last_at)
        )
    told = ["count", "first_at", "last_at"]
    Sighting.objects.bulk_update(sightings, told, batch_size=100)
    Detection.objects.bulk_update(
        rows, [*told, "seen_at", "first_part", "source", "matched", "sample"], batch_size=100
    )
