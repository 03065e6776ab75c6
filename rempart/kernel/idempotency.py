"""Writes through the API that may be sent again: the first answer is kept and given back (Idempotency-Key).

After the IETF draft "The Idempotency-Key HTTP Header Field": the same key with the same request gets the kept
answer; with another request, 422; while the first is still being handled, 409.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import orjson
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from pydantic import BaseModel

from rempart.kernel.errors import Conflict, Invalid
from rempart.kernel.models import IdempotencyKey
from rempart.kernel.time import now

KEPT = timedelta(hours=48)
LONGEST_KEY = 200
REPLAYED = "Idempotency-Replayed"


def idempotent(operation: Callable[..., Any]) -> Callable[..., Any]:
    """Declares an API operation that may carry an Idempotency-Key; put it beneath ``@page``.

    The operation and the keeping of its answer are one transaction: an operation that failed kept nothing,
    and may be sent again with the same key. Raises Invalid (another request, or a key too long) and Conflict.
    """

    @functools.wraps(operation)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        key = request.headers.get("Idempotency-Key", "").strip()
        if not key:
            return operation(request, *args, **kwargs)
        if len(key) > LONGEST_KEY or not key.isprintable():
            raise Invalid(_("La clé d’idempotence compte au plus 200 caractères."), code="idempotency_key")
        return _once(request, key, lambda: operation(request, *args, **kwargs))

    return answered


def _once(request: HttpRequest, key: str, run: Callable[[], Any]) -> Any:
    user_id, digest = request.user.pk, _digest(request)
    with transaction.atomic():
        try:
            with transaction.atomic():
                kept = IdempotencyKey.objects.create(
                    user_id=user_id, key=key, request_digest=digest, status=0, response={}, created_at=now()
                )
        except IntegrityError:
            return _kept(user_id, key, digest)
        outcome = run()
        status, body = outcome if isinstance(outcome, tuple) else (200, outcome)
        kept.status, kept.response = status, _plain(body)
        kept.save(update_fields=["status", "response"])
        return outcome


def _kept(user_id: int, key: str, digest: str) -> HttpResponse:
    found = IdempotencyKey.objects.filter(user_id=user_id, key=key).first()
    if found is None or found.status == 0:
        raise Conflict(
            _("La première demande faite avec cette clé est en cours."), code="idempotency_running"
        )
    if found.request_digest != digest:
        raise Invalid(_("Cette clé d’idempotence a servi à une autre demande."), code="idempotency_reused")
    content = b"" if found.status == 204 else orjson.dumps(found.response)
    response = HttpResponse(content, status=found.status, content_type="application/json")
    response[REPLAYED] = "true"
    return response


def _digest(request: HttpRequest) -> str:
    content = b"\n".join([str(request.method).encode(), request.get_full_path().encode(), request.body])
    return hashlib.sha256(content).hexdigest()


def _plain(body: Any) -> Any:
    def plain(value: Any) -> Any:
        if isinstance(value, BaseModel):
            return value.model_dump(mode="json", by_alias=True)
        if isinstance(value, Decimal):
            return str(value)
        raise TypeError(f"an idempotent operation answers with schemas, not {type(value).__name__}")

    return orjson.loads(orjson.dumps(body, default=plain))


def forget_old() -> int:
    """Forgets the answers kept longer than 48 hours; returns how many."""
    return IdempotencyKey.objects.filter(created_at__lt=now() - KEPT).delete()[0]
