"""Contact channels: added, proved by whoever reads them, tuned by severity, and marked when they fail."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from rempart.kernel import audit, signing
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Conflict, Invalid, NotFound
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now
from rempart.organisations import queries
from rempart.organisations.models import ContactChannel, Organisation, Person

LINK_PURPOSE = "organisations.channel"
CHALLENGE_LIFE = timedelta(hours=24)
MAX_FAILURES = 5
MAX_CHANNELS = 10  # of one person, or of one organisation
RESEND_AFTER = timedelta(minutes=1)


@transaction.atomic
def add_channel(
    actor: Actor,
    *,
    medium: str,
    address: str,
    person_id: int | None = None,
    body_id: int | None = None,
    immediate_from: str = "act_now",
    digest: bool = True,
    verified: bool = False,
) -> ContactChannel:
    """Adds a way to reach a person, or an organisation itself, and asks the address for its proof.

    ``verified`` is for the platform alone (a demonstration, a restored directory). A webhook's signing key is
    in ``secret``. Raises Invalid (field named), Conflict, NotFound, NotPermitted.
    """
    person = _person(person_id)
    body = person.body_id if person else body_id
    if body is None or not Organisation.objects.filter(pk=body).exists():
        raise Invalid(_("Nommez la personne ou l’organisme à joindre."), field="body_id")
    clean_address = _clean_address(medium, address)
    _clean_threshold(immediate_from)
    if not _owns(actor, person):
        actor.require(Permission.CONTACT_MANAGE, body)
    if verified and actor.kind != "system":
        raise Invalid(_("Un moyen de contact se prouve par un message."), field="verified")
    same_owner = ContactChannel.objects.filter(body_id=body, person=person)
    if same_owner.filter(medium=medium, address=clean_address).exists():
        raise Conflict(_("Ce moyen de contact existe déjà."), field="address")
    if same_owner.count() >= MAX_CHANNELS:
        raise Invalid(_("Au plus %(count)d moyens de contact.") % {"count": MAX_CHANNELS}, field="address")
    channel = ContactChannel.objects.create(
        body_id=body,
        person=person,
        medium=medium,
        address=clean_address,
        secret=signing.new_secret() if medium == ContactChannel.Medium.WEBHOOK else "",
        immediate_from=immediate_from,
        digest=digest,
        verified_at=now() if verified else None,
    )
    if not verified:
        _ask_for_proof(channel)
    audit.record(
        actor,
        "channel.add",
        channel,
        after={
            "medium": medium,
            "address": clean_address,
            "immediate_from": immediate_from,
            "digest": digest,
        },
    )
    return channel


@transaction.atomic
def set_preferences(actor: Actor, *, channel_id: int, immediate_from: str, digest: bool) -> ContactChannel:
    """Chooses from which priority a channel is told at once, and whether it gets the daily digest."""
    _clean_threshold(immediate_from)
    channel = queries.get_channel(actor, channel_id)
    before = {"immediate_from": channel.immediate_from, "digest": channel.digest}
    after = {"immediate_from": immediate_from, "digest": digest}
    if before == after:
        return channel
    channel.immediate_from, channel.digest = immediate_from, digest
    channel.save(update_fields=["immediate_from", "digest"])
    audit.record(actor, "channel.preferences", channel, before=before, after=after)
    return channel


@transaction.atomic
def remove_channel(actor: Actor, *, channel_id: int) -> None:
    """Forgets a channel."""
    channel = queries.get_channel(actor, channel_id)
    audit.record(
        actor, "channel.remove", channel, before={"medium": channel.medium, "address": channel.address}
    )
    channel.delete()


@transaction.atomic
def request_verification(actor: Actor, *, channel_id: int) -> None:
    """Sends a new proof to a channel: a code and a link by e-mail, a challenge to a webhook."""
    channel = queries.get_channel(actor, channel_id)
    if channel.verified_at is not None and channel.bounced_at is None:
        raise Conflict(_("Ce moyen de contact est déjà vérifié."))
    if (
        channel.challenge_until is not None
        and channel.challenge_until - CHALLENGE_LIFE > now() - RESEND_AFTER
    ):
        raise Conflict(_("Un message vient d’être envoyé : attendez une minute."), code="too_soon")
    _ask_for_proof(channel)
    audit.record(actor, "channel.ask_proof", channel)


def confirm_channel(actor: Actor, *, channel_id: int, code: str) -> ContactChannel:
    """Verifies an e-mail channel by the code it received; five wrong codes cancel it.

    Raises Invalid, Conflict. A wrong answer is counted at once, so that the refusal does not undo the count.
    """
    channel = queries.get_channel(actor, channel_id)
    if channel.medium != ContactChannel.Medium.EMAIL:
        raise Invalid(_("Ce moyen de contact ne se vérifie pas par un code."))
    counted = ContactChannel.objects.filter(
        pk=channel.pk, challenge_failures__lt=MAX_FAILURES, challenge_until__gt=now()
    ).update(challenge_failures=F("challenge_failures") + 1)
    if not counted:
        raise Conflict(_("Ce code n’est plus valable : demandez-en un autre."), code="expired")
    given = "".join(code.split())
    channel.refresh_from_db()
    expected = channel.challenge_digest
    if not expected or not hmac.compare_digest(expected, code_digest(channel.pk, given)):
        raise Invalid(_("Ce n’est pas le code envoyé."), field="code")
    return _verify(actor, channel.pk)


def confirm_link(token: str) -> ContactChannel:
    """Verifies the channel of a signed link, whoever opens it: holding the link proves reading the address.

    Raises Invalid when the link is altered or too old, NotFound when the channel is gone.
    """
    channel = channel_of_link(token)
    return _verify(Actor(None, channel.address, kind="link"), channel.pk)


def channel_of_link(token: str) -> ContactChannel:
    """The channel a signed link speaks of. Raises Invalid, NotFound."""
    try:
        payload = signing.read_link_token(LINK_PURPOSE, token, now())
    except signing.LinkExpired as error:
        raise Invalid(_("Ce lien a expiré : demandez-en un autre."), code="expired") from error
    except signing.LinkRefused as error:
        raise Invalid(_("Ce lien n’est pas valable."), code="link") from error
    channel = ContactChannel.objects.filter(pk=payload["channel"], address=payload["address"]).first()
    if channel is None:
        raise NotFound(_("Ce moyen de contact n’existe plus."))
    return channel


@transaction.atomic
def accept_challenge(*, channel_id: int) -> None:
    """A webhook echoed its challenge."""
    _verify(Actor(None, "webhook", kind="system"), channel_id)


@transaction.atomic
def mark_bounced(actor: Actor, *, channel_id: int, reason: str) -> None:
    """A message came back: the channel shows as failing until it is proved again or reached."""
    channel = ContactChannel.objects.filter(pk=channel_id).first()
    if channel is None or channel.bounced_at is not None:
        return
    channel.bounced_at, channel.bounce_reason = now(), reason[:500]
    channel.save(update_fields=["bounced_at", "bounce_reason"])
    audit.record(actor, "channel.bounced", channel, reason=reason[:500])


def mark_reached(*, channel_ids: list[int]) -> None:
    """Messages were accepted: a measure, not a change of state, so nothing is written to the audit trail."""
    ContactChannel.objects.filter(pk__in=channel_ids).update(
        last_success_at=now(), bounced_at=None, bounce_reason=""
    )


def new_challenge(channel_id: int, code: str) -> ContactChannel | None:
    """Keeps the hash of a code about to be sent; None when the channel is gone or verified meanwhile."""
    channel = ContactChannel.objects.filter(pk=channel_id).select_related("person").first()
    if channel is None or (channel.verified_at is not None and channel.bounced_at is None):
        return None
    channel.challenge_digest = code_digest(channel.pk, code)
    channel.challenge_until = now() + CHALLENGE_LIFE
    channel.challenge_failures = 0
    channel.save(update_fields=["challenge_digest", "challenge_until", "challenge_failures"])
    return channel


def note_challenge_failed(channel_id: int, reason: str) -> None:
    """Shows beside an unverified webhook why its challenge failed."""
    ContactChannel.objects.filter(pk=channel_id).update(bounced_at=now(), bounce_reason=reason[:500])


def code_digest(channel_id: int, code: str) -> str:
    """What is kept of a code; bound to its channel."""
    return hashlib.sha256(f"{channel_id}:{code}".encode()).hexdigest()


@transaction.atomic
def _verify(actor: Actor, channel_id: int) -> ContactChannel:
    channel = ContactChannel.objects.select_for_update(of=("self",)).get(pk=channel_id)
    if channel.verified_at is not None and channel.bounced_at is None:
        return channel
    channel.verified_at, channel.bounced_at, channel.bounce_reason = now(), None, ""
    channel.challenge_digest, channel.challenge_until, channel.challenge_failures = "", None, 0
    channel.save()
    audit.record(actor, "channel.verify", channel)
    return channel


def _ask_for_proof(channel: ContactChannel) -> None:
    from rempart.organisations.jobs import send_verification

    ContactChannel.objects.filter(pk=channel.pk).update(challenge_until=now() + CHALLENGE_LIFE)
    send_verification.enqueue(channel.pk)


def _person(person_id: int | None) -> Person | None:
    if person_id is None:
        return None
    found = Person.objects.filter(pk=person_id).first()
    if found is None:
        raise NotFound(_("Cette personne n’existe pas."), field="person_id")
    return found


def _owns(actor: Actor, person: Person | None) -> bool:
    return (
        person is not None
        and actor.kind == "user"
        and actor.user_id is not None
        and person.user_id == actor.user_id
    )


def _clean_threshold(immediate_from: Any) -> None:
    if immediate_from not in ContactChannel.Threshold.values:
        raise Invalid(_("Choisissez un seuil de la liste."), field="immediate_from")


def _clean_address(medium: str, address: str) -> str:
    address = address.strip()
    if len(address) > 500:
        raise Invalid(_("Au plus %(count)d caractères.") % {"count": 500}, field="address")
    if medium == ContactChannel.Medium.EMAIL:
        try:
            validate_email(address)
        except ValidationError as error:
            raise Invalid(_("Cette adresse de courriel n’est pas valide."), field="address") from error
        return address.lower()
    if medium != ContactChannel.Medium.WEBHOOK:
        raise Invalid(_("Un moyen de contact est un courriel ou un point d’accès web."), field="medium")
    try:
        parts = urlsplit(address)
        named = parts.hostname and parts.port != 0
    except ValueError:
        named = False
        parts = urlsplit("")
    if (
        not named
        or parts.scheme not in ("https", "http")
        or parts.username is not None
        or not address.isprintable()
    ):
        raise Invalid(_("Donnez une adresse https:// complète, sans mot de passe."), field="address")
    return address
