"""What the tests of assets share: a body, its officer, and a spool of their own."""

from __future__ import annotations

import pytest

from rempart.kernel.permissions import Role
from tests import factories


@pytest.fixture(autouse=True)
def _spool(tmp_path, settings):
    settings.UPLOAD_DIR = tmp_path / "uploads"


@pytest.fixture
def body():
    return factories.organisation()


@pytest.fixture
def officer(body):
    """The officer as an actor."""
    return factories.actor(Role.BODY_OFFICER, body)
