"""Loading suppliers' VEX statements (OpenVEX, CycloneDX, CSAF's VEX profile), from accepted authors alone.

A statement can close exposures: a document counts only where the command centre has accepted its author for
the feed that it comes by. Another's is set aside, and its author waits on the feed's page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from rempart.engines.exposure.model import VulnerabilityRecord
from rempart.engines.records.csaf import CsafAdvisory, parse_csaf
from rempart.engines.records.fields import RecordError, clean
from rempart.engines.records.recognise import read_any
from rempart.engines.records.sources import open_records
from rempart.engines.records.vex import is_cyclonedx, is_openvex, slug
from rempart.intelligence.commands import affected
from rempart.intelligence.commands.counts import LoadCounts, Progress
from rempart.intelligence.commands.csaf import Document, load_documents
from rempart.intelligence.commands.events import publish_changed
from rempart.intelligence.commands.runs import feed_for, feed_run
from rempart.intelligence.models import Advisory, Feed
from rempart.kernel import audit
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Invalid, NotFound
from rempart.kernel.permissions import Permission

_MOST_AUTHORS = 200
_LONGEST_AUTHOR = 180
_PUBLISHER = "VEX "


def load_vex(
    actor: Actor,
    path: Path | str,
    feed: Feed | str | None = None,
    progress: Progress | None = None,
    called: str = "",
) -> LoadCounts:
    """Reads every VEX document under ``path`` (a file, a folder, an archive); ``called``: its name elsewhere.

    Raises FileNotFoundError, NotPermitted, NotFound, Invalid.
    """
    actor.require(Permission.INTELLIGENCE_MANAGE)
    source = feed_for(Feed.Kind.VEX, feed)
    accepted = {author for author, may in source.authors.items() if may}
    waiting: dict[str, None] = {}
    with feed_run(actor, source) as run:
        load_documents(run, _documents(path, called), progress, _accepting(accepted, waiting))
        _note_waiting(source.pk, waiting)
    return run.counts


def _documents(path: Path | str, called: str) -> Iterator[Document]:
    for reading in open_records(path):
        where = reading.where.replace(Path(path).name, called, 1) if called else reading.where
        yield Document(where, reading.document, reading.error)


def _accepting(accepted: set[str], waiting: dict[str, None]) -> Callable[[dict[str, Any]], CsafAdvisory]:
    def parse(document: dict[str, Any]) -> CsafAdvisory:
        advisory = vex_advisory(document)
        author = advisory.publisher.removeprefix(_PUBLISHER)
        if author not in accepted:
            waiting[author] = None
            raise RecordError("author", f"{author} is not an accepted author of this feed", "not_accepted")
        return advisory

    return parse


def vex_advisory(document: dict[str, Any]) -> CsafAdvisory:
    """The document as an advisory of its author. Raises ``RecordError``."""
    head = document.get("document")
    if isinstance(head, dict) and "csaf_version" in head:
        advisory = parse_csaf(document)
        author = _author(advisory.publisher)
        stated = tuple(_stated_by(author, record) for record in advisory.vulnerabilities)
        return replace(advisory, publisher=f"{_PUBLISHER}{author}", vulnerabilities=stated)
    if not is_openvex(document) and not is_cyclonedx(document):
        raise RecordError("", "neither an OpenVEX, a CycloneDX nor a CSAF document", "wrong_type")
    records = read_any(document)
    if not records:
        raise RecordError("vulnerabilities", "the document states nothing of any vulnerability", "missing")
    first = records[0]
    identifier = document.get("@id") if is_openvex(document) else document.get("serialNumber")
    return CsafAdvisory(
        id=identifier if isinstance(identifier, str) and identifier else first.raw_digest,
        publisher=f"{_PUBLISHER}{_author(first.assigner)}",
        title=", ".join(record.id for record in records[:5]),
        version=str(document.get("version", "1"))[:40],
        status="final",
        tlp="",
        released=first.updated or first.published,
        vulnerabilities=tuple(_by_cve(record) for record in records),
    )


def _author(name: str) -> str:
    cleaned = " ".join(clean(name).split())
    if not cleaned:
        raise RecordError("author", "the document does not name its author", "missing")
    if len(cleaned) > _LONGEST_AUTHOR:
        raise RecordError("author", f"the author's name exceeds {_LONGEST_AUTHOR} characters", "too_large")
    return cleaned


def _stated_by(author: str, record: VulnerabilityRecord) -> VulnerabilityRecord:
    """An accepted author's word, whatever the format: ranked as a supplier's statement."""
    source = f"vex:{slug(author)}"
    return replace(record, affected=tuple(replace(one, source=source) for one in record.affected))


def _by_cve(record: VulnerabilityRecord) -> VulnerabilityRecord:
    """Under the CVE that it names among its aliases, where its own name is another."""
    named = next((one for one in (record.id, *record.aliases) if one.startswith("CVE-")), record.id)
    return replace(record, id=named)


@transaction.atomic
def _note_waiting(feed_id: int, waiting: dict[str, None]) -> None:
    feed = Feed.objects.select_for_update().get(pk=feed_id)
    fresh = [author for author in waiting if author not in feed.authors]
    if fresh:
        feed.authors |= dict.fromkeys(fresh[: max(0, _MOST_AUTHORS - len(feed.authors))], False)
        feed.save(update_fields=["authors"])


@transaction.atomic
def accept_author(actor: Actor, *, name: str, author: str, accepted: bool, reason: str = "") -> Feed:
    """Accepts an author's statements by this feed, or withdraws that: what it stated then counts no more.

    What was set aside is taken in at the next reading. Raises NotPermitted, NotFound, Invalid.
    """
    actor.require_everywhere(Permission.INTELLIGENCE_MANAGE)
    feed = Feed.objects.select_for_update().filter(name=name, kind=Feed.Kind.VEX).first()
    if feed is None:
        raise NotFound(_("Cette source n’existe pas."), field="name", values={"name": name})
    author = " ".join(clean(author).split())
    if not author or len(author) > _LONGEST_AUTHOR:
        raise Invalid(_("Nommez l’auteur comme ses documents le nomment."), field="author")
    if author not in feed.authors and len(feed.authors) >= _MOST_AUTHORS:
        raise Invalid(_("Cette source a déjà trop d’auteurs."), field="author")
    before = bool(feed.authors.get(author))
    feed.authors[author] = accepted
    feed.http_state = {}  # read whole again: what was set aside may count now
    feed.save(update_fields=["authors", "http_state"])
    if before and not accepted:
        _withdraw(author)
    if before != accepted:
        audit.record(
            actor,
            f"intelligence.author_{'accepted' if accepted else 'withdrawn'}",
            feed,
            before={"accepted": before},
            after={"author": author, "accepted": accepted},
            reason=reason.strip()[:2000],
        )
    return feed


def _withdraw(author: str) -> None:
    """What the author stated leaves, unless another feed still accepts them."""
    others = Feed.objects.filter(kind=Feed.Kind.VEX)
    if any(one.authors.get(author) for one in others):
        return
    stated = Advisory.objects.filter(publisher=f"{_PUBLISHER}{author}")
    ids = set(stated.values_list("vulnerabilities__id", flat=True)) - {None}
    affected.remove_advisories(list(stated.values_list("id", flat=True)))
    stated.delete()
    publish_changed(ids, affected_changed=True, run_id=None)
