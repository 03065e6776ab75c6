"""The audit chain: whatever is done to it afterwards shows, and concurrent writers keep one chain."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connection, connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rempart.kernel import audit
from rempart.kernel.actors import system
from rempart.kernel.models import AuditEntry, AuditHead

ACTOR = system("test")


def _write(count: int) -> None:
    for number in range(count):
        with transaction.atomic():
            audit.record(
                ACTOR, "thing.change", object_type="thing", object_id=str(number), after={"n": number}
            )


def _problems() -> list[tuple[int, str]]:
    return [(found.seq, found.problem) for found in audit.verify()]


@pytest.mark.django_db
def test_an_untouched_chain_holds():
    assert _problems() == []
    _write(5)
    assert _problems() == []
    assert list(audit.verify(anchor=audit.head())) == []


@pytest.mark.django_db
def test_a_record_needs_the_transaction_of_its_change(transactional_db):
    with pytest.raises(RuntimeError, match="transaction"):
        audit.record(ACTOR, "thing.change")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("tamper", "expected"),
    [
        (lambda: AuditEntry.objects.filter(seq=3).update(reason="autre"), [(3, "changed")]),
        (lambda: AuditEntry.objects.filter(seq=3).update(after={"n": 99}), [(3, "changed")]),
        (lambda: AuditEntry.objects.filter(seq=3).delete(), [(3, "missing"), (4, "unlinked")]),
        (lambda: AuditEntry.objects.filter(seq__in=[2, 3]).delete(), [(2, "missing"), (4, "unlinked")]),
        (lambda: AuditEntry.objects.filter(seq=5).delete(), [(5, "head")]),
        (lambda: AuditEntry.objects.all().delete(), [(5, "head")]),
        (lambda: AuditHead.objects.all().delete(), [(5, "head")]),
        (lambda: AuditHead.objects.update(seq=4), [(4, "head"), (5, "head")]),
    ],
)
def test_an_edit_a_removal_or_a_cut_shows(tamper, expected):
    _write(5)
    tamper()
    assert _problems() == expected


@pytest.mark.django_db
@pytest.mark.parametrize(("column", "value"), [("at", "hier"), ("after", '{"n": 99999999999999999999}')])
def test_an_entry_changed_into_what_cannot_be_read_is_named(column, value):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL's columns hold nothing else than their type")
    _write(5)
    with connection.cursor() as cursor:
        cursor.execute(f'UPDATE kernel_auditentry SET "{column}" = %s WHERE seq = 3', [value])
    assert _problems() == [(3, "changed")]
    assert [found.seq for found in audit.verify(batch=2)] == [3]


@pytest.mark.django_db
def test_an_inserted_entry_shows():
    _write(3)
    forged = AuditEntry.objects.get(seq=3)
    forged.seq, forged.action = 4, "thing.forged"
    forged.previous_hash = audit.head().hash
    forged.hash = audit._digest(forged)
    forged.save(force_insert=True)
    assert _problems() == [(4, "head")]


@pytest.mark.django_db
def test_entries_put_in_another_order_show():
    _write(4)
    AuditEntry.objects.filter(seq=2).update(seq=20)
    AuditEntry.objects.filter(seq=3).update(seq=2)
    AuditEntry.objects.filter(seq=20).update(seq=3)
    assert {seq for seq, _ in _problems()} >= {2, 3, 4}


@pytest.mark.django_db
def test_a_chain_rewritten_whole_differs_from_what_was_noted_elsewhere():
    _write(4)
    noted = audit.head()
    previous = audit.GENESIS
    for entry in AuditEntry.objects.order_by("seq"):
        entry.reason, entry.previous_hash = "récrite", previous
        entry.hash = previous = audit._digest(entry)
        entry.save()
    AuditHead.objects.update(hash=previous)
    assert _problems() == []
    assert [(b.seq, b.problem) for b in audit.verify(anchor=noted)] == [(4, "anchor")]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.dates().map(lambda d: d)
    | st.decimals(allow_nan=False)
    | st.just(datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.dictionaries(st.text(max_size=8), VALUES, max_size=4), text=st.text(max_size=50))
def test_whatever_is_recorded_reads_back_as_it_was_hashed(values, text):
    with transaction.atomic():
        audit.record(ACTOR, "thing.change", after=values, reason=text, label=text, object_type="thing")
    assert _problems() == []


@pytest.mark.django_db
def test_usual_values_stay_readable():
    with transaction.atomic():
        entry = audit.record(
            ACTOR, "x", after={"on": date(2026, 1, 2), "n": 3, "d": Decimal("1.5"), "f": 1.5}
        )
    assert entry.after == {"on": "2026-01-02", "n": 3, "d": "1.5", "f": "1.5"}


@pytest.mark.django_db(transaction=True)
def test_concurrent_writers_keep_one_chain():
    if connection.vendor == "sqlite" and "memory" in str(connection.settings_dict["NAME"]):
        pytest.skip("a database in memory has one writer; test_locks covers SQLite in a file")
    failures: list[Exception] = []

    def work() -> None:
        try:
            _write(10)
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert AuditEntry.objects.count() == 40
    assert _problems() == []
