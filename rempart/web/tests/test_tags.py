"""The tags of the design system: what a reader, a screen reader and a printer receive."""

from __future__ import annotations

from datetime import date, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.template import TemplateSyntaxError, engines
from django.utils.translation import override

from rempart.alerts.models import Delivery, Target
from rempart.engines.graph import layered
from rempart.engines.priority import Outcome
from rempart.exposure.models import Exposure
from rempart.kernel.markings import Marking
from rempart.kernel.permissions import PERMISSION_NAMES, Permission
from rempart.kernel.time import now
from rempart.web.words import PRIORITIES, STATES

pytestmark = pytest.mark.any_database


def draw(source: str, language: str = "fr", **context: Any) -> str:
    with override(language):
        html = engines["django"].from_string("{% load charts %}" + source).render(context)
    HTMLParser().feed(html)
    assert "style=" not in html
    return html


def test_every_priority_and_state_has_a_word_an_icon_and_a_meaning() -> None:
    values = [*Outcome, *Target.State, *Exposure.State, *Delivery.State]
    known = PRIORITIES | STATES
    assert {str(value.value) for value in values} <= set(known)
    for value in values:
        html = draw("{% badge value %}", value=value)
        assert "<svg" in html
        assert str(known[value.value].label) in html


def test_every_right_has_words() -> None:
    assert set(PERMISSION_NAMES) == set(Permission)


def test_declared_is_hatched_and_verified_is_not() -> None:
    assert "hatched" in draw('{% badge "declared" %}')
    assert "hatched" not in draw('{% badge "verified" %}')


def test_words_follow_the_reader() -> None:
    assert "Agir maintenant" in draw('{% badge "act_now" %}')
    assert "Act now" in draw('{% badge "act_now" %}', "en")


def test_an_unknown_state_is_shown_escaped() -> None:
    assert "&lt;b&gt;" in draw("{% badge value %}", value="<b>")


def test_a_moment_carries_its_exact_time() -> None:
    at = now() - timedelta(minutes=12)
    html = draw("{% ago at %}", at=at)
    assert f'datetime="{at.isoformat(timespec="seconds")}"' in html
    assert "12" in html
    assert "(H" in html
    assert draw("{% ago at %}", at=None) == "–"


@pytest.mark.parametrize(
    ("left", "css"), [(timedelta(hours=-1), "due critical"), (timedelta(hours=2), "due critical"),
                      (timedelta(hours=9), "due warn"), (timedelta(days=3), '"due"')],
)  # fmt: skip
def test_a_deadline_reddens_as_it_nears(left: timedelta, css: str) -> None:
    assert css in draw("{% countdown due %}", due=now() + left)


@pytest.mark.parametrize("marking", list(Marking))
def test_a_marking_says_what_it_allows(marking: Marking) -> None:
    with override("fr"):
        explained = marking.explained()
    html = draw("{% marking value %}", value=marking.value)
    assert f"tlp-{marking.slug}" in html
    assert html.count(explained) == 2  # on hover, and aloud


def test_why_and_menu_open_without_script() -> None:
    assert draw("{% why %}parce que{% endwhy %}").startswith(
        '<details class="why"><summary>Pourquoi\u202f?</summary>'
    )
    assert 'aria-label="Autres actions"' in draw('{% menu %}<a href="/x">x</a>{% endmenu %}')
    with pytest.raises(TemplateSyntaxError, match="at most one"):
        draw("{% why a b %}{% endwhy %}")


def test_figures_link_to_their_rows() -> None:
    html = draw(
        "{% figures items %}",
        items=[{"label": "Exposés", "value": "38", "url": "/x?a=1&b=2", "note": "sur 400"}],
    )
    assert 'href="/x?a=1&amp;b=2"' in html
    assert "<strong>38</strong>" in html


def test_facts_show_zero_and_dash_what_is_missing() -> None:
    html = draw("{% facts pairs %}", pairs=[("Actifs", 0), ("Vu", None)])
    assert "<dd>0</dd>" in html
    assert "<dd>–</dd>" in html


def test_an_entry_ties_its_error_and_keeps_what_was_typed() -> None:
    html = draw('{% entry "q" "Nom" value error="Trop long" required=True %}', value='a"<b')
    assert 'value="a&quot;&lt;b"' in html
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_q_help"' in html
    chosen = draw('{% entry "n" "N" 2 choices=pairs %}', pairs=[(1, "un"), (2, "deux")])
    assert '<option value="2" selected>deux</option>' in chosen


def test_progress_says_in_words_what_it_draws() -> None:
    html = draw("{% progress verified=18 declared=8 silent=1 %}")
    assert 'aria-label="18 vérifiés, 8 à prouver, 1 sans réponse"' in html
    assert "url(#hatch-warn)" in html
    assert "aucun organisme visé" in draw("{% progress %}")
    assert draw("{% progress_key %}").count("<svg") == 4


def test_every_chart_has_a_title_and_its_table() -> None:
    edges = [("a", "b")]
    html = draw(
        "{% heat_map 'Chaleur' rows columns cells %}{% line_chart 'Ligne' points target=0.95 ratio=True %}"
        "{% bar_chart 'Barres' bars %}{% stacked_bars 'Empilé' stacks %}"
        "{% dependency_graph 'Graphe' nodes edges layout %}",
        rows=[(1, "Santé", "/sante/")], columns=[("a", "< 1 j")], cells={(1, "a"): (1204, "/x/")},
        points=[(date(2026, 1, day), day / 30) for day in range(1, 29)],
        bars=[("Santé", 3, "/s/", "critical")],
        stacks=[("Santé", [18, 8, 9, 3])],
        nodes={"a": {"label": "Permis", "url": "/p/"}, "b": {"label": "srv"}},
        edges=edges, layout=layered([["a"], ["b"]], edges),
    )  # fmt: skip
    for title in ("Chaleur", "Ligne", "Barres", "Empilé", "Graphe"):
        assert f"<title>{title}</title>" in html
        assert f"<caption>{title}</caption>" in html
    assert 'href="/x/"' in html
    assert "1\u202f204" in html
    assert "cible 95\u202f%" in html
