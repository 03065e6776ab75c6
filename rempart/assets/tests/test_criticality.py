"""Criticality over dependencies, cycles and bodies; recomputed only where it may change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from rempart.assets import commands, queries
from rempart.assets.models import Asset, Dependency
from rempart.kernel.actors import Grant, system
from rempart.kernel.errors import Conflict, Invalid, NotFound
from rempart.kernel.models import OutboxEvent
from rempart.kernel.permissions import Role
from tests import factories


def edge(above, below):
    return Dependency.objects.create(body_id=above.body_id, dependent=above, dependency=below)


@pytest.mark.django_db
class TestFlow:
    def test_crosses_bodies_and_tells_each(self, body):
        shared = factories.organisation()
        service = factories.asset(body, kind="service", own_criticality=4)
        middle, host = factories.asset(body), factories.asset(shared)
        edge(service, middle)
        edge(middle, host)
        edge(host, middle)
        assert commands.recompute_criticality([body.id]) == 3
        host.refresh_from_db()
        assert (host.criticality, host.criticality_source_id, host.criticality_via_id) == (
            4,
            service.id,
            middle.id,
        )
        assert set(OutboxEvent.objects.values_list("aggregate", flat=True)) == {
            f"body:{body.id}",
            f"body:{shared.id}",
        }
        assert commands.recompute_criticality() == 0

    def test_a_shared_body_recomputed_alone_takes_what_flows_in(self, body):
        shared = factories.organisation()
        service, host, inner = (
            factories.asset(body, own_criticality=3),
            factories.asset(shared),
            factories.asset(shared),
        )
        edge(service, host)
        edge(host, inner)
        commands.recompute_criticality()
        Asset.objects.filter(body=shared).update(criticality=0, criticality_source=None, criticality_via=None)
        assert commands.recompute_criticality([shared.id]) == 2
        inner.refresh_from_db()
        assert (inner.criticality, inner.criticality_source_id, inner.criticality_via_id) == (
            3,
            service.id,
            host.id,
        )

    def test_why_is_cut_where_the_reader_may_not_see(self, body, officer):
        service = factories.asset(factories.organisation(), own_criticality=4)
        host, inner = factories.asset(body), factories.asset(body)
        edge(service, host)
        edge(host, inner)
        commands.recompute_criticality()
        inner.refresh_from_db()
        assert queries.why_critical(officer, inner) == [host, inner]
        assert queries.why_critical(system("test"), inner) == [service, host, inner]

    def test_retired_services_lend_nothing(self, body):
        service, host = factories.asset(body, own_criticality=4), factories.asset(body)
        edge(service, host)
        commands.recompute_criticality()
        Asset.objects.filter(id=service.id).update(retired_at=service.last_seen_at)
        commands.recompute_criticality([body.id])
        host.refresh_from_db()
        assert (host.criticality, host.criticality_source) == (0, None)

    def test_dependencies_are_added_and_removed_by_who_may(self, body, officer):
        other = factories.asset(factories.organisation())
        mine, host = factories.asset(body, own_criticality=2), factories.asset(body)
        made = commands.add_dependency(officer, dependent_id=mine.id, dependency_id=host.id)
        host.refresh_from_db()
        assert host.criticality == 2
        with pytest.raises(Conflict):
            commands.add_dependency(officer, dependent_id=mine.id, dependency_id=host.id)
        with pytest.raises(Invalid):
            commands.add_dependency(officer, dependent_id=mine.id, dependency_id=mine.id)
        for pair in (
            {"dependent_id": mine.id, "dependency_id": other.id},
            {"dependent_id": other.id, "dependency_id": mine.id},
        ):
            with pytest.raises(NotFound):
                commands.add_dependency(officer, **pair)
        commands.remove_dependency(officer, edge_id=made.id)
        host.refresh_from_db()
        assert host.criticality == 0

    def test_a_file_may_name_another_body_s_asset_that_its_writer_sees(self, body):
        shared = factories.organisation()
        factories.asset(shared, key="hôte:1")
        row = {"key": "a", "criticality": 3, "depends_on": [f"{shared.code}:hôte:1"]}
        with pytest.raises(Invalid):
            commands.upsert_inventory(
                factories.actor(Role.BODY_OFFICER, body), body_id=body.id, source="cmdb", assets=[row]
            )
        writer = factories.actor(Role.BODY_OFFICER, body)
        reader = factories.actor(Role.AUDITOR, shared)
        both = type(writer)(user_id=writer.user_id, label="x", grants=(*writer.grants, *reader.grants))
        assert all(isinstance(grant, Grant) for grant in both.grants)
        commands.upsert_inventory(both, body_id=body.id, source="cmdb", assets=[row])
        assert Asset.objects.get(body=shared).criticality == 3


GRAPH = st.tuples(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 4)), min_size=2, max_size=7
    ),  # (body, own criticality)
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=12),
)


@pytest.mark.django_db
class TestIncremental(TestCase):
    @given(GRAPH, st.integers(0, 6), st.integers(0, 4))
    @hypothesis_settings(max_examples=30, deadline=None)
    def test_recomputing_one_body_gives_what_recomputing_all_gives(self, graph, changed, level):
        nodes, edges = graph
        bodies = [factories.organisation() for _ in range(3)]
        assets = [factories.asset(bodies[body], own_criticality=own) for body, own in nodes]
        for above, below in {(a % len(assets), b % len(assets)) for a, b in edges}:
            if above != below:
                edge(assets[above], assets[below])
        commands.recompute_criticality()
        target = assets[changed % len(assets)]
        Asset.objects.filter(id=target.id).update(own_criticality=level)
        commands.recompute_criticality([target.body_id])
        found = list(Asset.objects.order_by("id").values_list("id", "criticality"))
        commands.recompute_criticality()
        assert found == list(Asset.objects.order_by("id").values_list("id", "criticality"))
