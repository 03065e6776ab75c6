"""The audit trail: who did what, to what, on whose behalf, from what to what; and its proof.

Entries form a hash chain (SHA-256 over the canonical JSON of the entry and of the hash before it), so a
row that is changed, removed or inserted later shows in ``verify``.
"""

from __future__ import annotations

import contextvars
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import orjson
from django.db import connection, models

from rempart.kernel.actors import Actor
from rempart.kernel.models import AuditEntry, AuditHead
from rempart.kernel.time import now

GENESIS = "0" * 64
_FIELDS = (
    "seq", "actor_id", "actor_label", "actor_kind", "action", "object_type", "object_id", "object_label",
    "body_id", "on_behalf_of", "reason", "before", "after", "origin", "previous_hash",
)  # fmt: skip

# Set by the web edge for each request: request id and address.
origin: contextvars.ContextVar[dict[str, str] | None] = contextvars.ContextVar("audit_origin", default=None)


def _digest(entry: AuditEntry) -> str:
    content = {name: getattr(entry, name) for name in _FIELDS}
    content["at"] = entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)).hexdigest()


def _plain(values: dict[str, Any] | None) -> dict[str, Any] | None:
    """The values as JSON will give them back, so that the hash of what is read equals that of what was written."""
    return None if values is None else orjson.loads(orjson.dumps(values, default=str))


def record(
    actor: Actor,
    action: str,
    subject: models.Model | None = None,
    *,
    body_id: int | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    on_behalf_of: str = "",
    reason: str = "",
    object_type: str = "",
    object_id: str = "",
    label: str = "",
) -> AuditEntry:
    """Adds an entry to the chain. Call it last in the command's transaction: it holds the chain's end."""
    if not connection.in_atomic_block:
        raise RuntimeError("audit.record needs the transaction of the change it records")
    head, _ = AuditHead.objects.select_for_update().get_or_create(id=1)
    where = dict(origin.get() or {})
    if actor.token_id is not None:
        where["token"] = str(actor.token_id)
    entry = AuditEntry(
        seq=head.seq + 1,
        at=now(),
        actor_id=actor.user_id,
        actor_label=actor.label[:254],
        actor_kind=actor.kind,
        action=action,
        object_type=object_type or (subject._meta.label_lower if subject is not None else ""),
        object_id=object_id or (str(subject.pk) if subject is not None else ""),
        object_label=(label or (str(subject) if subject is not None else ""))[:200],
        body_id=body_id if body_id is not None else getattr(subject, "body_id", None),
        on_behalf_of=on_behalf_of[:200],
        reason=reason,
        before=_plain(before),
        after=_plain(after),
        origin=where,
        previous_hash=head.hash,
    )
    entry.hash = _digest(entry)
    entry.save(force_insert=True)
    AuditHead.objects.filter(id=1).update(seq=entry.seq, hash=entry.hash)
    return entry


@dataclass(frozen=True)
class Break:
    """Where the chain no longer holds: the entry's number, and what is wrong (missing, changed, unlinked, head)."""

    seq: int
    problem: str


def verify(batch: int = 5000) -> Iterator[Break]:
    """Walks the whole chain in order and yields every place where it is broken."""
    previous_hash, expected = GENESIS, 1
    for entry in AuditEntry.objects.order_by("seq").iterator(chunk_size=batch):
        while expected < entry.seq:
            yield Break(expected, "missing")
            expected += 1
        if entry.hash != _digest(entry):
            yield Break(entry.seq, "changed")
        if entry.previous_hash != previous_hash:
            yield Break(entry.seq, "unlinked")
        previous_hash, expected = entry.hash, entry.seq + 1
    head = AuditHead.objects.filter(id=1).first()
    if head is not None and (head.seq != expected - 1 or head.hash != previous_hash):
        yield Break(head.seq, "head")
