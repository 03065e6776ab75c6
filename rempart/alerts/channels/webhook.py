"""Webhooks: CloudEvents 1.0 in structured JSON, signed as Standard Webhooks says, guarded."""

from __future__ import annotations

import orjson
from django.conf import settings

from rempart.alerts.channels import Bounced, Message, Unreachable
from rempart.kernel.http import HttpPolicy, HttpRefused, HttpUnavailable, SafeClient
from rempart.kernel.signing import sign_webhook
from rempart.kernel.time import now
from rempart.organisations.queries import ChannelInfo

_GONE = frozenset({404, 410})


def send(channel: ChannelInfo, message: Message) -> str:
    body = orjson.dumps(message.event)
    headers = sign_webhook([channel.secret], message.id, body, now())
    private = settings.WEBHOOK_ALLOW_PRIVATE_ADDRESSES
    policy = HttpPolicy(
        schemes=frozenset({"https", "http"} if private else {"https"}),
        allow_private=private,
        total_seconds=20.0,
        read_seconds=10.0,
    )
    try:
        with SafeClient(policy) as client:
            answer = client.post_json(
                channel.address, body, headers, "application/cloudevents+json; charset=utf-8"
            )
    except HttpRefused as error:
        raise Bounced(str(error)) from error
    except HttpUnavailable as error:
        raise Unreachable(str(error)) from error
    if answer.status in _GONE:
        raise Bounced(f"HTTP {answer.status}")
    if not 200 <= answer.status < 300:
        raise Unreachable(f"HTTP {answer.status}")
    return message.id
