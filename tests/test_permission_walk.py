"""Every page and every operation, as everyone: who gets in, who does not, and whose rows are shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

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
# What only says who one is and how one reads: each person writes these about themselves.
_OWN_TABLES = re.compile(
    r'^\s*(INSERT INTO|UPDATE|DELETE FROM)\s+"?(django_session|usersessions_usersession|kernel_user|'
    r"kernel_apitoken|kernel_idempotencykey)\"?",
    re.IGNORECASE,
)
_WRITES = re.compile(r"^\s*(INSERT|UPDATE|DELETE|MERGE|COPY)\b", re.IGNORECASE)


@pytest.fixture
def world(settings, tmp_path) -> World:
    settings.UPLOAD_DIR = tmp_path / "uploads"
    return build()


def browser(user: User | None) -> Client:
    client = Client(raise_request_exception=False)
    if user is not None:
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


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
    with undone(), CaptureQueriesContext(connection) as queries:
        response = getattr(client, method.lower())(url, data, **options)
        text = readable(response)
    written = [
        each["sql"][:200]
        for each in queries
        if _WRITES.match(each["sql"]) and not _OWN_TABLES.match(each["sql"])
    ]
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
    if ROLES[who] in {Role.AUDITOR, Role.AUTHORITY} and permissions and written:
        return f"{method} {each}: {who} wrote {written}"
    if who in {"sibling_officer", "other_officer"} and method != "GET" and written and _of_body_a(each):
        return f"{method} {each}: {who} wrote {written}"
    return None


def _of_body_a(each: Address | Operation) -> bool:
    """Whether the address names a row of body A."""
    return isinstance(each, Operation) or "<" in each.route


@pytest.mark.parametrize("who", list(ROLES))
def test_pages_open_to_exactly_whom_the_matrix_says(world: World, who: str) -> None:
    client, wrong = browser(world.people[who]), []
    filled = form(world)
    for each in pages(world):
        if each.name in ENDLESS:
            continue
        shown = ask(client, "GET", each.url)
        wrong.append(_judge(who, each, "GET", shown))
        if shown[0] == 200:
            wrong += _exports(client, who, each, world)
        sent = ask(client, "POST", each.url, filled)
        wrong.append(_judge(who, each, "POST", sent))
        if sent[0] not in {403, 405}:
            wrong.append(_judge(who, each, "POST", ask(client, "POST", each.url, {})))
    assert "\n".join(dict.fromkeys(each for each in wrong if each)) == ""


def _exports(client: Client, who: str, each: Address, world: World) -> Iterator[str | None]:
    """The same list as files, and asked about body A by its filters."""
    filtered = f"body={world.a.body.code}&organisation={world.a.body.code}&q=SECRET"
    table = ask(client, "GET", f"{each.url}?format=csv&{filtered}")
    yield _judge(who, each, "GET", table)
    if table[1].startswith("\ufeff"):
        yield _judge(who, each, "GET", ask(client, "GET", f"{each.url}?format=csv"))
        yield _judge(who, each, "GET", ask(client, "GET", f"{each.url}?format=xlsx"))


@pytest.mark.parametrize("who", list(ROLES))
def test_operations_open_to_exactly_whom_the_matrix_says(world: World, who: str) -> None:
    client = browser(world.people[who])
    wrong = [_judge(who, one, one.method, _call(client, one)) for one in operations(world)]
    assert "\n".join(dict.fromkeys(each for each in wrong if each)) == ""


def test_the_walk_sees_what_it_looks_for(world: World) -> None:
    """The marks do show to those who may see them: the walk is not blind."""
    client = browser(world.people["body_officer"])
    seen = set()
    for each in pages(world):
        if each.name not in ENDLESS:
            text = ask(client, "get", each.url)[1]
            seen |= {mark for mark in EVERY_MARK if mark in text}
    assert seen == SEES["body_officer"]


@pytest.mark.parametrize("who", ["auditor", "authority"])
def test_who_only_reads_writes_nothing(world: World, who: str) -> None:
    client, wrong = browser(world.people[who]), []
    for each in pages(world):
        if each.permissions and each.name not in ENDLESS:
            for data in ({}, form(world)):
                status, _, written = ask(client, "post", each.url, data)
                if written:
                    wrong.append(f"{each}: {status} {written}")
    for one in operations(world):
        if one.method != "GET":
            status, _, written = _call(client, one)
            if written or status not in {403, 404, 405, 422}:
                wrong.append(f"{one}: {status} {written}")
    assert not wrong
