"""Measures are kept a minute: each test begins without any."""

from collections.abc import Iterator

import pytest
from django.core.cache import caches


@pytest.fixture(autouse=True)
def _no_measures_kept() -> Iterator[None]:
    caches["process"].clear()
    yield
    caches["process"].clear()
