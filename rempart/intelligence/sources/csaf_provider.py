"""A CSAF provider: its metadata, its ROLIE feeds or its directory, and each document with its proofs.

CSAF 2.0, sections 7.1.7 (provider-metadata.json), 7.1.11 to 7.1.13 (directory), 7.1.15 (ROLIE) and 7.1.18 to
7.1.20 (hashes, signatures, keys).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

from rempart.engines.records.fields import RecordError
from rempart.engines.records.reading import Limits, parse_json
from rempart.intelligence.commands.csaf import Document
from rempart.intelligence.sources.signatures import Untrusted, check_hash, check_signature, read_keys
from rempart.kernel.http import HttpRefused, SafeClient

MOST_ENTRIES = 200_000
_INDEX_BYTES = 64 * 1024**2
_DOCUMENT_BYTES = 16 * 1024**2
_PROOF_BYTES = 1024**2
_LIMITS = Limits(record_bytes=_INDEX_BYTES)
_ABSENT = frozenset({403, 404, 410})
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """A document that a provider lists; ``updated`` is None in an index without dates."""

    url: str
    updated: datetime | None
    hashes: tuple[str, ...]
    signature: str

    @property
    def order(self) -> tuple[datetime, str]:
        return self.updated or _LONG_AGO, self.url


class Provider:
    """One provider, as its metadata describes it. Network and format errors of the metadata are raised."""

    def __init__(self, client: SafeClient, metadata_url: str) -> None:
        self._client = client
        self._url = metadata_url
        self._metadata = self._json(metadata_url)
        # A trusted provider signs and hashes everything (section 7.2.3): a missing proof is then a refusal.
        self.trusted = self._metadata.get("role") == "csaf_trusted_provider"
        self._certificates: list[Any] | None = None

    def entries(self) -> list[Entry]:
        """Every document listed, oldest change first, without repeats."""
        found: dict[str, Entry] = {}
        distributions = self._metadata.get("distributions")
        if not isinstance(distributions, list) or not distributions:
            raise RecordError("distributions", "the provider lists no distribution", "missing")
        rolie = [url for each in distributions for url in _rolie_feeds(each)]
        sources: list[Iterator[Entry]] = [self._rolie(urljoin(self._url, url)) for url in rolie]
        if not rolie:
            sources = [
                self._directory(urljoin(self._url, each["directory_url"]))
                for each in distributions
                if isinstance(each, dict) and isinstance(each.get("directory_url"), str)
            ]
        for source in sources:
            for entry in source:
                if len(found) >= MOST_ENTRIES:
                    raise RecordError("distributions", f"more than {MOST_ENTRIES} documents", "too_many")
                before = found.get(entry.url)
                if before is None or before.order < entry.order:
                    found[entry.url] = entry
        return sorted(found.values(), key=lambda entry: entry.order)

    def document(self, entry: Entry) -> Document:
        """Fetches a document and checks its proofs; a wrong one gives an error, never a content.

        Raises HttpUnavailable when the provider does not answer.
        """
        try:
            content = self._client.get(entry.url, _DOCUMENT_BYTES).content
            hashed = self._check_hashes(entry, content)
            signed = self._check_signature(entry, content)
            if self.trusted and not (hashed and signed):
                missing = "hash" if not hashed else "signature"
                raise Untrusted("invalid", f"a trusted provider gives a {missing}; this document has none")
            parsed = parse_json(content, Limits(record_bytes=_DOCUMENT_BYTES))
        except Untrusted as error:
            return Document(
                entry.url, error=RecordError(error.code, error.message, "bad_value"), url=entry.url
            )
        except HttpRefused as error:
            return Document(entry.url, error=RecordError("", str(error), "unreadable"), url=entry.url)
        except RecordError as error:
            return Document(entry.url, error=error, url=entry.url)
        return Document(entry.url, parsed, url=entry.url, signature="valid" if signed else "none")

    def _json(self, url: str) -> dict[str, Any]:
        return parse_json(self._client.get(url, _INDEX_BYTES).content, _LIMITS)

    def _optional(self, url: str) -> bytes | None:
        try:
            return self._client.get(url, _PROOF_BYTES).content
        except HttpRefused as error:
            if error.code == "status" and error.values.get("status") in _ABSENT:
                return None
            raise

    def _check_hashes(self, entry: Entry, content: bytes) -> bool:
        checked = False
        for url in entry.hashes:
            stated = self._optional(url)
            if stated is not None:
                check_hash(content, stated)
                checked = True
        return checked

    def _check_signature(self, entry: Entry, content: bytes) -> bool:
        signature = self._optional(entry.signature) if entry.signature else None
        if signature is None:
            return False
        if self._certificates is None:
            self._certificates = self._keys()
        check_signature(content, signature, self._certificates)
        return True

    def _keys(self) -> list[Any]:
        keys: list[Any] = []
        stated = self._metadata.get("public_openpgp_keys")
        for each in stated[:20] if isinstance(stated, list) else []:
            if isinstance(each, dict) and isinstance(each.get("url"), str):
                armored = self._optional(urljoin(self._url, each["url"]))
                if armored is not None:
                    keys += read_keys(armored, str(each.get("fingerprint") or ""))
        return keys

    def _rolie(self, url: str) -> Iterator[Entry]:
        feed = self._json(url).get("feed")
        entries = feed.get("entry") if isinstance(feed, dict) else None
        if not isinstance(entries, list):
            raise RecordError("feed.entry", f"{url} is not a ROLIE feed", "missing")
        for each in entries:
            if isinstance(each, dict):
                entry = _rolie_entry(each, url)
                if entry is not None:
                    yield entry

    def _directory(self, url: str) -> Iterator[Entry]:
        base = url if url.endswith("/") else f"{url}/"
        changes = self._client_text(f"{base}changes.csv")
        if changes is not None:
            for row in csv.reader(changes.splitlines()):
                if len(row) >= 2 and row[0].endswith(".json"):
                    yield _listed(urljoin(base, row[0]), row[1])
            return
        index = self._client_text(f"{base}index.txt")
        if index is None:
            raise RecordError("directory_url", f"{base} has neither changes.csv nor index.txt", "missing")
        for line in index.splitlines():
            if line.strip().endswith(".json"):
                yield _listed(urljoin(base, line.strip()), "")

    def _client_text(self, url: str) -> str | None:
        try:
            return self._client.get(url, _INDEX_BYTES).content.decode("utf-8-sig", "replace")
        except HttpRefused as error:
            if error.code == "status" and error.values.get("status") in _ABSENT:
                return None
            raise


def _rolie_feeds(distribution: Any) -> list[str]:
    rolie = distribution.get("rolie") if isinstance(distribution, dict) else None
    feeds = rolie.get("feeds") if isinstance(rolie, dict) else None
    return [
        each["url"]
        for each in (feeds if isinstance(feeds, list) else [])
        if isinstance(each, dict) and isinstance(each.get("url"), str)
    ]


def _rolie_entry(entry: dict[str, Any], base: str) -> Entry | None:
    links: dict[str, list[str]] = {}
    stated = entry.get("link")
    for link in stated if isinstance(stated, list) else []:
        if isinstance(link, dict) and isinstance(link.get("href"), str):
            links.setdefault(str(link.get("rel")), []).append(urljoin(base, link["href"]))
    content = entry.get("content")
    source = content.get("src") if isinstance(content, dict) else None
    url = urljoin(base, source) if isinstance(source, str) else next(iter(links.get("self", [])), "")
    if not url:
        return None
    return Entry(
        url,
        _moment(entry.get("updated")),
        tuple(links.get("hash", []))[:4],
        next(iter(links.get("signature", [])), ""),
    )


def _listed(url: str, updated: str) -> Entry:
    return Entry(url, _moment(updated), (f"{url}.sha256", f"{url}.sha512"), f"{url}.asc")


def _moment(text: Any) -> datetime | None:
    if not isinstance(text, str) or not text:
        return None
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
