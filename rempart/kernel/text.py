"""Text that exists in French and in English."""

from __future__ import annotations

from typing import Literal

from django.utils.translation import get_language


def language_of_reader(language: str | None = None) -> Literal["fr", "en"]:
    """The one of the platform's two languages that a reader has, or that they asked for."""
    return "en" if (language or get_language() or "fr").startswith("en") else "fr"


def in_language(french: str, english: str, language: str | None = None) -> str:
    """The text in the reader's language, or in the other one when it is missing."""
    reads_english = language_of_reader(language) == "en"
    return (english or french) if reads_english else (french or english)


class Bilingual:
    """Gives a model that has ``name_fr`` and ``name_en`` (or another stem) the text for its reader."""

    stem: str

    def __init__(self, stem: str) -> None:
        self.stem = stem

    def __get__(self, instance: object, owner: type) -> str:
        if instance is None:
            return self  # type: ignore[return-value]
        return in_language(getattr(instance, f"{self.stem}_fr"), getattr(instance, f"{self.stem}_en"))
