"""What a broker gives and takes back, whatever the broker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

#: Bytes of messages held at once, about: a fetch stops there even when more wait.
HELD: Final = 16 * 1024**2


class StreamError(Exception):
    """A stream that cannot be read as asked; the text is for who runs the command."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    ``stream`` names it for people (``nats:EVENTS``, ``kafka:events/0``); ``lane`` identifies the very stream
    (one made anew under the same name is another); ``sequence`` is its place there and never comes back.
    """

    stream: str
    lane: str
    sequence: int
    data: bytes
    receipt: Any = None

    @property
    def source(self) -> str:
        """The message itself, when it is a log."""
        return f"{self.stream}/{self.sequence}"


class Subscription(Protocol):
    """A place in a stream that the broker keeps."""

    def fetch(self, count: int, seconds: float) -> list[Message]:
        """Up to ``count`` messages, or what came within ``seconds``. Raises ``StreamError``."""

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Tell the broker that these need not come again. It may not hear it: they then come again."""

    def floors(self) -> Mapping[str, int]:
        """By lane, the sequence up to which nothing comes again."""

    def close(self) -> None:
        """Leave; what was not acknowledged will be given to another."""
