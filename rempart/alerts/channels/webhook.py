"""Webhooks: CloudEvents 1.0 in structured JSON, signed as Standard Webhooks says, guarded."""

from __future__ import annotations

import orjson

from rempart.alerts.channels import Bounced, Message, Unreachable
from rempart.kernel.http import HttpRefused, HttpUnavailable, post_webhook
from rempart.organisations.queries import ChannelInfo

_GONE = frozenset({404, 410})


def send(channel: ChannelInfo, message: Message) -> str:
    body = orjson.dumps(message.event)
    try:
        answer = post_webhook(channel.address, channel.secret, message.id, body)
    except HttpRefused as error:
        raise Bounced(str(error)) from error
    except HttpUnavailable as error:
        raise Unreachable(str(error)) from error
    if answer.status in _GONE:
        raise Bounced(f"HTTP {answer.status}")
    if not 200 <= answer.status < 300:
        raise Unreachable(f"HTTP {answer.status}")
    return message.id
