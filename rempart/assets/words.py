"""The words of assets: kinds, exposures, levels, fields and counts, in the reader's language."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

KINDS: dict[str, Any] = {
    "service": _("service public"),
    "system": _("système"),
    "server": _("serveur"),
    "workstation": _("poste"),
    "network": _("équipement réseau"),
    "application": _("application"),
    "container": _("conteneur"),
    "ot": _("technologie opérationnelle"),
    "other": _("autre"),
}
EXPOSURES: dict[str, Any] = {
    "internet": _("internet"),
    "controlled": _("contrôlée"),
    "internal": _("interne"),
}
LEVELS: dict[int, Any] = {
    0: _("non dit"),
    1: _("1 – faible"),
    2: _("2 – moyen"),
    3: _("3 – élevé"),
    4: _("4 – très élevé"),
}
# What a column of an inventory may give, by the reader's name of it.
COLUMNS: dict[str, Any] = {
    "asset_id": _("identifiant de l’actif"),
    "asset_name": _("nom de l’actif"),
    "kind": _("genre d’actif"),
    "service": _("service public soutenu"),
    "parent": _("dépend de"),
    "site": _("emplacement"),
    "owner": _("détenteur (courriel)"),
    "environment": _("environnement"),
    "internet_facing": _("exposition réseau"),
    "confidentiality": _("confidentialité"),
    "integrity": _("intégrité"),
    "availability": _("disponibilité"),
    "criticality": _("criticité"),
    "operating_system": _("système d’exploitation"),
    "system_version": _("version du système d’exploitation"),
    "vendor": _("éditeur"),
    "product": _("produit"),
    "version": _("version"),
    "purl": _("purl"),
    "cpe": _("CPE"),
    "body": _("organisme"),
}
# Fields of an asset, as differences name them.
FIELDS: dict[str, Any] = {
    "name_fr": _("nom"),
    "name_en": _("nom anglais"),
    "description": _("description"),
    "kind": _("genre d’actif"),
    "network_exposure": _("exposition réseau"),
    "environment": _("environnement"),
    "essential": _("service essentiel"),
    "rto_hours": _("délai de reprise (h)"),
    "rpo_hours": _("perte de données admise (h)"),
    "confidentiality": _("confidentialité"),
    "integrity": _("intégrité"),
    "availability": _("disponibilité"),
    "own_criticality": _("criticité"),
    "owner_id": _("détenteur"),
    "location_id": _("emplacement"),
}
COUNTED: dict[str, Any] = {
    "assets": _("Actifs"),
    "installs": _("Logiciels installés"),
    "dependencies": _("Dépendances"),
}
COUNTS: dict[str, Any] = {
    "appeared": _("apparus"),
    "changed": _("changés"),
    "disappeared": _("disparus"),
    "revived": _("revenus"),
    "unchanged": _("inchangés"),
}
