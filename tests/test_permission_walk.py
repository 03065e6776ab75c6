"""Every page and every operation, as everyone: who gets in, who does not, and whose rows are shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client, override_settings

from rempart.kernel.models import User
from rempart.kernel.permissions import ROLE_PERMISSIONS, Permission, Role
from tests.walk import ENDLESS, Address, Operation, form, operations, pages, readable
from tests.world import World, build

pytestmark = pytest.mark.django_db

Answer = tuple[int, str, list[str]]  # status, text, statements that wrote

ROLES = {
    **{str(role): role for role in Role},
    "sibling_officer": Role.BODY_OFFICER,
    "other_officer": Role.BODY_OFFICER,
}
# The texts that each person may see in pages and exports; every other mark is another body's.
EVERY_MARK = {f"{kind}-{letter}" for kind in ("SECRET", "PERSON", "PLACE", "RAW") for letter in "ASB"}
# Hosts, users and events of detections stay in their body: no centre sees them.
_LEAVES = {mark for mark in EVERY_MARK if not mark.startswith("RAW")}
_CENTRE = {mark for mark in _LEAVES if not mark.endswith("B")}
SEES = {
    "cgcd_analyst": _LEAVES,
    "cgcd_commander": _LEAVES,
    "auditor": _LEAVES,
    "cocd_analyst": _CENTRE,
    "body_officer": {"SECRET-A", "PERSON-A", "PLACE-A", "RAW-A"},
    # An owner reads no list of people, and sees who answers for their own body's assets.
    "asset_owner": {"SECRET-A", "PERSON-A", "PLACE-A"},
    "sibling_officer": {"SECRET-S", "PERSON-S", "PLACE-S", "RAW-S"},
    "other_officer": {"SECRET-B", "PERSON-B", "PLACE-B", "RAW-B"},
    "authority": {"PLACE-A", "PLACE-S", "PLACE-B"},
    "administrator": {mark for mark in _LEAVES if not mark.startswith("SECRET")},
}
# They see the most pages between them, and ask each for its table even where the page offers none.
LOOKS_FOR_EXPORTS = {"cgcd_analyst", "body_officer"}
# What only says who one is and how one reads: each person writes these about themselves.
_OWN_TABLES = re.compile(
    r'^\s*(INSERT INTO|UPDATE|DELETE FROM)\s+"?(django_session|usersessions_usersession|kernel_user|'
    r"kernel_apitoken|kernel_idempotencykey)\"?",
    re.IGNORECASE,
)
# What differs in each answer of the same page: the proof of origin, and the moment it was made.
_PASSING = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"|"X-CSRFToken": ?"[^"]*"|events\?since=\d+')
_WRITES = re.compile(r"^\s*(INSERT|UPDATE|DELETE|MERGE|COPY)\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[World]:
    """Made once: every request, and every test, takes back what it wrote."""
    uploads = tmp_path_factory.mktemp("uploads")
    with django_db_blocker.unblock(), override_settings(UPLOAD_DIR=uploads), transaction.atomic():
        yield build()
        transaction.set_rollback(True)


def browser(user: User | None) -> Client:
    client = Client(raise_request_exception=False)
    if user is not None:
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


class Written(list[str]):
    """The statements that changed rows of others than oneself, while its block runs."""

    def __call__(self, execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        if _WRITES.match(sql) and not _OWN_TABLES.match(sql):
            self.append(sql[:200])
        return execute(sql, parameters, many, context)


@contextmanager
def undone() -> Iterator[None]:
    """What the request wrote is taken back: the next one finds the world as it was made."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def ask(
    client: Client, method: str, url: str, data: Any = None, **options: Any
) -> tuple[int, str, list[str]]:
    """(status, all the text of the answer, the statements that changed rows of others than oneself)."""
    written = Written()
    with undone(), connection.execute_wrapper(written):
        response = getattr(client, method.lower())(url, data, **options)
        text = readable(response)
    return response.status_code, text, written


def opens(role: Role, permissions: tuple[Permission, ...]) -> bool:
    return not permissions or any(permission in ROLE_PERMISSIONS[role] for permission in permissions)


def test_every_view_is_declared(world: World) -> None:
    undeclared = [str(each) for each in pages(world) if each.permissions is None and not each.public]
    undeclared = [each for each in undeclared if not each.startswith("set_language")]
    assert not undeclared, "declare these views with kernel.edge: page, signed_in or public"
    open_operations = [str(each) for each in operations(world) if each.permissions is None]
    assert not open_operations, "declare these operations with kernel.edge.page beneath the route"


def test_anonymous_gets_in_nowhere(world: World) -> None:
    wrong = []
    for each in pages(world):
        for method in ("get", "post"):
            if each.public and each.name in {"metrics", "readyz", "healthz"}:
                continue
            status, text, written = ask(browser(None), method, each.url)
            seen = {mark for mark in EVERY_MARK if mark in text}
            if each.public:
                # A signed link says to its holder which body it is about, and nothing else.
                allowed = {"SECRET-A", "PLACE-A", "PERSON-A"} if each.name == "acknowledge" else set()
                if status >= 500 or not seen <= allowed:
                    wrong.append(f"{method} {each}: {status} {seen}")
            elif each.name == "set_language":
                if status >= 500 or seen:
                    wrong.append(f"{method} {each}: {status} {seen}")
            elif status not in {302, 401} or seen or written:
                wrong.append(f"{method} {each}: {status} {seen} {written}")
    for one in operations(world):
        status, text, written = _call(browser(None), one)
        if status != 401 or written or any(mark in text for mark in EVERY_MARK):
            wrong.append(f"{one}: {status}")
    assert not wrong


def _call(client: Client, one: Operation) -> Answer:
    if isinstance(one.document, dict) and set(one.document) == {"form"}:
        return ask(client, one.method, one.url, one.document["form"])
    if one.method == "GET":
        return ask(client, one.method, one.url)
    return ask(client, one.method, one.url, one.document or {}, content_type="application/json")


def _judge(
    who: str, each: Address | Operation, method: str, answer: tuple[int, str, list[str]]
) -> str | None:
    """What is wrong with this answer for this person, or None."""
    status, text, written = answer
    if status >= 500 and not (status == 503 and getattr(each, "name", "") == "readyz"):
        return f"{method} {each}: {status}"
    permissions = each.permissions
    if isinstance(each, Address) and each.public:
        return None  # for anyone: what these show is looked at with anonymous
    foreign = sorted(mark for mark in EVERY_MARK - SEES[who] if mark in text)
    if foreign:
        return f"{method} {each}: shows {', '.join(foreign)}"
    if permissions is None:
        return None
    if not opens(ROLES[who], permissions):
        # A method that the page does not have, or a document that the API cannot read, may be refused first.
        before = {405} if isinstance(each, Address) else {405, 422}
        if status not in {403, *before} or written:
            return f"{method} {each}: {status}, refused was expected {written}"
        return None
    if method == "GET" and status == 403:
        return f"{method} {each}: refused, {who} holds {'/'.join(permissions)}"
    if ROLES[who] in {Role.AUDITOR, Role.AUTHORITY} and permissions:
        if written:
            return f"{method} {each}: {who} wrote {written}"
        if isinstance(each, Operation) and method != "GET" and status not in {403, 404, 405, 422}:
            return f"{method} {each}: {who} was answered {status}"
    if who in {"sibling_officer", "other_officer"} and method != "GET" and written and _of_body_a(each):
        return f"{method} {each}: {who} wrote {written}"
    return None


def _of_body_a(each: Address | Operation) -> bool:
    """Whether the address names a row of body A."""
    return isinstance(each, Operation) or "<" in each.route


@pytest.mark.parametrize("who", list(ROLES))
def test_pages_open_to_exactly_whom_the_matrix_says(world: World, who: str) -> None:
    client, wrong, seen = browser(world.people[who]), [], set()
    filled = form(world)
    for each in pages(world):
        if each.name in ENDLESS:
            continue
        shown = ask(client, "GET", each.url)
        wrong.append(_judge(who, each, "GET", shown))
        if shown[0] == 200:
            seen |= {mark for mark in EVERY_MARK if mark in shown[1]}
            wrong += _exports(client, who, each, shown[1], world)
        sent = ask(client, "POST", each.url, filled)
        wrong.append(_judge(who, each, "POST", sent))
        if sent[0] not in {403, 405} and not _reads_nothing(shown, sent):
            wrong.append(_judge(who, each, "POST", ask(client, "POST", each.url, {})))
    assert "\n".join(dict.fromkeys(each for each in wrong if each)) == ""
    if who == "body_officer":
        assert seen == SEES[who]  # the marks do show to those who may see them: the walk is not blind


def _reads_nothing(shown: Answer, sent: Answer) -> bool:
    """Whether the page answers what is sent to it as it answers who only looks."""
    return shown[0] == sent[0] and _PASSING.sub("", shown[1]) == _PASSING.sub("", sent[1]) and not sent[2]


def _exports(client: Client, who: str, each: Address, shown: str, world: World) -> Iterator[str | None]:
    """The same list as files, and asked about body A by its filters."""
    offered = "format=csv" in shown or shown.startswith("\ufeff")
    if not offered and who not in LOOKS_FOR_EXPORTS:
        return
    filtered = f"body={world.a.body.code}&organisation={world.a.body.code}&q=SECRET"
    table = ask(client, "GET", f"{each.url}?format=csv&{filtered}")
    yield _judge(who, each, "GET", table)
    if table[1].startswith("\ufeff"):
        yield (
            None if offered else f"{each} answers as a table that it does not offer: nobody else asks for it"
        )
        yield _judge(who, each, "GET", ask(client, "GET", f"{each.url}?format=csv"))
        yield _judge(who, each, "GET", ask(client, "GET", f"{each.url}?format=xlsx"))


@pytest.mark.parametrize("who", list(ROLES))
def test_operations_open_to_exactly_whom_the_matrix_says(world: World, who: str) -> None:
    client = browser(world.people[who])
    wrong = [_judge(who, one, one.method, _call(client, one)) for one in operations(world)]
    assert "\n".join(dict.fromkeys(each for each in wrong if each)) == ""
