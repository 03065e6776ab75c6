"""The audit trail: who did what, to what, on whose behalf, from what to what; and its proof.

Entries form a hash chain (SHA-256 over the canonical JSON of the entry and of the hash before it), so a
row that is changed, removed, inserted or put elsewhere shows in ``verify``. Whoever can rewrite the whole
chain and its end is caught by an ``Anchor`` noted elsewhere: the daily log, or a paper.
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
# What Django and orjson raise of a value that was never written by us, such as a date that is none.
_UNREADABLE = (ValueError, TypeError, AttributeError)
_EXACT = 2**53  # whole numbers beyond it do not survive every JSON reader

# Set by the web edge for each request: request id and address.
origin: contextvars.ContextVar[dict[str, str] | None] = contextvars.ContextVar("audit_origin", default=None)


def _digest(entry: AuditEntry) -> str:
    content = {name: getattr(entry, name) for name in _FIELDS}
    content["at"] = entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return hashlib.sha256(
        orjson.dumps(content, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=str)
    ).hexdigest()


def _text(value: str, longest: int | None = None) -> str:
    """The text as both databases can keep it: no NUL, no lone surrogate, within the column's length."""
    return value.replace("\x00", "").encode("utf-8", "replace").decode()[:longest]


def _plain(value: Any) -> Any:
    """The value as either database gives JSON back, so that what is read hashes as what was written."""
    if isinstance(value, dict):
        return {_text(str(key)): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [
            _plain(each) for each in (sorted(value, key=str) if isinstance(value, set | frozenset) else value)
        ]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < _EXACT else str(value)
    # jsonb keeps decimals, not floats: 1e22 would come back as a whole number.
    return _text(value if type(value) is str else str(value))


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
        actor_label=_text(actor.label, 254),
        actor_kind=_text(actor.kind, 10),
        action=_text(action, 64),
        object_type=_text(object_type or (subject._meta.label_lower if subject is not None else ""), 64),
        object_id=_text(object_id or (str(subject.pk) if subject is not None else ""), 64),
        object_label=_text(label or (str(subject) if subject is not None else ""), 200),
        body_id=body_id if body_id is not None else getattr(subject, "body_id", None),
        on_behalf_of=_text(on_behalf_of, 200),
        reason=_text(reason),
        before=_plain(before),
        after=_plain(after),
        origin=_plain(where),
        previous_hash=head.hash,
    )
    entry.hash = _digest(entry)
    entry.save(force_insert=True)
    AuditHead.objects.filter(id=1).update(seq=entry.seq, hash=entry.hash)
    return entry


@dataclass(frozen=True)
class Anchor:
    """An entry's number and hash, noted outside the database."""

    seq: int
    hash: str


@dataclass(frozen=True)
class Break:
    """Where the chain no longer holds.

    ``problem`` is missing (entries ``seq`` to ``last``), changed, unlinked, head (the end was cut, added
    to or rewritten) or anchor (the entry is not the one that was noted).
    """

    seq: int
    problem: str
    last: int | None = None


def head() -> Anchor:
    """The end of the chain now."""
    found = AuditHead.objects.filter(id=1).first()
    return Anchor(found.seq, found.hash) if found else Anchor(0, GENESIS)


def verify(batch: int = 5000, anchor: Anchor | None = None) -> Iterator[Break]:
    """Walks the whole chain in order and yields every place where it is broken.

    Entries may be added meanwhile: what lies past the end read at the start is compared with the end then.
    """
    end = head()
    previous_hash, expected, noted = GENESIS, 1, anchor is None
    for entry in _entries(end.seq, batch):
        if expected < entry.seq:
            yield Break(expected, "missing", entry.seq - 1)
        if not _unchanged(entry):
            yield Break(entry.seq, "changed")
        if entry.previous_hash != previous_hash:
            yield Break(entry.seq, "unlinked")
        if anchor is not None and entry.seq == anchor.seq:
            noted = entry.hash == anchor.hash
        previous_hash, expected = entry.hash, entry.seq + 1
    if expected - 1 != end.seq or previous_hash != end.hash:
        yield Break(end.seq, "head")
    if not noted and anchor is not None:
        yield Break(anchor.seq, "anchor")
    last = AuditEntry.objects.aggregate(last=models.Max("seq"))["last"] or 0
    if last > head().seq:
        yield Break(last, "head")


def _entries(last: int, batch: int) -> Iterator[AuditEntry]:
    """The entries up to ``last`` in order, whatever someone wrote in their columns behind our back."""
    seq = -(2**63)  # below any: what was slipped in before the first shows too
    while True:
        following = AuditEntry.objects.filter(seq__gt=seq, seq__lte=last).order_by("seq")[:batch]
        try:
            found = list(following)
        except _UNREADABLE:
            found = [_entry(number) for number in following.values_list("seq", flat=True)]
        if not found:
            return
        yield from found
        seq = found[-1].seq


def _entry(seq: int) -> AuditEntry:
    """One entry; of one that holds what cannot be read, the links: the rest raises when looked at."""
    try:
        return AuditEntry.objects.get(seq=seq)
    except _UNREADABLE:
        return AuditEntry.objects.only("seq", "hash", "previous_hash").get(seq=seq)


def _unchanged(entry: AuditEntry) -> bool:
    try:
        return entry.hash == _digest(entry)
    except _UNREADABLE:
        return False
