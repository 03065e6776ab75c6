"""End of life: holdings follow inventories and support dates; pages, API and purchases."""

from __future__ import annotations

from datetime import date, timedelta

import orjson
import pytest
from django.test import Client

from rempart.engines.lifecycle import Cycle, End, Lifecycle
from rempart.exposure.commands import lifecycle
from rempart.exposure.models import ComponentKey, ComponentSupport, ProductAlias, SupportHolding
from rempart.exposure.queries import lifecycle as queries
from rempart.exposure.queries.lifecycle import months_after, supported_shares
from rempart.intelligence import commands as intelligence
from rempart.kernel.actors import system
from rempart.kernel.permissions import Role
from rempart.kernel.time import today
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def dates(tmp_path):
    """Acme Database: 1 is over, 2 ends in six months, 3 in twenty, 4 has no end announced."""

    def load(first: date | None = None) -> None:
        ends = {
            "1": first or today() - timedelta(days=30),
            "2": months_after(today(), 6),
            "3": months_after(today(), 20),
        }
        releases = [{"releaseCycle": name, "eol": str(end)} for name, end in ends.items()]
        releases.append({"releaseCycle": "4", "eol": False})
        names = [{"cpe": "cpe:/a:acme:database"}, {"purl": "pkg:github/acme/database"}]
        product = {
            "title": "Acme Database", "category": "database", "releases": releases, "identifiers": names,
        }  # fmt: skip
        path = tmp_path / "products.json"
        path.write_bytes(orjson.dumps({"acme-database": product}))
        intelligence.load_lifecycle(system("tests"), path)
        lifecycle.relocate_all()

    return load


def _install(version: str, body=None, **asset):
    held = factories.asset(body or factories.organisation(), **asset)
    factories.install(
        held,
        factories.component(
            vendor="acme", product="database", version=version, cpe=f"cpe:/a:acme:database:{version}"
        ),
    )
    return held


def client(role: Role, place) -> Client:
    signed_in = Client()
    signed_in.force_login(factories.user(role, place))
    return signed_in


def test_holdings_follow_the_dates_and_the_inventory(dates) -> None:
    server = _install("1.4", network_exposure="internet", criticality=3)
    _install("3.0", server.body)
    dates()
    held = {row.component.version: row for row in SupportHolding.objects.select_related("component")}
    assert set(held) == {"1.4", "3.0"}
    assert (held["1.4"].assets, held["1.4"].internet, held["1.4"].criticality) == (1, 1, 3)
    dates(first=today() + timedelta(days=3))  # the vendor gave three days more
    assert SupportHolding.objects.get(component__version="1.4").ends_on == today() + timedelta(days=3)
    server.installs.update(removed_at=server.first_seen_at)
    _install("4.2", server.body)
    lifecycle.hold_support(server.body_id)
    assert set(SupportHolding.objects.values_list("component__version", flat=True)) == {"3.0", "4.2"}


def test_an_unknown_version_is_told_and_another_product_is_not_held(dates) -> None:
    body = factories.organisation()
    _install("nightly", body)
    factories.install(
        factories.asset(body), factories.component(vendor="other", product="database", version="1")
    )
    dates()
    row = SupportHolding.objects.get()
    assert (row.component.version, row.cycle, row.past) == ("nightly", None, None)
    assert ComponentSupport.objects.filter(product__isnull=True).count() == 1


def test_the_sources_identifiers_join_names_below_a_persons_decision(dates) -> None:
    server = _install("1.4")
    ProductAlias.objects.create(
        key="purl:github/acme/database",
        canonical="cpe:a:person:choice",
        provenance="analyste",
        decided_by=factories.user(Role.CGCD_COMMANDER, server.body.parent.parent.parent),
    )
    dates()
    assert ProductAlias.objects.get(key="purl:github/acme/database").canonical == "cpe:a:person:choice"
    ProductAlias.objects.all().delete()
    dates(first=today())
    alias = ProductAlias.objects.get(key="purl:github/acme/database")
    assert (alias.canonical, alias.provenance) == ("cpe:a:acme:database", "endoflife.date")
    assert not ComponentKey.objects.filter(key="purl:github/acme/database").exists()


def test_the_list_shows_ones_own_by_period_and_leaves_as_a_file(dates) -> None:
    server = _install("1.4")
    for version in ("2.1", "3.3", "4.0"):
        _install(version, server.body)
    dates()
    officer = client(Role.BODY_OFFICER, server.body)
    assert officer.get("/lifecycle/").url == "?when=now"
    for when, version in (("now", "1.4"), ("12", "2.1"), ("24", "3.3"), ("later", "4.0")):
        page = officer.get(f"/lifecycle/?when={when}").content.decode()
        assert version in page
        others = {"1.4", "2.1", "3.3", "4.0"} - {version}
        assert not any(f"database {one}" in page for one in others)
    assert b"Acme Database" in b"".join(officer.get("/lifecycle/?when=now&format=csv").streaming_content)
    stranger = client(Role.BODY_OFFICER, factories.organisation(parent=server.body.parent))
    assert "database 1.4" not in stranger.get("/lifecycle/?when=now").content.decode()
    assert client(Role.AUTHORITY, server.body).get("/lifecycle/?when=now").status_code == 403


def test_a_purchase_is_checked_before_it_is_made(dates) -> None:
    server = _install("1.4")
    dates()
    officer = client(Role.BODY_OFFICER, server.body)
    page = officer.get("/lifecycle/check?product=acme+database+1.9").content.decode()
    assert (today() - timedelta(days=30)).isoformat() in page
    assert officer.get("/lifecycle/check?product=nothing+like+it").status_code == 404
    assert officer.get("/lifecycle/check").status_code == 200
    checked = queries.check_support(system("tests"), "Acme Database", "2.0")[0]
    assert checked.cycle == Cycle("2", security=End(months_after(today(), 6)))
    assert isinstance(checked.product, Lifecycle)


def test_each_body_has_its_share_of_supported_software(dates) -> None:
    server = _install("1.4")
    _install("4.2", server.body)
    dates()
    assert supported_shares(today()) == {server.body_id: (1.0, 2.0)}


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 11, 24), 12, date(2027, 11, 24)),
        (date(2024, 2, 29), 24, date(2026, 2, 28)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
    ],
)
def test_months_are_those_of_the_calendar(day: date, months: int, later: date) -> None:
    assert months_after(day, months) == later
