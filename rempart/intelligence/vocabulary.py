"""The slice’s codes in words, for whoever reads the audit trail or the operations page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import pgettext_lazy

ACTIONS: dict[str, Any] = {
    "intelligence.feed_added": pgettext_lazy("audit", "Source ajoutée"),
    "intelligence.feed_enabled": pgettext_lazy("audit", "Source activée"),
    "intelligence.feed_disabled": pgettext_lazy("audit", "Source désactivée"),
    "intelligence.author_accepted": pgettext_lazy("audit", "Auteur de déclarations accepté"),
    "intelligence.author_withdrawn": pgettext_lazy("audit", "Auteur de déclarations écarté"),
    "intelligence.feed_loaded": pgettext_lazy("audit", "Source lue"),
}

FIELDS: dict[str, Any] = {
    "read": pgettext_lazy("field", "Fiches lues"),
    "added": pgettext_lazy("field", "Ajoutées"),
    "changed": pgettext_lazy("field", "Changées"),
    "unchanged": pgettext_lazy("field", "Inchangées"),
    "rejected": pgettext_lazy("field", "Mises de côté"),
    "location": pgettext_lazy("field", "Adresse"),
    "author": pgettext_lazy("field", "Auteur"),
    "accepted": pgettext_lazy("field", "Accepté"),
    "enabled": pgettext_lazy("field", "Activée"),
}

OBJECTS: dict[str, Any] = {
    "intelligence.feed": pgettext_lazy("object", "Source"),
}

JOBS: dict[str, Any] = {
    "intelligence.read_feed": pgettext_lazy("job", "Lire une source"),
    "intelligence.read_due_feeds": pgettext_lazy("job", "Lire les sources dont l’heure est venue"),
}

EVENTS: dict[str, Any] = {
    "intelligence.lifecycle_changed": pgettext_lazy("event", "Dates de soutien changées"),
    "intelligence.vulnerabilities_changed": pgettext_lazy("event", "Vulnérabilités changées"),
}
