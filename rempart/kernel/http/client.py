"""`SafeClient`: fetch a file, get a small document, post a webhook, all under one guard."""

from __future__ import annotations

import json
import random
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpcore
import httpx

from rempart.kernel.http.download import FetchResult, FetchState, Part, decoded
from rempart.kernel.http.guard import (
    Deadline,
    GuardedTransport,
    HttpPolicy,
    HttpRefused,
    HttpUnavailable,
    Resolver,
    check_url,
    resolve,
)
from rempart.kernel.nodes import PASSING

T = TypeVar("T")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ANSWER_BYTES = 64 * 1024
_USER_AGENT = "Rempart/1 (cyberdefence platform)"


@dataclass(frozen=True, slots=True)
class GetResult:
    """A small document, whole. Header names are in lower case."""

    url: str
    headers: Mapping[str, str]
    content: bytes


@dataclass(frozen=True, slots=True)
class PostResult:
    """A receiver's answer, whatever its status: the first 64 KiB of it, and the wait it asks for
    (seconds).
    """

    status: int
    content: bytes
    retry_after: float | None

    @property
    def accepted(self) -> bool:
        """Whether the receiver took the message."""
        return 200 <= self.status < 300


class SafeClient:
    """An HTTP client that trusts neither addresses nor answers. One client serves one thread.

    `headers` (a token, for instance) go with every request and never to another origin than the one asked
    first. Resolver, sleep, clocks, randomness and network are arguments so that tests need no waiting.
    """

    def __init__(
        self,
        policy: HttpPolicy | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        resolver: Resolver = resolve,
        network: httpcore.NetworkBackend | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._policy = policy or HttpPolicy()
        self._headers = dict(headers or {})
        self._deadline = Deadline(clock)
        self._transport = GuardedTransport(
            self._policy, self._deadline, resolver, network or httpcore.SyncBackend(), tls
        )
        self._sleep = sleep
        self._now = now
        self._jitter = jitter

    def __enter__(self) -> Self:
        """Return the client; its connections close at the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def fetch(self, url: str, to: Path, state: FetchState | None = None) -> FetchResult:
        """Download `url` into the file `to`, if it changed since `state`.

        `to` is replaced whole at the end or not at all. An interrupted download goes on where it stopped, in
        this call or in a later one. A body that the server packs (gzip) is unpacked. Raises `HttpRefused`
        and `HttpUnavailable`.
        """
        known = state or FetchState()
        return self._retried(url, lambda: self._fetch_once(url, to, known))

    def get(self, url: str, max_bytes: int = 10 * 1024**2) -> GetResult:
        """Return the document at `url`, at most `max_bytes`; raises `HttpRefused` and `HttpUnavailable`."""
        return self._retried(url, lambda: self._get_once(url, max_bytes))

    def post_json(
        self,
        url: str,
        body: bytes | Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> PostResult:
        """Post `body` once, without following redirects, and return the answer.

        Bytes go as they are (they may be signed). The caller retries, since it keeps the message. Raises
        `HttpRefused` when the address is not allowed, `HttpUnavailable` when no answer came.
        """
        self._deadline.start(self._policy.total_seconds)
        content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        target = check_url(url, self._policy)
        sent = {"Content-Type": content_type, **self._headers, **(headers or {})}
        with self._exchange("POST", target, sent, content) as response:
            answer = b""
            for chunk in response.iter_raw():
                answer += chunk
                if len(answer) >= _ANSWER_BYTES:
                    break
            return PostResult(response.status_code, answer[:_ANSWER_BYTES], self._retry_after(response))

    def _fetch_once(self, url: str, to: Path, state: FetchState) -> FetchResult:
        to.parent.mkdir(parents=True, exist_ok=True)
        part = Part(url, to)
        with self._followed(url, {**state.headers(), **part.headers()}) as (final, response):
            if response.status_code == 304:
                return FetchResult(True, final, etag=state.etag, last_modified=state.last_modified)
            if response.status_code == 416:
                part.discard()
                raise HttpUnavailable("damaged", final, status=416)
            self._expect(response, final, {200, 206} if part.size else {200})
            sha256, size, resumed = part.receive(response, self._policy)
            return FetchResult(
                False,
                final,
                sha256,
                response.headers.get("etag", ""),
                response.headers.get("last-modified", ""),
                size,
                resumed,
            )

    def _get_once(self, url: str, max_bytes: int) -> GetResult:
        with self._followed(url, {}) as (final, response):
            self._expect(response, final, {200})
            content = bytearray()
            for chunk in decoded(response, self._policy, final):
                content += chunk
                if len(content) > max_bytes:
                    raise HttpRefused("too_large", final, limit=max_bytes)
            return GetResult(final, dict(response.headers), bytes(content))

    @contextmanager
    def _followed(self, url: str, headers: Mapping[str, str]) -> Iterator[tuple[str, httpx.Response]]:
        """Get `url` and what it redirects to, each address checked like the first."""
        target = first = check_url(url, self._policy)
        for _ in range(self._policy.redirects + 1):
            own = self._headers if _origin(target) == _origin(first) else {}
            with self._exchange("GET", target, {**own, **headers}) as response:
                if response.status_code not in _REDIRECTS:
                    yield str(target), response
                    return
                location = response.headers.get("location", "")
            target = self._next(target, location)
        raise HttpRefused("redirects", url, limit=self._policy.redirects)

    def _next(self, target: httpx.URL, location: str) -> httpx.URL:
        if not location:
            raise HttpRefused("redirects", str(target), location="")
        try:
            joined = str(target.join(location))
        except (httpx.InvalidURL, ValueError) as error:
            raise HttpRefused("url", location[:80]) from error
        found = check_url(joined, self._policy)
        if target.scheme == "https" and found.scheme != "https":
            raise HttpRefused("downgrade", joined)
        return found

    @contextmanager
    def _exchange(
        self, method: str, target: httpx.URL, headers: Mapping[str, str], content: bytes = b""
    ) -> Iterator[httpx.Response]:
        sent = {"User-Agent": _USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity", **headers}
        timeout = {
            "connect": self._policy.connect_seconds,
            "pool": self._policy.connect_seconds,
            "read": self._policy.read_seconds,
            "write": self._policy.read_seconds,
        }
        try:
            request = httpx.Request(
                method, target, headers=sent, content=content or None, extensions={"timeout": timeout}
            )
            response = self._transport.handle_request(request)
            try:
                yield response
            finally:
                response.close()
        except httpcore.TimeoutException as error:
            raise HttpUnavailable("timeout", str(target)) from error
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise HttpUnavailable("connection", str(target), reason=str(error)[:200]) from error

    def _expect(self, response: httpx.Response, url: str, statuses: set[int]) -> None:
        status = response.status_code
        if status in statuses:
            return
        if status in PASSING:
            raise HttpUnavailable("status", url, self._retry_after(response), status=status)
        raise HttpRefused("status", url, status=status)

    def _retried(self, url: str, attempt: Callable[[], T]) -> T:
        self._deadline.start(self._policy.total_seconds)
        for number in range(1, self._policy.attempts + 1):
            try:
                return attempt()
            except HttpUnavailable as error:
                wait = self._wait(number, error.retry_after)
                if number == self._policy.attempts or wait is None:
                    raise
                self._sleep(wait)
        raise HttpUnavailable("connection", url, reason="no attempt allowed")

    def _wait(self, number: int, asked: float | None) -> float | None:
        """Return the seconds to wait after try `number`; `None` when the wait is too long to be made here."""
        grown = min(self._policy.first_wait * 2 ** (number - 1), self._policy.longest_wait)
        wait = max(grown * (0.5 + self._jitter() / 2), asked or 0.0)
        return wait if wait <= min(self._policy.longest_wait, self._deadline.remaining()) else None

    def _retry_after(self, response: httpx.Response) -> float | None:
        """Read `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date."""
        text = response.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit():
            return float(text[:9])
        try:
            until = parsedate_to_datetime(text)
        except ValueError:
            return None
        aware = until if until.tzinfo else until.replace(tzinfo=UTC)
        return max(0.0, (aware - self._now()).total_seconds())


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
