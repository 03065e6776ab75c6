"""The board: every number leads to as many rows, in one's own scope, within a budget, and kept until news."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from itertools import count
from time import sleep

import pytest
from django.db import transaction
from django.test import Client

from rempart.alerts.models import Directive, Target, TargetEvent
from rempart.exposure.models import Exposure
from rempart.indicators.commands import take_snapshot
from rempart.intelligence.models import Vulnerability
from rempart.kernel import keeping, outbox
from rempart.kernel.actors import system
from rempart.kernel.keeping import Kept
from rempart.kernel.permissions import Role
from rempart.kernel.time import now
from rempart.organisations.models import Organisation
from rempart.web.board.pages import kept
from tests import factories as make
from tests.server import eventually

pytestmark = pytest.mark.django_db

_LINK = re.compile(r'<a [^>]*?href="([^"]+)"[^>]*>(.*?)</a>', re.DOTALL)
_ROWS = ("/exposures/?", "/targets/?", "/board/bodies/", "/board/services/")


def exposed(body: Organisation, vulnerability: Vulnerability, **fields: object) -> Exposure:
    before = Exposure.objects.count()  # spreads the ages the same way in every test, whatever ran before
    return Exposure.objects.create(
        **{
            "body": body,
            "asset": make.asset(body),
            "component": make.component(product=f"p{before}", version="1"),
            "vulnerability": vulnerability,
            "priority": "act_now",
            "exploited": vulnerability.kev_added_on is not None,
            "opened_at": now() - timedelta(days=2 * before % 40, hours=1),
            "due_at": now() + timedelta(hours=5),
            **fields,
        }
    )


def bound(directive: Directive, body: Organisation, state: str, **fields: object) -> Target:
    return Target.objects.create(
        **{
            "directive": directive,
            "body": body,
            "state": state,
            "priority": "act_now",
            "sent_at": now() - timedelta(hours=3),
            "due_at": now() + timedelta(hours=4),
            **fields,
        }
    )


@pytest.fixture
def country() -> dict[str, object]:
    """Two centres of three bodies, two exploited vulnerabilities, answers in every state."""
    centres = [make.organisation("cocd"), make.organisation("cocd")]
    bodies = [make.organisation("body", centres[i // 3]) for i in range(6)]
    for number in range(2):
        vulnerability = make.vulnerability(kev_added_on=now().date(), kev_seen_at=now(), kev_name="Produit")
        directive = Directive.objects.create(
            number=f"D-2099-000{number}",
            vulnerability=vulnerability,
            audience="exposed",
            title_fr=f"{vulnerability.cve_id} · Produit",
            title_en=f"{vulnerability.cve_id} · Product",
            priority="act_now",
            issued_at=now() - timedelta(hours=3),
            due_at=now() + timedelta(hours=4),
        )
        states = ["sent", "delivered", "acknowledged", "declared", "verified", "sent"]
        for i, (body, state) in enumerate(zip(bodies, states, strict=True)):
            for _ in range(1 + i + number):
                exposed(body, vulnerability, state="verified" if state == "verified" else "open")
            late = {"due_at": now() - timedelta(hours=1)} if i == 2 else {}
            proved = {"verified_at": now() - timedelta(hours=2)} if state == "verified" else {}
            target = bound(directive, body, state, **late, **proved)
            TargetEvent.objects.create(
                target=target, body=body, at=now(), kind="acknowledged", actor_label="x"
            )
    return {"centres": centres, "bodies": bodies, "government": Organisation.objects.get(kind="government")}


def signed_in(role: Role, place: object) -> Client:
    client = Client()
    client.force_login(make.user(role, place))
    return client


def numbers(page: str) -> Iterator[tuple[str, int]]:
    """(address, number shown) of every link of the page that leads to rows."""
    main = page[page.index("<main") : page.index("</main>")]
    for address, inner in _LINK.findall(main):
        if not unescape(address).startswith(_ROWS) or 'class="axis"' in inner:
            continue
        big = re.search(r"<strong>(.*?)</strong>", inner)
        cell = re.search(r"<text[^>]*>([^<]*)</text>", inner)
        shown = big or cell
        words = unescape(shown.group(1) if shown else re.sub(r"<[^>]+>", "", inner))
        found = re.findall(r"\d[\d\u202f]*", words)
        # The catalogue's lines name bodies, beside a list of exposures: their page says both.
        if found and "·" not in words:
            yield unescape(address), int(found[0].replace("\u202f", ""))


def rows_behind(client: Client, address: str) -> int:
    answer = client.get(address)
    assert answer.status_code == 200, address
    context = answer.context
    return context["page"].total if "page" in context else len(context["rows"])


@pytest.mark.parametrize("by", ["centre", "body"])
@pytest.mark.parametrize("role", [Role.CGCD_COMMANDER, Role.COCD_ANALYST, Role.AUDITOR])
def test_every_number_leads_to_as_many_rows(country: dict[str, object], role: Role, by: str) -> None:
    place = country["centres"][0] if role == Role.COCD_ANALYST else country["government"]
    client = signed_in(role, place)
    page = client.get(f"/board/?by={by}").text
    checked = 0
    for address, number in numbers(page):
        assert rows_behind(client, address) == number, address
        checked += 1
    assert checked > 12


def test_board_of_a_centre_holds_its_own_bodies(country: dict[str, object]) -> None:
    page = signed_in(Role.COCD_ANALYST, country["centres"][0]).get("/board/").text
    others = country["bodies"][3:]
    assert all(body.name_fr not in page for body in others)
    assert country["centres"][1].name_fr not in page


def test_authority_has_no_board(country: dict[str, object]) -> None:
    client = signed_in(Role.AUTHORITY, country["government"])
    for address in ("/board/", "/board/_now/", "/board/bodies/", "/board/services/"):
        assert client.get(address).status_code == 403


def test_empty_government_has_a_calm_board() -> None:
    client = signed_in(Role.CGCD_ANALYST, make.organisation("government"))
    page = client.get("/board/").text
    assert "Aucune directive n’attend de réponse." in page
    assert "sentence ok" in page


def test_budget_of_queries(country: dict[str, object], django_assert_max_num_queries: object) -> None:
    take_snapshot(system("test"))
    client = signed_in(Role.CGCD_COMMANDER, country["government"])
    client.get("/board/")
    with django_assert_max_num_queries(12) as first:
        client.get("/board/_now/")
    kept.clear()
    with django_assert_max_num_queries(len(first) + 12):
        client.get("/board/_now/")


def test_kept_until_something_happens(country: dict[str, object]) -> None:
    client = signed_in(Role.CGCD_COMMANDER, country["government"])
    assert "2 réponses en retard" in client.get("/board/_now/").text
    Target.objects.filter(state="acknowledged").update(state="verified", verified_at=now())
    assert "2 réponses en retard" in client.get("/board/_now/").text
    with transaction.atomic():
        outbox.publish("alerts.changed", "directive:1", {})
    eventually(lambda: "réponses en retard" not in client.get("/board/_now/").text)


def test_what_takes_long_is_not_computed_at_every_event() -> None:
    kept, computed = Kept[int](15, share=10), count()
    for event in range(50):
        kept.get("board", lambda: sleep(0.3) or next(computed), event)
    assert next(computed) == 1


def test_a_reader_is_given_what_was_kept_and_it_is_computed_anew_after_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keeping, "_LONG", 0)
    kept, after = Kept[str](60), []
    assert kept.get("board", lambda: "old", 1, after.append) == "old"
    assert kept.get("board", lambda: "new", 2, after.append) == "old"
    assert kept.get("board", lambda: "newer", 2, after.append) == "old"
    for each in after:
        each()
    assert kept.get("board", lambda: "never asked", 2, after.append) == "new"
    assert len(after) == 2
    assert kept.get("board", lambda: "at once", 3) == "at once"


def test_an_answer_is_followed_by_what_it_left_to_do(
    country: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "_share", 0)
    monkeypatch.setattr(keeping, "_LONG", 0)
    client = signed_in(Role.CGCD_COMMANDER, country["government"])
    assert "2 réponses en retard" in client.get("/board/_now/").text
    Target.objects.filter(state="acknowledged").update(state="verified", verified_at=now())
    with transaction.atomic():
        outbox.publish("alerts.changed", "directive:1", {})
    late = client.get("/board/_now/").text
    assert "2 réponses en retard" in late
    assert "every 3s" in late
    now_ = client.get("/board/_now/").text
    assert "réponses en retard" not in now_
    assert "every 15s" in now_


def test_in_english(country: dict[str, object]) -> None:
    client = signed_in(Role.CGCD_COMMANDER, country["government"])
    client.cookies["rempart_language"] = "en"
    page = client.get("/board/", headers={"accept-language": "en"}).text
    assert "have not acknowledged" in page
    assert "Where exposure grows old" in page
