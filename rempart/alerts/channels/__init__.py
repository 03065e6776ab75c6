"""How a message leaves: one module per medium, chosen by the channel's medium.

A sender takes (channel, message) and returns the message's identifier. It raises ``Bounced`` when the address
refuses for good, ``Unreachable`` when a later try may succeed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rempart.organisations.queries import ChannelInfo


@dataclass(frozen=True)
class Message:
    """What is sent: for people, subject and text; for programs, the CloudEvents ``event``."""

    id: str
    subject: str
    text: str
    html: str
    event: dict[str, Any] = field(default_factory=dict)


class Bounced(Exception):
    """The address refuses messages: someone must correct it."""


class Unreachable(Exception):
    """The way to the address does not work now."""


Sender = Callable[[ChannelInfo, Message], str]


def sender_for(medium: str) -> Sender:
    from rempart.alerts.channels import email, webhook

    return {"email": email.send, "webhook": webhook.send}[medium]
