"""Proof of origin: signed webhooks, and links that act for the person they were sent to.

Webhooks follow the Standard Webhooks specification: HMAC-SHA256 over "id.timestamp.body", in base64, under
`webhook-signature`; several secrets may sign at once, so that a receiver can change its secret without a gap.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets as random_source
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core import signing

SECRET_PREFIX = "whsec_"  # noqa: S105 - the public prefix of the specification, not a secret
_LONGEST_TOKEN = 4096
_MOST_SIGNATURES = 16


class SignatureRefused(Exception):
    """A webhook whose signature does not hold; `code` is `missing`, `stale`, `malformed` or `mismatch`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class LinkRefused(Exception):
    """A link that cannot be used; the subclass says why."""


class LinkTampered(LinkRefused):
    """The token was not made here, or was altered."""


class LinkExpired(LinkRefused):
    """The token was good and is too old; `expired_at` tells since when."""

    def __init__(self, expired_at: datetime) -> None:
        super().__init__(f"expired at {expired_at.isoformat()}")
        self.expired_at = expired_at


class LinkOfAnotherPurpose(LinkRefused):
    """The token is genuine but was made for something else."""


def new_secret() -> str:
    """Return a new webhook secret of 256 bits, in the notation of the specification."""
    return SECRET_PREFIX + base64.b64encode(random_source.token_bytes(32)).decode()


def sign_webhook(secrets: Sequence[str], message_id: str, body: bytes, at: datetime) -> dict[str, str]:
    """Return the three headers of a webhook signed with each of `secrets`, the current one first.

    Raises `ValueError` without a secret, for a secret that is not 24 to 64 bytes in base64, or for a
    `message_id` with a dot or a space (it could then be confused with another message).
    """
    if not secrets:
        raise ValueError("a webhook needs at least one secret")
    if not message_id or any(sign in message_id for sign in ". \r\n"):
        raise ValueError(f"message id {message_id[:40]!r} is empty or holds a dot or a space")
    timestamp = str(int(at.timestamp()))
    signatures = " ".join(f"v1,{_signature(secret, message_id, timestamp, body)}" for secret in secrets)
    return {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": signatures}


def verify_webhook(
    secrets: Sequence[str],
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
    tolerance: timedelta = timedelta(minutes=5),
) -> str:
    """Return the message id when one of `secrets` signed `body` within `tolerance` of `now`.

    Raises `SignatureRefused`. The caller refuses a message id that it has seen before.
    """
    given = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    signatures = given.get("webhook-signature", "").split()
    if not message_id or not timestamp or not signatures:
        raise SignatureRefused("missing")
    if not (timestamp.isascii() and timestamp.isdigit()) or len(timestamp) > 12:
        raise SignatureRefused("malformed")
    if abs(int(timestamp) - now.timestamp()) > tolerance.total_seconds():
        raise SignatureRefused("stale")
    expected = [f"v1,{_signature(secret, message_id, timestamp, body)}".encode() for secret in secrets]
    for signature in signatures[:_MOST_SIGNATURES]:
        for candidate in expected:
            if hmac.compare_digest(signature.encode(), candidate):
                return message_id
    raise SignatureRefused("mismatch")


def make_link_token(purpose: str, payload: dict[str, Any], expires: datetime) -> str:
    """Return a URL-safe token that carries `payload` (JSON) for one `purpose` until `expires`.

    The payload is signed, not encrypted: put identifiers in it, nothing secret. Raises `ValueError` when
    `expires` carries no time zone or the token would exceed 4,096 characters.
    """
    if expires.tzinfo is None:
        raise ValueError("the expiry carries no time zone")
    content = {"p": purpose, "e": int(expires.timestamp()), "d": payload}
    token = signing.dumps(content, salt=_salt(purpose))
    if len(token) > _LONGEST_TOKEN:
        raise ValueError(f"the payload makes a token of {len(token)} characters")
    return token


def read_link_token(purpose: str, token: str, now: datetime | None = None) -> dict[str, Any]:
    """Return the payload of a token made for `purpose`.

    Raises `LinkTampered`, `LinkOfAnotherPurpose` or `LinkExpired` (all `LinkRefused`).
    """
    if len(token) > _LONGEST_TOKEN:
        raise LinkTampered("the token is too long")
    content = _verified(token, purpose)
    if content is None:
        claimed = _claimed_purpose(token)
        if claimed is not None and claimed != purpose and _verified(token, claimed) is not None:
            raise LinkOfAnotherPurpose(f"made for {claimed}, used for {purpose}")
        raise LinkTampered("the signature does not hold")
    expires = datetime.fromtimestamp(content["e"], UTC)
    if (now or datetime.now(UTC)) >= expires:
        raise LinkExpired(expires)
    payload: dict[str, Any] = content["d"]
    return payload


def _signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()).decode()


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except ValueError as error:
        raise ValueError("the webhook secret is not base64") from error
    if not 24 <= len(key) <= 64:
        raise ValueError(f"the webhook secret has {len(key)} bytes: expected 24 to 64")
    return key


def _salt(purpose: str) -> str:
    return f"rempart.link.{purpose}"


def _verified(token: str, purpose: str) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = signing.loads(token, salt=_salt(purpose))
    except signing.BadSignature:
        return None
    return content


def _claimed_purpose(token: str) -> str | None:
    """Read what an unproved token says it is for; whatever it says is then checked under that purpose's
    salt.
    """
    head = token.split(":", 1)[0]
    try:
        content = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
        purpose = content["p"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return purpose if isinstance(purpose, str) else None
