"""E-mail over SMTP: plain text and HTML, signed with DKIM (RFC 6376) when a key is given."""

from __future__ import annotations

import contextlib
import contextvars
import smtplib
from collections.abc import Iterator
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.message import SafeMIMEMultipart, SafeMIMEText

from rempart.alerts.channels import Bounced, Message, Unreachable
from rempart.organisations.queries import ChannelInfo

_SIGNED_HEADERS = [b"from", b"to", b"subject", b"date", b"message-id", b"mime-version", b"content-type"]
_connection: contextvars.ContextVar[Any] = contextvars.ContextVar("smtp_connection", default=None)


@contextlib.contextmanager
def one_connection() -> Iterator[None]:
    """Messages sent inside share one connection to the server."""
    connection = get_connection()
    token = _connection.set(connection)
    try:
        yield
    finally:
        _connection.reset(token)
        _close(connection)


def _close(connection: Any) -> None:
    with contextlib.suppress(OSError, smtplib.SMTPException):
        connection.close()


class _SignedEmail(EmailMultiAlternatives):
    """Adds the DKIM signature once the message is whole."""

    def message(self, *args: Any, **kwargs: Any) -> SafeMIMEText | SafeMIMEMultipart:
        whole = super().message(*args, **kwargs)
        if settings.DKIM_PRIVATE_KEY and settings.DKIM_SELECTOR:
            import dkim  # slow to load, and wanted here alone

            signature = dkim.sign(
                whole.as_bytes(linesep="\r\n"),
                settings.DKIM_SELECTOR.encode(),
                parseaddr(self.from_email)[1].rpartition("@")[2].encode(),
                settings.DKIM_PRIVATE_KEY.encode(),
                include_headers=_SIGNED_HEADERS,
            ).decode()
            name, _, value = signature.partition(":")
            whole[name] = value.strip().replace("\r\n", "")
        return whole


def send(channel: ChannelInfo, message: Message) -> str:
    sender = settings.DEFAULT_FROM_EMAIL
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    message_id = f"<{message.id}@{domain}>"
    connection = _connection.get() or get_connection()
    mail = _SignedEmail(
        subject=message.subject,
        body=message.text,
        from_email=sender,
        to=[channel.address],
        headers={
            "Message-ID": message_id,
            "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office answers
            "X-Auto-Response-Suppress": "All",
        },
        connection=connection,
    )
    mail.attach_alternative(message.html, "text/html")
    try:
        connection.open()
        mail.send()
    except smtplib.SMTPRecipientsRefused as error:
        _close(connection)
        code, words = next(iter(error.recipients.values()))
        raise (Bounced if 500 <= code < 600 else Unreachable)(f"{code} {words!r}") from error
    except smtplib.SMTPResponseException as error:
        _close(connection)
        raise Unreachable(f"{error.smtp_code} {error.smtp_error!r}") from error
    except (OSError, smtplib.SMTPException) as error:
        _close(connection)
        raise Unreachable(f"{type(error).__name__}: {error}") from error
    return message_id
