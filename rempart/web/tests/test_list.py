"""Lists: filters as a sentence, sort, pages, columns kept, exports, emptiness."""

from __future__ import annotations

from typing import Any

import pytest
from django.template import TemplateSyntaxError, engines
from django.test import Client, RequestFactory

from rempart.kernel.actors import actor_for
from rempart.kernel.listing import Column, Filter, Listing
from rempart.kernel.models import User
from rempart.kernel.permissions import Role
from rempart.web.accounts import rename
from rempart.web.columns import choose
from tests import factories

pytestmark = pytest.mark.django_db

LISTING = Listing(
    "people",
    (
        Column("name", "Nom", ("name",)),
        Column("email", "Courriel", ("email",)),
        Column("number", "Numéro", numeric=True, optional=True),
    ),
    (
        Filter("q", "Nom", lambda rows, value: rows.filter(name__icontains=value)),
        Filter("language", "Langue", lambda rows, value: rows.filter(language=value), [("fr", "français")]),
    ),
    "name",
)
TEMPLATE = (
    '{% extends "web/list.html" %}{% block row %}{% cell "name" head %}{{ row.name }}{% endcell %}'
    '{% cell "email" %}{{ row.email }}{% endcell %}{% cell "number" %}{{ row.pk }}{% endcell %}{% endblock %}'
)


def show(user: User, query: str = "", template: str = TEMPLATE, **context: Any) -> str:
    request = RequestFactory().get(f"/people/{query}")
    request.user = user
    request.actor = actor_for(user)
    page = LISTING.page(User.objects.all(), request.GET)
    return engines["django"].from_string(template).render({"page": page, **context}, request)


@pytest.fixture
def reader() -> User:
    user = factories.user(Role.CGCD_ANALYST, factories.organisation("cgcd"))
    rename(user, "Zoé")
    return user


def test_headers_sort_and_say_how(reader: User) -> None:
    html = show(reader)
    assert 'aria-sort="ascending"><a href="?sort=-name">' in html
    assert 'href="?sort=email"' in html
    assert 'data-label="Courriel"' in html


def test_filters_read_as_a_sentence_and_come_off(reader: User) -> None:
    html = show(reader, "?q=Zo&language=fr&sort=-email")
    assert "Lignes où" in html
    assert "<strong>français</strong>" in html
    assert 'class="chip" href="?language=fr&amp;sort=-email"' in html
    assert '<option value="fr" selected>' in html
    assert "Lignes où" not in show(reader)


def test_hostile_text_in_a_filter_stays_text(reader: User) -> None:
    html = show(reader, "?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in html
    assert "Rien ne répond à ces filtres." in html


def test_pages_link_to_their_neighbours(reader: User) -> None:
    for _ in range(4):
        factories.user()
    html = show(reader, "?size=2&page=2")
    assert "3 à 4 sur 5" in html
    assert 'rel="prev" href="?size=2"' in html
    assert 'rel="next" href="?page=3&amp;size=2"' in html


def test_exports_carry_the_address(reader: User) -> None:
    html = show(reader, "?q=Zo", export_url="/people/export/")
    assert 'href="/people/export/?q=Zo&amp;format=csv"' in html
    assert 'href="/people/export/?format=xlsx"' in show(reader, export_url="/people/export/")


def test_an_empty_list_says_so(reader: User) -> None:
    template = TEMPLATE + "{% block empty %}Importez un premier inventaire.{% endblock %}"
    request = RequestFactory().get("/people/")
    request.user = reader
    page = LISTING.page(User.objects.none(), request.GET)
    html = engines["django"].from_string(template).render({"page": page}, request)
    assert "Importez un premier inventaire." in html


def test_a_column_that_does_not_exist_is_an_error_of_the_template(reader: User) -> None:
    template = '{% extends "web/list.html" %}{% block row %}{% cell "nope" %}{% endcell %}{% endblock %}'
    with pytest.raises(TemplateSyntaxError, match="nope"):
        show(reader, template=template)


def test_columns_are_chosen_kept_and_reset(reader: User, client: Client) -> None:
    client.force_login(reader)
    assert "Numéro</th>" not in show(reader)
    answer = client.post(
        "/preferences/columns/", {"list": "people", "columns": ["number"], "next": "/people/?q=Zo"}
    )
    assert answer["Location"] == "/people/?q=Zo"
    reader.refresh_from_db()
    html = show(reader)
    assert 'data-label="Numéro"' in html
    assert 'data-label="Courriel"' not in html
    assert 'data-label="Nom"' in html  # the first column names the row: it always shows
    client.post("/preferences/columns/", {"list": "people", "reset": "1"})
    reader.refresh_from_db()
    assert 'data-label="Courriel"' in show(reader)


def test_columns_never_lead_away(reader: User, client: Client) -> None:
    client.force_login(reader)
    answer = client.post("/preferences/columns/", {"list": "people", "next": "https://ailleurs.test/"})
    assert answer["Location"] == "/"


def test_choices_are_bounded(reader: User) -> None:
    for number in range(150):
        choose(reader, f"list-{number}", ["x" * 500] * 300)
    kept = reader.preferences["columns"]
    assert len(kept) == 100
    assert all(len(columns) <= 60 and all(len(each) <= 60 for each in columns) for columns in kept.values())
