"""OpenPGP signatures and file hashes of advisories (CSAF 2.0, sections 7.1.18 to 7.1.20)."""

from __future__ import annotations

import hashlib
import hmac

from pysequoia import Cert, Sig, verify

_ALGORITHMS = {64: "sha256", 128: "sha512"}


class Untrusted(Exception):
    """A hash or signature that does not hold; ``code``: ``hash``, ``invalid`` or ``unknown_key``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def check_hash(content: bytes, stated: bytes) -> None:
    """Raises Untrusted unless ``stated`` (the text of a .sha256 or .sha512 file) is that of ``content``."""
    words = stated[:1000].decode("ascii", "replace").split()
    digest = words[0].lower() if words else ""
    algorithm = _ALGORITHMS.get(len(digest))
    if algorithm is None:
        raise Untrusted("hash", "the hash file holds no SHA-256 nor SHA-512")
    if not hmac.compare_digest(hashlib.new(algorithm, content).hexdigest(), digest):
        raise Untrusted("hash", f"the document does not have the {algorithm} that its provider states")


def read_keys(armored: bytes, fingerprint: str) -> list[Cert]:
    """The certificates of a key file, kept only where the fingerprint is the one announced (when one is)."""
    wanted = fingerprint.replace(" ", "").lower()
    try:
        found = Cert.split_bytes(armored)
    except Exception as error:
        raise Untrusted("unknown_key", f"unreadable OpenPGP key: {str(error)[:200]}") from None
    return [cert for cert in found if not wanted or cert.fingerprint.lower() == wanted]


def check_signature(content: bytes, signature: bytes, certificates: list[Cert]) -> None:
    """Raises Untrusted unless one of ``certificates`` made this detached signature of ``content``."""
    if not certificates:
        raise Untrusted("unknown_key", "the provider announces no usable OpenPGP key")
    try:
        detached = Sig.from_bytes(signature)
        verify(bytes=content, store=lambda _wanted: certificates, signature=detached)
    except Exception as error:
        # The library tells a missing key from a wrong signature in words only.
        missing = "missing" in str(error).lower() or "no key" in str(error).lower()
        code = "unknown_key" if missing else "invalid"
        raise Untrusted(code, f"the OpenPGP signature does not hold: {str(error)[:200]}") from None
