"""Traffic Light Protocol 2.0 (FIRST, August 2022), in French PFC: who may receive what.

The value kept and exchanged is the international label ("TLP:AMBER"); the label shown follows the reader's
language ("PFC : AMBRE"). Every screen, export and message asks `may_leave` before something goes out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import IntEnum

from django.db.models import TextChoices
from django.utils.functional import lazy
from django.utils.translation import override

from rempart.kernel.text import in_language

_bilingual = lazy(in_language, str)


class Audience(IntEnum):
    """Who receives, from the narrowest circle to the widest."""

    NAMED_RECIPIENTS = 0
    ORGANISATION = 1
    ORGANISATION_AND_CLIENTS = 2
    COMMUNITY = 3
    PUBLIC = 4


class Marking(TextChoices):
    """The five labels, from the least restrictive to the most."""

    CLEAR = "TLP:CLEAR", _bilingual("PFC : CLAIR", "TLP:CLEAR")
    GREEN = "TLP:GREEN", _bilingual("PFC : VERT", "TLP:GREEN")
    AMBER = "TLP:AMBER", _bilingual("PFC : AMBRE", "TLP:AMBER")
    AMBER_STRICT = "TLP:AMBER+STRICT", _bilingual("PFC : AMBRE+STRICT", "TLP:AMBER+STRICT")
    RED = "TLP:RED", _bilingual("PFC : ROUGE", "TLP:RED")

    @property
    def rank(self) -> int:
        """Position from the least restrictive, from 0."""
        return list(type(self)).index(self)

    @property
    def widest_audience(self) -> Audience:
        """The widest circle that may receive what carries this marking."""
        return _WIDEST[self]

    @property
    def slug(self) -> str:
        """A word for a style class or a file name: "amber-strict"."""
        return self.value.removeprefix("TLP:").lower().replace("+", "-")

    def label_in(self, language: str) -> str:
        """Return the label in `language` ("fr" or "en"), whatever the reader's is."""
        with override(language):
            return str(self.label)

    def explained(self) -> str:
        """Return, in the reader's language, what the marking allows."""
        return in_language(*_EXPLAINED[self])

    @classmethod
    def read(cls, text: str) -> Marking:
        """Return the marking that `text` names: TLP 2.0 or 1.0, PFC, any case, prefix optional.

        "WHITE" of TLP 1.0 is read as CLEAR. Raises `ValueError` for anything else: what carries an unknown
        label must not be treated as free to leave.
        """
        word = re.sub(r"\s+", "", text[:40]).upper()
        for prefix in ("TLP:", "PFC:"):
            word = word.removeprefix(prefix)
        if word not in _WORDS:
            raise ValueError(f"unknown marking {text[:40]!r}")
        return _WORDS[word]


_WIDEST = {
    Marking.CLEAR: Audience.PUBLIC,
    Marking.GREEN: Audience.COMMUNITY,
    Marking.AMBER: Audience.ORGANISATION_AND_CLIENTS,
    Marking.AMBER_STRICT: Audience.ORGANISATION,
    Marking.RED: Audience.NAMED_RECIPIENTS,
}
_EXPLAINED = {
    Marking.CLEAR: ("Diffusion sans restriction.", "Disclosure is not limited."),
    Marking.GREEN: (
        "Diffusion limitée à la communauté de cyberdéfense ; pas de canal public.",
        "Limited to the cyberdefence community; no public channel.",
    ),
    Marking.AMBER: (
        "Diffusion limitée à l’organisation et à ses clients, selon le besoin de savoir.",
        "Limited to the organisation and its clients, on a need-to-know basis.",
    ),
    Marking.AMBER_STRICT: (
        "Diffusion limitée à l’organisation, selon le besoin de savoir.",
        "Limited to the organisation, on a need-to-know basis.",
    ),
    Marking.RED: (
        "Réservé aux destinataires nommés ; aucune autre diffusion.",
        "For the named recipients only; no further disclosure.",
    ),
}
_WORDS = {
    "CLEAR": Marking.CLEAR,
    "WHITE": Marking.CLEAR,
    "CLAIR": Marking.CLEAR,
    "BLANC": Marking.CLEAR,
    "GREEN": Marking.GREEN,
    "VERT": Marking.GREEN,
    "AMBER": Marking.AMBER,
    "AMBRE": Marking.AMBER,
    "AMBER+STRICT": Marking.AMBER_STRICT,
    "AMBRE+STRICT": Marking.AMBER_STRICT,
    "RED": Marking.RED,
    "ROUGE": Marking.RED,
}


def most_restrictive(markings: Iterable[Marking | str]) -> Marking:
    """Return the marking that binds a whole made of parts; CLEAR when there is no part.

    Raises `ValueError` for an unknown label.
    """
    found = (part if isinstance(part, Marking) else Marking.read(part) for part in markings)
    return max(found, key=lambda marking: marking.rank, default=Marking.CLEAR)


def may_leave(marking: Marking | str, audience: Audience) -> bool:
    """Return whether what carries `marking` may go to `audience`; raises `ValueError` for an unknown
    label.
    """
    label = marking if isinstance(marking, Marking) else Marking.read(marking)
    return audience <= label.widest_audience
