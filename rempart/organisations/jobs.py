"""Background work: proofs of contact channels and invitations."""

from __future__ import annotations

import secrets

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django_tasks import task

from rempart.kernel import signing
from rempart.kernel.http import HttpFailure, post_webhook
from rempart.kernel.models import User
from rempart.kernel.time import now
from rempart.organisations.commands import channels
from rempart.organisations.models import ContactChannel


@task()
def send_verification(channel_id: int) -> None:
    """Sends a channel the proof that it must give back; a second run voids the first code."""
    code = f"{secrets.randbelow(10**8):08d}"
    channel = channels.new_challenge(channel_id, code)
    if channel is None:
        return
    if channel.medium == ContactChannel.Medium.EMAIL:
        _send_code(channel, code)
    else:
        _challenge(channel)


def _send_code(channel: ContactChannel, code: str) -> None:
    token = signing.make_link_token(
        channels.LINK_PURPOSE,
        {"channel": channel.pk, "address": channel.address},
        now() + channels.CHALLENGE_LIFE,
    )
    link = settings.PUBLIC_URL + reverse("channel_confirm", args=[token])
    context = {
        "code": f"{code[:4]} {code[4:]}",
        "link": link,
        "name": channel.person.name if channel.person else "",
    }
    _send(channel.person.language if channel.person else "fr", "verification", context, channel.address)


def _challenge(channel: ContactChannel) -> None:
    """Posts a signed challenge; the receiver proves that it reads by sending the same word back."""
    word, message_id = secrets.token_urlsafe(24), f"msg_{secrets.token_hex(12)}"
    body = f'{{"type":"rempart.challenge","challenge":"{word}"}}'.encode()
    try:
        answer = post_webhook(channel.address, channel.secret, message_id, body, "application/json")
    except HttpFailure as failure:
        channels.note_challenge_failed(channel.pk, failure.code)
        return
    if answer.accepted and word.encode() in answer.content:
        channels.accept_challenge(channel_id=channel.pk)
    else:
        channels.note_challenge_failed(channel.pk, f"HTTP {answer.status}")


@task()
def send_invitation(user_id: int) -> None:
    """Sends the holder of a new account the link from which they choose a password."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        return
    key = default_token_generator.make_token(user)
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(user), "key": key})
    _send(user.language, "invitation", {"link": settings.PUBLIC_URL + path, "name": user.name}, user.email)


def _send(language: str, name: str, context: dict[str, str], address: str) -> None:
    with translation.override(language):
        subject = render_to_string(f"organisations/mail/{name}_subject.txt", context).strip()
        text = render_to_string(f"organisations/mail/{name}.txt", context)
    send_mail(subject, text, None, [address])
