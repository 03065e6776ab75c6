"""The slice’s codes in words, for whoever reads the audit trail or the operations page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import pgettext_lazy

ACTIONS: dict[str, Any] = {
    "statement.adopted": pgettext_lazy("audit", "Déclaration revue reprise"),
    "product.told_apart": pgettext_lazy("audit", "Noms de produit distingués"),
    "product.imported": pgettext_lazy("audit", "Noms de produit importés"),
    "statement.made": pgettext_lazy("audit", "Déclaration proposée"),
    "statement.reviewed": pgettext_lazy("audit", "Déclaration revue"),
    "statement.withdrawn": pgettext_lazy("audit", "Déclaration retirée"),
    "statement.expired": pgettext_lazy("audit", "Déclaration expirée"),
    "precedence.edited": pgettext_lazy("audit", "Ordre des sources modifié"),
    "priority.edited": pgettext_lazy("audit", "Table de priorité modifiée"),
    "product.aliased": pgettext_lazy("audit", "Noms de produit rapprochés"),
    "statement.offered": pgettext_lazy("audit", "Déclaration offerte aux autres organismes"),
    "statement.withdrawn_offer": pgettext_lazy("audit", "Offre d’une déclaration retirée"),
}

FIELDS: dict[str, Any] = {
    "order": pgettext_lazy("field", "Ordre"),
    "other": pgettext_lazy("field", "Autre nom"),
    "kept": pgettext_lazy("field", "Gardés"),
    "canonical": pgettext_lazy("field", "Désigne"),
    "confidence": pgettext_lazy("field", "Ressemblance"),
    "vulnerability_id": pgettext_lazy("field", "Vulnérabilité (numéro)"),
    "component_id": pgettext_lazy("field", "Composant (numéro)"),
    "outcomes": pgettext_lazy("field", "Priorités"),
    "deadlines": pgettext_lazy("field", "Délais"),
    "justification": pgettext_lazy("field", "Justification"),
    "explanation": pgettext_lazy("field", "Explication"),
    "compensating_measure": pgettext_lazy("field", "Mesure d’atténuation"),
    "until": pgettext_lazy("field", "Jusqu’au"),
}

OBJECTS: dict[str, Any] = {
    "exposure.statement": pgettext_lazy("object", "Déclaration"),
    "exposure.sourcerank": pgettext_lazy("object", "Ordre des sources"),
    "exposure.priorityrule": pgettext_lazy("object", "Table de priorité"),
    "exposure.productalias": pgettext_lazy("object", "Nom de produit"),
}

JOBS: dict[str, Any] = {
    "exposure.rematch_all": pgettext_lazy("job", "Rapprocher tous les logiciels des vulnérabilités"),
    "exposure.reprioritise_all": pgettext_lazy("job", "Recalculer toutes les priorités"),
    "exposure.relocate_all": pgettext_lazy("job", "Rapporter tous les logiciels aux dates de soutien"),
    "exposure.forget_old_runs": pgettext_lazy("job", "Oublier les rapprochements anciens"),
    "exposure.expire_statements": pgettext_lazy("job", "Clore les déclarations arrivées à terme"),
}

EVENTS: dict[str, Any] = {
    "exposure.changed": pgettext_lazy("event", "Expositions changées"),
}
