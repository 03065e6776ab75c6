"""Text as search and comparison see it: without accents, case, or runs of spaces."""

from __future__ import annotations

import unicodedata


def folded(*parts: str) -> str:
    """The parts joined by spaces, in lower case and without diacritics."""
    text = " ".join(parts)
    if text.isascii():
        return " ".join(text.lower().split())
    letters = unicodedata.normalize("NFKD", text)
    return " ".join("".join(sign for sign in letters if not unicodedata.combining(sign)).casefold().split())
