"""Versions of no declared scheme: what vendors write ("7u211", "22.3R2-S2", "2.0-beta9", "15.2(4)E3").

Order at one position: pre-release words by rank < end of version < other words, alphabetically <
numbers. Zeros before the end or before a word do not count ("1.2.0" equals "1.2"). "+metadata" has
no rank, as in Semantic Versioning.

A text is refused rather than guessed: free text, a commit hash, and "1.0a2" or "1.0b2", which one
vendor writes for a pre-release and another for a patch.
"""

from __future__ import annotations

import re

from rempart.engines.versions.encoding import AFTER_ALL, number, without_zeros, word

_LEAD = re.compile(r"(?:versions?|release|ver\.?|v\.?|build|#)?[ _]*(?=[0-9])")
# Letters that makers write before every version of a product, and that say "release" and no more: they
# are left out only before a version of several parts, for "r2" is also the name of an edition.
_MARK = re.compile(r"^(?:(?:[rhcx]|fw|id|rhs[ _])(?=[0-9]+[._p][0-9])|r(?=[0-9]{2,})|(?:fw|id)(?=[0-9]))")
_ALTERNATIVES = (
    (re.compile(r"service[ _]?packs?(?=[ _.-]?[0-9])"), "sp"),
    (re.compile(r"(?:fix|feature)[ _]?packs?(?=[ _.-]?[0-9])"), "fp"),
    (re.compile(r"cumulative[ _]?updates?(?=[ _.-]?[0-9])"), "cu"),
    (re.compile(r"(?:patch[ _]?level|patch|pl)(?=[ _.-]?[0-9])"), "p"),
    (re.compile(r"(?:update|upd)(?=[ _.-]?[0-9])"), "u"),
    (re.compile(r"(?:hot[ _]?fix|hotfixrev)(?=[ _.-]?[0-9])"), "hf"),
)
# A build of hardware makers ("1.07b01", "2.305b240719"): a pre-release is not numbered so.
_BUILD = re.compile(r"(?<=[0-9])b(?=0[0-9]|[0-9]{5})")
_NUMBERS = re.compile(r"[0-9]+(?:\.[0-9]+)*")  # most versions: no word, and nothing to undo
_SHAPE = re.compile(r"[0-9][0-9a-z._\-+()/ ]*")
_TOKEN = re.compile(r"([0-9]+)|([a-z]+)|([^0-9a-z]+)")
_HASH = re.compile(r"(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{7,64}")
_METADATA = re.compile(r"\+[0-9a-z.\-]*$")
# Go's pseudo-version (Go modules reference, "Pseudo-versions"): a commit between two tags ("1.2.4-0.…") is
# before the tag that it is numbered after; one that follows no tag ("0.0.0-…") has no place among releases.
_PSEUDO = re.compile(r"([0-9]+\.[0-9]+\.[0-9]+)-(?:0\.)?([0-9]{14})-[0-9a-f]{12}")
_MAX_WORD = 16

_PRE_RELEASE = {
    "dev": b"\x01",
    "nightly": b"\x01",
    "canary": b"\x01",
    "alpha": b"\x02",
    "beta": b"\x03",
    "pre": b"\x04",
    "preview": b"\x04",
    "milestone": b"\x04",
    "ea": b"\x04",
    "ctp": b"\x04",
    "rc": b"\x05",
    "cr": b"\x05",
    "snapshot": b"\x06",
}
_NULL_WORDS = frozenset({"final", "ga", "release"})
# Words that a vendor writes between spaces inside a version; any other spaced word is free text.
_SPACED_WORDS_TEXT = """
    build patch update hotfix fix rev revision service pack sp ap cu mr msr sr hf mp ru pl
    u p r fp uc su if
"""
_SPACED_WORDS = frozenset(_SPACED_WORDS_TEXT.split())
_PROSE_TEXT = """
    and or to all any prior before below above later earlier through than from up x xx
"""
_PROSE = frozenset(_PROSE_TEXT.split())
_PRE, _END, _WORD, _NUMBER = b"\x01", b"\x02", b"\x03", b"\x04"


def key(text: str) -> bytes | None:
    """The key of a vendor's version, or None where its order cannot be told."""
    tokens = _tokens(text)
    return None if tokens is None else b"".join(without_zeros(tokens, _NUMBER)) + _END


def prefix_bounds(text: str) -> tuple[bytes, bytes] | None:
    """Lowest key and the key above every version that starts with the tokens of ``text``."""
    tokens = _tokens(text)
    if tokens is None:
        return None
    return b"".join(without_zeros(tokens, _NUMBER)), b"".join(tokens) + AFTER_ALL


def update_bounds(text: str) -> tuple[bytes, bytes] | None:
    """Lowest key of ``text`` in any of its updates ("9.0", "9.0 SP1", "9.0-rc1"), and the key above them all.

    A version that is numbered further ("9.0.1") is none of them. None where ``text`` cannot be read.
    """
    tokens = _tokens(text)
    if tokens is None:
        return None
    whole = b"".join(without_zeros(tokens, _NUMBER))
    return whole, whole + _NUMBER


def _tokens(text: str) -> list[bytes] | None:
    if _NUMBERS.fullmatch(text):
        return [_NUMBER + number(digits) for digits in text.split(".")]
    lowered = _MARK.sub("", text.strip().lower().replace("\\", ""), count=1) if text else ""
    lead = _LEAD.match(lowered)
    body = _METADATA.sub("", lowered[lead.end() :]) if lead else ""
    pseudo = _PSEUDO.fullmatch(body) if body[-13:-12] == "-" else None
    if pseudo is not None:
        if "-0." not in body:
            return None
        body = f"{pseudo.group(1)}-dev{pseudo.group(2)}"
    for pattern, word_for_it in _ALTERNATIVES:
        body = pattern.sub(word_for_it, body)
    body = _BUILD.sub("-build-", body)
    if _SHAPE.fullmatch(body) is None or _HASH.fullmatch(body):
        return None
    tokens: list[bytes] = []
    found = list(_TOKEN.finditer(body))
    for place, piece in enumerate(found):
        digits, letters, _ = piece.groups()
        if digits:
            tokens.append(_NUMBER + number(digits))
        elif letters:
            if not _is_version_word(body, piece, found[place + 1 : place + 2]):
                return None
            if letters in _PRE_RELEASE:
                tokens.append(_PRE + _PRE_RELEASE[letters])
            elif letters not in _NULL_WORDS:
                tokens.append(_WORD + word(letters))
    return tokens


def _is_version_word(body: str, piece: re.Match[str], following: list[re.Match[str]]) -> bool:
    letters = piece.group(2)
    before = body[piece.start() - 1]
    if (letters in _PROSE and not before.isdigit()) or len(letters) > _MAX_WORD:
        return False
    digit_follows = bool(following and following[0].group(1))
    if letters in {"a", "b"} and before.isdigit() and digit_follows:
        return False
    if before != " " or letters in _SPACED_WORDS or letters in _PRE_RELEASE or letters in _NULL_WORDS:
        return True
    return digit_follows and len(letters) <= 4
