"""A small government in which one product is vulnerable, seen through inventories as they would arrive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from rempart.alerts.models import Directive, Target
from rempart.assets.models import Install
from rempart.engines.exposure import affected_keys
from rempart.engines.exposure.model import Affected, VersionEntry
from rempart.exposure import commands as exposure
from rempart.intelligence.models import AffectedKey, AffectedProduct, Vulnerability
from rempart.intelligence.statements import pack
from rempart.kernel import outbox
from rempart.kernel.actors import Actor
from rempart.kernel.permissions import Role
from rempart.organisations.models import Duty, Organisation, Person
from tests import factories


@dataclass
class World:
    """What the tests act on. ``centre`` is a COCD, ``command`` the CGCD above it."""

    command: Organisation
    centre: Organisation
    vulnerability: Vulnerability
    installs: dict[int, list[Install]] = field(default_factory=dict)

    def body(self, *, officer: bool = True) -> Organisation:
        made = factories.organisation("body", self.centre)
        if officer:
            factories.officer(made)
        return made

    def officer_of(self, body: Organisation) -> Actor:
        person = Person.objects.filter(body=body, user__isnull=False).order_by("id").first()
        assert person is not None
        return factories.actor_for(person.user)

    def analyst(self) -> Actor:
        return factories.actor(Role.CGCD_ANALYST, self.command.parent)

    def centre_analyst(self) -> Actor:
        return factories.actor(Role.COCD_ANALYST, self.centre)

    def answers_at(self, place: Organisation, **fields: Any) -> Person:
        """Someone of a centre with a duty that receives alerts."""
        return factories.officer(place, **fields)

    def give_deputy(self, body: Organisation) -> Person:
        deputy = factories.officer(body)
        Duty.objects.filter(person=deputy).delete()
        Duty.objects.filter(body=body).update(deputy=deputy)
        return deputy

    def expose(self, body: Organisation, *, urgent: bool = True, settle: bool = True) -> Install:
        """An inventory shows the vulnerable version on one more asset of the body."""
        asset = factories.asset(
            body,
            network_exposure="internet" if urgent else "internal",
            criticality=4 if urgent else 1,
            own_criticality=4 if urgent else 1,
        )
        made = factories.install(asset, _component("1.0"))
        self.installs.setdefault(body.pk, []).append(made)
        self.inventory(body, settle=settle)
        return made

    def fix(self, body: Organisation, count: int | None = None, *, settle: bool = True) -> None:
        """An inventory no longer shows the vulnerable version (on ``count`` assets, or on all)."""
        there = [each for each in self.installs.get(body.pk, []) if each.removed_at is None]
        for each in there[:count]:
            each.removed_at = timezone.now()
            each.save(update_fields=["removed_at"])
        self.inventory(body, settle=settle)

    def back(self, body: Organisation, *, settle: bool = True) -> None:
        """What was fixed is installed again."""
        Install.objects.filter(body_id=body.pk).update(removed_at=None)
        for each in self.installs.get(body.pk, []):
            each.removed_at = None
        self.inventory(body, settle=settle)

    def inventory(
        self, body: Organisation, *, observed_at: datetime | None = None, settle: bool = True
    ) -> None:
        """A complete inventory of the body has been applied, whatever it changed."""
        with transaction.atomic():
            outbox.publish(
                "assets.inventory_changed",
                f"body:{body.pk}",
                {
                    "body_id": body.pk,
                    "import_id": None,
                    "observed_at": (observed_at or timezone.now()).isoformat(),
                },
            )
        if settle:
            outbox.drain()

    def withdraw_record(self) -> None:
        self._publish("REJECTED")

    def restore_record(self) -> None:
        self._publish("PUBLISHED")

    def _publish(self, state: str) -> None:
        Vulnerability.objects.filter(pk=self.vulnerability.pk).update(state=state)
        exposure.rematch_vulnerabilities([self.vulnerability.pk])
        outbox.drain()

    def directive(self) -> Directive:
        return Directive.objects.get()

    def target(self, body: Organisation) -> Target:
        return Target.objects.select_related("directive").get(body=body)


def _component(version: str) -> Any:
    return factories.component(vendor="exemple", product="portail", version=version)


def publish_vulnerability(**fields: Any) -> Vulnerability:
    """A known exploited vulnerability of "exemple portail" before 2.0."""
    today = timezone.localdate()
    made = factories.vulnerability(
        **{
            "kev_added_on": today,
            "kev_due_on": today + timedelta(days=21),
            "kev_seen_at": timezone.now(),
            "kev_product": "Portail",
            "kev_vendor": "Exemple",
            "kev_action": "Apply mitigations per vendor instructions.",
            "published_at": timezone.now() - timedelta(days=2),
            **fields,
        }
    )
    statement = Affected(
        source="cna:exemple",
        vendor="exemple",
        product="portail",
        default_status="unaffected",
        versions=(VersionEntry("0", "affected", "semver", less_than="2.0"),),
    )
    row = AffectedProduct.objects.create(
        vulnerability=made, position=0, source=statement.source, vendor="exemple", product="portail",
        statement=pack(statement),
    )  # fmt: skip
    AffectedKey.objects.bulk_create(
        AffectedKey(key=key, vulnerability=made, affected=row) for key, _ in affected_keys(statement)
    )
    return made


def build_world(**fields: Any) -> World:
    command = factories.organisation("cgcd")
    centre = factories.organisation("cocd", command)
    return World(command, centre, publish_vulnerability(**fields))


@pytest.fixture
def world(db: None) -> World:
    return build_world()


@dataclass
class Clock:
    """The platform's time, moved by hand."""

    at: datetime

    def advance(self, **by: float) -> datetime:
        self.at += timedelta(**by)
        return self.at

    def to(self, *parts: int) -> datetime:
        """A local moment of the government's zone: year, month, day, hour, minute."""
        self.at = timezone.make_aware(datetime(*parts))  # type: ignore[arg-type,misc]
        return self.at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock(timezone.now())
    monkeypatch.setattr(timezone, "now", lambda: made.at)
    return made


@pytest.fixture
def worlds(db: None) -> Callable[..., World]:
    return build_world
