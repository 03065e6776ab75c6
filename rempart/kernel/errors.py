"""What a command or query raises; the edges render each with its status, in the reader's language."""

from __future__ import annotations

from typing import Any


class DomainError(Exception):
    """Base of the errors that a person can understand. ``message`` is a (lazily) translated sentence."""

    status = 400

    def __init__(
        self, message: Any, *, code: str = "", field: str = "", values: dict[str, Any] | None = None
    ) -> None:
        super().__init__(str(message))
        self.message = message
        self.code = code or type(self).__name__
        self.field = field
        self.values = values or {}


class Invalid(DomainError):
    """What was sent cannot be used as it is; ``field`` names what to correct."""

    status = 422


class NotFound(DomainError):
    """No such row, or none that the actor may see: the two are not told apart."""

    status = 404


class Conflict(DomainError):
    """The row's state does not allow this (any more)."""

    status = 409
