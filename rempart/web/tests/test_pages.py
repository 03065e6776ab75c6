"""The pages that everyone has: start, account, tokens, sessions, search, errors, and the headers of all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.usersessions.models import UserSession
from django.conf import LazySettings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.test import Client, override_settings
from django.urls import path
from django.utils.translation import override

from rempart.kernel.edge import public, signed_in
from rempart.kernel.errors import Conflict
from rempart.kernel.models import ApiToken, AuditEntry, User
from rempart.kernel.permissions import Permission, Role
from rempart.urls import urlpatterns as product
from rempart.web.navigation import address
from tests import factories

pytestmark = pytest.mark.django_db


@signed_in
def refuses(request: HttpRequest) -> None:
    raise Conflict("Cette directive est déjà close.")


@public
def breaks(request: HttpRequest) -> None:
    raise RuntimeError("secret detail")


def undeclared(request: HttpRequest) -> None:
    raise AssertionError("never reached")


urlpatterns = [*product, path("refuses/", refuses), path("breaks/", breaks), path("undeclared/", undeclared)]


@pytest.fixture
def analyst() -> User:
    return factories.user(Role.CGCD_ANALYST, factories.organisation("cgcd"))


@pytest.fixture
def inside(client: Client, analyst: User) -> Client:
    client.force_login(analyst)
    return client


@pytest.mark.parametrize(
    ("role", "kind", "name"),
    [
        (Role.CGCD_COMMANDER, "cgcd", "board"),
        (Role.COCD_ANALYST, "cocd", "centre"),
        (Role.BODY_OFFICER, "body", "inbox"),
        (Role.AUTHORITY, "government", "indicators"),
        (Role.AUDITOR, "government", "board"),
        (Role.ADMINISTRATOR, "government", "user_list"),
    ],
)
def test_each_role_starts_on_its_page(client: Client, role: Role, kind: str, name: str) -> None:
    place = factories.organisation(kind)
    client.force_login(factories.user(role, place))
    wanted = address(name, place.code) if name == "centre" else address(name)
    answer = client.get("/")
    if wanted:
        assert answer["Location"] == wanted
        if name != "centre":  # a centre's own page is where its board leads
            assert 'aria-current="page"' in client.get(wanted).content.decode()
    else:
        assert answer.status_code == 200


def test_an_account_without_a_role_is_told_what_to_ask_for(client: Client) -> None:
    client.force_login(factories.user())
    assert "aucun rôle ne vous est encore attribué" in client.get("/").content.decode()


def test_a_stranger_goes_to_sign_in_and_comes_back(client: Client) -> None:
    assert client.get("/my-account/?x=1")["Location"] == "/account/login/?next=/my-account/%3Fx%3D1"
    fragment = client.get("/my-account/", headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment["HX-Refresh"]) == (401, "true")


def test_headers_of_every_page(inside: Client) -> None:
    answer = inside.get("/my-account/")
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in answer["Permissions-Policy"]
    assert "no-store" in answer["Cache-Control"]


def test_the_session_cookie_is_out_of_scripts_reach(client: Client, settings: LazySettings) -> None:
    user = factories.user()
    answer = client.post("/account/login/", {"login": user.email, "password": "mot de passe de test"})
    cookie = answer.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


@override_settings(ROOT_URLCONF=__name__)
def test_errors_say_what_to_do(inside: Client) -> None:
    missing = inside.get("/nulle-part/")
    assert missing.status_code == 404
    assert "Cette page n’existe pas" in missing.content.decode()
    assert inside.get("/undeclared/").status_code == 403
    conflict = inside.get("/refuses/")
    assert conflict.status_code == 409
    assert "Cette directive est déjà close." in conflict.content.decode()


@override_settings(ROOT_URLCONF=__name__)
def test_a_crash_shows_nothing_of_the_inside(client: Client) -> None:
    client.raise_request_exception = False
    answer = client.get("/breaks/")
    assert answer.status_code == 500
    assert "Rempart n’a pas pu répondre" in answer.content.decode()
    assert "secret detail" not in answer.content.decode()


def test_the_crash_page_needs_no_context() -> None:
    with override("en"):
        assert "could not answer" in render_to_string("500.html")


def test_a_stale_form_is_explained(analyst: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(analyst)
    answer = strict.post("/my-account/", {"name": "x", "language": "fr"})
    assert answer.status_code == 403
    assert "Ce formulaire n’est plus valide" in answer.content.decode()


def test_account_keeps_name_and_language(inside: Client, analyst: User) -> None:
    answer = inside.post("/my-account/", {"name": "Zoé Tremblay", "language": "en"}, follow=True)
    analyst.refresh_from_db()
    assert (analyst.name, analyst.language) == ("Zoé Tremblay", "en")
    assert "Your account is up to date." in answer.content.decode()
    refused = inside.post("/my-account/", {"name": "", "language": "xx"})
    assert refused.status_code == 422
    assert refused.content.decode().count('aria-invalid="true"') == 2


def test_language_follows_the_account_until_the_browser_chooses(client: Client) -> None:
    user = factories.user(language="en")
    client.force_login(user)
    assert 'lang="en"' in client.get("/my-account/").content.decode()
    assert 'lang="en"' in client.get("/account/2fa/").content.decode()
    client.post("/language/", {"language": "fr", "next": "/"})
    user.refresh_from_db()
    assert user.language == "fr"
    assert 'lang="fr"' in client.get("/my-account/").content.decode()
    client.post("/language/", {"language": "zz", "next": "/"})
    user.refresh_from_db()
    assert user.language == "fr"


def test_a_token_is_shown_once_then_revoked(inside: Client, analyst: User) -> None:
    form = {"name": "Inventaire", "days": "30", "permissions": [Permission.ASSET_READ.value]}
    made = inside.post("/my-tokens/", form).content.decode()
    token = ApiToken.objects.get()
    assert 'id="secret">rmp_' in made
    assert token.permissions == ["asset:read"]
    assert 'id="secret"' not in inside.get("/my-tokens/").content.decode()
    inside.post(f"/my-tokens/{token.pk}/revoke/")
    token.refresh_from_db()
    assert token.revoked_at


def test_a_token_cannot_exceed_its_owner(inside: Client) -> None:
    form = {"name": "Trop", "days": "400", "permissions": [Permission.USER_MANAGE.value]}
    answer = inside.post("/my-tokens/", form)
    assert answer.status_code == 422
    assert 'value="Trop"' in answer.content.decode()  # what was typed is kept
    assert not ApiToken.objects.exists()


def test_nobody_revokes_anothers_token_or_session(inside: Client) -> None:
    other = factories.user(Role.AUDITOR, factories.organisation("cgcd"))
    second = Client()
    second.post("/account/login/", {"login": other.email, "password": "mot de passe de test"})
    second.post("/my-tokens/", {"name": "A", "days": "3", "permissions": ["asset:read"]})
    assert inside.post(f"/my-tokens/{ApiToken.objects.get().pk}/revoke/").status_code == 404
    session = UserSession.objects.get(user=other)
    assert inside.post(f"/my-sessions/{session.pk}/end/").status_code == 404
    assert second.get("/my-account/").status_code == 200


def test_a_session_is_closed_from_another(client: Client, analyst: User) -> None:
    login = {"login": analyst.email, "password": "mot de passe de test"}
    lost = Client()
    lost.post("/account/login/", login)
    client.post("/account/login/", login)
    first = UserSession.objects.filter(user=analyst).order_by("pk").first()
    assert first is not None
    page = client.get("/account/sessions/").content.decode()
    assert f"/my-sessions/{first.pk}/end/" in page
    client.post(f"/my-sessions/{first.pk}/end/")
    assert lost.get("/my-account/").status_code == 302
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"session.begin", "session.close"} <= actions


def test_a_session_ends_after_its_hours_and_when_idle(inside: Client, settings: LazySettings) -> None:
    for key, age in (
        ("rempart_seen", settings.SESSION_IDLE_AGE),
        ("rempart_began", settings.SESSION_COOKIE_AGE),
    ):
        inside.get("/my-account/")
        session = inside.session
        session[key] = int(session[key] - timedelta(seconds=age + 5).total_seconds())
        session.save()
        assert inside.get("/my-account/").status_code == 302
        inside.force_login(User.objects.get())


def test_who_acts_for_others_is_asked_for_a_second_factor(
    client: Client, analyst: User, settings: LazySettings
) -> None:
    client.force_login(analyst)
    notice = "Votre rôle exige un second facteur"
    assert notice in client.get("/my-account/").content.decode()
    settings.REQUIRE_MFA = True
    assert client.get("/my-account/")["Location"] == "/account/2fa/"
    assert client.get("/account/2fa/").status_code == 200
    assert client.get("/api/v1/openapi.json").status_code == 403
    Authenticator.objects.create(user=analyst, type=Authenticator.Type.TOTP, data={"secret": "x"})
    RecoveryCodes.activate(analyst)
    assert notice not in client.get("/my-account/").content.decode()
    officer = factories.user(Role.BODY_OFFICER, factories.organisation("body"))
    client.force_login(officer)
    assert client.get("/my-account/").status_code == 200


@pytest.mark.parametrize(
    "address", ["/search/?q=", "/search/?q=CVE", "/search/?q=%3Cscript%3E", "/my-tokens/"]
)
def test_pages_answer(inside: Client, address: str) -> None:
    answer = inside.get(address)
    assert answer.status_code == 200
    assert "<script>" not in answer.content.decode()


def test_search_finds_what_one_may_see_and_opens_an_exact_identifier(inside: Client) -> None:
    record = factories.vulnerability(title="Faille du cadriciel")
    found = inside.get("/search/", {"q": record.cve_id})
    if address("vulnerability", record.cve_id):
        assert found["Location"] == address("vulnerability", record.cve_id)
    stranger = Client()
    stranger.force_login(factories.user())
    assert record.title not in stranger.get("/search/", {"q": "cadriciel"}).content.decode()


def test_health_needs_no_account(client: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert client.get("/healthz").content == b"ok\n"
