"""A body's page: what it was asked, where it is exposed and what it runs, each figure leading to its rows."""

from __future__ import annotations

import html
import re

import pytest
from django.core.cache import caches
from django.test import Client
from django.urls import reverse

from tests.world import World, build

pytestmark = pytest.mark.django_db

FIGURE = re.compile(r'<a href="([^"]+)"><small>([^<]+)</small> <strong>([^<]+)</strong>')
ROW = re.compile(r'<tr id="row-')


@pytest.fixture
def world() -> World:
    caches["process"].clear()
    return build()


def opened(world: World, who: str, body) -> str:
    client = _client(world, who)
    answer = client.get(reverse("organisation", args=[body.code]))
    assert answer.status_code == 200
    return answer.content.decode()


def _client(world: World, who: str) -> Client:
    client = Client()
    client.force_login(world.people[who], backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.mark.parametrize("who", ["cgcd_commander", "cocd_analyst", "body_officer", "auditor"])
def test_every_figure_leads_to_as_many_rows(world: World, who: str) -> None:
    figures = FIGURE.findall(opened(world, who, world.a.body))
    client = _client(world, who)
    shown = {label: int(value) for _url, label, value in figures}
    assert len(figures) == 12, shown
    assert shown["Sans réponse"] == 1
    assert shown["Agir maintenant"] == 1
    assert shown["actifs"] == 2
    for url, label, value in figures:
        rows = ROW.findall(client.get(html.unescape(url)).content.decode())
        assert len(rows) == int(value), label


def test_the_directive_due_first_is_one_click_away(world: World) -> None:
    page = opened(world, "body_officer", world.a.body)
    assert reverse("target", args=[world.a.target.pk]) in page


def test_the_page_says_first_to_whom_directives_go(world: World) -> None:
    page = opened(world, "body_officer", world.a.body)
    told = page[page.index('class="sentence') :]
    name = html.escape(world.a.duty.person.name)
    assert f"Les directives y arrivent à <strong>{name}</strong>" in " ".join(told.split())


@pytest.mark.parametrize("who", ["authority", "administrator"])
def test_who_may_not_read_operations_sees_no_figure(world: World, who: str) -> None:
    assert FIGURE.findall(opened(world, who, world.a.body)) == []
