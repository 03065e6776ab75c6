"""Closes the network to the tests, except the machine itself, and starts each of them in French."""

from __future__ import annotations

import socket
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.utils import translation

from rempart.kernel import keeping
from rempart.web.translations import compile_catalogues

# No test depends on how fast the machine is; ``benchmarks/`` measures.
hypothesis.settings.register_profile("rempart", deadline=None)
hypothesis.settings.load_profile("rempart")

_LOCAL = ("127.", "::1", "localhost", "0.0.0.0")  # noqa: S104 - compared, never bound
_connect = socket.socket.connect


def pytest_configure() -> None:
    compile_catalogues()


@pytest.fixture(autouse=True, scope="session")
def _closed_network() -> Any:
    def connect(self: socket.socket, address: Any) -> Any:
        if isinstance(address, tuple) and not str(address[0]).startswith(_LOCAL):
            raise OSError(f"tests reach no network: {address[0]}")
        return _connect(self, address)

    socket.socket.connect = connect  # type: ignore[method-assign]
    yield
    socket.socket.connect = _connect  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def _in_french() -> Any:
    """A language chosen by one test's request must not be the next test's."""
    translation.activate(settings.LANGUAGE_CODE)
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def _nothing_kept() -> Any:
    """What a process keeps of one test's rows is not the next test's."""
    keeping.forget()
