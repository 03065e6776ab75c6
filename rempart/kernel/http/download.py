"""A download that survives interruptions: a part file, and a note of which version it is a part of."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from rempart.kernel.http.guard import HttpPolicy, HttpRefused, HttpUnavailable
from rempart.kernel.uploads import UploadRefused, bounded_gunzip

_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class FetchState:
    """What a server said of the version last fetched; kept by the caller between calls."""

    etag: str = ""
    last_modified: str = ""

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> FetchState:
        """Read what `as_dict` wrote; anything else counts as nothing kept."""
        etag, last_modified = kept.get("etag"), kept.get("last_modified")
        return cls(
            etag if isinstance(etag, str) else "", last_modified if isinstance(last_modified, str) else ""
        )

    def as_dict(self) -> dict[str, str]:
        """Return a form fit for a JSON column."""
        return {"etag": self.etag, "last_modified": self.last_modified}

    def headers(self) -> dict[str, str]:
        """Return the headers that ask for a newer version only (RFC 9110, section 13.1)."""
        asked = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in asked.items() if value}


@dataclass(frozen=True, slots=True)
class FetchResult:
    """What a fetch brought. When `not_modified`, nothing was written, and `sha256` and `bytes` are empty.

    `resumed` tells how many bytes came from an interrupted earlier download; `url` is the last address asked.
    """

    not_modified: bool
    url: str
    sha256: str = ""
    etag: str = ""
    last_modified: str = ""
    bytes: int = 0
    resumed: int = 0

    @property
    def state(self) -> FetchState:
        """What to hand to the next fetch."""
        return FetchState(self.etag, self.last_modified)


class Part:
    """The part of `to` that an earlier try left, beside it as `NAME.part` and `NAME.part.json`."""

    def __init__(self, url: str, to: Path) -> None:
        self._url = url
        self._to = to
        self._path = to.with_name(to.name + ".part")
        self._note = to.with_name(to.name + ".part.json")
        self.size = 0
        self.validator = ""
        self._load()

    def _load(self) -> None:
        try:
            note = json.loads(self._note.read_text())
            size = self._path.stat().st_size
        except (OSError, ValueError):
            return
        if isinstance(note, dict) and note.get("url") == self._url and isinstance(note.get("validator"), str):
            self.size, self.validator = size, note["validator"]

    def headers(self) -> dict[str, str]:
        """Return the headers that ask for the rest, if it is still the same version (RFC 9110, 13.1.5)."""
        if not self.size or not self.validator:
            return {}
        return {"Range": f"bytes={self.size}-", "If-Range": self.validator}

    def discard(self) -> None:
        """Forget what was received."""
        self._path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)
        self.size, self.validator = 0, ""

    def receive(self, response: httpx.Response, policy: HttpPolicy) -> tuple[str, int, int]:
        """Write the body after what is there, then put the whole in place.

        Returns (SHA-256, size, bytes resumed). On any failure the file in place is as before; a body too
        large or refused is discarded, one interrupted is kept to be resumed if the server gave a validator.
        """
        kept = self._accept(response)
        try:
            sha256, size = self._write(response, policy, kept)
        except HttpRefused:
            self.discard()
            raise
        self._path.replace(self._to)
        self.discard()
        return sha256, size, kept

    def _accept(self, response: httpx.Response) -> int:
        """Return how many bytes of the part go on being of use, having noted whose part this now is."""
        if response.status_code == 206:
            start = response.headers.get("content-range", "").removeprefix("bytes ").partition("-")[0]
            if start != str(self.size):
                self.discard()
                raise HttpUnavailable("damaged", self._url, content_range=start)
            return self.size
        self.discard()
        self.validator = _validator(response)
        if self.validator:
            self._note.write_text(json.dumps({"url": self._url, "validator": self.validator}))
        return 0

    def _write(self, response: httpx.Response, policy: HttpPolicy, kept: int) -> tuple[str, int]:
        digest, size = hashlib.sha256(), kept
        announced = response.headers.get("content-length", "")
        if announced.isdecimal() and kept + int(announced) > policy.max_bytes:
            raise HttpRefused("too_large", self._url, limit=policy.max_bytes)
        with self._path.open("r+b" if kept else "wb") as target:
            if kept:
                while chunk := target.read(_CHUNK):
                    digest.update(chunk)
            for chunk in decoded(response, policy, self._url):
                size += len(chunk)
                if size > policy.max_bytes:
                    raise HttpRefused("too_large", self._url, limit=policy.max_bytes)
                digest.update(chunk)
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        return digest.hexdigest(), size


def decoded(response: httpx.Response, policy: HttpPolicy, url: str) -> Iterator[bytes]:
    """Yield the body, unpacked within the policy's limits if the server packed it unasked.

    Raises `HttpRefused` for an encoding other than gzip and for a bomb, `HttpUnavailable` for damaged data.
    """
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        yield from response.iter_raw()
        return
    if encoding not in ("gzip", "x-gzip"):
        raise HttpRefused("encoding", url, encoding=encoding[:40])
    reader = bounded_gunzip(_Source(response.iter_raw()), policy.max_bytes, policy.max_ratio)
    try:
        while chunk := reader.read(_CHUNK):
            yield chunk
    except UploadRefused as error:
        if error.code == "archive_unreadable":
            raise HttpUnavailable("damaged", url) from error
        code = "ratio" if error.code == "archive_ratio" else "too_large"
        raise HttpRefused(code, url, **error.values) from error


class _Source:
    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks

    def read(self, size: int, /) -> bytes:
        """Return the next chunk, whatever its size: the reader takes any."""
        return next((chunk for chunk in self._chunks if chunk), b"")


def _validator(response: httpx.Response) -> str:
    """Return what `If-Range` may carry: a strong ETag, else the date; nothing for a body packed on the
    way.
    """
    if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        return ""
    etag: str = response.headers.get("etag", "")
    if etag and not etag.startswith("W/"):
        return etag
    return "" if etag else str(response.headers.get("last-modified", ""))
