"""Sign-in: password, reset, second factor by code, and the government's provider (OpenID Connect)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import oidc_provider_mock
import pytest
from allauth.mfa.totp.internal import auth as totp
from django.conf import LazySettings
from django.core import mail
from django.core.cache import cache
from django.test import Client

from rempart.kernel.models import AuditEntry, User
from rempart.kernel.permissions import Role
from tests import factories

pytestmark = pytest.mark.django_db
PASSWORD = "mot de passe de test"


def enter(client: Client, user: User, password: str = PASSWORD, **extra: str) -> str:
    """The address that the sign-in form leads to, "" when it refuses."""
    answer = client.post("/account/login/", {"login": user.email, "password": password, **extra})
    return answer.get("Location", "")


def test_a_password_opens_the_page_that_was_asked(client: Client) -> None:
    user = factories.user()
    assert enter(client, user, "autre chose") == ""
    assert enter(client, user, next="/my-tokens/") == "/my-tokens/"
    assert AuditEntry.objects.filter(action="session.begin", object_id=str(user.pk)).exists()


def test_sign_in_leads_nowhere_else(client: Client) -> None:
    assert enter(client, factories.user(), next="https://ailleurs.test/") == "/"


def test_a_closed_account_does_not_open(client: Client) -> None:
    user = factories.user(is_active=False)
    enter(client, user)
    assert client.get("/my-account/").status_code == 302
    assert "_auth_user_id" not in client.session


def test_sign_up_is_closed(client: Client) -> None:
    answer = client.get("/account/signup/")
    assert "On ne s’inscrit pas soi-même" in answer.content.decode()
    client.post("/account/signup/", {"email": "x@exemple.test", "password1": "une longue phrase secrète"})
    assert not User.objects.exists()


def test_guessing_is_slowed(client: Client, settings: LazySettings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
    cache.clear()
    user = factories.user()
    for _ in range(5):
        enter(client, user, "faux")
    assert enter(client, user) == ""  # even the right one, for a while
    cache.clear()
    assert enter(client, user) == "/"


def test_a_forgotten_password_is_reset_by_a_link_in_the_readers_language(client: Client) -> None:
    user = factories.user(language="en")
    client.post("/account/password/reset/", {"email": user.email})
    [message] = mail.outbox
    assert message.subject == "[Rempart] Choose a new password"
    link = re.search(r"http://testserver(\S+)", message.body)
    assert link is not None
    form = client.get(link[1], follow=True)
    assert "Nouveau mot de passe" in form.content.decode()
    new = "une phrase bien plus longue"
    client.post(form.redirect_chain[-1][0], {"password1": new, "password2": new})
    assert enter(Client(), user, new) == "/"


def test_a_reset_does_not_tell_whether_an_account_exists(client: Client) -> None:
    known, unknown = (
        re.sub(
            r"[A-Za-z0-9]{64}",
            "",
            client.post("/account/password/reset/", {"email": email}, follow=True).content.decode(),
        )
        for email in (factories.user().email, "personne@ailleurs.test")
    )
    assert known == unknown
    assert len(mail.outbox) == 1


def test_a_changed_password_is_told_and_ends_the_other_sessions(client: Client) -> None:
    user = factories.user(language="en")
    other = Client()
    enter(client, user)
    enter(other, user)
    new = "une phrase bien plus longue"
    client.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert mail.outbox[-1].subject == "[Rempart] Your password is changed"
    assert "127.0.0.1" in mail.outbox[-1].body
    assert client.get("/my-account/").status_code == 200
    assert other.get("/my-account/").status_code == 302


def test_a_mail_server_that_is_down_stops_nobody(client: Client, settings: LazySettings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    answer = client.post("/account/password/reset/", {"email": factories.user().email}, follow=True)
    assert "Regardez vos courriels" in answer.content.decode()


def prove(client: Client) -> None:
    """What touches the account's security asks for the password again."""
    answer = client.post("/account/reauthenticate/", {"password": PASSWORD, "next": "/account/2fa/"})
    assert answer["Location"] == "/account/2fa/"


def test_a_second_factor_by_code(client: Client) -> None:
    user = factories.user(Role.CGCD_ANALYST, factories.organisation("cgcd"))
    enter(client, user)
    assert client.get("/account/2fa/totp/activate/")["Location"].startswith("/account/reauthenticate/")
    prove(client)
    page = client.get("/account/2fa/totp/activate/").content.decode()
    found = re.search(r'id="totp-secret">([A-Z2-7]+)<', page)
    assert found is not None
    secret = found[1]
    code = totp.format_hotp_value(totp.hotp_value(secret, next(totp.yield_hotp_counters_from_time())))
    refused = client.post("/account/2fa/totp/activate/", {"code": "000000"})
    assert 'aria-invalid="true"' in refused.content.decode()
    client.post("/account/2fa/totp/activate/", {"code": code})
    assert "Un second facteur protège votre compte" in client.get("/account/2fa/").content.decode()
    codes = re.findall(r"\b\d{8}\b", client.get("/account/2fa/recovery-codes/").content.decode())
    assert len(codes) == 10
    second = Client()
    assert enter(second, user) == "/account/2fa/authenticate/"
    assert second.get("/my-account/").status_code == 302
    assert second.post("/account/2fa/authenticate/", {"code": codes[0]})["Location"] == "/"
    assert second.get("/my-account/").status_code == 200


PAGES = (
    "2fa/", "2fa/totp/activate/", "2fa/webauthn/", "2fa/webauthn/add/", "2fa/recovery-codes/generate/",
    "sessions/", "password/change/", "password/reset/", "password/reset/done/", "logout/", "reauthenticate/",
    "3rdparty/", "email/", "3rdparty/login/cancelled/", "3rdparty/login/error/", "inactive/",
)  # fmt: skip


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_page_is_ours_and_in_the_readers_language(client: Client, language: str) -> None:
    user = factories.user(language=language)
    enter(client, user)
    prove(client)
    for page in PAGES:
        html = client.get(f"/account/{page}", follow=True).content.decode()
        assert f'<html lang="{language}"' in html, page
        assert "web/tokens.css" in html, page
        assert ("Skip to content" in html) == (language == "en"), page


@pytest.fixture
def provider(settings: LazySettings) -> Iterator[str]:
    """A government provider on this machine, and the platform configured to trust it."""
    citizens = [
        oidc_provider_mock.User(sub="1", claims={"email": "Connue@exemple.test", "email_verified": True}),
        oidc_provider_mock.User(sub="2", claims={"email": "inconnue@exemple.test", "email_verified": True}),
        oidc_provider_mock.User(sub="3", claims={"email": "connue@exemple.test", "email_verified": False}),
    ]
    with oidc_provider_mock.run_server_in_thread(user_claims=citizens) as server:
        issuer = f"http://localhost:{server.server_port}"
        settings.SOCIALACCOUNT_PROVIDERS = {
            "openid_connect": {
                "OAUTH_PKCE_ENABLED": True,
                "APPS": [
                    {
                        "provider_id": "oidc", "name": "Authentification gouvernementale",
                        "client_id": "rempart", "secret": "un secret", "settings": {"server_url": issuer},
                    }
                ],
            }
        }  # fmt: skip
        yield issuer


def through(client: Client, subject: str) -> str:
    """Goes to the provider, signs in there, and comes back; where the platform then leads."""
    to_provider = client.post("/account/oidc/oidc/login/")["Location"]
    assert "code_challenge_method=S256" in to_provider
    back = httpx.post(to_provider, data={"sub": subject}).headers["Location"]
    parts = urlsplit(back)
    return client.get(f"{parts.path}?{parts.query}").get("Location", "")


def test_the_governments_provider_lets_known_people_in(client: Client, provider: str) -> None:
    user = factories.user(Role.AUDITOR, factories.organisation("cgcd"), email="connue@exemple.test")
    assert "Authentification gouvernementale" in client.get("/account/login/").content.decode()
    assert through(client, "1") == "/"
    assert client.session["_auth_user_id"] == str(user.pk)
    assert through(Client(), "1") == "/"  # and again, now that the two are linked


@pytest.mark.parametrize("subject", ["2", "3"])
def test_the_provider_opens_no_account_by_itself(client: Client, provider: str, subject: str) -> None:
    """Neither for a stranger, nor for an address that the provider has not verified."""
    factories.user(email="connue@exemple.test")
    through(client, subject)
    assert "_auth_user_id" not in client.session
    assert User.objects.count() == 1


def test_a_forged_return_from_the_provider_is_refused(client: Client, provider: str) -> None:
    factories.user(email="connue@exemple.test")
    answer = client.get("/account/oidc/oidc/login/callback/?code=abc&state=xyz")
    assert "Le fournisseur d’identité n’a pas répondu comme prévu" in answer.content.decode()
    assert "_auth_user_id" not in client.session
