"""A signed pack of rules: one file, the same from the same rules, refused unless a trusted key signed it.

First line: ``rempart-rules 1``. Second: JSON with ``digest`` (SHA-256 of what follows), ``key`` (Ed25519, RFC
8032, public) and ``signature`` of the first line and the digest, all in hexadecimal. Then JSON under gzip:
``number``, ``made_at``, ``body`` (a code, or "" for all), ``rules`` and ``filters``, by identifier, ``salt``.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_FIRST: Final = b"rempart-rules 1\n"
_MOST_BYTES: Final = 64 * 1024**2
_MOST_EXPANDED: Final = 512 * 1024**2
_HEADER: Final = 4096


class BadPack(ValueError):
    """A pack that must not be used; the message says why, in French and in English."""


@dataclass(frozen=True, slots=True)
class PackedRule:
    """A rule: its identifier, the number of its version, and its text."""

    id: str
    version: int
    text: str


@dataclass(frozen=True, slots=True)
class PackedFilter:
    """A filter: it ends by itself at ``until`` (RFC 3339), never when that is empty."""

    id: str
    text: str
    until: str = ""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a pack holds. ``made_at`` in RFC 3339. ``salt`` keeps the filters from being guessed by the
    digest of the file, which others read.
    """

    number: int
    made_at: str
    body: str
    rules: tuple[PackedRule, ...]
    filters: tuple[PackedFilter, ...]
    salt: str = ""

    @property
    def digest(self) -> str:
        """Of the rules and filters, whatever the pack's number and date."""
        held = {"body": self.body, **{name: [asdict(one) for one in group] for name, group in self._groups()}}
        return hashlib.sha256(_canonical(held)).hexdigest()

    def _groups(self) -> list[tuple[str, Sequence[Any]]]:
        return [("rules", self.rules), ("filters", self.filters)]

    def texts(self, now: datetime) -> list[tuple[str, bytes]]:
        """(name, text) of each rule, and of each filter that has not ended."""
        found = [(f"pack:{one.id}", one.text.encode()) for one in self.rules]
        return found + [
            (f"pack:{one.id}", one.text.encode())
            for one in self.filters
            if not one.until or datetime.fromisoformat(one.until) > now
        ]


@dataclass(frozen=True, slots=True)
class Opened:
    """A pack whose signature holds: what it has, its digest, and the key that signed it."""

    contents: Contents
    digest: str
    key: str


def private_key(secret: str) -> Ed25519PrivateKey:
    """The key that a secret stands for."""
    seed = hashlib.sha256(b"rempart rules pack\n" + secret.encode()).digest()
    return Ed25519PrivateKey.from_private_bytes(seed)


def public_key(key: Ed25519PrivateKey) -> str:
    """The public half of a key, in hexadecimal."""
    return key.public_key().public_bytes_raw().hex()


def sealed(contents: Contents, key: Ed25519PrivateKey) -> tuple[bytes, str]:
    """The file of a pack, and its digest."""
    payload = gzip.compress(_canonical(asdict(contents)), 9, mtime=0)
    digest = hashlib.sha256(payload).hexdigest()
    signature = key.sign(_FIRST + digest.encode()).hex()
    header = {"digest": digest, "key": public_key(key), "signature": signature}
    return _FIRST + _canonical(header) + b"\n" + payload, digest


def is_pack(path: Path) -> bool:
    """Whether the file says that it is a pack. A pipe, which can be read only once, holds none."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as stream:
            return stream.read(len(_FIRST)) == _FIRST
    except OSError:
        return False


def read_pack(path: Path, keys: Collection[str]) -> Opened:
    """The pack of a file; raises BadPack when it cannot be read or trusted."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(_MOST_BYTES + 1)
    except OSError as problem:
        raise BadPack(f"{path}: {problem.strerror or problem}") from problem
    try:
        return opened(raw, keys)
    except BadPack as problem:
        raise BadPack(f"{path}: {problem}") from None


def opened(raw: bytes, keys: Collection[str]) -> Opened:
    """The pack of these bytes, if one of ``keys`` (hexadecimal) signed it; nothing is read before that is
    known. Raises BadPack.
    """
    if len(raw) > _MOST_BYTES:
        raise BadPack(f"plus de · more than {_MOST_BYTES} octets · bytes")
    if not raw.startswith(_FIRST):
        raise BadPack("ce n’est pas un paquet de règles · not a pack of rules")
    line, _, payload = raw[len(_FIRST) :].partition(b"\n")
    header = _header(line)
    digest = hashlib.sha256(payload).hexdigest()
    if header["digest"] != digest:
        raise BadPack("abîmé ou modifié : l’empreinte ne correspond pas · damaged or altered: wrong digest")
    if not keys:
        raise BadPack("--key : la clé publique du centre est nécessaire · the centre’s public key is needed")
    if header["key"] not in {each.strip().lower() for each in keys}:
        raise BadPack(f"signé par une clé inconnue · signed by an unknown key: {header['key'][:64]}")
    try:
        verifier = Ed25519PublicKey.from_public_bytes(bytes.fromhex(header["key"]))
        verifier.verify(bytes.fromhex(header["signature"]), _FIRST + digest.encode())
    except (InvalidSignature, ValueError):
        raise BadPack("la signature ne tient pas · the signature does not hold") from None
    return Opened(_contents(payload), digest, header["key"])


def _header(line: bytes) -> dict[str, str]:
    try:
        header = json.loads(line) if len(line) <= _HEADER else None
    except (ValueError, RecursionError):
        header = None
    names = ("digest", "key", "signature")
    if not isinstance(header, dict) or not all(isinstance(header.get(name), str) for name in names):
        raise BadPack("en-tête illisible · unreadable header")
    return header


def _contents(payload: bytes) -> Contents:
    inflater = zlib.decompressobj(wbits=31)
    try:
        raw = inflater.decompress(payload, _MOST_EXPANDED)
        if not inflater.eof:
            raise BadPack(f"plus de · more than {_MOST_EXPANDED} octets · bytes")
        held = json.loads(raw)
        return Contents(
            int(held["number"]),
            str(held["made_at"]),
            str(held["body"]),
            tuple(PackedRule(str(one["id"]), int(one["version"]), str(one["text"])) for one in held["rules"]),
            tuple(
                PackedFilter(str(one["id"]), str(one["text"]), _moment(str(one["until"])))
                for one in held["filters"]
            ),
        )
    except (zlib.error, KeyError, TypeError, RecursionError) as problem:
        raise BadPack(f"contenu illisible · unreadable contents: {problem}") from None
    except ValueError as problem:
        raise (
            problem
            if isinstance(problem, BadPack)
            else BadPack(f"contenu illisible · unreadable contents: {problem}")
        ) from None


def _moment(text: str) -> str:
    if text and datetime.fromisoformat(text).tzinfo is None:
        raise BadPack(f"une date sans zone · a date without a zone: {text[:40]}")
    return text


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
