"""The API of hunts: nodes take what is asked of their body and say how it goes; people list and ask."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.http import HttpResponse
from ninja import Router, Schema
from pydantic import Field

from rempart.detection.commands import hunt_runs as nodes
from rempart.detection.commands import hunting
from rempart.detection.queries import hunts as queries
from rempart.detection.queries.sightings import own_body
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import NotFound
from rempart.kernel.permissions import Permission
from rempart.organisations import queries as organisations

router = Router()

_Code = Annotated[str, Field(max_length=40)]
_Name = Annotated[str, Field(max_length=200)]
_Count = Annotated[int, Field(ge=0, lt=2**53)]
_Id = Annotated[int, Field(ge=1, lt=2**63)]
_LISTED = 200


class NodeIn(Schema):
    """What a node keeps for its body."""

    body: _Code
    node: _Name
    files: _Count = 0
    events: _Count = 0
    bytes: _Count = 0
    first_day: date | None = None
    last_day: date | None = None


class TakenOut(Schema):
    """A run as its node takes it: what to look for is at ``/hunts/runs/{id}/rules``, signed."""

    id: int
    hunt: int
    title: str
    since: datetime
    until: datetime
    rules: int
    state: str


class EstimateIn(Schema):
    """What a run would cost at its node; ``seconds`` at the speed that it measured, when it could."""

    node: _Name
    files: _Count
    events: _Count
    bytes: _Count
    seconds: Annotated[float, Field(ge=0)] | None = None


class ProgressIn(Schema):
    """How many events are done, of how many."""

    node: _Name
    done: _Count
    total: _Count


class EndIn(Schema):
    """The end of a run: ``matches`` events found, or why it failed."""

    node: _Name
    done: _Count = 0
    matches: _Count = 0
    reason: Literal["", "rules", "logs", "work"] = ""


class StateOut(Schema):
    """Where a run is now: a node goes on while it is ``authorised`` or ``running``."""

    id: int
    state: str


class HuntIn(Schema):
    """A hunt to ask: rules in force by their ids, one version of a rule, or a pack for all."""

    title: _Name
    why: Annotated[str, Field(max_length=4_000)]
    bodies: Annotated[list[_Code], Field(min_length=1, max_length=hunting.MOST_BODIES)]
    days: Annotated[int, Field(ge=1, le=hunting.MOST_DAYS)] = 90
    rules: Annotated[
        list[Annotated[str, Field(max_length=300)]],
        Field(max_length=hunting.MOST_RULES, default_factory=list),
    ]
    version: _Id | None = None
    pack: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""


class RunOut(Schema):
    """A run of a hunt in a body that the reader sees."""

    id: int
    body: str
    node: str
    state: str
    events_done: int
    events_total: int
    seconds: float | None
    detections: int


class HuntOut(Schema):
    """A hunt, with the runs that the reader sees."""

    id: int
    title: str
    since: datetime
    until: datetime
    rules: int
    asked_at: datetime
    runs: list[RunOut]


class CancelIn(Schema):
    """Why a hunt is stopped."""

    reason: Annotated[str, Field(max_length=4_000)]


@router.post("/nodes", response=list[TakenOut], summary="Say what a node keeps; get what is asked of it")
@page(Permission.SIGHTING_SEND)
def announce(request: ActorRequest, content: NodeIn) -> Any:
    body = own_body(request.actor, content.body, Permission.SIGHTING_SEND)
    values = content.dict(exclude={"body", "node"})
    found = nodes.announce_node(request.actor, body_id=body.pk, node=content.node, kept=nodes.Kept(**values))
    return [
        {
            "id": run.pk, "hunt": run.hunt_id, "title": run.hunt.title, "since": run.hunt.since,
            "until": run.hunt.until, "rules": run.hunt.rules, "state": run.state,
        }
        for run in found
    ]  # fmt: skip


@router.get("/runs/{run_id}/rules", summary="The signed rules of a run")
@page(Permission.SIGHTING_SEND)
def rules(request: ActorRequest, run_id: int) -> HttpResponse:
    content = nodes.rules_of_run(request.actor, run_id=run_id)
    return HttpResponse(content, content_type="application/octet-stream")


@router.post("/runs/{run_id}/estimate", response=StateOut, summary="Say what a run would cost")
@page(Permission.SIGHTING_SEND)
def estimate(request: ActorRequest, run_id: int, content: EstimateIn) -> Any:
    run = nodes.estimate_run(
        request.actor, run_id=run_id, node=content.node, files=content.files, events=content.events,
        bytes_=content.bytes, seconds=content.seconds,
    )  # fmt: skip
    return {"id": run.pk, "state": run.state}


@router.post(
    "/runs/{run_id}/progress", response=StateOut, summary="Say how far a run is; learn if it goes on"
)
@page(Permission.SIGHTING_SEND)
def progress(request: ActorRequest, run_id: int, content: ProgressIn) -> Any:
    run = nodes.progress_run(
        request.actor, run_id=run_id, node=content.node, done=content.done, total=content.total
    )
    return {"id": run.pk, "state": run.state}


@router.post("/runs/{run_id}/end", response=StateOut, summary="End a run")
@page(Permission.SIGHTING_SEND)
def end(request: ActorRequest, run_id: int, content: EndIn) -> Any:
    run = nodes.end_run(
        request.actor, run_id=run_id, node=content.node, done=content.done, matches=content.matches,
        reason=content.reason,
    )  # fmt: skip
    return {"id": run.pk, "state": run.state}


@router.get("", response=list[HuntOut], summary="The last hunts of one's bodies")
@page(Permission.DETECTION_READ)
def list_hunts(request: ActorRequest) -> Any:
    return _hunts(request, list(queries.hunts(request.actor).order_by("-asked_at", "-pk")[:_LISTED]))


@router.post("", response=HuntOut, summary="Ask bodies for a hunt")
@page(Permission.HUNT_ASK)
def ask(request: ActorRequest, content: HuntIn) -> Any:
    actor = request.actor
    codes = set(content.bodies)
    bodies = dict(
        organisations.bodies(actor, Permission.HUNT_ASK).filter(code__in=codes).values_list("code", "pk")
    )
    for code in content.bodies:
        if code not in bodies:
            raise NotFound(f"{code} ?", field="bodies")
    made = hunting.ask_hunt(
        actor, title=content.title, why=content.why, body_ids=list(bodies.values()), days=content.days,
        rule_keys=content.rules, version_id=content.version, pack_digest=content.pack,
    )  # fmt: skip
    return _hunts(request, [made])[0]


@router.post("/{hunt_id}/cancel", response=HuntOut, summary="Stop a hunt in the bodies where one asks")
@page(Permission.HUNT_ASK)
def cancel(request: ActorRequest, hunt_id: int, content: CancelIn) -> Any:
    hunting.cancel_hunt(request.actor, hunt_id=hunt_id, note=content.reason)
    return _hunts(request, [queries.get_hunt(request.actor, hunt_id)])[0]


def _hunts(request: ActorRequest, found: list[Any]) -> list[dict[str, Any]]:
    mine: dict[int, list[Any]] = {}
    for run in queries.runs(request.actor).filter(hunt_id__in=[one.pk for one in found]).order_by("pk"):
        mine.setdefault(run.hunt_id, []).append(run)
    names = ("title", "since", "until", "rules", "asked_at")
    return [
        {
            "id": one.pk,
            **{name: getattr(one, name) for name in names},
            "runs": [
                {
                    "id": run.pk, "body": run.body.code, "node": run.node, "state": run.state,
                    "events_done": run.events_done, "events_total": run.events_total,
                    "seconds": run.seconds, "detections": run.found,
                }
                for run in mine.get(one.pk, [])
            ],
        }
        for one in found
    ]  # fmt: skip
