"""After anything happens in any order: live exposures = present installs × affected findings."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, connections
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rempart.assets import commands as assets_commands
from rempart.assets.models import Install
from rempart.exposure import commands
from rempart.exposure.models import Exposure, Finding
from rempart.exposure.tests.publishing import publish
from rempart.intelligence.models import Vulnerability
from rempart.kernel import outbox
from rempart.kernel.actors import system
from rempart.kernel.time import now
from tests import factories

_VERSIONS = ("1.0", "1.5", "2.0")
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("toggle"), st.integers(0, 3), st.integers(0, 5)),
        st.tuples(st.just("publish"), st.integers(0, 1), st.sampled_from(("0", "1.2", "1.7", "3.0"))),
        st.tuples(st.just("reject"), st.integers(0, 1), st.booleans()),
        st.tuples(st.just("retire"), st.integers(0, 3), st.booleans()),
    ),
    min_size=1,
    max_size=8,
)


def expected() -> set[tuple[int, int, int, str]]:
    """The join, pair by pair in Python."""
    pairs: dict[int, list[tuple[int, str]]] = {}
    for finding in Finding.objects.filter(status__in=["affected", "cannot_tell"]):
        pairs.setdefault(finding.component_id, []).append((finding.vulnerability_id, finding.status))
    return {
        (vulnerability_id, one.asset_id, one.component_id, status)
        for one in Install.objects.filter(removed_at__isnull=True, asset__retired_at__isnull=True)
        for vulnerability_id, status in pairs.get(one.component_id, ())
    }


def live() -> set[tuple[int, int, int, str]]:
    rows = Exposure.objects.filter(state__in=["open", "accepted", "not_affected"])
    return set(rows.values_list("vulnerability_id", "asset_id", "component_id", "certainty"))


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_STEPS)
def test_exposures_equal_the_join_after_any_sequence(steps: list[tuple]) -> None:
    bodies = [factories.organisation() for _ in range(2)]
    assets = [factories.asset(bodies[n % 2]) for n in range(4)]
    components = [
        factories.component(vendor="exemple", product=product, version=version)
        for product in ("portail", "guichet")
        for version in _VERSIONS
    ]
    vulnerabilities = [factories.vulnerability() for _ in range(2)]
    for kind, target, value in steps:
        if kind == "toggle":
            asset, component = assets[target], components[value]
            install = Install.objects.filter(asset=asset, component=component).first()
            if install is None:
                factories.install(asset, component)
            else:
                install.removed_at = None if install.removed_at else now()
                install.save()
            commands.reconcile_body(asset.body_id)
        elif kind == "publish":
            publish(("portail", "guichet")[target], value, vulnerabilities[target])
            commands.rematch_vulnerabilities([vulnerabilities[target].pk])
        elif kind == "reject":
            state = "REJECTED" if value else "PUBLISHED"
            Vulnerability.objects.filter(pk=vulnerabilities[target].pk).update(state=state)
            commands.rematch_vulnerabilities([vulnerabilities[target].pk])
        else:
            assets[target].retired_at = now() if value else None
            assets[target].save()
            commands.reconcile_body(assets[target].body_id)
        assert live() == expected()
    ours = Exposure.objects.filter(vulnerability__in=vulnerabilities)
    for exposure in ours:
        assert (exposure.closed_at is None) == (exposure.state == "open")
        assert exposure.state != "open" or exposure.due_at is not None
    again, anew = commands.rematch_all(), commands.reconcile_all()
    assert (again.findings.vulnerability_ids, again.exposures.total, anew.exposures.total) == (set(), 0, 0)


_STATED = st.lists(  # of each asset that is stated: whether it faces the internet, and what it holds
    st.tuples(
        st.sampled_from(("cmdb", "scan")),
        st.booleans(),
        st.dictionaries(
            st.sampled_from(("s1", "s2", "s3")),
            st.tuples(st.booleans(), st.sets(st.sampled_from(_VERSIONS))),
            max_size=3,
        ),
    ),
    min_size=1,
    max_size=6,
)


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(inventories=_STATED)
@example([("cmdb", True, {"s1": (False, held)}) for held in ({"1.0"}, set(), {"1.0"})])
@example([("cmdb", True, held) for held in ({"s1": (False, {"1.0"})}, {}, {"s1": (False, {"1.0"})})])
def test_what_an_inventory_moves_is_all_that_its_event_has_to_read(inventories: list[tuple]) -> None:
    """Whole or in part, of two sources: reading the whole body again afterwards changes nothing."""
    body = factories.organisation()
    publish("portail", "1.7")
    outbox.drain()
    for source, complete, assets in inventories:
        stated = [
            {
                "key": key,
                "network_exposure": "internet" if internet else "internal",
                "components": [
                    {"vendor": "exemple", "product": "portail", "version": version}
                    for version in sorted(versions)
                ],
            }
            for key, (internet, versions) in assets.items()
        ]
        assets_commands.upsert_inventory(
            system("test"), body_id=body.pk, source=source, assets=stated, complete=complete
        )
        outbox.drain()
        assert live() == expected()
    facing = Exposure.objects.values_list("internet", "asset__network_exposure")
    assert all(internet == (exposure == "internet") for internet, exposure in facing)
    moved = commands.reconcile_body(body.pk)
    assert (moved.findings.vulnerability_ids, moved.exposures.total) == (set(), 0)


@pytest.mark.django_db(transaction=True)
def test_a_body_and_a_vulnerability_matched_at_once_miss_nothing() -> None:
    """Two workers, in whichever order: the new install is exposed to the new record."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite runs one write transaction at a time")
    vulnerabilities = [publish("portail", "2.0") for _ in range(3)]
    bodies = [factories.organisation() for _ in range(4)]
    for body in bodies:
        for version in ("1.0", "1.5"):
            component = factories.component(vendor="exemple", product="portail", version=version)
            factories.install(factories.asset(body), component)
    failures: list[BaseException] = []

    def work(action, *arguments) -> None:
        try:
            action(*arguments)
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    tasks = [(commands.reconcile_body, body.pk) for body in bodies * 2]
    tasks += [(commands.rematch_vulnerabilities, [one.pk]) for one in vulnerabilities]
    threads = [threading.Thread(target=work, args=task) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(live()) == 3 * 4 * 2
    assert live() == expected()
