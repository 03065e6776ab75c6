import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from rempart.kernel.markings import Audience, Marking, may_leave, most_restrictive

pytestmark = pytest.mark.any_database

markings = st.sampled_from(Marking)


@pytest.mark.parametrize(
    ("text", "marking"),
    [
        ("TLP:AMBER", Marking.AMBER),
        ("tlp: amber + strict", Marking.AMBER_STRICT),
        ("PFC : ROUGE", Marking.RED),
        ("TLP:WHITE", Marking.CLEAR),
        ("green", Marking.GREEN),
    ],
)
def test_labels_of_both_versions_and_languages_are_read(text, marking):
    assert Marking.read(text) is marking


@pytest.mark.parametrize("text", ["", "TLP:", "TLP:ORANGE", "AMBER STRICT X" * 1000])
def test_an_unknown_label_is_refused(text):
    with pytest.raises(ValueError, match="unknown marking"):
        Marking.read(text)
    with pytest.raises(ValueError, match="unknown marking"):
        may_leave(text, Audience.NAMED_RECIPIENTS)


def test_the_label_follows_the_reader():
    with override("fr"):
        assert str(Marking.AMBER_STRICT.label) == "PFC : AMBRE+STRICT"
        assert "clients" in Marking.AMBER.explained()
    with override("en"):
        assert str(Marking.AMBER_STRICT.label) == "TLP:AMBER+STRICT"
        assert Marking.RED.label_in("fr") == "PFC : ROUGE"
    assert Marking.AMBER_STRICT.slug == "amber-strict"


def test_each_marking_reaches_its_circle_and_no_further():
    reach = {m: [a for a in Audience if may_leave(m, a)] for m in Marking}
    assert reach[Marking.RED] == [Audience.NAMED_RECIPIENTS]
    assert Audience.ORGANISATION_AND_CLIENTS not in reach[Marking.AMBER_STRICT]
    assert Audience.ORGANISATION_AND_CLIENTS in reach[Marking.AMBER]
    assert Audience.PUBLIC not in reach[Marking.GREEN]
    assert reach[Marking.CLEAR] == list(Audience)


@given(st.lists(markings), st.sampled_from(Audience))
def test_a_whole_leaves_only_where_each_part_may(parts, audience):
    assert may_leave(most_restrictive(parts), audience) == all(may_leave(part, audience) for part in parts)


@given(markings)
def test_a_marking_survives_its_labels(marking):
    assert Marking.read(marking.value) is marking
    assert Marking.read(marking.label_in("fr")) is marking
