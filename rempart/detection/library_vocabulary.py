"""The library's codes in words, for whoever reads the audit trail or the operations page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import pgettext_lazy

ACTIONS: dict[str, Any] = {
    "attack.loaded": pgettext_lazy("audit", "Techniques d’ATT&CK chargées"),
    "rule.case_added": pgettext_lazy("audit", "Essai d’une règle ajouté"),
    "rule.case_removed": pgettext_lazy("audit", "Essai d’une règle retiré"),
    "rule.proposed": pgettext_lazy("audit", "Règle de détection proposée"),
    "rule.restored": pgettext_lazy("audit", "Règle de détection remise en vigueur"),
    "rule.retired": pgettext_lazy("audit", "Règle de détection retirée"),
    "rule.reviewed": pgettext_lazy("audit", "Version d’une règle revue"),
    "rule.shared": pgettext_lazy("audit", "Règle d’un organisme donnée à lire aux centres"),
    "rule.unshared": pgettext_lazy("audit", "Règle d’un organisme rendue à lui seul"),
    "rule.version_proposed": pgettext_lazy("audit", "Version d’une règle proposée"),
    "rules.imported": pgettext_lazy("audit", "Règles de détection lues"),
    "tuning.moved": pgettext_lazy("audit", "Filtre d’un organisme décidé"),
    "tuning.proposed": pgettext_lazy("audit", "Filtre d’un organisme proposé"),
    "pack.made": pgettext_lazy("audit", "Paquet de règles signé"),
    "pack.reported": pgettext_lazy("audit", "Paquet de règles en usage déclaré"),
}

FIELDS: dict[str, Any] = {
    "accepted": pgettext_lazy("field", "Acceptée"),
    "case": pgettext_lazy("field", "Cas d’essai"),
    "digest": pgettext_lazy("field", "Empreinte"),
    "least": pgettext_lazy("field", "Détections attendues"),
    "version": pgettext_lazy("field", "Version"),
    "versions": pgettext_lazy("field", "Versions"),
    "read": pgettext_lazy("field", "Lues"),
    "added": pgettext_lazy("field", "Ajoutées"),
    "changed": pgettext_lazy("field", "Changées"),
    "unchanged": pgettext_lazy("field", "Inchangées"),
    "restored": pgettext_lazy("field", "Revenues"),
    "retired": pgettext_lazy("field", "Retirées"),
    "held": pgettext_lazy("field", "À revoir"),
    "defective": pgettext_lazy("field", "Avec un défaut"),
    "cases": pgettext_lazy("field", "Essais ajoutés"),
    "key": pgettext_lazy("field", "Identifiant"),
    "rules": pgettext_lazy("field", "Règles"),
    "filters": pgettext_lazy("field", "Filtres"),
    "techniques": pgettext_lazy("field", "Techniques"),
    "node": pgettext_lazy("field", "Nœud"),
    "category": pgettext_lazy("field", "Sorte de raison"),
}

OBJECTS: dict[str, Any] = {
    "detection.technique": pgettext_lazy("object", "Technique d’ATT&CK"),
    "detection.rule": pgettext_lazy("object", "Règle de détection"),
    "detection.release": pgettext_lazy("object", "Version de règles lue"),
    "detection.tuning": pgettext_lazy("object", "Filtre d’un organisme"),
    "detection.pack": pgettext_lazy("object", "Paquet de règles"),
    "detection.packreport": pgettext_lazy("object", "Nœud de détection"),
}

JOBS: dict[str, Any] = {
    "detection.read_release": pgettext_lazy("job", "Lire une version de règles de détection"),
    "detection.expire_tunings": pgettext_lazy("job", "Mettre fin aux filtres échus"),
}

EVENTS: dict[str, Any] = {
    "detection.rules_changed": pgettext_lazy("event", "Règles de détection changées"),
}
