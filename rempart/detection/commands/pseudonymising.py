"""The key under which a body's hosts and users have their pseudonyms."""

from __future__ import annotations

import secrets

from django.db import transaction

from rempart.detection.models import PseudonymKey
from rempart.kernel import audit
from rempart.kernel.actors import Actor
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now

_BYTES = 32


def key_in_use(body_id: int) -> PseudonymKey:
    """The body's key, held until the end of the transaction; made the first time."""
    rows = PseudonymKey.objects.select_for_update().filter(body_id=body_id, replaced_at__isnull=True)
    found = rows.first()
    if found is None:
        PseudonymKey.objects.get_or_create(
            body_id=body_id, replaced_at=None, defaults={"secret": secrets.token_bytes(_BYTES)}
        )
        found = rows.get()
    return found


@transaction.atomic
def renew_pseudonyms(actor: Actor, *, body_id: int) -> PseudonymKey:
    """Gives the body a new key: from now on pseudonyms are others; what left keeps those it had.

    The former key is destroyed: nobody can tell any more, from it, what the former pseudonyms named.
    """
    actor.require(Permission.RESPONSE_MANAGE, body_id)
    former = key_in_use(body_id)
    former.secret, former.replaced_at = b"", now()
    former.save(update_fields=["secret", "replaced_at"])
    made = PseudonymKey.objects.create(body_id=body_id, secret=secrets.token_bytes(_BYTES))
    audit.record(actor, "detection.pseudonyms_renewed", None, body_id=body_id)
    return made
