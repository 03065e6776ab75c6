import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.engines.priority import (
    DEFAULT_DEADLINES,
    DEFAULT_TABLE,
    Automatable,
    Change,
    Deadline,
    Deadlines,
    Exploitation,
    Exposure,
    Impact,
    Outcome,
    Point,
    Table,
    TableError,
    Unit,
    all_points,
    decide,
    decisive,
    diff,
    explain,
)

WORST = Point(Exploitation.ACTIVE, Exposure.INTERNET, Automatable.YES, Impact.VERY_HIGH)
MILDEST = Point(Exploitation.NONE, Exposure.INTERNAL, Automatable.NO, Impact.LOW)
points = st.sampled_from(all_points())
tables = st.lists(st.sampled_from(Outcome), min_size=72, max_size=72).map(lambda o: Table(tuple(o)))


def test_there_are_72_points_and_the_default_table_spans_the_outcomes() -> None:
    assert len(set(all_points())) == 72
    assert decide(DEFAULT_TABLE, WORST) is Outcome.ACT_NOW
    assert decide(DEFAULT_TABLE, MILDEST) is Outcome.DEFER
    assert {outcome for _, outcome in DEFAULT_TABLE} == set(Outcome)


def test_the_default_table_never_softens_for_a_worse_input() -> None:
    assert DEFAULT_TABLE.inversions() == []


def test_an_inversion_is_pointed_out() -> None:
    (first, *_) = DEFAULT_TABLE.replaced({WORST: Outcome.DEFER}).inversions()
    assert first.worse == WORST
    assert first.milder_outcome is Outcome.ACT_NOW
    assert first.column == "exploitation"


@pytest.mark.parametrize(("criticality", "impact"), [(0, "low"), (1, "low"), (2, "medium"), (4, "very_high")])
def test_impact_comes_from_criticality(criticality: int, impact: str) -> None:
    assert Impact.from_criticality(criticality) == impact


def test_an_unknown_criticality_is_refused() -> None:
    with pytest.raises(ValueError, match="criticality 5"):
        Impact.from_criticality(5)


def test_every_fault_of_a_table_is_named_at_once() -> None:
    rows = DEFAULT_TABLE.to_rows()
    rows[0]["outcome"] = "later"
    del rows[1]["impact"]
    rows[3] = rows[2]
    with pytest.raises(TableError) as refusal:
        Table.from_rows(rows)
    text = "\n".join(refusal.value.problems)
    assert "row 1: outcome is 'later'" in text
    assert "row 2: impact is missing" in text
    assert "row 4: none / internal / no / high is repeated" in text
    assert "no outcome for none / internal / no / very_high" in text


def test_an_endless_table_is_cut_short() -> None:
    row = DEFAULT_TABLE.to_rows()[0]
    with pytest.raises(TableError, match="more than 144 rows"):
        Table.from_rows(row for _ in iter(int, 1))


def test_reasons_name_every_input_and_the_decisive_ones() -> None:
    point = Point(Exploitation.ACTIVE, Exposure.INTERNET, Automatable.YES, Impact.MEDIUM)
    outcome = decide(DEFAULT_TABLE, point)
    assert explain(point, outcome) == (
        "exploitation.active",
        "exposure.internet",
        "automatable.yes",
        "impact.medium",
        "outcome.act_now",
    )
    assert set(decisive(DEFAULT_TABLE, point)) == set(explain(point, outcome)[:4])
    assert decisive(DEFAULT_TABLE, MILDEST) == ()


def test_deadlines_round_trip_and_grow_with_patience() -> None:
    assert DEFAULT_DEADLINES[Outcome.ACT_NOW] == Deadline(48, Unit.HOURS)
    assert Deadlines.from_rows(DEFAULT_DEADLINES.to_rows()) == DEFAULT_DEADLINES


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"outcome": "defer", "amount": 0, "unit": "days"}, "row 1: 0 days"),
        ({"outcome": "defer", "amount": "9", "unit": "days"}, "row 1: amount must be"),
        ({"outcome": "defer", "unit": "days"}, "row 1: amount is missing"),
        ({"outcome": "defer", "amount": 9, "unit": "weeks"}, "row 1: 'weeks'"),
        ({"outcome": "defer", "amount": 9, "unit": "days"}, "no deadline for scheduled"),
    ],
)
def test_a_bad_deadline_is_refused(row: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Deadlines.from_rows([row])


@given(tables)
def test_a_table_survives_its_rows_in_any_order(table: Table) -> None:
    assert Table.from_rows(reversed(table.to_rows())) == table
    assert Table.from_mapping(dict(table)) == table
    assert all(decide(table, point) is outcome for point, outcome in table)


@given(tables, points, st.sampled_from(Outcome))
def test_a_diff_shows_exactly_what_an_edit_changes(table: Table, point: Point, outcome: Outcome) -> None:
    expected = [] if table[point] is outcome else [Change(point, table[point], outcome)]
    changes = diff(table, table.replaced({point: outcome}))
    assert changes == expected
    assert all(change.hardens == (outcome.rank > table[point].rank) for change in changes)
