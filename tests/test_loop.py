"""The loop, end to end, on real records: exposed → told → acknowledged → declared → verified → counted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.test import Client

from rempart.alerts import commands as alerts
from rempart.alerts.models import Delivery, Directive, Target
from rempart.assets import commands as assets
from rempart.assets.models import InventoryImport
from rempart.exposure.models import Exposure
from rempart.intelligence import commands as intelligence
from rempart.intelligence.models import Vulnerability
from rempart.kernel import audit, jobs, outbox, tokens
from rempart.kernel.actors import Actor, actor_for, system
from rempart.kernel.models import Job, OutboxEvent
from rempart.kernel.permissions import Permission, Role
from rempart.kernel.time import now
from rempart.organisations.models import Organisation, Person
from tests import factories
from tests.mailbox import Mailbox, html_of, links_of, text_of

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
LOG4SHELL = DATA / "cve" / "log4shell.jsonl"
KEV = DATA / "kev" / "known_exploited_vulnerabilities.json"
CVE = "CVE-2021-44228"

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not LOG4SHELL.exists(), reason="the public data is not beside the repository"),
]

HEADER = "Identifiant;Nom de l’actif;Type;Criticité;Exposé à internet;Éditeur;Logiciel;Version;purl\n"


@pytest.fixture
def mailbox(settings, tmp_path: Path) -> Iterator[Mailbox]:
    settings.UPLOAD_DIR = tmp_path / "uploads"
    with Mailbox() as box:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
        yield box


@pytest.fixture
def place() -> Organisation:
    return factories.organisation("body")


@pytest.fixture
def comsi(place: Organisation) -> Person:
    return factories.officer(place, email="comsi@exemple.test")


def as_actor(person: Person) -> Actor:
    return actor_for(person.user)


def log4j(key: str, version: str, name: str = "Serveur web", exposed: str = "oui") -> str:
    purl = f"pkg:maven/org.apache.logging.log4j/log4j-core@{version}" if version else ""
    return f"{key};{name};serveur;4;{exposed};Apache;log4j-core;{version};{purl}"


def settle() -> None:
    """What a worker does until nothing is left: events, jobs, messages."""
    for _ in range(50):
        busy = outbox.drain() > 0
        busy = jobs.run_one("tests") or busy
        busy = alerts.deliver_due() > 0 or busy
        if not busy:
            break
    assert not OutboxEvent.objects.filter(dispatched_at__isnull=True).exists(), list(
        OutboxEvent.objects.filter(dispatched_at__isnull=True).values("kind", "error")
    )
    assert not Job.objects.exclude(state=Job.State.SUCCESSFUL).exists()


def inventory(tmp_path: Path, actor: Actor, body: Organisation, rows: list[str]) -> InventoryImport:
    path = tmp_path / "inventaire.csv"
    path.write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")
    previewed = assets.preview_inventory(actor, body_id=body.pk, path=path, file_name=path.name)
    assert previewed.error_count == 0, previewed.errors
    applied = assets.apply_import(actor, import_id=previewed.pk)
    settle()
    return applied


def publish() -> Vulnerability:
    """The record and the catalogue's entry arrive, as from their feeds."""
    intelligence.load_cve(system("test"), LOG4SHELL)
    intelligence.load_kev(system("test"), KEV)
    settle()
    return Vulnerability.objects.get(cve_id=CVE)


def the_target(body: Organisation) -> Target:
    return Target.objects.get(body=body, directive__vulnerability__cve_id=CVE)


def follow(link: str) -> None:
    """Opens a link as a browser with no session does, and presses its one button."""
    visitor = Client()
    address = urlsplit(link).path
    page = visitor.get(address)
    assert page.status_code == 200, page.content
    answer = visitor.post(address)
    assert answer.status_code in {200, 302}, answer.content


def test_from_a_published_vulnerability_to_verified(
    tmp_path: Path, mailbox: Mailbox, place: Organisation, comsi: Person
) -> None:
    elsewhere = factories.organisation("body")
    unexposed = factories.officer(elsewhere, email="ailleurs@exemple.test")
    inventory(tmp_path, as_actor(comsi), place, [log4j("srv-1", "2.14.1"), log4j("srv-2", "2.17.1")])
    inventory(tmp_path, as_actor(unexposed), elsewhere, [log4j("srv-1", "2.17.1")])
    assert not mailbox.messages

    vulnerability = publish()
    exposure = Exposure.objects.get(vulnerability=vulnerability)
    assert (exposure.body, exposure.asset.key, exposure.priority) == (place, "srv-1", "act_now")
    directive = Directive.objects.get(vulnerability=vulnerability)
    assert [target.body for target in directive.targets.all()] == [place]

    assert mailbox.to("comsi@exemple.test") == mailbox.messages
    (message,) = mailbox.messages
    assert directive.number in message["Subject"]
    assert place.name_fr in text_of(message)
    assert place.name_en in text_of(message)
    assert place.name_fr in html_of(message)
    assert the_target(place).state == "delivered"

    (link,) = links_of(message)
    follow(link)
    follow(link)  # a second press changes nothing
    target = the_target(place)
    assert (target.state, target.acknowledged_by) == ("acknowledged", comsi.user)
    assert target.events.filter(kind="acknowledged").count() == 1

    alerts.declare(as_actor(comsi), target_id=target.pk)
    assert the_target(place).state == "declared"
    assert the_target(place).verified_at is None

    inventory(tmp_path, as_actor(comsi), place, [log4j("srv-1", "2.17.1"), log4j("srv-2", "2.17.1")])
    target = the_target(place)
    assert target.state == "verified"
    assert target.verified_at is not None
    exposure.refresh_from_db()
    assert (exposure.state, exposure.proof["kind"]) == ("verified", "inventory")
    assert [each.occasion for each in Delivery.objects.all()] == ["issued"]
    assert list(audit.verify()) == []


def test_a_body_is_alerted_once_and_a_new_exposure_joins(
    tmp_path: Path, mailbox: Mailbox, place: Organisation, comsi: Person
) -> None:
    publish()
    rows = [log4j("srv-1", "2.14.1"), log4j("srv-2", "2.13.3")]
    inventory(tmp_path, as_actor(comsi), place, rows)
    assert len(mailbox.messages) == 1
    inventory(tmp_path, as_actor(comsi), place, [*rows, log4j("srv-3", "2.0")])
    intelligence.load_kev(system("test"), KEV)
    alerts.route_vulnerability(Vulnerability.objects.get(cve_id=CVE).pk)
    settle()
    assert len(mailbox.messages) == 1
    assert the_target(place).exposures_open == 3

    second = factories.organisation("body")
    other = factories.officer(second, email="second@exemple.test")
    inventory(tmp_path, as_actor(other), second, [log4j("app", "2.14.0")])
    directive = Directive.objects.get(vulnerability__cve_id=CVE)
    assert {target.body_id for target in directive.targets.all()} == {place.pk, second.pk}
    assert len(mailbox.to("second@exemple.test")) == 1
    assert len(mailbox.messages) == 2


def test_an_inventory_that_contradicts_a_declaration_reopens_it(
    tmp_path: Path, mailbox: Mailbox, place: Organisation, comsi: Person
) -> None:
    publish()
    inventory(tmp_path, as_actor(comsi), place, [log4j("srv-1", "2.14.1")])
    target = the_target(place)
    alerts.acknowledge(as_actor(comsi), target_id=target.pk)
    alerts.declare(as_actor(comsi), target_id=target.pk)
    inventory(tmp_path, as_actor(comsi), place, [log4j("srv-1", "2.14.0")])
    target = the_target(place)
    assert (target.state, target.declared_at, target.reopened) == ("in_progress", None, 1)
    assert [each.occasion for each in Delivery.objects.order_by("id")] == ["issued", "reopened"]
    assert len(mailbox.messages) == 2

    inventory(tmp_path, as_actor(comsi), place, [log4j("srv-1", "2.17.1")])
    assert the_target(place).state == "verified"
    inventory(tmp_path, as_actor(comsi), place, [log4j("srv-1", "2.14.1")])
    target = the_target(place)
    assert (target.state, target.verified_at) == ("in_progress", None)
    assert list(audit.verify()) == []


def test_the_patched_branches_of_the_record_are_not_exposed(
    tmp_path: Path, mailbox: Mailbox, place: Organisation, comsi: Person
) -> None:
    """The record's one range changes five times: 2.3.1 and 2.12.2 are fixed, 2.4 and 2.13.0 are not."""
    publish()
    versions = [
        "2.0-beta9",
        "2.3",
        "2.3.1",
        "2.4",
        "2.12.1",
        "2.12.2",
        "2.13.0",
        "2.14.1",
        "2.15.0",
        "1.2.17",
    ]
    inventory(tmp_path, as_actor(comsi), place, [log4j(f"v{version}", version) for version in versions])
    affected = Exposure.objects.filter(certainty="affected").values_list("component__version", flat=True)
    assert sorted(affected) == sorted(["2.0-beta9", "2.3", "2.4", "2.12.1", "2.13.0", "2.14.1"])


def test_what_cannot_be_told_does_not_alert(
    tmp_path: Path, mailbox: Mailbox, place: Organisation, comsi: Person
) -> None:
    publish()
    row = "srv-1;Serveur;serveur;4;oui;Apache Software Foundation;Apache Log4j2;;"
    inventory(tmp_path, as_actor(comsi), place, [row])
    assert not Exposure.objects.filter(certainty="affected").exists()
    assert not Target.objects.exists()
    assert not mailbox.messages


def test_accents_and_long_names_go_through(
    tmp_path: Path, mailbox: Mailbox, place: Organisation, comsi: Person
) -> None:
    place.name_fr = "Régie de l’Île-aux-Coudres : « œuvres », ÇÀÉÎÔÛ & 😀"
    place.save()
    publish()
    path = tmp_path / "long.csv"
    path.write_text(HEADER + log4j("srv-1", "2.14.1", name="é" * 10_000) + "\n", encoding="utf-8")
    refused = assets.preview_inventory(as_actor(comsi), body_id=place.pk, path=path, file_name="long.csv")
    assert refused.error_count == 1
    assert refused.errors[0]["where"].endswith("2")
    assert refused.errors[0]["field"] == "Nom de l’actif"

    name = "Système d’archivage à l’été : œil, naïveté " * 6
    inventory(tmp_path, as_actor(comsi), place, [log4j("srv-é-1", "2.14.1", name=name.strip())])
    (message,) = mailbox.messages
    assert place.name_fr in text_of(message)
    assert Exposure.objects.get(certainty="affected").asset.name_fr == name.strip()


def test_the_loop_through_the_api(
    tmp_path: Path, mailbox: Mailbox, place: Organisation, comsi: Person, settings
) -> None:
    publish()
    _, secret = tokens.create_token(
        as_actor(comsi),
        name="Inventaire du parc",
        permissions=[Permission.ASSET_WRITE, Permission.ASSET_READ, Permission.ALERT_READ],
        days=1,
    )
    api = Client(headers={"authorization": f"Bearer {secret}"})

    def send(version: str):
        component = {"purl": f"pkg:maven/org.apache.logging.log4j/log4j-core@{version}"}
        stated = {
            "body": place.code,
            "source": "agent",
            "complete": True,
            "assets": [
                {
                    "key": "srv-1",
                    "name": "Serveur",
                    "network_exposure": "internet",
                    "criticality": 4,
                    "components": [component],
                }
            ],
        }
        answer = api.post("/api/v1/assets/inventory", json.dumps(stated), content_type="application/json")
        assert answer.status_code == 200, answer.content
        settle()
        return answer.json()

    assert send("2.14.1")["assets"]["appeared"] == 1
    assert the_target(place).state == "delivered"
    assert send("2.14.1")["installs"]["unchanged"] == 1
    assert len(mailbox.messages) == 1
    alerts.acknowledge(as_actor(comsi), target_id=the_target(place).pk)
    send("2.17.1")
    assert the_target(place).state == "verified"

    other = factories.organisation("body")
    stated = {"body": other.code, "source": "agent", "assets": [{"key": "x"}]}
    answer = api.post("/api/v1/assets/inventory", json.dumps(stated), content_type="application/json")
    assert answer.status_code in {403, 404}


def test_nobody_can_answer_for_another_body(
    tmp_path: Path, mailbox: Mailbox, place: Organisation, comsi: Person
) -> None:
    from rempart.kernel.errors import NotFound

    publish()
    inventory(tmp_path, as_actor(comsi), place, [log4j("srv-1", "2.14.1")])
    stranger = factories.actor(Role.BODY_OFFICER, factories.organisation("body"))
    for act in (alerts.acknowledge, alerts.declare, alerts.start):
        with pytest.raises(NotFound):
            act(stranger, target_id=the_target(place).pk)
    assert the_target(place).sent_at <= now()
    assert the_target(place).acknowledged_at is None
