"""What an enemy would send, through the real doors; and how every page answers."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zipfile
from contextlib import suppress
from pathlib import Path

import openpyxl
import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from rempart.assets import commands as assets
from rempart.assets.models import Asset, Component, Dependency, Install, InventoryImport
from rempart.intelligence import commands as intelligence
from rempart.intelligence.models import Quarantined, Vulnerability
from rempart.kernel.actors import actor_for, system
from rempart.kernel.errors import DomainError
from rempart.kernel.time import today
from rempart.organisations.models import Person
from tests import factories
from tests.walk import ENDLESS, pages, readable
from tests.world import build

pytestmark = pytest.mark.django_db

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
PASSWORD = "mot de passe de test"


@pytest.fixture(autouse=True)
def _spool(settings, tmp_path: Path) -> None:
    settings.UPLOAD_DIR = tmp_path / "uploads"
    cache.clear()


@pytest.fixture
def officer() -> Person:
    return factories.officer(factories.organisation("body"), email="comsi@exemple.test")


def signed_in(person: Person) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(person.user, backend=BACKEND)
    return client


# Documents that must be refused, whole, with a sentence: name of the file → its content.


def _zip(entries: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return stream.getvalue()


def _workbook(sheet: bytes) -> dict[str, bytes]:
    return {
        "[Content_Types].xml": b"<Types/>",
        "xl/workbook.xml": b"<workbook/>",
        "xl/worksheets/sheet1.xml": sheet,
    }


_BOM = b'<?xml version="1.0"?>%s<bom xmlns="http://cyclonedx.org/schema/bom/1.5"><components>%s</components></bom>'
_LAUGHS = b"<!DOCTYPE lolz [<!ENTITY a0 'ha'>" + b"".join(
    b"<!ENTITY a%d '%s'>" % (level + 1, b"&a%d;" % level * 10) for level in range(9)
)
_PART = b'<component type="library"><name>%s</name><version>1</version></component>'
HOSTILE = {
    "bomb.xlsx": _zip(_workbook(b"\x00" * 30_000_000)),
    "slip.xlsx": _zip({**_workbook(b"<x/>"), "../../etc/cron.d/x": b"x"}),
    "cut.xlsx": _zip(_workbook(b"<worksheet/>"))[:-40],
    "cut.json": b'{"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [{"name": "a"',
    "deep.json": b'{"bomFormat": "CycloneDX", "specVersion": "1.5", "components": ' + b"[" * 200_000,
    "xxe.xml": _BOM % (b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', _PART % b"&e;"),
    "laughs.xml": _BOM % (_LAUGHS + b"]>", _PART % b"&a9;"),
    "remote.xml": _BOM % (b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">', _PART % b"a"),
    "empty.csv": b"",
    "binary.csv": bytes(range(256)) * 50,
    "nothing.json": b"[1, 2, 3]",
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_hostile_documents_are_refused_through_the_api(officer: Person, name: str) -> None:
    client = signed_in(officer)
    sent = {
        "body": officer.body.code,
        "file": SimpleUploadedFile(name, HOSTILE[name]),
        "asset": "portail",
        "apply": "true",
    }
    answer = client.post("/api/v1/assets/inventory/files", sent)
    text = answer.content.decode()
    if answer.status_code == 200:  # previewed, and refused row by row
        assert answer.json()["error_count"] > 0
    else:
        assert answer.status_code == 422, text
        assert answer.json()["title"]
    assert "root:" not in text
    assert not Asset.objects.exists()
    assert not Install.objects.exists()
    assert not list((Path(assets.spool_dir())).glob("*")) or answer.status_code == 200


@pytest.mark.parametrize("name", ["bomb.xlsx", "xxe.xml", "deep.json", "binary.csv"])
def test_hostile_documents_are_refused_in_the_page(officer: Person, name: str) -> None:
    sent = {
        "body": officer.body.code,
        "file": SimpleUploadedFile(name, HOSTILE[name]),
        "source": "cmdb",
        "asset_key": "portail",
    }
    answer = signed_in(officer).post("/inventories/new", sent)
    assert answer.status_code < 500
    assert not Asset.objects.exists()
    assert not Install.objects.exists()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_usual_encoding_is_read(officer: Person, encoding: str) -> None:
    table = "Identifiant;Nom;Type;Logiciel;Version\nsrv-é;Hébergement d’été;serveur;œuvre;1.0\n"
    sent = {
        "body": officer.body.code,
        "file": SimpleUploadedFile("i.csv", table.encode(encoding)),
        "apply": "true",
    }
    answer = signed_in(officer).post("/api/v1/assets/inventory/files", sent)
    assert answer.status_code == 200, answer.content
    assert Asset.objects.get().name_fr == "Hébergement d’été"


def _upsert(client: Client, body: str, rows: list[dict[str, object]]):
    stated = {"body": body, "source": "agent", "assets": rows}
    return client.post("/api/v1/assets/inventory", json.dumps(stated), content_type="application/json")


def test_strange_values_are_refused_by_name_or_kept_whole(officer: Person) -> None:
    client, code = signed_in(officer), officer.body.code
    assert _upsert(client, code, [{"key": "a", "name": "x" * 10_000}]).status_code == 422
    assert _upsert(client, code, [{"key": "a", "rto_hours": 10**30}]).status_code == 422
    assert _upsert(client, code, [{"key": "a", "criticality": -1}]).status_code == 422
    assert _upsert(client, code, [{"key": "a", "criticality": 5}]).status_code == 422
    assert _upsert(client, code, [{"key": "a\u0000b"}]).status_code in {200, 422}
    assert not Asset.objects.filter(key="a").exists()
    names = {"key": "b", "name": "Œuvre « n°\u202f1 » 😀 \u202e exe"}
    assert _upsert(client, code, [names]).status_code == 200
    assert "Œuvre" in Asset.objects.get(key="b").name_fr
    nested = b'{"body":' * 5000 + b"1" + b"}" * 5000
    answer = client.post("/api/v1/assets/inventory", nested, content_type="application/json")
    assert answer.status_code in {400, 422}
    answer = client.post("/api/v1/assets/inventory", b"\xff\xfe{", content_type="application/json")
    assert answer.status_code in {400, 422}


def test_the_same_identifier_twice_gives_one_asset(officer: Person) -> None:
    client, code = signed_in(officer), officer.body.code
    answer = _upsert(client, code, [{"key": "a", "name": "Un"}, {"key": "a", "name": "Deux"}])
    assert answer.status_code in {200, 422}
    assert Asset.objects.filter(key="a").count() == (1 if answer.status_code == 200 else 0)


def test_dependencies_in_a_circle_end(officer: Person) -> None:
    rows = [
        {"key": "s", "name": "Service", "kind": "service", "criticality": 4, "depends_on": ["a"]},
        *({"key": key, "depends_on": [needed]} for key, needed in ("ab", "bc", "ca")),
        {"key": "seul", "depends_on": ["seul"]},
    ]
    answer = _upsert(signed_in(officer), officer.body.code, rows)
    assert answer.status_code in {200, 422}
    if answer.status_code == 422:  # an edge to itself is refused by name; without it the circle stands
        assert '"depends_on"' in answer.content.decode()
        assert _upsert(signed_in(officer), officer.body.code, rows[:-1]).status_code == 200
    assert Dependency.objects.count() == 4
    assert set(Asset.objects.filter(key__in="abc").values_list("criticality", flat=True)) == {4}
    address = f"/assets/{officer.body.code}/a"
    assert signed_in(officer).get(address).status_code == 200


# Feeds: a record that cannot be read is set aside with its reason, and stops no other.


def _record(number: int, **metadata: str) -> dict[str, object]:
    return {
        "dataType": "CVE_RECORD",
        "dataVersion": "5.1",
        "cveMetadata": {"state": "PUBLISHED", "cveId": f"CVE-2021-{number:05d}", **metadata},
        "containers": {
            "cna": {
                "providerMetadata": {"orgId": "x", "shortName": "exemple"},
                "descriptions": [{"lang": "en", "value": "<script>alert(1)</script>"}],
                "affected": [
                    {
                        "vendor": "exemple",
                        "product": "produit",
                        "versions": [{"version": "all of them, really", "status": "affected"}],
                    }
                ],
            }
        },
    }


def test_hostile_records_are_set_aside_and_the_others_load(tmp_path: Path) -> None:
    lines = [
        json.dumps(_record(10001)),
        "{" * 100_000,
        '{"cveMetadata": {"cveId": "CVE-2021-10002"',
        json.dumps({"cveMetadata": {"cveId": "../../etc/passwd", "state": "PUBLISHED"}, "containers": {}}),
        json.dumps(_record(10003, datePublished="9999-12-31T23:59:59Z")),
        json.dumps(_record(10004, datePublished="not a date")),
        json.dumps(_record(10001)),
        "[]",
        "\ud83d".encode("utf-8", "surrogatepass").decode("latin-1"),
    ]
    path = tmp_path / "records.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    counts = intelligence.load_cve(system("test"), path)
    known = set(Vulnerability.objects.values_list("cve_id", flat=True))
    assert {"CVE-2021-10001", "CVE-2021-10003"} <= known
    assert not any("passwd" in each for each in known)
    assert counts.rejected >= 4
    assert Quarantined.objects.count() == counts.rejected
    assert all(Quarantined.objects.values_list("reason", flat=True))
    future = Vulnerability.objects.get(cve_id="CVE-2021-10003")
    assert future.published_at is None or future.published_at.date() <= today()


def test_a_compressed_bomb_stops_a_feed_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl.gz"
    with gzip.open(path, "wb") as stream:
        stream.write(b" " * 60_000_000)
    before = Vulnerability.objects.count()
    with suppress(DomainError):
        counts = intelligence.load_cve(system("test"), path)
        assert counts.rejected >= 1
    assert Vulnerability.objects.count() == before


def test_a_catalogue_of_lies_clears_nothing(tmp_path: Path) -> None:
    entry = {
        "cveID": "CVE-2021-10001",
        "vendorProject": "exemple",
        "product": "produit",
        "vulnerabilityName": "<b>nom</b>",
        "dateAdded": "2031-01-01",
        "shortDescription": "x" * 100_000,
        "requiredAction": "Corriger",
        "dueDate": "0001-01-01",
        "knownRansomwareCampaignUse": "Known",
        "notes": "",
    }
    path = tmp_path / "kev.json"
    path.write_text(json.dumps({"vulnerabilities": [entry, entry]}))
    intelligence.load_kev(system("test"), path)
    known = Vulnerability.objects.get(cve_id="CVE-2021-10001")
    assert known.kev_added_on is not None
    assert known.kev_added_on <= today()
    for nonsense in (b"", b"{}", b'{"vulnerabilities": {}}', b'{"vulnerabilities": [', b"\xff\xfe\x00"):
        path.write_bytes(nonsense)
        with suppress(DomainError):  # in words, or set aside; never another exception
            intelligence.load_kev(system("test"), path)
        assert Vulnerability.objects.get(pk=known.pk).kev_added_on is not None


# What comes out: pages and files.

TAG = '<img src=x onerror="alert(1)">\'"&'


def test_html_in_every_field_is_shown_as_text() -> None:
    world = build(lambda text: f"{TAG}{text}")
    wrong = []
    for who in ("cgcd_commander", "body_officer", "administrator"):
        client = Client(raise_request_exception=False)
        client.force_login(world.people[who], backend=BACKEND)
        for each in pages(world):
            if each.name in ENDLESS:
                continue
            answer = client.get(each.url)
            if answer.status_code >= 500 and each.name != "readyz":
                wrong.append(f"{who} {each}: {answer.status_code}")
            elif "text/html" in answer.get("Content-Type", "") and "<img src=x" in readable(answer):
                wrong.append(f"{who} {each}")
    assert "\n".join(wrong) == ""


def test_no_export_holds_a_formula() -> None:
    world = build(lambda text: f'=HYPERLINK("http://exemple.test";"{text}")')
    client = Client(raise_request_exception=False)
    client.force_login(world.people["cgcd_commander"], backend=BACKEND)
    tables, wrong = 0, []
    for each in pages(world):
        if each.name in ENDLESS:
            continue
        answer = client.get(f"{each.url}?format=csv")
        text = readable(answer)
        if answer.status_code != 200 or not text.startswith("\ufeff"):
            continue
        tables += 1
        for delimiter in ",;":
            rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=delimiter)
            wrong += [
                f"{each}: {cell}" for row in rows for cell in row if re.match(r"\s*[=+@\t]|\s*-[^\d]", cell)
            ]
        wrong += _formulas(client, each.url)
    assert tables >= 5
    assert not wrong


def _formulas(client: Client, url: str) -> list[str]:
    answer = client.get(f"{url}?format=xlsx")
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    return [
        f"{url}: {cell.value}"
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f" or (isinstance(cell.value, str) and cell.value.startswith("="))
    ]


def test_every_answer_carries_the_headers_of_security() -> None:
    world = build()
    wrong = []
    for who in (None, "cgcd_commander"):
        client = Client(raise_request_exception=False)
        if who:
            client.force_login(world.people[who], backend=BACKEND)
        for each in pages(world):
            if each.name in ENDLESS:
                continue
            answer = client.get(each.url)
            policy = answer.get("Content-Security-Policy", "")
            wanted = ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'")
            if not all(part in policy for part in wanted) or "unsafe" in policy:
                wrong.append(f"{each}: {policy}")
            for header, value in (
                ("X-Content-Type-Options", "nosniff"),
                ("X-Frame-Options", "DENY"),
                ("Referrer-Policy", "same-origin"),
                ("Cross-Origin-Opener-Policy", "same-origin"),
            ):
                if answer.get(header) != value:
                    wrong.append(f"{each}: {header}={answer.get(header)}")
            if who and each.permissions is not None and "no-store" not in answer.get("Cache-Control", ""):
                wrong.append(f"{each}: kept by caches: {answer.get('Cache-Control')}")
    assert "\n".join(wrong) == ""


# Sign-in.


def _sign_in(client: Client, password: str, email: str = "comsi@exemple.test", **more: str):
    return client.post("/account/login/", {"login": email, "password": password, **more})


def test_sign_in_is_slowed_down(settings, officer: Person) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/5m/key"}
    client = Client()
    for number in range(6):
        assert _sign_in(client, f"faux {number}").status_code in {200, 429}
    _sign_in(client, PASSWORD)
    assert "_auth_user_id" not in client.session
    for number in range(40):
        answer = _sign_in(client, "faux", email=f"autre{number}@exemple.test")
    assert answer.status_code == 429 or "login" not in client.session


def test_the_session_changes_at_sign_in(officer: Person) -> None:
    client = Client()
    client.get("/account/login/")
    session = client.session
    session["planted"] = "1"
    session.save()
    planted = session.session_key
    client.cookies["rempart_session"] = planted
    assert _sign_in(client, PASSWORD).status_code == 302
    assert client.session.session_key != planted
    thief = Client()
    thief.cookies["rempart_session"] = planted
    assert thief.get("/my-account/").status_code == 302
    assert client.cookies["rempart_session"]["httponly"]
    assert client.cookies["rempart_session"]["samesite"] == "Lax"


def test_forms_without_their_proof_of_origin_are_refused(officer: Person) -> None:
    world = build()
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(world.people["body_officer"], backend=BACKEND)
    accepted = []
    for each in pages(world):
        if (each.permissions is None and not each.public) or each.name in ENDLESS:
            continue
        answer = client.post(each.url, {"reason": "x"})
        if answer.status_code not in {403, 405}:
            accepted.append(f"{each}: {answer.status_code}")
    assert not accepted
    stated = {"body": world.a.body.code, "source": "agent", "assets": [{"key": "x"}]}
    answer = client.post("/api/v1/assets/inventory", json.dumps(stated), content_type="application/json")
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "target",
    [
        "https://mal.exemple.test/",
        "//mal.exemple.test",
        "/\\mal.exemple.test",
        "javascript:alert(1)",
        "\thttps://x.test",
    ],
)
def test_nobody_is_sent_elsewhere(officer: Person, target: str) -> None:
    def elsewhere(answer) -> bool:
        return "exemple.test" in answer.get("Location", "") or "script" in answer.get("Location", "")

    assert not elsewhere(_sign_in(Client(), PASSWORD, next=target))
    client = signed_in(officer)
    for address in ("/language/", "/preferences/columns/", "/account/logout/"):
        answer = client.post(address, {"language": "en", "next": target, "list": "assets", "reset": "1"})
        assert not elsewhere(answer), address
    answer = client.post("/language/", {"language": "en"}, headers={"referer": target})
    assert not elsewhere(answer)


def test_a_stranger_cannot_learn_who_has_an_account(officer: Person) -> None:
    """The answers for a known and an unknown address are the same."""
    known = _sign_in(Client(), "faux")
    unknown = _sign_in(Client(), "faux", email="inconnu@exemple.test")
    assert known.status_code == unknown.status_code

    def without_address(answer) -> str:
        text = re.sub(r'(value=|"X-CSRFToken": ?)"\w{64}"', "", answer.content.decode())
        text = re.sub(r"<footer.*?</footer>", "", text, flags=re.DOTALL)  # tells the time
        return text.replace("comsi@exemple.test", "").replace("inconnu@exemple.test", "")

    assert without_address(known) == without_address(unknown)


def test_components_with_markup_stay_text(officer: Person) -> None:
    rows = [{"key": "a", "name": TAG, "components": [{"product": TAG, "version": "1"}]}]
    assert _upsert(signed_in(officer), officer.body.code, rows).status_code == 200
    assert Component.objects.get().product == TAG
    page = signed_in(officer).get(f"/assets/{officer.body.code}/a").content.decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page
    assert InventoryImport.objects.get().created_by == actor_user(officer)


def actor_user(person: Person):
    assert actor_for(person.user).user_id == person.user_id
    return person.user
