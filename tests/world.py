"""Two centres, three bodies, and in each body one row of everything, marked with the body's name.

What a page must not show to someone is then a text to look for: ``SECRET-A`` is in every operational row of
body A, ``PERSON-A`` in its people, ``PLACE-A`` in its own name, ``RAW-A`` in what never leaves it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction

from rempart.alerts.models import AlertRule, Delivery, Directive, Target, TargetEvent
from rempart.assets.models import Asset, Dependency, Install, InventoryImport, Location
from rempart.detection.models import Detection, HuntRun, Response, ResponseAction
from rempart.detection.tests.reporting import detect
from rempart.exposure.models import (
    ComponentKey,
    Exposure,
    ExposureMove,
    Finding,
    MatchRun,
    ProductAlias,
    Statement,
)
from rempart.indicators.models import Snapshot
from rempart.intelligence.models import Advisory, Feed, FeedRun, Quarantined, Vulnerability
from rempart.kernel import audit, signing
from rempart.kernel.actors import system
from rempart.kernel.models import AuditEntry, Job, OutboxEvent, RoleGrant, User
from rempart.kernel.permissions import Role
from rempart.kernel.time import now, today
from rempart.organisations.models import (
    ContactChannel,
    Duty,
    OnCallPeriod,
    Organisation,
    OrganisationVersion,
    Person,
)
from tests import factories
from tests.world_hunts import hunted
from tests.world_rules import Library, library, library_arguments


@dataclass
class Holding:
    """A body and one row of each kind that belongs to it."""

    letter: str
    body: Organisation
    officer: Person
    service: Asset
    server: Asset
    edge: Dependency
    location: Location
    install: Install
    waiting: InventoryImport
    exposure: Exposure
    statement: Statement
    directive: Directive
    target: Target
    delivery: Delivery
    duty: Duty
    on_call: OnCallPeriod
    channel: ContactChannel
    audited: AuditEntry
    library: Library
    detection: Detection
    response: Response
    hunt_run: HuntRun

    @property
    def marks(self) -> tuple[str, str, str, str]:
        letter = self.letter
        return f"SECRET-{letter}", f"PERSON-{letter}", f"PLACE-{letter}", f"RAW-{letter}"


@dataclass
class World:
    """A is the body whose rows are asked for, S its sibling under the same centre, B under another centre."""

    government: Organisation
    cgcd: Organisation
    centre: Organisation
    other_centre: Organisation
    a: Holding
    s: Holding
    b: Holding
    vulnerability: Vulnerability
    feed: Feed
    advisory: Advisory
    job: Job
    event: OutboxEvent
    rule: AlertRule
    alias: ProductAlias
    people: dict[str, User] = field(default_factory=dict)

    @property
    def holdings(self) -> tuple[Holding, Holding, Holding]:
        return self.a, self.s, self.b


def build(mark: Callable[[str], str] = lambda text: text) -> World:
    """Makes the world; ``mark`` wraps every free text (hostile tests put HTML around it)."""
    government = factories.organisation("government", name_fr=mark("Gouvernement fictif"))
    cgcd = factories.organisation("cgcd", government)
    centre, other_centre = factories.organisation("cocd", cgcd), factories.organisation("cocd", cgcd)
    vulnerability = factories.vulnerability(
        title=mark("Faille de démonstration"),
        description=mark("Description"),
        kev_added_on=today(),
        kev_due_on=today() + timedelta(days=14),
        kev_name=mark("Nom au catalogue"),
        kev_vendor=mark("Éditeur"),
        kev_product=mark("Produit"),
        kev_action=mark("Corriger"),
        kev_notes=mark("Notes"),
        kev_seen_at=now(),
        exploitation="active",
        cvss_score=9.8,
        cvss_version="3.1",
        cvss_severity="CRITICAL",
        epss=0.9,
        epss_on=today(),
        published_at=now() - timedelta(days=2),
        references=["https://exemple.test/avis"],
    )
    rule = AlertRule.objects.first() or AlertRule.objects.create(name_fr=mark("Règle"), name_en=mark("Rule"))
    holdings = [
        _holding(mark, letter, parent, vulnerability)
        for letter, parent in (("A", centre), ("S", centre), ("B", other_centre))
    ]
    _matched(holdings)
    feed = Feed.objects.filter(kind="kev").first() or Feed.objects.create(
        name="kev", kind="kev", location="https://exemple.test/kev.json"
    )
    Feed.objects.get_or_create(name="vex", defaults={"kind": "vex", "location": "/vex"})
    FeedRun.objects.create(feed=feed, started_at=now(), finished_at=now(), outcome="changed", read=3)
    Quarantined.objects.create(
        feed=feed, where="kev.json:3", reason=mark("illisible"), excerpt=mark("extrait"), record_id="CVE-0",
        first_seen_at=now(), last_seen_at=now(),
    )  # fmt: skip
    advisory = Advisory.objects.create(
        publisher=mark("Éditeur"), tracking_id="AVIS-1", version="1", title=mark("Avis"), status="final",
        released_at=now(), first_seen_at=now(), digest="0" * 64,
        source_url="https://exemple.test/avis.json",
    )  # fmt: skip
    advisory.vulnerabilities.add(vulnerability)
    job = Job.objects.create(
        task_path="rempart.assets.jobs.apply_inventory", enqueued_at=now(), run_after=now(),
        state=Job.State.FAILED, finished_at=now(), attempts=5,
        errors=[{"type": "ValueError", "traceback": "ValueError", "at": now().isoformat()}],
    )  # fmt: skip
    event = OutboxEvent.objects.create(
        kind="assets.inventory_changed", aggregate=f"body:{holdings[0].body.pk}", created_at=now(),
        payload={"body_id": holdings[0].body.pk}, parked=True, error="ValueError",
    )  # fmt: skip
    alias = ProductAlias.objects.create(
        key="name:exemple/a", canonical="name:exemple/b", provenance=mark("À la main")
    )
    world = World(
        government, cgcd, centre, other_centre, *holdings, vulnerability, feed, advisory, job, event, rule,
        alias
    )  # fmt: skip
    world.people = _people(world)
    return world


def _people(world: World) -> dict[str, User]:
    """One account for each role, where the role is held, and the officers of the two other bodies."""
    places = {
        Role.CGCD_ANALYST: world.government,
        Role.CGCD_COMMANDER: world.government,
        Role.COCD_ANALYST: world.centre,
        Role.ASSET_OWNER: world.a.body,
        Role.AUDITOR: world.government,
        Role.AUTHORITY: world.government,
        Role.ADMINISTRATOR: world.government,
    }
    people = {str(role): factories.user(role, place) for role, place in places.items()}
    officers = {"body_officer": world.a, "sibling_officer": world.s, "other_officer": world.b}
    return people | {name: holding.officer.user for name, holding in officers.items() if holding.officer.user}


def _matched(holdings: list[Holding]) -> None:
    run = MatchRun.objects.create(kind="rematch", started_at=now(), finished_at=now())
    for one in holdings:
        ExposureMove.objects.create(
            run=run, body=one.body, vulnerability=one.exposure.vulnerability, exposure=one.exposure,
            component=one.exposure.component, move="opened", n=1,
        )  # fmt: skip


def _holding(
    mark: Callable[[str], str], letter: str, parent: Organisation, vulnerability: Vulnerability
) -> Holding:
    secret, person, place = mark(f"SECRET-{letter}"), mark(f"PERSON-{letter}"), mark(f"PLACE-{letter}")
    at = now()
    body = factories.organisation(
        "body", parent, code=f"body-{letter.lower()}", name_fr=place, name_en=place, sector=mark("Santé")
    )
    OrganisationVersion.objects.create(
        organisation=body,
        valid_from=body.active_from,
        kind="body",
        name_fr=place,
        name_en=place,
        parent=parent,
    )
    officer = factories.officer(body, phone="418 555-0100")
    Person.objects.filter(pk=officer.pk).update(name=person)
    User.objects.filter(pk=officer.user_id).update(name=person)
    officer = Person.objects.get(pk=officer.pk)
    location = Location.objects.create(
        body=body, code=f"site-{letter}", name_fr=secret, region=mark("Région")
    )
    service = factories.asset(
        body, key=f"service-{letter}", name_fr=secret, kind="service", criticality=4, own_criticality=4,
        essential=True, owner=officer, location=location,
    )  # fmt: skip
    server = factories.asset(
        body, key=f"serveur-{letter}", name_fr=secret, name_en=secret, description=secret, criticality=4,
        criticality_source=service, criticality_via=service, owner=officer, location=location,
        network_exposure="internet", category_reason=secret, confidentiality=3, integrity=3, availability=3,
    )  # fmt: skip
    edge = Dependency.objects.create(body=body, dependent=service, dependency=server, source="cmdb")
    component = factories.component(vendor="exemple", product=secret, version="1.0")
    ComponentKey.objects.get_or_create(component=component, key=f"name:exemple/{letter.lower()}")
    install = factories.install(server, component)
    waiting = InventoryImport.objects.create(
        body=body, source="cmdb", kind="csv", file_name=f"{secret}.csv", state="previewed", created_at=at,
        observed_at=at, created_by=officer.user, rows=1, error_count=1,
        errors=[{"where": "ligne 2", "field": secret, "code": "needed", "values": {}}],
        summary={"headers": [secret], "samples": {"assets_appeared": [[f"serveur-{letter}", secret]]}},
    )  # fmt: skip
    Finding.objects.create(
        component=component, vulnerability=vulnerability, status="affected", source="cna", range="< 2.0",
        reason="in_range", confidence=1.0, first_found_at=at, last_changed_at=at,
    )  # fmt: skip
    exposure = Exposure.objects.create(
        body=body, asset=server, component=component, vulnerability=vulnerability, priority="act_now",
        criticality=4, opened_at=at, due_at=at + timedelta(days=2),
    )  # fmt: skip
    statement = Statement.objects.create(
        body=body, vulnerability=vulnerability, kind="not_affected", explanation=secret, made_at=at,
        justification="component_not_present", made_by=officer.user, compensating_measure=secret,
    )  # fmt: skip
    rows = _alerts(secret, letter, body, officer, exposure)
    duty = Duty.objects.get(body=body, person=officer)
    on_call = OnCallPeriod.objects.create(
        body=body, person=officer, starts_at=at - timedelta(hours=1), ends_at=at + timedelta(days=3)
    )
    for indicator in ("median_time_to_alert", "kev_on_time"):
        Snapshot.objects.create(body=body, day=today(), indicator=indicator, value=1.0)
    audited = _audited(secret, server)
    found, response = _detected(mark(f"RAW-{letter}"), secret, body)
    return Holding(
        letter, body, officer, service, server, edge, location, install, waiting, exposure, statement,
        *rows, duty, on_call, ContactChannel.objects.get(person=officer), audited,
        library(secret, letter, body, officer),
        found, response, hunted(secret, body, officer, found),
    )  # fmt: skip


def _detected(raw: str, secret: str, body: Organisation) -> tuple[Detection, Response]:
    """What leaves is the rule's; the host, the user and the event stay, and what answers them."""
    found = detect(
        body, rule_title=secret, host=raw, user=f"{raw} compte", source=raw, first_at=now(), last_at=now(),
        sample={"CommandLine": raw, "Image": raw},
        matched=[{"field": "CommandLine", "value": raw, "pattern": raw, "search": "selection"}],
    )  # fmt: skip
    response = Response.objects.create(body=body, name=raw, kind="block", field="host", rules=raw, level=4)
    ResponseAction.objects.create(
        body=body, response=response, detection=found, dry=False, state="done", subject=raw, done_at=now(),
        document={"subject": raw}, undo_reason=raw,
    )  # fmt: skip
    return found, response


def _alerts(
    secret: str, letter: str, body: Organisation, officer: Person, exposure: Exposure
) -> tuple[Directive, Target, Delivery]:
    at = now()
    directive = Directive.objects.create(
        number=f"D-2099-{ord(letter):04d}", audience="portfolio", portfolio=body, title_fr=secret,
        title_en=secret, text_fr=secret, text_en=secret, priority="act_now", issued_at=at,
        due_at=at + timedelta(days=2),
    )  # fmt: skip
    target = Target.objects.create(
        directive=directive, body=body, priority="act_now", sent_at=at, due_at=directive.due_at,
        exposures_open=1, exposures_total=1, delay_requested_until=at + timedelta(days=9),
        delay_reason=secret,
    )  # fmt: skip
    TargetEvent.objects.create(
        target=target, body=body, at=at, kind="delay_requested", actor=officer.user,
        actor_label=officer.email, reason=secret,
    )  # fmt: skip
    delivery = Delivery.objects.create(
        body=body, target=target, channel=ContactChannel.objects.get(person=officer), person=officer,
        occasion="issued", dedupe_key=f"test-{letter}", state="failed", created_at=at, next_attempt_at=at,
        error="550 boîte inconnue",
    )  # fmt: skip
    return directive, target, delivery


def _audited(secret: str, server: Asset) -> AuditEntry:
    with transaction.atomic():
        return audit.record(
            system("tests"), "assets.edited", server, label=secret, reason=secret, before={"name": secret},
            after={"name": secret},
        )  # fmt: skip


def acknowledge_token(holding: Holding) -> str:
    """The token of the link that the body's officer received."""
    payload = {"target": holding.target.pk, "delivery": holding.delivery.pk}
    return signing.make_link_token("acknowledge-target", payload, now() + timedelta(days=1))


def arguments(world: World) -> dict[str, Any]:
    """A value for each argument of the addresses, by its name alone or as "page.argument": all of body A."""
    a = world.a
    return {
        **library_arguments(a.library),
        "code": a.body.code, "body_code": a.body.code, "body": a.body.code, "key": a.server.key,
        "asset_id": a.server.pk, "edge_id": a.edge.pk, "import_id": a.waiting.pk,
        "location_id": a.location.pk,
        "exposure_id": a.exposure.pk, "statement_id": a.statement.pk, "target_id": a.target.pk,
        "number": a.directive.number, "delivery_id": a.delivery.pk, "duty_id": a.duty.pk,
        "period_id": a.on_call.pk, "channel_id": a.channel.pk, "person_id": a.officer.pk,
        "user_id": a.officer.user_id, "seq": a.audited.seq, "cve_id": world.vulnerability.cve_id,
        "vulnerability_id": world.vulnerability.pk, "advisory_id": world.advisory.pk, "name": world.feed.name,
        "feed_id": world.feed.pk, "job_id": world.job.pk, "event_id": world.event.pk, "token_id": 10**6,
        "session_id": 10**6, "acknowledge.token": acknowledge_token(a), "channel_confirm.token": "inconnu",
        "centre.code": world.centre.code, "indicator.code": "O1", "alias_id": world.alias.pk,
        "rule_id": world.rule.pk, "detection_id": a.detection.pk, "entity.kind": "host",
        "detection_act.action": "note", "response_id": a.response.pk,
        "action_id": a.response.actions.get().pk, "response_act.action": "rehearse",
        "action_act.action": "redo", "hunt_id": a.hunt_run.hunt_id, "hunt_run_act.run_id": a.hunt_run.pk,
        "hunts.run_id": a.hunt_run.pk, "hunt_run_act.action": "allow",
        "run_id": MatchRun.objects.latest("id").pk, "feed_authors.name": "vex",
        "grant_id": RoleGrant.objects.get(user=a.officer.user_id).pk,
        "target_act.action": "acknowledge", "job_action.action": "retry",
        "user_action.action": "deactivate", "channel_action.action": "verify", "action": "acknowledge",
        "alert_rule_id": AlertRule.objects.earliest("id").pk,
    }  # fmt: skip
