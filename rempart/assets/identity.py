"""What makes two stated pieces of software the same component."""

from __future__ import annotations

import hashlib


def component_digest(*, vendor: str, product: str, version: str, purl: str, cpe: str) -> str:
    """SHA-256 (hexadecimal) of the five fields as stated, spaces around them aside.

    A unit separator stands between fields, so that no two different statements meet.
    """
    fields = (vendor, product, version, purl, cpe)
    return hashlib.sha256("\x1f".join(field.strip() for field in fields).encode()).hexdigest()
