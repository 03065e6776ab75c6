"""A real Chromium under the real content policy: passkey, code, keyboard, accessibility, phone width."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.totp.internal import auth as totp
from pytest_django.live_server_helper import LiveServer

from rempart.kernel.models import User
from rempart.kernel.permissions import Role
from rempart.organisations.models import Organisation
from tests import factories

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = Path(os.environ.get("REMPART_CHROMIUM", "/usr/bin/chromium"))
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no Chromium at {CHROMIUM}"),
]
PASSWORD = "mot de passe de test"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    # The driver runs an event loop in this thread; Django would take its own queries for asynchronous ones.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def tab(chromium: Any) -> Iterator[Any]:
    """A page whose every refusal by the content policy, and every error of script, fails the test."""
    context = chromium.new_context(locale="fr-CA")
    # The test server answers in threads, without the event loop that streams need (see test_live).
    context.route("**/live/events*", lambda route: route.abort())
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console", lambda line: problems.append(line.text) if "Content Security Policy" in line.text else None
    )
    yield page
    context.close()
    assert not problems


def home(server: LiveServer) -> str:
    return server.url.replace("127.0.0.1", "localhost")  # passkeys belong to a name, never to an address


def sign_in(tab: Any, server: LiveServer, user: User) -> None:
    tab.goto(f"{home(server)}/account/login/?next=/my-account/")
    tab.get_by_label("Courriel").fill(user.email)
    tab.get_by_label("Mot de passe").fill(PASSWORD)
    tab.get_by_role("button", name="Entrer", exact=True).click()


def prove(tab: Any) -> None:
    tab.get_by_label("Mot de passe").fill(PASSWORD)
    tab.get_by_role("button", name="Confirmer").click()


def test_a_passkey_opens_without_a_password(tab: Any, live_server: LiveServer) -> None:
    keys = tab.context.new_cdp_session(tab)
    keys.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    keys.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    user = factories.user(Role.CGCD_ANALYST, factories.organisation("cgcd"))
    sign_in(tab, live_server, user)
    tab.get_by_role("link", name="Ajouter une clé d’accès ou une application").click()
    tab.get_by_role("link", name="Ajouter une clé").click()
    prove(tab)
    tab.get_by_label("Nom de la clé").fill("Portable du bureau")
    tab.get_by_label("Entrer sans mot de passe avec cette clé").check()
    tab.get_by_role("button", name="Ajouter la clé").click()
    tab.get_by_text("Chaque code sert une fois").wait_for()
    tab.goto(f"{home(live_server)}/account/2fa/webauthn/")
    assert "Portable du bureau" in tab.inner_text("main")
    tab.context.clear_cookies()
    tab.goto(f"{home(live_server)}/account/login/?next=/my-account/")
    tab.get_by_role("button", name="Entrer avec une clé d’accès").click()
    tab.wait_for_url(f"{home(live_server)}/my-account/")  # not the sign-in page that leads there
    assert user.email in tab.inner_text("main")


def test_a_cancelled_passkey_is_explained(tab: Any, live_server: LiveServer) -> None:
    tab.goto(f"{home(live_server)}/account/login/")
    tab.evaluate("() => { navigator.credentials.get = () => Promise.reject(new Error('cancelled')) }")
    tab.get_by_role("button", name="Entrer avec une clé d’accès").click()
    tab.get_by_text("La clé n’a pas répondu").wait_for()


def test_an_application_gives_the_second_factor(tab: Any, live_server: LiveServer) -> None:
    user = factories.user()
    sign_in(tab, live_server, user)
    tab.goto(f"{home(live_server)}/account/2fa/totp/activate/")
    prove(tab)
    secret = re.sub(r"\s", "", tab.locator("#totp-secret").inner_text())
    counter = next(totp.yield_hotp_counters_from_time())
    tab.get_by_label("Code affiché").fill(totp.format_hotp_value(totp.hotp_value(secret, counter)))
    tab.get_by_role("button", name="Associer").click()
    recovery = tab.locator("#codes").inner_text().split()
    tab.context.clear_cookies()
    sign_in(tab, live_server, user)
    tab.get_by_label("Code de l’application").fill(recovery[0])
    tab.get_by_role("button", name="Entrer", exact=True).click()
    tab.wait_for_url(f"{home(live_server)}/my-account/")  # not the sign-in page that leads there


def test_the_keyboard_goes_everywhere(tab: Any, live_server: LiveServer) -> None:
    user = factories.user(Role.CGCD_ANALYST, factories.organisation("cgcd"))
    sign_in(tab, live_server, user)
    tab.wait_for_url(f"{home(live_server)}/my-account/")  # not the sign-in page that leads there
    tab.keyboard.press("/")
    assert tab.evaluate("document.activeElement.id") == "search"
    tab.keyboard.press("Escape")
    tab.evaluate("document.activeElement.blur()")
    tab.keyboard.press("?")
    assert tab.get_by_role("dialog").is_visible()
    tab.keyboard.press("Escape")
    tab.keyboard.press("Tab")
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_the_menu_opens_on_a_phone_and_closes_with_escape(tab: Any, live_server: LiveServer) -> None:
    tab.set_viewport_size({"width": 390, "height": 900})
    sign_in(tab, live_server, factories.user(Role.CGCD_ANALYST, factories.organisation("cgcd")))
    tab.wait_for_url(f"{home(live_server)}/my-account/")
    places = tab.get_by_role("navigation", name="Menu principal").get_by_role("link")
    assert places.count() == 0
    tab.get_by_role("button", name="Menu").press("Enter")
    assert places.count() >= 10
    for box in (place.bounding_box() for place in places.all()):
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert box["height"] >= 44
    tab.keyboard.press("Escape")
    assert places.count() == 0
    assert tab.evaluate("document.activeElement.textContent.trim()") == "Menu"


def test_every_column_of_a_list_is_within_reach(tab: Any, live_server: LiveServer) -> None:
    """A list wider than its place scrolls in it: at no width is a column cut off."""
    place = factories.organisation("cgcd", name_fr="Centre_gouvernemental_de_cyberdefense" * 2)
    sign_in(tab, live_server, factories.user(Role.CGCD_ANALYST, place))
    tab.goto(f"{home(live_server)}/organisations/")
    for width in (1440, 901):
        tab.set_viewport_size({"width": width, "height": 900})
        tab.wait_for_function(
            "[...document.querySelectorAll('.list .scroll')].every((each) =>"
            " each.scrollWidth <= each.clientWidth + 1 || getComputedStyle(each).overflowX === 'auto')"
        )
    assert tab.evaluate(
        "[...document.querySelectorAll('.list .scroll')].some((each) => each.scrollWidth > each.clientWidth)"
    )


@pytest.mark.parametrize("width", [390, 1440])
def test_pages_fit_and_are_accessible(tab: Any, live_server: LiveServer, width: int) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    tab.set_viewport_size({"width": width, "height": 900})
    pages = ["/account/login/", "/account/password/reset/"]
    inside = [
        "/my-account/",
        "/my-tokens/",
        "/account/2fa/",
        "/account/sessions/",
        "/search/?q=abc",
        "/nulle-part/",
    ]
    for path in pages:
        check(tab, axe, home(live_server) + path)
    sign_in(tab, live_server, factories.user(Role.CGCD_ANALYST, factories.organisation("cgcd")))
    for path in inside:
        check(tab, axe, home(live_server) + path)


def check(tab: Any, axe: Any, address: str) -> None:
    tab.goto(address)
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
    # The policy forbids scripts from elsewhere; the checker is brought in by the browser itself.
    found = axe.run(tab, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
    assert found.violations_count == 0, f"{address}\n{found.generate_report()}"


_STREAM = """
window.EventSource = class extends EventTarget {
  static OPEN = 1;
  static CLOSED = 2;
  readyState = 1;
  constructor(address) {
    super();
    window.streams = [...(window.streams ?? []), address];
    window.stream = this;
  }
  close() { this.readyState = 2; }
};
window.tell = (topics) => window.stream.dispatchEvent(new MessageEvent("changed", { data: topics }));
"""


def live_list(tab: Any, server: LiveServer) -> Organisation:
    """Opens the list of organisations with a stream that the test holds; the government."""
    government = factories.organisation("government")
    tab.add_init_script(_STREAM)
    sign_in(tab, server, factories.user(Role.CGCD_ANALYST, government))
    tab.wait_for_url(f"{home(server)}/my-account/")
    tab.goto(f"{home(server)}/organisations/")
    return government


def test_a_change_told_while_the_last_one_is_fetched_is_shown(tab: Any, live_server: LiveServer) -> None:
    government = live_list(tab, live_server)
    # The stream takes over from the page: it is told when the page was made.
    assert re.search(r"\?since=[0-9]{10}$", tab.evaluate("window.streams[0]"))
    held: list[tuple[Any, Any]] = []

    def hold_the_first(route: Any) -> None:
        if held or route.request.headers.get("hx-request") != "true":
            route.continue_()
        else:
            held.append((route, route.fetch()))

    tab.route("**/organisations/", hold_the_first)
    tab.evaluate("tell('organisations')")
    tab.wait_for_timeout(100)
    while not held:
        tab.wait_for_timeout(50)
    factories.organisation("body", government, name_fr="Organisme tardif")
    tab.evaluate("tell('organisations')")
    tab.wait_for_timeout(600)  # the second is due, and the first still on its way
    route, answer = held[0]
    route.fulfill(response=answer)
    sync_api.expect(tab.locator("#list").get_by_text("Organisme tardif")).to_be_visible()


def test_a_fragment_at_which_its_reader_works_is_fetched_later(tab: Any, live_server: LiveServer) -> None:
    government = live_list(tab, live_server)
    tab.evaluate("document.querySelector('#list').insertAdjacentHTML('beforeend', '<input id=at-work>')")
    tab.focus("#at-work")
    factories.organisation("body", government, name_fr="Organisme tardif")
    tab.evaluate("tell('organisations')")
    tab.wait_for_timeout(600)
    assert tab.locator("#at-work").is_visible()
    tab.evaluate("document.activeElement.blur()")
    sync_api.expect(tab.locator("#list").get_by_text("Organisme tardif")).to_be_visible()
