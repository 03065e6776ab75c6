"""Pages of the list against all of its rows sorted at once: the same, whatever the way they are found."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.db.models import Count

from rempart.exposure import counting, facets, queries
from rempart.exposure.models import Exposure, ExposureCount, ExposureDays
from rempart.exposure.pages import lists
from rempart.exposure.queries import paging, streams
from rempart.kernel import listing
from rempart.kernel.actors import Actor, actor_for, system
from rempart.kernel.errors import Invalid
from rempart.kernel.permissions import Role
from rempart.kernel.time import now
from tests import factories

pytestmark = pytest.mark.django_db

ROWS = 70
FILTERS = (
    {},
    {"state": "open"},
    {"priority": "act_now", "kev": "no"},
    {"internet": "yes", "certainty": "affected", "criticality": "2"},
    {"late": "yes"},
    {"late": "no"},
    {"age": "7-14"},
    {"age": "7-14", "late": "no"},
    {"age": "30-60", "late": "yes", "centre": "centre"},
    {"age": "0-1", "late": "yes"},
    {"closed": "today"},
    {"body": "op-a"},
    {"centre": "centre"},
    {"vulnerability": "CVE-2024-0001", "state": "open"},
    {"asset": "a3"},
    {"state": "nonsense"},
)


@pytest.fixture
def everything() -> Actor:
    """Exposures of two bodies, of every kind, many of them sharing their dates."""
    draw, at = random.Random(7), now()
    centre = factories.organisation("cocd", code="centre")
    bodies = [factories.organisation("body", centre, code=f"op-{name}") for name in "ab"]
    assets = [
        factories.asset(
            draw.choice(bodies), key=f"a{n}", network_exposure=draw.choice(["internet", "internal"])
        )
        for n in range(12)
    ]
    components = [factories.component(product=draw.choice(["a", "b"]), version=f"{n}") for n in range(4)]
    known = [
        factories.vulnerability(cve_id=f"CVE-2024-{n:04}", kev_added_on=at.date() if n % 2 else None)
        for n in range(6)
    ]
    places = [(v, a, c) for v in known for a in assets for c in components]
    rows = []
    for vulnerability, asset, component in draw.sample(places, ROWS):
        state = draw.choice(facets.STATES)
        opened = at - timedelta(days=draw.choice([1, 2, 9, 9, 40]))
        rows.append(
            Exposure(
                body_id=asset.body_id, asset=asset, component=component, vulnerability=vulnerability,
                certainty=draw.choice(facets.CERTAINTIES), state=state,
                priority=draw.choice(facets.PRIORITIES), criticality=draw.randrange(5),
                exploited=vulnerability.kev_added_on is not None,
                internet=asset.network_exposure == "internet", opened_at=opened,
                due_at=opened + timedelta(days=draw.choice([2, 7, 30])),
                closed_at=None if state == "open" else at - timedelta(days=draw.choice([0, 3])),
            )
        )  # fmt: skip
    Exposure.objects.bulk_create(rows)
    return system("test")


@pytest.fixture(params=["sorted whole", "walked", "walked in small parts", "spans of time sorted"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "walked in small parts":
        monkeypatch.setattr(paging, "_RUNS", 1)
        monkeypatch.setattr(streams, "_PARAMETERS", 40)
    if request.param != "sorted whole":
        monkeypatch.setattr(paging, "FEW", 0)
        monkeypatch.setattr(paging, "COUNTED", 5)
        monkeypatch.setattr(paging, "TIMED", 5 if "walked" in request.param else paging.TIMED)
    return request.param


def _expected(actor: Actor, filters: dict[str, str], sort: str) -> list[int]:
    """All the ids that answer, in order, from the filters and the rows themselves."""
    rows = lists.exposure_listing(actor).rows(lists.with_urgency(queries.exposures(actor)), filters)
    order = paging.ORDERS[sort.lstrip("-")]

    def place(row: Exposure) -> list[object]:
        kind = facets.decode(row.facet)
        group = order.group(kind) if order.group else 0
        keys = [_value(row, "due_at" if name == "closed_at" and group else name) for name in order.keys]
        return [group, *keys]

    return [row.pk for row in sorted(rows, key=place, reverse=sort.startswith("-"))]


def _value(row: Exposure, path: str) -> object:
    for name in path.split("__"):
        row = getattr(row, name)
    return row


@pytest.mark.parametrize("sort", [mark + name for name in paging.ORDERS for mark in ("", "-")])
def test_pages_one_after_the_other_are_the_whole_list(everything: Actor, way: str, sort: str) -> None:
    for filters in FILTERS:
        wanted = _expected(everything, filters, sort)
        found: list[int] = []
        shown = lists.exposure_page(everything, {**filters, "sort": sort, "size": "25"})
        pages = [shown]
        while shown.next_address is not None:
            found += [row.pk for row in shown.rows]
            address = {"sort": sort, "size": "25", "page": str(shown.number + 1), "after": shown.last_cursor}
            shown = lists.exposure_page(everything, {**filters, **address})
            pages.append(shown)
        found += [row.pk for row in shown.rows]
        assert found == wanted, filters
        assert shown.beyond or shown.total == len(wanted)
        for before, after in pairwise(pages):
            if after.first_cursor:
                address = {
                    "sort": sort,
                    "size": "25",
                    "page": str(before.number),
                    "before": after.first_cursor,
                }
                back = lists.exposure_page(everything, {**filters, **address})
                assert [row.pk for row in back.rows] == [row.pk for row in before.rows]


def test_pages_by_number_reach_both_ends(everything: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "FEW", 0)
    monkeypatch.setattr(paging, "BY_NUMBER", 20)
    monkeypatch.setattr(paging, "TIMED", 5)
    for sort in ("priority", "-due", "-opened", "-state"):
        # Of how many there are, only "more than five" is known: pages are still cut from the beginning.
        wanted = _expected(everything, {"age": "7-14"}, sort)
        for number in (1, 2, 3):
            shown = lists.exposure_page(
                everything, {"age": "7-14", "sort": sort, "size": "10", "page": str(number)}
            )
            start = (number - 1) * 10
            assert [row.pk for row in shown.rows] == wanted[start : start + 10], (sort, number)
    for sort in ("priority", "-due", "vulnerability"):
        wanted = _expected(everything, {}, sort)
        for number in (1, 2, 3, 6, 7, 99):
            shown = lists.exposure_page(everything, {"sort": sort, "size": "10", "page": str(number)})
            start = (min(number, 7) - 1) * 10
            assert [row.pk for row in shown.rows] == wanted[start : start + 10], (sort, number)
        with pytest.raises(Invalid):
            lists.exposure_page(everything, {"sort": sort, "size": "10", "page": "4"})


@pytest.mark.parametrize(
    "cursor", ["[]", "[1]", "{", '["a", "b", "c"]', "[null, null, 1]", "[" * 2000, '[0, "2024-99-99", 1]']
)
def test_a_cursor_of_nonsense_is_ignored(
    everything: Actor, monkeypatch: pytest.MonkeyPatch, cursor: str
) -> None:
    monkeypatch.setattr(paging, "FEW", 0)
    shown = lists.exposure_page(everything, {"after": cursor})
    assert len(shown.rows) == listing.PAGE_SIZE


def test_one_body_is_all_that_its_officer_sees(everything: Actor, way: str) -> None:
    body = Exposure.objects.values_list("body", flat=True).order_by("body__code").first()
    user = factories.user(Role.BODY_OFFICER, ExposureCount.objects.filter(body=body).first().body)
    for sort in paging.ORDERS:
        shown = lists.exposure_page(actor_for(user), {"sort": sort, "size": "200"})
        assert shown.total == Exposure.objects.filter(body=body).count()
        assert {row.body_id for row in shown.rows} == {body}


def test_counts_follow_every_change(everything: Actor) -> None:
    _assert_counts()
    Exposure.objects.filter(priority="defer").update(priority="act_now", criticality=4)
    _assert_counts()
    Exposure.objects.filter(state="open").update(state="verified", closed_at=now())
    _assert_counts()
    Exposure.objects.filter(certainty="cannot_tell").delete()
    _assert_counts()


def test_days_follow_every_change(everything: Actor) -> None:
    _assert_days()
    Exposure.objects.filter(state="open").update(due_at=now() + timedelta(days=400))
    _assert_days()
    Exposure.objects.filter(state="open").update(opened_at=now() - timedelta(days=400))
    _assert_days()
    Exposure.objects.filter(priority="defer").update(priority="act_now")
    _assert_days()
    Exposure.objects.filter(state="accepted").update(closed_at=now() - timedelta(days=200))
    _assert_days()
    Exposure.objects.filter(state="verified").delete()
    with connection.cursor() as cursor:
        counting.remove(cursor, connection.vendor)
    counting.install()
    _assert_days(gone=False)
    _assert_counts()


def _assert_days(*, gone: bool = True) -> None:
    """Every day that a row holds is known, and no other unless some may be ``gone``."""
    held = {
        (one.facet, kind, one.opened_at.date(), at.date())
        for one in Exposure.objects.all()
        for kind, at in (("due", one.due_at), ("closed", one.closed_at))
        if at is not None
    }
    kept = list(ExposureDays.objects.values_list("facet", "kind", "opened_on", "day"))
    assert held <= set(kept)
    assert gone or len(kept) == len(held)


def _assert_counts() -> None:
    rows = Exposure.objects.values_list("body_id", "facet").annotate(n=Count("id")).order_by()
    kept = ExposureCount.objects.exclude(n=0).values_list("body_id", "facet", "n")
    assert sorted(kept) == sorted(rows)


def test_the_number_of_a_combination_is_computed_alike_by_the_database() -> None:
    body = factories.organisation("body")
    asset, component = factories.asset(body), factories.component()
    for number in (0, 1, 2, 37, 159, 400, 799):
        kind = facets.decode(number)
        assert kind.number == number
        row = Exposure.objects.create(
            body=body, asset=asset, component=component, vulnerability=factories.vulnerability(),
            state=facets.STATES[kind.state], priority=facets.PRIORITIES[kind.priority],
            certainty=facets.CERTAINTIES[kind.certainty], criticality=kind.criticality,
            exploited=bool(kind.exploited), internet=bool(kind.internet), opened_at=now(),
        )  # fmt: skip
        row.refresh_from_db()
        assert row.facet == number
