"""Who we are to a broker: from variables and files, never from arguments, never in clear over a network."""

from __future__ import annotations

import base64
import binascii
import os
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from rempart.detection.streams.model import StreamError
from rempart.detection.streams.places import Place

_PREFIX: Final = "REMPART_STREAM_"
_MOST: Final = 64 * 1024  # bytes of a file of ours
_BLOCK: Final = re.compile(r"-----BEGIN ([A-Z ]+)-----\s*(\S+)\s*-+END \1-+")
_SEED: Final = 18 << 3  # the first byte of an encoded NKey seed (an S)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the variables give; none of it is shown when printed."""

    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    jwt: str = field(default="", repr=False)
    seed: bytes = field(default=b"", repr=False)
    authority: str = ""
    certificate: str = ""
    key: str = ""

    @property
    def is_secret(self) -> bool:
        """Whether something would be told that must not be read on the way (a signature may be)."""
        return bool(self.password or self.token)

    def context(self) -> ssl.SSLContext:
        """TLS that checks the server's name, with our certificate if any. Raises ``StreamError``."""
        try:
            context = ssl.create_default_context(cafile=self.authority or None)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if self.certificate:
                context.load_cert_chain(self.certificate, self.key or None)
        except (OSError, ssl.SSLError) as error:
            raise StreamError(f"TLS: {error}") from None
        return context

    def signer(self) -> Callable[[str], bytes]:
        """What signs a server's challenge with the seed of a credentials file."""
        key = Ed25519PrivateKey.from_private_bytes(self.seed)
        return lambda nonce: base64.b64encode(key.sign(nonce.encode()))


def read(place: Place, environment: Mapping[str, str] | None = None) -> Credentials:
    """The credentials for a place. Raises ``StreamError`` when a file cannot be read, or when a secret would
    leave this machine in clear.
    """
    variables = os.environ if environment is None else environment
    jwt, seed = "", b""
    if file := variables.get(f"{_PREFIX}CREDENTIALS"):
        jwt, seed = _credentials_file(file)
    found = Credentials(
        _value("USER", variables),
        _value("PASSWORD", variables),
        _value("TOKEN", variables),
        jwt,
        seed,
        variables.get(f"{_PREFIX}CA", ""),
        variables.get(f"{_PREFIX}CERT", ""),
        variables.get(f"{_PREFIX}KEY", ""),
    )
    if found.is_secret and not place.tls and not place.is_local:
        raise StreamError(f"{place.kind}+tls://: a password or token does not leave this machine in clear")
    return found


def _value(name: str, variables: Mapping[str, str]) -> str:
    file = variables.get(f"{_PREFIX}{name}_FILE")
    return _text(file).strip() if file else variables.get(f"{_PREFIX}{name}", "")


def _text(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            return file.read(_MOST).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise StreamError(f"{path}: {getattr(error, 'strerror', None) or 'not text'}") from None


def _credentials_file(path: str) -> tuple[str, bytes]:
    """The token and the seed of a NATS credentials file (base 32: two bytes of prefix, 32, two of check)."""
    blocks = {found[1]: found[2] for found in _BLOCK.finditer(_text(path))}
    jwt, encoded = blocks.get("NATS USER JWT", ""), blocks.get("USER NKEY SEED", "")
    try:
        raw = base64.b32decode(encoded + "=" * (-len(encoded) % 8))
    except (binascii.Error, ValueError):
        raw = b""
    sound = (
        len(raw) == 36
        and raw[0] & 0xF8 == _SEED
        and binascii.crc_hqx(raw[:-2], 0) == int.from_bytes(raw[-2:], "little")
    )
    if not jwt or not sound:
        raise StreamError(f"{path}: not a NATS credentials file")
    return jwt, raw[2:34]
