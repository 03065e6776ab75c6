"""Managing feeds: adding one, turning it on and off, and telling which are due."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from rempart.intelligence.models import Feed
from rempart.kernel import audit
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Conflict, Invalid, NotFound
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_FIRST_WAIT = timedelta(minutes=5)
_LONGEST_WAIT = timedelta(hours=6)


@transaction.atomic
def add_feed(
    actor: Actor, *, name: str, kind: str, location: str, interval_minutes: int = 60, enabled: bool = False
) -> Feed:
    """Adds a source. Raises NotPermitted, Invalid (field), Conflict when the name is taken."""
    actor.require_everywhere(Permission.INTELLIGENCE_MANAGE)
    if not _NAME.fullmatch(name):
        raise Invalid(
            _("Le nom s’écrit en minuscules, chiffres et traits d’union (60 au plus)."), field="name"
        )
    if kind not in Feed.Kind.values:
        raise Invalid(_("Sorte de source inconnue."), field="kind", values={"kind": kind})
    if urlsplit(location).scheme not in {"http", "https"} and not Path(location).is_absolute():
        raise Invalid(_("Donnez une adresse http(s) ou un chemin absolu."), field="location")
    if len(location) > 500:
        raise Invalid(_("L’adresse dépasse 500 caractères."), field="location")
    if not 1 <= interval_minutes <= 7 * 24 * 60:
        raise Invalid(_("L’intervalle va d’une minute à une semaine."), field="interval_minutes")
    try:
        with transaction.atomic():
            feed = Feed.objects.create(
                name=name, kind=kind, location=location, interval_minutes=interval_minutes, enabled=enabled
            )
    except IntegrityError:
        raise Conflict(_("Une source porte déjà ce nom."), field="name") from None
    audit.record(actor, "intelligence.feed_added", feed, after=_state(feed))
    return feed


@transaction.atomic
def set_feed_enabled(actor: Actor, *, name: str, enabled: bool) -> Feed:
    """Turns a feed's schedule on or off. Raises NotPermitted, NotFound."""
    actor.require_everywhere(Permission.INTELLIGENCE_MANAGE)
    feed = Feed.objects.select_for_update().filter(name=name).first()
    if feed is None:
        raise NotFound(_("Cette source n’existe pas."), field="name", values={"name": name})
    if feed.enabled == enabled:
        return feed
    before = _state(feed)
    feed.enabled, feed.failures = enabled, 0
    feed.save(update_fields=["enabled", "failures"])
    audit.record(
        actor,
        f"intelligence.feed_{'enabled' if enabled else 'disabled'}",
        feed,
        before=before,
        after=_state(feed),
    )
    return feed


def due_feeds() -> list[str]:
    """The names of the enabled feeds whose time has come."""
    at = now()
    return [
        feed.name
        for feed in Feed.objects.filter(enabled=True)
        if feed.last_attempt_at is None or feed.last_attempt_at + wait_of(feed) <= at
    ]


def wait_of(feed: Feed) -> timedelta:
    """The time between the last attempt and the next."""
    if not feed.failures:
        return timedelta(minutes=feed.interval_minutes)
    return min(_FIRST_WAIT * 2 ** min(feed.failures - 1, 10), _LONGEST_WAIT)


def _state(feed: Feed) -> dict[str, object]:
    return {"name": feed.name, "kind": feed.kind, "location": feed.location, "enabled": feed.enabled}
