"""The loop in a real Chromium, on the platform as it is started: French on a desktop, English on a phone."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.mailbox import Mailbox, free_port, links_of
from tests.server import Platform, eventually

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = Path(os.environ.get("REMPART_CHROMIUM", "/usr/bin/chromium"))
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
PASSWORD = "mot de passe de test"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],
}
HEADER = "Identifiant;Nom;Type;Criticité;Exposé à internet;Éditeur;Logiciel;Version;purl\n"
HEAVIEST = 60 * 1024  # bytes of script and style that a first page may bring, as they travel

pytestmark = [
    pytest.mark.browser,
    pytest.mark.any_database,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no Chromium at {CHROMIUM}"),
    pytest.mark.skipif(not DATA.exists(), reason="the public data is not beside the repository"),
]


@dataclass(frozen=True)
class Size:
    """A reader: their language, their screen, and the words of the interface that the test looks for."""

    language: str
    width: int
    height: int
    acknowledge: str
    acknowledge_link: str
    declare: str
    read_file: str
    apply: str
    verified: str


DESKTOP = Size(
    "fr", 1440, 900, "Accuser réception", "J’accuse réception", "Déclarer appliquée", "Lire le fichier",
    "Appliquer", "Vérifiée",
)  # fmt: skip
PHONE = Size(
    "en", 390, 844, "Acknowledge", "I acknowledge", "Declare applied", "Read the file", "Apply", "Verified"
)

_SEED = """
import json, sys
from pathlib import Path
from rempart.intelligence import commands as intelligence
from rempart.kernel.actors import system
from rempart.kernel.models import User
from rempart.organisations.models import ContactChannel, Person
from tests import factories
from tests.walk import pages
from tests.world import build
world = build()
for language in ("fr", "en"):
    body = factories.organisation("body", world.centre, code=f"loop-{language}")
    person = factories.officer(body, email=f"{language}@exemple.test", language=language)
    User.objects.filter(pk=person.user_id).update(language=language)
data = Path(sys.argv[1])
intelligence.load_cve(system("test"), data / "cve" / "log4shell.jsonl")
intelligence.load_kev(system("test"), data / "kev" / "known_exploited_vulnerabilities.json")
own = Path(sys.argv[2])
versions = [{"version": "0", "lessThan": "2.0", "status": "affected", "versionType": "semver"}]
affected = [{"vendor": "exemple", "product": "portail", "defaultStatus": "unaffected", "versions": versions}]
record = {
    "dataType": "CVE_RECORD", "dataVersion": "5.1",
    "cveMetadata": {"state": "PUBLISHED", "cveId": "CVE-2021-99999", "datePublished": "2021-12-20T00:00:00Z"},
    "containers": {"cna": {"providerMetadata": {"orgId": "x", "shortName": "exemple"},
        "descriptions": [{"lang": "en", "value": "A flaw."}], "affected": affected}},
}
(own / "record.json").write_text(json.dumps(record))
intelligence.load_cve(system("test"), own / "record.json")
entry = {
    "cveID": "CVE-2021-99999", "vendorProject": "exemple", "product": "portail", "vulnerabilityName": "Flaw",
    "dateAdded": "2021-12-20", "shortDescription": "A flaw.", "requiredAction": "Update.",
    "dueDate": "2022-01-10", "knownRansomwareCampaignUse": "Unknown", "notes": "",
}
(own / "kev.json").write_text(json.dumps({"vulnerabilities": [entry]}))
intelligence.load_kev(system("test"), own / "kev.json", complete=False)
people = {name: user.email for name, user in world.people.items()}
addresses = [(p.name, p.url, [str(r) for r in p.permissions or ()], p.public) for p in pages(world)]
print(json.dumps({"people": people, "pages": addresses}))
"""


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as box:
        yield box


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, mailbox: Mailbox) -> Iterator[Platform]:
    with Platform(tmp_path_factory.mktemp("platform"), free_port(), mail_port=mailbox.port) as started:
        started.cli("init")
        started.seeded = json.loads(  # type: ignore[attr-defined]
            started.python(_SEED, str(DATA), str(started.var)).splitlines()[-1]
        )
        started.serve(processes=2)
        yield started


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


class Reader:
    """A person at a browser of their own. What its console complains of is kept in ``problems``."""

    def __init__(self, chromium: Any, platform: Platform, size: Size, folder: Path) -> None:
        self.context = chromium.new_context(
            viewport={"width": size.width, "height": size.height},
            locale="fr-CA" if size.language == "fr" else "en-CA",
            reduced_motion="reduce",
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(30_000)
        self.address, self.size, self.folder = platform.address, size, folder
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(f"{self.page.url}: {error}"))
        self.page.on("console", self._heard)

    def _heard(self, line: Any) -> None:
        # A request that ends with its page; an answer that is an error has a line of its own.
        if line.text.startswith(("htmx:afterRequest", "htmx:sendError", "htmx:sendAbort")):
            return
        if line.type == "error" or "Content Security Policy" in line.text:
            self.problems.append(f"{self.page.url}: {line.text}")

    def go(self, path: str) -> Any:
        return self.page.goto(f"{self.address}{path}", wait_until="domcontentloaded")

    def sign_in(self, email: str) -> None:
        self.go("/account/login/?next=/my-account/")
        self.page.fill("input[name=login]", email)
        self.page.fill("input[name=password]", PASSWORD)
        self.page.press("input[name=password]", "Enter")
        self.page.wait_for_url("**/my-account/")

    def look(self, name: str) -> list[str]:
        """What is wrong with the page as it stands: accessibility, and scrolling sideways."""
        found = Axe().run(self.page, options=RULES).response["violations"]
        name = f"{name} ({self.size.width})"
        wrong = [
            f"{name}: {each['id']} {node['target']} {node.get('failureSummary', '')[:160]}"
            for each in found
            for node in each["nodes"][:3]
        ]
        wide = self.page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        if wide[0] > wide[1]:
            wrong.append(f"{name} ({self.size.width}): {wide[0]} pixels wide")
        if wrong:
            self.page.screenshot(path=str(self.folder / f"{name}.png"), full_page=True)
        return wrong


@pytest.fixture
def open_as(chromium: Any, platform: Platform, tmp_path: Path) -> Iterator[Any]:
    opened: list[Reader] = []

    def reader(size: Size, email: str = "") -> Reader:
        one = Reader(chromium, platform, size, tmp_path)
        opened.append(one)
        if email:
            one.sign_in(email)
        return one

    yield reader
    for one in opened:
        one.context.close()
    assert [problem for one in opened for problem in one.problems] == []


def _inventory(folder: Path, log4j: str, portail: str) -> Path:
    path = folder / f"inventaire-{log4j}-{portail}.csv"
    purl = f"pkg:maven/org.apache.logging.log4j/log4j-core@{log4j}"
    rows = [
        f"srv-1;Serveur web;serveur;4;oui;Apache;log4j-core;{log4j};{purl}",
        f"srv-2;Portail;serveur;4;oui;exemple;portail;{portail};",
    ]
    path.write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def _import(officer: Reader, path: Path) -> None:
    """The wizard: choose a file, see what it would change, apply it."""
    officer.go("/inventories/new")
    assert officer.look("import_new") == []
    officer.page.set_input_files("input[type=file]", str(path))
    officer.page.get_by_role("button", name=officer.size.read_file).click()
    button = officer.page.get_by_role("button", name=officer.size.apply, exact=True)
    button.wait_for()
    assert officer.look("import_preview") == []
    button.click()
    button.wait_for(state="detached")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["fr-desktop", "en-phone"])
def test_the_loop(open_as: Any, platform: Platform, mailbox: Mailbox, tmp_path: Path, size: Size) -> None:
    seeded = platform.seeded  # type: ignore[attr-defined]
    email = f"{size.language}@exemple.test"
    officer, command = open_as(size, email), open_as(size, seeded["people"]["cgcd_analyst"])
    command.go("/board/")
    command.page.locator("[data-live-status].on").wait_for()
    command.page.evaluate("window.stillHere = true")
    before = command.page.inner_text("#board")

    officer.go("/inbox/")
    assert officer.look("inbox_empty") == []
    _import(officer, _inventory(tmp_path, "2.14.1", "1.4.0"))

    # Two directives arrive, in the inbox and by mail; the board tells it without being loaded again.
    officer.go("/inbox/")
    rows = officer.page.locator("#inbox [data-acknowledge]")
    eventually(lambda: len(mailbox.to(email)) == 2)
    sync_api.expect(rows).to_have_count(2, timeout=60_000)
    command.page.wait_for_function(
        "text => document.getElementById('board').innerText !== text", arg=before, timeout=60_000
    )
    assert command.page.evaluate("window.stillHere") is True
    assert officer.look("inbox") == []

    # One is acknowledged from its row, with the keyboard on the desktop; the other from the message's link.
    portail, log4shell = sorted(mailbox.to(email), key=lambda message: "Log4j" in str(message["Subject"]))
    row = (
        officer.page.locator("#inbox tr")
        .filter(has_text="CVE-2021-99999")
        .or_(officer.page.locator("#inbox tr").filter(has_text="Flaw"))
    )
    row.get_by_role("button", name=size.acknowledge).first.click()
    sync_api.expect(rows).to_have_count(1)
    visitor = open_as(size)
    visitor.page.goto(links_of(log4shell)[0])
    assert visitor.look("link") == []
    visitor.page.get_by_role("button", name=size.acknowledge_link).click()
    visitor.page.locator(".notice.ok").wait_for()
    assert len(links_of(portail)) == 1

    # Both are declared, from the row and from the directive's page.
    officer.go("/inbox/")
    sync_api.expect(rows).to_have_count(0)
    officer.page.get_by_role("button", name=size.declare).first.click()
    officer.page.wait_for_load_state()
    officer.go("/inbox/")
    officer.page.locator("#inbox tr").filter(
        has=officer.page.get_by_role("button", name=size.declare)
    ).locator("th a").first.click()
    officer.page.wait_for_url("**/targets/**")
    assert officer.look("target") == []
    officer.page.get_by_role("button", name=size.declare).click()
    officer.page.wait_for_load_state()

    # A later inventory proves it.
    _import(officer, _inventory(tmp_path, "2.17.1", "2.0.0"))
    officer.go("/inbox/")
    proved = officer.page.locator("#inbox").get_by_text(size.verified, exact=True)
    sync_api.expect(proved).to_have_count(2, timeout=60_000)
    assert officer.look("inbox_verified") == []
    assert len(mailbox.to(email)) == 2


def test_a_keyboard_is_enough(open_as: Any, platform: Platform) -> None:
    seeded = platform.seeded  # type: ignore[attr-defined]
    officer = open_as(DESKTOP, seeded["people"]["body_officer"])
    page = officer.page
    officer.go("/directives/")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("service-A")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/search/|/assets/"))
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("g")
    page.keyboard.press("b")
    page.wait_for_url("**/inbox/")
    page.wait_for_load_state()
    page.keyboard.press("?")
    page.locator("dialog#keys[open]").wait_for()
    assert officer.look("keys") == []
    page.keyboard.press("Escape")
    page.locator("dialog#keys[open]").wait_for(state="detached")
    waiting = page.locator("#inbox [data-acknowledge]").count()
    assert waiting >= 1
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert page.locator("tr.here").count() == 1
    page.keyboard.press("k")
    page.keyboard.press("a")
    sync_api.expect(page.locator("#inbox [data-acknowledge]")).to_have_count(waiting - 1)


def _readers(platform: Platform) -> list[tuple[str, str, str]]:
    """(who, page, address): each page once, opened by the first of these who may."""
    from rempart.kernel.permissions import ROLE_PERMISSIONS, Role

    seeded = platform.seeded  # type: ignore[attr-defined]
    order = ("cgcd_commander", "body_officer", "administrator")
    found = []
    for name, url, permissions, public in seeded["pages"]:
        if name in {"live_events", "healthz", "readyz", "metrics", "indicator_report"} or public:
            continue
        may = [
            who
            for who in order
            if not permissions or set(permissions) & {str(right) for right in ROLE_PERMISSIONS[Role(who)]}
        ]
        found += [(who, name, url) for who in may[:1]]
    return found


def _walk(open_as: Any, platform: Platform, size: Size) -> None:
    seeded = platform.seeded  # type: ignore[attr-defined]
    wrong, seen = [], 0
    readers: dict[str, Reader] = {}
    for who, name, url in _readers(platform):
        if who not in readers:
            readers[who] = open_as(size, seeded["people"][who])
        reader = readers[who]
        answer = reader.context.request.get(f"{platform.address}{url}")
        if answer.status != 200 or not answer.text().lstrip().lower().startswith("<!doctype html"):
            continue  # takes forms only, or gives a file or a fragment
        reader.go(url)
        seen += 1
        wrong += reader.look(name)
    outside = open_as(size)
    for name, url in (("sign_in", "/account/login/"), ("reset", "/account/password/reset/")):
        outside.go(url)
        wrong += outside.look(name)
    assert seen > 40
    assert "\n".join(dict.fromkeys(wrong)) == ""


@pytest.mark.full
def test_every_page_is_accessible_on_a_phone(open_as: Any, platform: Platform) -> None:
    _walk(open_as, platform, PHONE)


@pytest.mark.full
def test_every_page_is_accessible_on_a_desktop(open_as: Any, platform: Platform) -> None:
    _walk(open_as, platform, DESKTOP)


def test_a_first_page_is_light(open_as: Any, platform: Platform) -> None:
    reader = open_as(DESKTOP)
    sizes: dict[str, int] = {}

    def arrived(request: Any) -> None:
        if request.resource_type in {"script", "stylesheet"}:
            sizes[request.url] = request.sizes()["responseBodySize"]

    reader.page.on("requestfinished", arrived)
    seeded = platform.seeded  # type: ignore[attr-defined]
    reader.sign_in(seeded["people"]["cgcd_commander"])
    reader.go("/board/")
    reader.page.wait_for_load_state("load")
    assert sizes
    assert sum(sizes.values()) < HEAVIEST, sizes
