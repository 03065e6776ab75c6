"""From what a person or a feed wrote to the one form in which values are compared."""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import quote, urlsplit

from rempart.engines.observables.model import DOMAIN, HASH, IP, MAIL, URL

_HASH: Final = re.compile(
    r"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})\Z"
)
_MAIL: Final = re.compile(r"[^\s@\"'<>]{1,64}@((?:[\w-]{1,63}\.)+[\w-]{2,63})\Z")
_DOMAIN: Final = re.compile(r"(?:\*\.)?((?:[\w-]{1,63}\.)+[\w-]{2,63})\.?\Z")
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]{1,20}://")
_DOT: Final = re.compile(r"\s?[\[({]\s?(?:\.|dot|d)\s?[\])}]\s?", re.IGNORECASE)
_AT: Final = re.compile(r"\s?[\[({]\s?(?:@|at)\s?[\])}]\s?", re.IGNORECASE)
_COLON: Final = re.compile(r"[\[({](:(?://)?|://)[\])}]")
_BYTE: Final = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_ADDRESS4: Final = re.compile(rf"{_BYTE}(?:\.{_BYTE}){{3}}\Z", re.ASCII)
#: A URL that is in the compared form already but for its last slash.
_PLAIN_URL: Final = re.compile(r"(?:http|https|ftp)://[a-z0-9.-]+(?:/[^?#\s%A-Z]*)?\Z", re.ASCII)
_ENCODED: Final = re.compile(r"%([0-9a-fA-F]{2})")
_UNRESERVED: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
_ASCII: Final = "".join(map(chr, range(128)))
_PORTS: Final = {"http": 80, "https": 443, "ftp": 21}


def refanged(text: str) -> str:
    """The value behind ``hxxp://evil[.]com`` and the other ways of making a link harmless."""
    text = text.strip().strip("\"'<>")
    if "[" in text or "(" in text or "{" in text:
        text = _COLON.sub(r"\1", _AT.sub("@", _DOT.sub(".", text)))
    if "\\." in text:
        text = text.replace("\\.", ".")
    for harmless, scheme in (("hxxp", "http"), ("meow://", "http://"), ("fxp", "ftp")):
        if text[: len(harmless)].lower() == harmless:
            text = scheme + text[len(harmless) :]
    return text


def classified(text: str) -> tuple[str, str] | None:
    """The type and compared form of a value as it was written; None when it is none of the five types."""
    value = refanged(text).lower()
    if not value or len(value) > 4096:
        return None
    if _ADDRESS4.match(value):
        return IP, value
    if _HASH.match(value):
        return HASH, value
    if _SCHEME.match(value):
        url = normal_url(value)
        return (URL, url) if url else None
    address = normal_address(value) if value[-1].isdigit() or ":" in value else ""
    if address:
        return IP, address
    found = _MAIL.match(value)
    if found:
        return MAIL, f"{value.partition('@')[0]}@{normal_domain(found[1])}"
    host, slash, _ = value.partition("/")
    found = _DOMAIN.match(host)
    if found and not found[1].rpartition(".")[2].isdigit():
        if slash and len(value) > len(host) + 1:
            url = normal_url("http://" + value)
            return (URL, url) if url else None
        return DOMAIN, normal_domain(found[1])
    return None


def normal_address(text: str) -> str:
    """An address or a range (``network/length``) in its shortest form; empty when it is neither."""
    value = text.strip("[]") if text.startswith("[") else text
    host, colon, port = value.partition(":")
    if colon and port.isdecimal() and host.count(".") == 3:  # an address with a port
        value = host
    try:
        if "/" not in value:
            return str(ipaddress.ip_address(value))
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return ""
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)


def normal_domain(name: str) -> str:
    """A name in lower case without its last dot, in the form that DNS carries (punycode)."""
    name = name.rstrip(".").lower()
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode()
    except UnicodeError:
        return name


def normal_url(text: str) -> str:
    """A URL without fragment, default port or user, its scheme and host in lower case, its last slash gone;
    its path without dots that lead nowhere, and encoded where it must be only (RFC 3986, 6.2.2).

    Empty when it has no host. Case of the path is not kept: logs and feeds disagree on it too often.
    """
    if _PLAIN_URL.match(text) and "/." not in text and text.isascii():
        return text.rstrip("/")
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if not host:
        return ""
    scheme = parts.scheme.lower()
    place = "" if port is None or _PORTS.get(scheme) == port else f":{port}"
    name = f"[{host}]" if ":" in host else normal_domain(host)
    query = f"?{_encoded(parts.query)}" if parts.query else ""
    path = _straight(_encoded(parts.path)).rstrip("/")
    return f"{scheme}://{name}{place}{path}{query}".lower()


def _encoded(text: str) -> str:
    """A part of a URL with what need not be encoded as it is, and letters that are not ASCII encoded."""
    if "%" in text:
        text = _ENCODED.sub(lambda found: _decoded(found[0]), text)
    # Events hold halves of surrogate pairs too.
    return text if text.isascii() else quote(text, safe=_ASCII, errors="surrogatepass")


def _decoded(text: str) -> str:
    letter = chr(int(text[1:], 16))
    return letter if letter in _UNRESERVED else text


def _straight(path: str) -> str:
    """A path without ``.`` and ``..``."""
    if "/." not in path:
        return path
    steps: list[str] = []
    for step in path.split("/"):
        if step == "..":
            del steps[max(1, len(steps) - 1) :]
        elif step != ".":
            steps.append(step)
    return "/".join(steps)
