"""Text as search and comparison see it: without accents, case, or runs of spaces."""

from __future__ import annotations

import re
import unicodedata

_MARKS = re.compile("[\u0300-\u036f]")


def folded(*parts: str) -> str:
    """The parts joined by spaces, in lower case and without diacritics."""
    text = " ".join(parts)
    if text.isascii():
        return " ".join(text.lower().split())
    letters = _MARKS.sub("", unicodedata.normalize("NFKD", text))
    return " ".join(letters.casefold().split())
