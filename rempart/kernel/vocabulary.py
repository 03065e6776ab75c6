"""The kernel’s own codes in words, for whoever reads the audit trail or the operations page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import pgettext_lazy

ACTIONS: dict[str, Any] = {
    "event.retry": pgettext_lazy("audit", "Événement remis en file"),
    "job.cancel": pgettext_lazy("audit", "Tâche annulée"),
    "job.retry": pgettext_lazy("audit", "Tâche remise en file"),
    "session.begin": pgettext_lazy("audit", "Session ouverte"),
    "session.close": pgettext_lazy("audit", "Session fermée"),
    "session.end": pgettext_lazy("audit", "Session terminée à distance"),
    "token.create": pgettext_lazy("audit", "Jeton d’API créé"),
    "token.revoke": pgettext_lazy("audit", "Jeton d’API révoqué"),
}

FIELDS: dict[str, Any] = {
    "methods": pgettext_lazy("field", "Moyens de connexion"),
    "permissions": pgettext_lazy("field", "Droits"),
    "expires": pgettext_lazy("field", "Expire le"),
    "role": pgettext_lazy("field", "Rôle"),
    "organisation_id": pgettext_lazy("field", "Organisme (numéro)"),
    "starts_at": pgettext_lazy("field", "Début"),
    "ends_at": pgettext_lazy("field", "Fin"),
    "is_active": pgettext_lazy("field", "En activité"),
    "removed": pgettext_lazy("field", "Facteurs retirés"),
    "state": pgettext_lazy("field", "État"),
}

OBJECTS: dict[str, Any] = {
    "kernel.user": pgettext_lazy("object", "Compte"),
    "kernel.rolegrant": pgettext_lazy("object", "Rôle donné"),
    "kernel.apitoken": pgettext_lazy("object", "Jeton d’API"),
    "kernel.job": pgettext_lazy("object", "Tâche"),
    "kernel.outboxevent": pgettext_lazy("object", "Événement"),
    "usersessions.usersession": pgettext_lazy("object", "Session"),
}

JOBS: dict[str, Any] = {
    "kernel.tidy": pgettext_lazy("job", "Oublier le travail terminé depuis un mois"),
}
