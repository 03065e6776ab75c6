"""Hunts in the world of tests: one of each body, that waits for its word, and the node that would run it."""

from __future__ import annotations

from datetime import timedelta

from rempart.detection import packfile
from rempart.detection.commands.packs import signing_key
from rempart.detection.models import Detection, Hunt, HuntNode, HuntRun, HuntSighting
from rempart.kernel.time import now
from rempart.organisations.models import Organisation, Person


def hunted(secret: str, body: Organisation, officer: Person, found: Detection) -> HuntRun:
    """Makes a hunt of a body that brought a sighting; every free text is ``secret``."""
    at = now()
    contents = packfile.Contents(0, at.isoformat(), "", (packfile.PackedRule("rule", 1, "title: x"),), ())
    hunt = Hunt.objects.create(
        title=secret, why=secret, since=at - timedelta(days=90), until=at, rules=1, asked_by=officer.user,
        file=packfile.sealed(contents, signing_key())[0],
    )  # fmt: skip
    HuntNode.objects.create(body=body, node=secret, files=1, events=9, bytes=99, first_day=at.date())
    run = HuntRun.objects.create(
        hunt=hunt, body=body, node=secret, state="estimated", files=1, events=9, bytes=99, seconds=1.0,
        estimated_at=at, events_total=9, note=secret,
    )  # fmt: skip
    HuntSighting.objects.create(body=body, run=run, sighting=found.sighting)
    return run
