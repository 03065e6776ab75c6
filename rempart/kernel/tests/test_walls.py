"""The second wall: with every scope forgotten, PostgreSQL itself shows and changes one's own bodies alone."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, connection, transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from rempart.kernel import health, walls
from rempart.kernel.actors import ANONYMOUS, system
from rempart.kernel.edge import page, signed_in
from rempart.kernel.permissions import Permission, Role
from tests import factories

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="row-level security is PostgreSQL's"),
]


@pytest.fixture
def assets():
    return [factories.asset(factories.organisation("body")) for _ in range(3)]


@pytest.fixture
def officer(assets):
    return factories.actor(Role.BODY_OFFICER, assets[0].body)


def ask(sql: str, *parameters: object) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else [(cursor.rowcount,)]


def seen() -> set[object]:
    return {row[0] for row in ask("SELECT id FROM assets_asset")}


def test_every_table_of_bodies_is_guarded():
    assert walls.standing()
    assert walls.unguarded() == []
    assert len(walls.tables()) > 15


def test_a_query_without_scope_sees_ones_own_bodies(assets, officer):
    everything = {asset.pk for asset in assets}
    with walls.within(officer):
        assert seen() == {assets[0].pk}
        with walls.lifted():
            assert seen() == everything
        assert seen() == {assets[0].pk}
    assert seen() == everything
    for whole in (system("tests"), factories.actor(Role.CGCD_ANALYST, assets[0].body.parent.parent.parent)):
        with walls.within(whole):
            assert seen() == everything
    with walls.within(ANONYMOUS):
        assert seen() == set()


def test_a_write_without_scope_reaches_ones_own_bodies(assets, officer):
    own, other = assets[:2]
    with walls.within(officer):
        assert ask("UPDATE assets_asset SET description = 'x'") == [(1,)]
        assert ask("DELETE FROM assets_asset WHERE id = %s", other.pk) == [(0,)]
        # Neither a row of one's own given away, nor one made for another.
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            ask("UPDATE assets_asset SET body_id = %s", other.body_id)
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            factories.asset(other.body)
        assert seen() == {own.pk}
    other.refresh_from_db()
    assert other.description == ""


def test_a_view_runs_within_the_wall_until_its_last_byte(assets, officer):
    request = RequestFactory().get("/")
    request.actor = officer

    def streamed(_request):
        return StreamingHttpResponse(str(seen()) for _ in range(2))

    def plain(_request):
        return HttpResponse(str(seen()))

    def broken(_request):
        raise RuntimeError(seen())

    own = str({assets[0].pk})
    for declare in (page(Permission.ASSET_READ), signed_in):
        assert declare(plain)(request).content.decode() == own
        answer = declare(streamed)(request)
        assert len(seen()) == 3
        assert [chunk.decode() for chunk in answer.streaming_content] == [own, own]
        with pytest.raises(RuntimeError, match=str(assets[0].pk)):
            declare(broken)(request)
        assert len(seen()) == 3


def test_a_failed_transaction_leaves_the_wall_where_it_stood(assets, officer):
    with walls.within(officer):
        with pytest.raises(ProgrammingError), transaction.atomic(), walls.lifted():
            ask("SELECT nothing FROM nowhere")
        assert seen() == {assets[0].pk}
    assert len(seen()) == 3


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_opens_meanwhile_is_bound_too():
    one, two = (factories.asset(factories.organisation("body")) for _ in range(2))
    with walls.within(factories.actor(Role.BODY_OFFICER, one.body)):
        connection.close()
        assert seen() == {one.pk}
    assert seen() == {one.pk, two.pk}


def test_the_doctor_tells_what_weakens_the_wall():
    def told() -> str:
        return " ".join(finding.message for finding in health.examine() if finding.name == "walls")

    before = told()
    assert "assets_asset" not in before
    ask("ALTER TABLE assets_asset DISABLE ROW LEVEL SECURITY")
    assert "assets_asset" in told()
    ask("ALTER TABLE assets_asset ENABLE ROW LEVEL SECURITY")
    assert told() == before
