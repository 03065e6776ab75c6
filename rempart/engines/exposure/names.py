"""Vendor and product names as people write them → one spelling.

Two spellings of one product must meet ("Apache Software Foundation / Apache Log4j2" and
"apache / log4j2"); two products must not. So only what never tells products apart is removed:
legal forms, the vendor's name repeated in front of the product, case, accents and punctuation.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_TOKEN = re.compile(r"[a-z0-9]+|[^\W_]+")
_MAX_LENGTH = 512

_UNSTATED_TEXT = """
    na none unknown unspecified notavailable notapplicable undefined various multiple
    multiplevendors multipleproducts other tbd
"""
_UNSTATED = frozenset(_UNSTATED_TEXT.split()) | {""}
# Words at the end of a vendor's name that say what kind of organisation it is.
_ORGANISATION_WORDS_TEXT = """
    foundation software inc incorporated corp corporation ltd limited llc llp gmbh co
    company ag sa sas sarl bv oy ab plc srl spa kg pty project group team organization
    organisation systems technologies pvt as spol s ro
"""
_ORGANISATION_WORDS = frozenset(_ORGANISATION_WORDS_TEXT.split())
# Whole names that the rule above would spoil, or that changed hands.
_VENDORS = {
    "cloudsoftwaregroup": "citrix",
    "netscaler": "citrix",
    "junipernetworks": "juniper",
    "thelinuxkernelorganization": "linux",
    "linuxkernelorganization": "linux",
    "zohocorp": "zoho",
    "paloalto": "paloaltonetworks",
    "springbyvmwaretanzu": "vmware",
    "pivotalsoftware": "vmware",
    "pivotal": "vmware",
    "f5networks": "f5",
    "progresssoftwarecorporation": "progress",
    "synacor": "zimbra",
    "hewlettpackardenterprise": "hpe",
    "internetsystemsconsortium": "isc",
}
_INITIALS = re.compile(r"(?<=\b\w)\.(?=\w\b)")  # "S.A." and "SA" are one form
_ACRONYM = re.compile(r"\(\s*[A-Z][A-Z0-9&/-]{1,7}\s*\)")
_INSTALLATION = re.compile(
    r"\((?:server core installation|64-bit|32-bit|x64|x86|x86_64)\)"
    r"|\b(?:x64|x86|x64-based systems|32-bit|64-bit|64-bit edition)\s*$",
    re.IGNORECASE,
)
# An edition of Windows is not another product: its versions and its corrections are the same.
_WINDOWS_EDITIONS_TEXT = """
    standard datacenter enterprise essentials foundation pro professional education home
    edition evaluation ltsc ltsb
"""
_WINDOWS_EDITIONS = frozenset(_WINDOWS_EDITIONS_TEXT.split())


@lru_cache(maxsize=1 << 16)
def vendor_name(text: str) -> str:
    """The vendor's name in one spelling; empty when the text states none."""
    tokens = _tokens(_INITIALS.sub("", text))
    whole = "".join(tokens)
    if whole in _UNSTATED:
        return ""
    if whole in _VENDORS:
        return _VENDORS[whole]
    if len(tokens) > 1 and tokens[0] == "the":
        tokens = tokens[1:]
    while len(tokens) > 1 and tokens[-1] in _ORGANISATION_WORDS:
        tokens = tokens[:-1]
    short = "".join(tokens)
    return "" if short in _UNSTATED else _VENDORS.get(short, short)


@lru_cache(maxsize=1 << 16)
def product_name(text: str, vendor: str) -> str:
    """The product's name in one spelling, without ``vendor`` (already in one spelling) before it."""
    if len(text) > _MAX_LENGTH:
        return ""
    tokens = _tokens(_INSTALLATION.sub(" ", _ACRONYM.sub(" ", text)))
    if "".join(tokens) in _UNSTATED:
        return ""
    tokens = _without_vendor(tokens, vendor)
    if tokens and tokens[0] == "windows":
        while len(tokens) > 2 and tokens[-1] in _WINDOWS_EDITIONS:
            tokens = tokens[:-1]
    return "".join(tokens)


def _without_vendor(tokens: list[str], vendor: str) -> list[str]:
    prefix = ""
    for count, token in enumerate(tokens[:-1], start=1):
        prefix += token
        if prefix == vendor:
            return tokens[count:]
        if not vendor.startswith(prefix):
            break
    return tokens


def _tokens(text: str) -> list[str]:
    if len(text) > _MAX_LENGTH:
        return []
    folded = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(character for character in folded if not unicodedata.combining(character))
    return _TOKEN.findall(plain.replace("_", " "))
