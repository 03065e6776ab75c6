"""A published vulnerability, for the tests that need one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rempart.exposure.tests.publishing import publish
from rempart.intelligence.models import Vulnerability


@pytest.fixture
def published() -> Callable[..., Vulnerability]:
    return publish
