"""Webhooks: signed as Standard Webhooks says, and guarded like every way out."""

from __future__ import annotations

from django.conf import settings

from rempart.kernel.http.client import PostResult, SafeClient
from rempart.kernel.http.guard import HttpPolicy
from rempart.kernel.signing import sign_webhook
from rempart.kernel.time import now

CLOUDEVENTS = "application/cloudevents+json; charset=utf-8"


def webhook_policy() -> HttpPolicy:
    """How a webhook may be called: https alone and public addresses, unless the settings allow others."""
    private = settings.WEBHOOK_ALLOW_PRIVATE_ADDRESSES
    return HttpPolicy(
        schemes=frozenset({"https", "http"} if private else {"https"}),
        allow_private=private,
        total_seconds=20.0,
        read_seconds=10.0,
    )


def post_webhook(
    url: str, secret: str, message_id: str, body: bytes, content_type: str = CLOUDEVENTS
) -> PostResult:
    """Posts a signed body once. Raises `HttpRefused` when the address is not allowed, `HttpUnavailable`."""
    headers = sign_webhook([secret], message_id, body, now())
    with SafeClient(webhook_policy()) as client:
        return client.post_json(url, body, headers, content_type)
