"""What may be asked of the network, and how long it may take.

The address is checked where the connection is made, on the very address that is then connected to: a
name that answers differently a second time (DNS rebinding) gains nothing. TLS still verifies the name,
not the address.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

Resolver = Callable[[str, int], Sequence[str]]
_LONGEST_URL = 2000
# RFC 6052: addresses under this prefix carry an IPv4 address, which a translator on the path would reach.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class HttpFailure(Exception):
    """A request that gave no usable answer. `code` names the reason, `values` its details."""

    def __init__(self, code: str, url: str, **values: Any) -> None:
        details = ", ".join(f"{name}={value}" for name, value in values.items())
        super().__init__(f"{code}: {url}" + (f" ({details})" if details else ""))
        self.code = code
        self.url = url
        self.values = values


class HttpRefused(HttpFailure):
    """Not allowed, or not acceptable; asking again would change nothing.

    Codes: `url`, `scheme`, `host`, `credentials`, `address`, `redirects`, `downgrade`, `too_large`, `ratio`,
    `encoding`, `status`.
    """


class HttpUnavailable(HttpFailure):
    """Did not work this time; `retry_after` is the wait in seconds that the server asked for, if it did.

    Codes: `resolve`, `connection`, `timeout`, `status`, `damaged`.
    """

    def __init__(self, code: str, url: str, retry_after: float | None = None, **values: Any) -> None:
        super().__init__(code, url, **values)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class HttpPolicy:
    """Limits of a client: sizes in bytes, times in seconds.

    `hosts`, when given, is the whole list of names that may be asked. `allow_private` opens private and
    loopback addresses (an internal mirror, tests); link-local ones, where clouds keep their secrets, and
    multicast stay closed. `total_seconds` bounds a call whole, retries and redirects included.
    """

    schemes: frozenset[str] = frozenset({"https"})
    hosts: frozenset[str] | None = None
    allow_private: bool = False
    max_bytes: int = 1024**3
    max_ratio: int = 200
    total_seconds: float = 600.0
    read_seconds: float = 30.0
    connect_seconds: float = 10.0
    redirects: int = 5
    attempts: int = 4
    first_wait: float = 1.0
    longest_wait: float = 60.0


class Deadline:
    """The instant by which the current call must end."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = float("inf")

    def start(self, seconds: float) -> None:
        """Give the call that begins `seconds` to end."""
        self._end = self._clock() + seconds

    def remaining(self) -> float:
        """Return the seconds left, negative once the time is over."""
        return self._end - self._clock()


def check_url(url: str, policy: HttpPolicy) -> httpx.URL:
    """Return the parsed address; raises `HttpRefused` when the policy does not allow it."""
    if len(url) > _LONGEST_URL:
        raise HttpRefused("url", url[:80], limit=_LONGEST_URL)
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise HttpRefused("url", url) from error
    if parsed.port is not None and not 0 < parsed.port < 65536:
        raise HttpRefused("url", url, port=parsed.port)
    if parsed.userinfo:
        raise HttpRefused("credentials", str(parsed.copy_with(userinfo=b"")))
    if parsed.scheme not in policy.schemes:
        raise HttpRefused("scheme", url, scheme=parsed.scheme)
    if not parsed.host or (policy.hosts is not None and parsed.host not in policy.hosts):
        raise HttpRefused("host", url, host=parsed.host)
    return parsed


def is_forbidden(address: str, *, allow_private: bool = False) -> bool:
    """Return whether a connection to `address` (IPv4 or IPv6, numeric) would leave the public internet."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    carried = _carried(ip)
    if any(is_forbidden(str(inner), allow_private=allow_private) for inner in carried):
        return True
    if ip.is_multicast or ip.is_unspecified or ip.is_link_local:
        return True
    if allow_private:
        return False
    # An IPv4-mapped address is judged by what it carries alone: Python calls every one of them private.
    mapped = isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None
    return not mapped and (not ip.is_global or ip.is_reserved)


def resolve(host: str, port: int) -> list[str]:
    """Return the numeric addresses of `host`, as the system orders them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class GuardedTransport(httpx.BaseTransport):
    """An httpx transport that connects only to checked addresses and never past the deadline."""

    def __init__(
        self,
        policy: HttpPolicy,
        deadline: Deadline,
        resolver: Resolver,
        network: httpcore.NetworkBackend,
        tls: ssl.SSLContext | None,
    ) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls or ssl.create_default_context(),
            max_connections=4,
            keepalive_expiry=30.0,
            network_backend=_GuardedNetwork(policy, deadline, resolver, network),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request`; raises httpcore's exceptions and `HttpFailure`."""
        url = request.url
        answer = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=request.headers.raw,
                content=request.content,
                extensions=request.extensions,
            )
        )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer), request=request)

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _GuardedNetwork(httpcore.NetworkBackend):
    def __init__(
        self,
        policy: HttpPolicy,
        deadline: Deadline,
        resolver: Resolver,
        network: httpcore.NetworkBackend,
    ) -> None:
        self._policy = policy
        self._deadline = deadline
        self._resolver = resolver
        self._network = network

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        last: Exception = httpcore.ConnectError(f"no address for {host}")
        for address in self._checked(host, port):
            try:
                stream = self._network.connect_tcp(
                    address,
                    port,
                    _left(self._deadline, timeout, httpcore.ConnectTimeout),
                    local_address,
                    socket_options,
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
                continue
            return _TimedStream(stream, self._deadline)
        raise last

    def _checked(self, host: str, port: int) -> Sequence[str]:
        try:
            addresses = self._resolver(host, port)
        except (OSError, UnicodeError) as error:
            raise HttpUnavailable("resolve", host) from error
        for address in addresses:
            # One forbidden answer among public ones is no accident: refuse the name.
            if is_forbidden(address, allow_private=self._policy.allow_private):
                raise HttpRefused("address", host, address=address)
        return addresses


class _TimedStream(httpcore.NetworkStream):
    """A connection whose every wait ends with the call's deadline: a server that drips cannot hold it."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline, timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline, timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(self._deadline, timeout, httpcore.ConnectTimeout)
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: Deadline, timeout: float | None, late: type[Exception]) -> float:
    remaining = deadline.remaining()
    if remaining <= 0:
        raise late("the time given to the whole call is over")
    return remaining if timeout is None else min(timeout, remaining)


def _carried(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    """Return the IPv4 addresses that an IPv6 transition address leads to."""
    if isinstance(ip, ipaddress.IPv4Address):
        return []
    found = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
    if ip in _NAT64:
        found.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
    return [inner for inner in found if inner is not None]
