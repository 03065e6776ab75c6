"""The API's own page: drawn by what is served here, so that it works under the policy against other hosts."""

from __future__ import annotations

import re

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

pytestmark = pytest.mark.django_db


def test_the_page_of_the_api_takes_nothing_from_another_host() -> None:
    page = Client().get("/api/v1/docs").content.decode()
    taken = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(taken) >= 3
    assert [each for each in taken if "//" in each] == []
    assert finders.find("ninja/swagger-ui-bundle.js")
