"""Column names of inventories, in French and in English, and what they mean."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

ROW_FIELDS: Final = ("asset_id", "asset_name", "kind", "vendor", "product", "version", "purl", "cpe")

# Each field with the header words that name it, most telling first. Written without accents, in lower
# case, punctuation as spaces: the form that ``_plain`` gives.
_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "purl": ("purl", "package url", "url du paquet", "url de paquet"),
    "cpe": ("cpe", "cpe23", "cpe 2 3", "cpe name", "nom cpe", "cpe uri"),
    "asset_id": (
        *(
            "asset id",
            "id actif",
            "identifiant de l actif",
            "identifiant actif",
            "no actif",
            "numero d actif",
        ),
        *(
            "numero de l actif",
            "no d actif",
            "numero d inventaire",
            "no inventaire",
            "asset tag",
            "asset number",
        ),
        *("code actif", "etiquette", "ci id", "id ci", "device id", "host id", "machine id"),
        *("asset key", "cle de l actif", "cle d actif", "cle actif", "key", "cle"),
        *("identifiant", "id", "uid", "uuid", "code", "numero", "no", "reference", "serial number"),
    ),
    "asset_name": (
        *("asset name", "nom de l actif", "nom actif", "nom d actif", "asset", "actif", "nom de la machine"),
        *(
            "nom de l equipement",
            "nom du poste",
            "nom du serveur",
            "hostname",
            "host name",
            "nom d hote",
            "hote",
        ),
        *("netbios name", "ordinateurs nom", "ordinateurs", "client name", "nom de l ordinateur"),
        *("host", "computer name", "device name", "machine", "ordinateur", "poste", "serveur", "server"),
        *("equipement", "device", "computer", "systeme", "system", "nom", "name", "libelle", "designation"),
    ),
    "vendor": (
        *("vendor", "fabricant", "editeur", "fournisseur", "constructeur", "manufacturer", "publisher"),
        *("supplier", "maker", "marque", "fabricant editeur", "editeur fabricant", "vendor name"),
        *("application publisher", "application vendor", "logiciels editeur", "software publisher"),
        *("software vendor", "editeur du logiciel", "vendeur", "fournisseur editeur", "brand"),
    ),
    "product": (
        *("product", "produit", "logiciel", "software", "application", "product name", "nom du produit"),
        *("nom du logiciel", "software name", "nom de l application", "application name", "produit logiciel"),
        *("composant", "component", "paquet", "package", "package name", "nom du composant", "progiciel"),
        *("arp display name", "display name", "logiciels nom", "logiciel installe", "software title"),
        *("titre du logiciel", "nom affiche", "modele", "model", "nom", "name"),
    ),
    "version": (
        *("version", "product version", "version du produit", "version du logiciel", "software version"),
        *(
            "version installee",
            "installed version",
            "numero de version",
            "no de version",
            "no version",
            "ver",
        ),
        *("application version", "display version", "logiciels version", "versions nom", "version affichee"),
        *("version du composant", "component version", "release", "build", "edition"),
    ),
    "kind": (
        *("asset type", "type d actif", "type de l actif", "type actif", "kind", "genre", "nature", "type"),
        *("categorie d actif", "asset class", "classe", "class", "categorie", "category"),
    ),
    "service": (
        *("service", "public service", "service public", "service d affaires", "business service"),
        *("prestation", "services", "service soutenu", "supported service", "nom du service"),
    ),
    "body": ("body", "organisme", "organisme public", "organization", "organisation", "ministere", "entity"),
    "unit": ("unit", "unite", "direction", "department", "departement", "unite administrative", "division"),
    "site": (
        "site",
        "emplacement",
        "location",
        "lieu",
        "batiment",
        "building",
        "adresse",
        "address",
        "local",
    ),
    "region": ("region", "cloud region", "region infonuagique", "region administrative", "zone"),
    "jurisdiction": ("jurisdiction", "juridiction", "country", "pays", "province", "territoire"),
    "environment": ("environment", "environnement", "env", "milieu", "palier"),
    "criticality": ("criticality", "criticite", "niveau de criticite", "importance", "priorite", "priority"),
    "confidentiality": ("confidentiality", "confidentialite", "c", "dic c", "cia c", "cote c"),
    "integrity": ("integrity", "integrite", "i", "dic i", "cia i", "cote i"),
    "availability": ("availability", "disponibilite", "a", "d", "dic d", "cia a", "cote d"),
    "internet_facing": (
        *(
            "internet facing",
            "expose a internet",
            "exposed to internet",
            "exposition internet",
            "public facing",
        ),
        *("expose", "exposed", "internet", "accessible d internet", "visible d internet"),
    ),
    "owner": (
        *("owner", "asset owner", "proprietaire", "detenteur", "responsable", "proprietaire de l actif"),
        *("detenteur de l actif", "responsible", "contact", "courriel", "email", "courriel du responsable"),
    ),
    "ip": ("ip", "ip address", "adresse ip", "ipv4", "adresses ip", "ip addresses"),
    "operating_system": (
        *("operating system", "systeme d exploitation", "os", "se", "os name", "osname"),
        *("systeme d exploitation nom", "operating system name", "nom du systeme d exploitation"),
        *("platform", "plateforme"),
    ),
    "system_version": (
        *("os version", "osversion", "operating system version", "systeme d exploitation version"),
        "version du systeme d exploitation",
    ),
    "parent": ("parent", "depends on", "depend de", "dependance", "parent id", "heberge par", "hosted on"),
    "seen": (
        *("last seen", "derniere detection", "date d inventaire", "inventory date", "vu le", "releve le"),
        *("date du releve", "date", "derniere vue", "scan date", "date de balayage"),
    ),
}


def guess_mapping(headers: Iterable[str]) -> dict[str, str]:
    """The likeliest header of each field: ``{"product": "Logiciel", …}``.

    A header serves one field; fields come in a fixed order and take their most telling name first, so
    ``Version`` is never the product. Headers that mean nothing known are absent: a person decides.
    """
    plain: dict[str, str] = {}
    for header in headers:
        plain.setdefault(_plain(header), header)
    claims = sorted(
        (rank, order, field, name)
        for order, (field, names) in enumerate(_NAMES.items())
        for rank, name in enumerate(names)
        if name in plain
    )
    mapping: dict[str, str] = {}
    taken: set[str] = set()
    for _, _, field, name in claims:
        if field not in mapping and name not in taken:
            mapping[field] = plain[name]
            taken.add(name)
    # A list of machines may call them "name" and state their systems alone: what runs a system is no product.
    if "operating_system" in mapping and not mapping.keys() & {"asset_id", "asset_name"}:
        named = mapping.get("product", "")
        if _plain(named) in {"nom", "name"}:
            mapping["asset_name"] = mapping.pop("product")
    return {field: mapping[field] for field in _NAMES if field in mapping}


def _plain(header: str) -> str:
    """Lower case, without accents, every run of punctuation a space: ``N° d’actif`` → ``no d actif``."""
    # Camel case splits: "assetId". The degree sign of "N°" becomes "o" under NFKD, as wanted.
    # SCCM's views end their columns with a zero: "DisplayName0".
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", re.sub(r"(?<=[a-z])0$", "", header[:200].replace("°", "º")))
    spaced = re.sub(r"^ARP(?=[A-Z])", "ARP ", spaced)
    folded = unicodedata.normalize("NFKD", spaced).casefold()
    letters = "".join(char for char in folded if not unicodedata.combining(char))
    return " ".join(re.findall(r"[a-z0-9]+", letters))
