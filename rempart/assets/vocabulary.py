"""The slice’s codes in words, for whoever reads the audit trail or the operations page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import pgettext_lazy

ACTIONS: dict[str, Any] = {
    "assets.asset_created": pgettext_lazy("audit", "Actif ajouté"),
    "assets.asset_edited": pgettext_lazy("audit", "Actif modifié"),
    "assets.asset_categorised": pgettext_lazy("audit", "Actif catégorisé"),
    "assets.dependency_added": pgettext_lazy("audit", "Dépendance ajoutée"),
    "assets.dependency_removed": pgettext_lazy("audit", "Dépendance retirée"),
    "assets.location_added": pgettext_lazy("audit", "Emplacement ajouté"),
    "assets.location_edited": pgettext_lazy("audit", "Emplacement modifié"),
    "assets.inventory_previewed": pgettext_lazy("audit", "Inventaire lu"),
    "assets.inventory_applied": pgettext_lazy("audit", "Inventaire appliqué"),
    "assets.inventory_discarded": pgettext_lazy("audit", "Inventaire écarté"),
}

FIELDS: dict[str, Any] = {
    "appeared": pgettext_lazy("field", "Apparus"),
    "disappeared": pgettext_lazy("field", "Disparus"),
    "revived": pgettext_lazy("field", "Revenus"),
    "key": pgettext_lazy("field", "Identifiant"),
    "source": pgettext_lazy("field", "Source"),
    "rows": pgettext_lazy("field", "Lignes"),
    "errors": pgettext_lazy("field", "Erreurs"),
    "assets": pgettext_lazy("field", "Actifs"),
    "installs": pgettext_lazy("field", "Logiciels"),
    "dependencies": pgettext_lazy("field", "Dépendances"),
    "dependent": pgettext_lazy("field", "Actif"),
    "dependency": pgettext_lazy("field", "Repose sur"),
    "region": pgettext_lazy("field", "Région"),
    "cloud_provider": pgettext_lazy("field", "Fournisseur infonuagique"),
    "cloud_region": pgettext_lazy("field", "Région infonuagique"),
    "jurisdiction": pgettext_lazy("field", "Territoire"),
    "availability": pgettext_lazy("field", "Disponibilité"),
    "integrity": pgettext_lazy("field", "Intégrité"),
    "confidentiality": pgettext_lazy("field", "Confidentialité"),
    "own_criticality": pgettext_lazy("field", "Criticité propre"),
    "network_exposure": pgettext_lazy("field", "Exposition réseau"),
    "owner_id": pgettext_lazy("field", "Détenteur (numéro)"),
    "location_id": pgettext_lazy("field", "Emplacement (numéro)"),
    "rto_hours": pgettext_lazy("field", "Délai de reprise (heures)"),
    "rpo_hours": pgettext_lazy("field", "Perte de données admise (heures)"),
}

OBJECTS: dict[str, Any] = {
    "assets.asset": pgettext_lazy("object", "Actif"),
    "assets.dependency": pgettext_lazy("object", "Dépendance"),
    "assets.location": pgettext_lazy("object", "Emplacement"),
    "assets.inventoryimport": pgettext_lazy("object", "Inventaire"),
}

JOBS: dict[str, Any] = {
    "assets.apply_inventory": pgettext_lazy("job", "Appliquer un inventaire"),
    "assets.discard_forgotten": pgettext_lazy("job", "Écarter les aperçus oubliés"),
}

EVENTS: dict[str, Any] = {
    "assets.inventory_changed": pgettext_lazy("event", "Inventaire changé"),
    "assets.criticality_changed": pgettext_lazy("event", "Criticité changée"),
    "assets.network_exposure_changed": pgettext_lazy("event", "Exposition réseau changée"),
}
