"""Vendor and product names as people write them → one spelling.

Two spellings of one product must meet ("Apache Software Foundation / Apache Log4j2" and
"apache / log4j2"); two products must not. So only what never tells products apart is removed:
legal forms, the vendor's name repeated in front of the product, case, accents and punctuation.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from rempart.engines.exposure.vendors import (
    BRANDS,
    ORGANISATION_WORDS,
    PREFIXES,
    is_stated,
    one_name,
    successor,
)

_TOKEN = re.compile(r"[a-z0-9]+|[^\W_]+")
_MAX_LENGTH = 512
_VENDOR_WORDS = 5
_YEAR = re.compile(r"20[0-9]{2}")

_INITIALS = re.compile(r"(?<=\b\w)\.(?=\w\b)")  # "S.A." and "SA" are one form
_ACRONYM = re.compile(r"\(\s*[A-Z][A-Z0-9&/-]{1,7}\s*\)")
_INSTALLATION = re.compile(
    r"\((?:server core installation|64-bit|32-bit|x64|x86|x86_64)\)"
    r"|\b(?:x64|x86|x64-based systems|32-bit|64-bit|64-bit edition)\s*$",
    re.IGNORECASE,
)


@lru_cache(maxsize=1 << 16)
def vendor_name(text: str) -> str:
    """The vendor's name in one spelling; empty when the text states none."""
    tokens = _tokens(_INITIALS.sub("", text))
    whole = "".join(tokens)
    if not is_stated(whole):
        return ""
    if one_name(whole) != whole:
        return one_name(whole)
    if len(tokens) > 1 and tokens[0] == "the":
        tokens = tokens[1:]
    while len(tokens) > 1 and tokens[-1] in ORGANISATION_WORDS:
        tokens = tokens[:-1]
    short = "".join(tokens)
    return one_name(short) if is_stated(short) else ""


@lru_cache(maxsize=1 << 16)
def brand(vendor: str, product: str) -> str:
    """The maker under whose name an owner goes on selling a product: Broadcom's "VMware Tools" is VMware's.

    ``vendor`` is already in one spelling, and is the answer for all others.
    """
    kept = BRANDS.get(vendor)
    tokens = _tokens(product) if kept else []
    return one_name(tokens[0]) if kept and len(tokens) > 1 and tokens[0] in kept else vendor


def vendor_within(product: str) -> str:
    """The vendor that a product's name begins with ("VMware ESXi"); empty when it begins with none known."""
    tokens = _tokens(product)
    if tokens and tokens[0] in {"some", "certain"}:
        tokens = tokens[1:]
    return one_name(tokens[0]) if len(tokens) > 1 and tokens[0] in PREFIXES else ""


def is_year_alone(product: str, version: str) -> bool:
    """Whether a version is only the year in the product's name ("SharePoint Server 2019", version 2019)."""
    return _YEAR.fullmatch(version) is not None and version in product


@lru_cache(maxsize=1 << 16)
def product_name(text: str, vendor: str) -> str:
    """The product's name in one spelling, without ``vendor`` (already in one spelling) before it."""
    if len(text) > _MAX_LENGTH:
        return ""
    tokens = _tokens(_INSTALLATION.sub(" ", _ACRONYM.sub(" ", text)))
    if not is_stated("".join(tokens)):
        return ""
    return "".join(_without_vendor(tokens, vendor))


def _without_vendor(tokens: list[str], vendor: str) -> list[str]:
    """The vendor's name may be its former one: "MobileIron Sentry" is Ivanti's Sentry."""
    prefix = ""
    for count, token in enumerate(tokens[:-1][:_VENDOR_WORDS], start=1):
        prefix += token
        if prefix == vendor or successor(prefix) == vendor:
            return tokens[count:]
    return tokens


def _tokens(text: str) -> list[str]:
    if len(text) > _MAX_LENGTH:
        return []
    plain = text.casefold()
    if not plain.isascii():
        folded = unicodedata.normalize("NFKD", plain)
        plain = "".join(character for character in folded if not unicodedata.combining(character))
    return _TOKEN.findall(plain.replace("_", " "))
