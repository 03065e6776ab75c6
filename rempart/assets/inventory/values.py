"""What people write in inventories, in French or in English, turned into the values of an asset.

Every parser takes the text of a cell and returns the value, or raises ``CellError`` with a stable code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rempart.assets.folding import folded
from rempart.assets.models import Asset


class CellError(Exception):
    """A cell that cannot be used: ``code`` is a key of ``rempart.assets.wording.REASONS``."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


_K = Asset.Kind
_KINDS: dict[str, str] = {
    **{kind.value: kind.value for kind in _K},
    **dict.fromkeys(
        ("public service", "service public", "service d'affaires", "business service", "prestation"),
        _K.SERVICE,
    ),
    **dict.fromkeys(
        ("systeme", "systeme d'information", "information system", "platform", "plateforme"), _K.SYSTEM
    ),
    **dict.fromkeys(
        (
            *("serveur", "virtual machine", "machine virtuelle", "vm", "physical server", "serveur physique"),
            *(
                "virtual server",
                "serveur virtuel",
                "host",
                "hote",
                "base de donnees",
                "database",
                "hyperviseur",
            ),
            "hypervisor",
        ),
        _K.SERVER,
    ),
    **dict.fromkeys(
        (
            *("poste", "poste de travail", "desktop", "laptop", "portable", "ordinateur portable", "pc"),
            *("ordinateur", "computer", "tablette", "tablet", "telephone", "phone", "mobile", "endpoint"),
        ),
        _K.WORKSTATION,
    ),
    **dict.fromkeys(
        (
            *("reseau", "network device", "equipement reseau", "routeur", "router", "commutateur", "switch"),
            *(
                "pare-feu",
                "firewall",
                "passerelle",
                "gateway",
                "vpn",
                "load balancer",
                "repartiteur de charge",
            ),
        ),
        _K.NETWORK,
    ),
    **dict.fromkeys(
        ("appli", "app", "logiciel", "software", "site web", "website", "web application"), _K.APPLICATION
    ),
    **dict.fromkeys(("conteneur", "image", "container image", "image de conteneur", "pod"), _K.CONTAINER),
    **dict.fromkeys(
        (
            "to",
            "operational technology",
            "technologie operationnelle",
            "automate",
            "plc",
            "scada",
            "ics",
            "iot",
        ),
        _K.OT,
    ),
    **dict.fromkeys(("autre", "imprimante", "printer", "stockage", "storage", "peripherique"), _K.OTHER),
}
_E = Asset.Exposure
_EXPOSURES: dict[str, str] = {
    **dict.fromkeys(
        ("internet", "oui", "yes", "true", "vrai", "1", "public", "externe", "external", "x"), _E.INTERNET
    ),
    **dict.fromkeys(
        ("controlled", "controle", "controlee", "dmz", "partenaire", "partner", "vpn"), _E.CONTROLLED
    ),
    **dict.fromkeys(
        ("internal", "interne", "non", "no", "false", "faux", "0", "prive", "private", "intranet"),
        _E.INTERNAL,
    ),
}
_LEVELS: dict[str, int] = {
    **{str(level): level for level in range(1, 5)},
    **dict.fromkeys(("faible", "bas", "basse", "low"), 1),
    **dict.fromkeys(("moyen", "moyenne", "modere", "moderee", "medium", "moderate"), 2),
    **dict.fromkeys(("eleve", "elevee", "haut", "haute", "high"), 3),
    **dict.fromkeys(("tres eleve", "tres elevee", "critique", "very high", "critical"), 4),
}
_TRUTHS: dict[str, bool] = {
    **dict.fromkeys(("oui", "yes", "true", "vrai", "1", "x"), True),
    **dict.fromkeys(("non", "no", "false", "faux", "0"), False),
}


def _word(words: dict[str, Any], code: str) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        value = words.get(folded(text).replace("’", "'"))
        if value is None:
            raise CellError(code, value=text[:100])
        return value

    return parse


def text_of(longest: int) -> Callable[[str], str]:
    """A parser of text of at most so many characters."""

    def parse(text: str) -> str:
        if len(text) > longest:
            raise CellError("too_long", length=len(text), limit=longest)
        return text

    return parse


def _hours(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text[:6]) > 87_600 or len(text) > 6:
        raise CellError("bad_hours", value=text[:100])
    return int(text)


parse_kind = _word(_KINDS, "bad_kind")
parse_level = _word(_LEVELS, "bad_level")

# What a row may state of its asset: the word used here and by the API → column, parser.
STATED: dict[str, tuple[str, Callable[[str], Any]]] = {
    "name": ("name_fr", text_of(300)),
    "name_en": ("name_en", text_of(300)),
    "description": ("description", text_of(10_000)),
    "kind": ("kind", parse_kind),
    "network_exposure": ("network_exposure", _word(_EXPOSURES, "bad_exposure")),
    "environment": ("environment", text_of(30)),
    "essential": ("essential", _word(_TRUTHS, "bad_truth")),
    "rto_hours": ("rto_hours", _hours),
    "rpo_hours": ("rpo_hours", _hours),
    "confidentiality": ("confidentiality", parse_level),
    "integrity": ("integrity", parse_level),
    "availability": ("availability", parse_level),
    "criticality": ("own_criticality", parse_level),
}

# Columns of an asset that an inventory may state, in the order of the staging table.
ASSET_COLUMNS = (*(column for column, _ in STATED.values()), "owner_id", "location_id")
COMPONENT_LIMITS = {"vendor": 300, "product": 300, "version": 200, "purl": 600, "cpe": 600}
KEY_LIMIT = 200
