"""How many questions each page asks the database: bounded, and the same for a few rows as for many."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from rempart.alerts.models import Delivery, Directive, Target, TargetEvent
from rempart.assets.models import Dependency, InventoryImport
from rempart.exposure.models import Exposure, Statement
from rempart.intelligence.models import FeedRun, Quarantined
from rempart.kernel.models import Job
from rempart.kernel.time import now
from tests import factories
from tests.walk import ENDLESS, Address, pages, readable
from tests.world import World, build
from tests.world_rules import grow_library

pytestmark = pytest.mark.django_db

# The session, the account, its rights and the menu's counts are in these.
PAGE, BOARD, LIST = 25, 15, 15
FEW = 4
# Who opens each page: the command for what it sees, the administrator for accounts, an officer for the rest.
READERS = ("cgcd_commander", "body_officer", "administrator")
# Their body does not grow: what these pages ask must not depend on what the others hold.
NEXT_DOOR, OWN = "sibling_officer", {"inbox", "asset_list", "exposure_list", "directive_list", "import_list"}


def is_list(each: Address) -> bool:
    if each.name == "delivery_list":  # also says which bodies nothing reaches, and which channels are silent
        return False
    return each.name.endswith("_list") or each.name in {"audit_log", "inbox", "body_directives"}


def grow(world: World, count: int) -> None:
    """``count`` more rows of everything in body A, and as many bodies more beside it."""
    for number in range(count):
        mark = f"{number}-{count}"
        body = factories.organisation("body", world.centre)
        person = factories.officer(body)
        for holder in (body, world.a.body):
            _rows(world, holder, person, f"{mark}-{holder.pk}")
        factories.officer(world.a.body)


def _rows(world: World, body, person, mark: str) -> None:
    at, a = now(), world.a
    asset = factories.asset(body, owner=person, criticality_source=a.service, criticality_via=a.service)
    service = factories.asset(body, kind="service", owner=person, location=a.location)
    Dependency.objects.create(body=body, dependent=service, dependency=asset)
    Dependency.objects.create(body=body, dependent=a.service, dependency=asset)
    component = factories.component(vendor="exemple", product=f"produit {mark}", version="1.0")
    factories.install(asset, component)
    factories.install(a.server, component)
    vulnerability = factories.vulnerability(kev_added_on=at.date(), cvss_score=9.0)
    for about in (vulnerability, world.vulnerability):
        Exposure.objects.create(
            body=body, asset=asset, component=component, vulnerability=about, priority="act_now",
            opened_at=at, due_at=at + timedelta(days=1),
        )  # fmt: skip
        Statement.objects.create(
            body=body, vulnerability=about, kind="not_affected", explanation="Motif", made_at=at,
            made_by=person.user,
        )  # fmt: skip
    grow_library(a.library, body, person, mark)
    directive = Directive.objects.create(
        number=f"D-{mark}"[:20], vulnerability=vulnerability, audience="exposed", title_fr="Titre",
        title_en="Title", priority="act_now", issued_at=at, due_at=at + timedelta(days=1),
    )  # fmt: skip
    _bound(directive, body, person, mark)
    if body != a.body:
        _bound(a.directive, body, person, f"a-{mark}")
    InventoryImport.objects.create(
        body=body, source="cmdb", kind="csv", state="applied", created_at=at, observed_at=at, applied_at=at,
        created_by=person.user,
    )  # fmt: skip
    Job.objects.create(
        task_path="rempart.assets.jobs.apply_inventory", enqueued_at=at, run_after=at, finished_at=at
    )
    FeedRun.objects.create(feed=world.feed, started_at=at, finished_at=at, outcome="changed")
    Quarantined.objects.create(
        feed=world.feed, where=mark, reason="illisible", first_seen_at=at, last_seen_at=at
    )


def _bound(directive: Directive, body, person, mark: str) -> None:
    at = now()
    target = Target.objects.create(
        directive=directive, body=body, priority="act_now", sent_at=at, due_at=at, assigned_to=person
    )
    TargetEvent.objects.create(
        target=target, body=body, at=at, kind="sent", actor=person.user, actor_label="x"
    )
    Delivery.objects.create(
        target=target, body=body, person=person, channel=person.channels.first(), occasion="issued",
        dedupe_key=mark, state="failed", created_at=at, next_attempt_at=at,
    )  # fmt: skip


def count(client: Client, each: Address) -> tuple[int, int]:
    """(status, queries of a page that was opened once before: its caches are warm as in a working day)."""
    client.get(each.url)
    with CaptureQueriesContext(connection) as queries:
        response = client.get(each.url)
        if response.status_code == 200:
            readable(response)
    return response.status_code, len(queries)


def measure(world: World) -> dict[tuple[str, str], int]:
    """(page, reader) → queries: each page by the first who may open it, some by the officer next door."""
    clients = {}
    for reader in (*READERS, NEXT_DOOR):
        clients[reader] = Client()
        user = world.people[reader]
        clients[reader].force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    found = {}
    for each in pages(world):
        if each.name in ENDLESS or each.public or each.permissions is None:
            continue
        for reader in READERS:
            caches["process"].clear()
            status, queries = count(clients[reader], each)
            if status == 200:
                found[each.name, reader] = queries
                break
        if each.name in OWN:
            found[each.name, NEXT_DOOR] = count(clients[NEXT_DOOR], each)[1]
    return found


def test_pages_ask_few_questions_and_no_more_for_more_rows() -> None:
    world = build()
    grow(world, FEW)
    few = measure(world)
    grow(world, 2 * FEW)
    many = measure(world)
    assert len({name for name, _ in few}) > 30
    growing = {key: (few[key], many[key]) for key in few if many.get(key, 0) > few[key]}
    assert not growing, "these pages ask more when there are more rows"
    by_name = {each.name: each for each in pages(world)}
    over = {}
    for (name, reader), queries in many.items():
        allowed = BOARD if name == "board" else LIST if is_list(by_name[name]) else PAGE
        if queries > allowed:
            over[name, reader] = (queries, allowed)
    assert "\n".join(f"{key}: {value}" for key, value in over.items()) == "", (
        "these pages ask too much: (asked, allowed)"
    )
