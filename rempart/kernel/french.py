"""French plurals of the texts of the source, which are French and so have no catalogue of their own."""

from __future__ import annotations

from gettext import NullTranslations

from django.conf import settings
from django.utils.translation import trans_real


class SourceTexts(NullTranslations):
    """Gives texts back as they are; French counts nought as one ("0 organisme"), English does not."""

    def ngettext(self, msgid1: str, msgid2: str, n: float) -> str:
        return msgid1 if abs(n) < 2 else msgid2


def install() -> None:
    """Asked when no catalogue knows a text of the default language."""
    trans_real.translation(settings.LANGUAGE_CODE).add_fallback(SourceTexts())
