"""How people sign in and are written to about it: an administrator opens accounts, nobody signs up."""

from __future__ import annotations

import logging
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.utils import translation

from rempart.kernel.models import User

log = logging.getLogger("rempart.accounts")


def choose_language(user: User, language: str) -> None:
    """Keeps the language in which a person reads and is written to."""
    if user.language != language:
        user.language = language
        user.save(update_fields=["language"])


def rename(user: User, name: str) -> None:
    """Keeps the name that a person gives for themselves; the caller has checked it."""
    user.name = name
    user.save(update_fields=["name"])


class AccountAdapter(DefaultAccountAdapter):
    """No sign-up; messages in the reader's language; a mail server that is down stops nobody's sign-in."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def render_mail(
        self, template_prefix: str, email: str | list[str], context: dict[str, Any], headers: Any = None
    ) -> EmailMessage:
        user = context.get("user")
        language = user.language if isinstance(user, User) else translation.get_language()
        with translation.override(language):
            return super().render_mail(template_prefix, email, context, headers)

    def send_notification_mail(
        self,
        template_prefix: str,
        user: User,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        # The account's address is the administrator's to set, so it needs no verification of its own.
        super().send_notification_mail(
            template_prefix, user, {"user": user, **(context or {})}, email or user.email
        )

    def format_email_subject(self, subject: str) -> str:
        return f"[Rempart] {subject}"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        try:
            super().send_mail(template_prefix, email, context)
        except (OSError, SMTPException) as error:
            log.warning("message %s was not sent: %s", template_prefix, error)


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """A person known by their verified address enters through the government's provider; others do not."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        if sociallogin.is_existing:
            return
        verified = [address.email for address in sociallogin.email_addresses if address.verified]
        user = User.objects.filter(email__in=[email.lower() for email in verified], is_active=True).first()
        if user is not None:
            sociallogin.connect(request, user)
