"""The slice’s codes in words, for whoever reads the audit trail or the operations page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import pgettext_lazy

ACTIONS: dict[str, Any] = {
    "office.save": pgettext_lazy("audit", "Heures ouvrables enregistrées"),
    "organisation.create": pgettext_lazy("audit", "Organisme créé"),
    "organisation.edit": pgettext_lazy("audit", "Organisme modifié"),
    "organisation.move": pgettext_lazy("audit", "Organisme déplacé"),
    "organisation.close": pgettext_lazy("audit", "Organisme fermé"),
    "organisation.import": pgettext_lazy("audit", "Arbre des organismes importé"),
    "person.add": pgettext_lazy("audit", "Personne ajoutée"),
    "person.edit": pgettext_lazy("audit", "Personne modifiée"),
    "duty.give": pgettext_lazy("audit", "Fonction donnée"),
    "person.tie": pgettext_lazy("audit", "Personne liée à son compte"),
    "person.import": pgettext_lazy("audit", "Personnes importées"),
    "duty.deputy": pgettext_lazy("audit", "Suppléance changée"),
    "duty.end": pgettext_lazy("audit", "Fonction terminée"),
    "duty_title.save": pgettext_lazy("audit", "Titre de fonction enregistré"),
    "on_call.add": pgettext_lazy("audit", "Garde ajoutée"),
    "on_call.remove": pgettext_lazy("audit", "Garde retirée"),
    "channel.add": pgettext_lazy("audit", "Moyen de contact ajouté"),
    "channel.ask_proof": pgettext_lazy("audit", "Vérification d’un moyen de contact demandée"),
    "channel.verify": pgettext_lazy("audit", "Moyen de contact vérifié"),
    "channel.preferences": pgettext_lazy("audit", "Préférences d’un moyen de contact changées"),
    "channel.remove": pgettext_lazy("audit", "Moyen de contact retiré"),
    "channel.bounced": pgettext_lazy("audit", "Adresse refusée par le serveur"),
    "role.grant": pgettext_lazy("audit", "Rôle donné"),
    "role.revoke": pgettext_lazy("audit", "Rôle retiré"),
    "user.create": pgettext_lazy("audit", "Compte ouvert"),
    "user.invite": pgettext_lazy("audit", "Invitation envoyée"),
    "user.deactivate": pgettext_lazy("audit", "Compte désactivé"),
    "user.reopen": pgettext_lazy("audit", "Compte rouvert"),
    "user.reset_mfa": pgettext_lazy("audit", "Facteurs d’authentification effacés"),
}

FIELDS: dict[str, Any] = {
    "code": pgettext_lazy("field", "Code"),
    "kind": pgettext_lazy("field", "Genre"),
    "parent": pgettext_lazy("field", "Relève de"),
    "name_fr": pgettext_lazy("field", "Nom en français"),
    "name_en": pgettext_lazy("field", "Nom en anglais"),
    "sector": pgettext_lazy("field", "Secteur"),
    "essential": pgettext_lazy("field", "Services essentiels"),
    "active_to": pgettext_lazy("field", "Fermé le"),
    "name": pgettext_lazy("field", "Nom"),
    "email": pgettext_lazy("field", "Courriel"),
    "phone": pgettext_lazy("field", "Téléphone"),
    "language": pgettext_lazy("field", "Langue"),
    "user_id": pgettext_lazy("field", "Compte (numéro)"),
    "person_id": pgettext_lazy("field", "Personne (numéro)"),
    "deputy_id": pgettext_lazy("field", "Suppléance (numéro)"),
    "title": pgettext_lazy("field", "Fonction"),
    "starts_on": pgettext_lazy("field", "À partir du"),
    "ends_on": pgettext_lazy("field", "Jusqu’au"),
    "rank": pgettext_lazy("field", "Rang"),
    "receives_alerts": pgettext_lazy("field", "Reçoit les directives"),
    "medium": pgettext_lazy("field", "Moyen"),
    "address": pgettext_lazy("field", "Adresse"),
    "immediate_from": pgettext_lazy("field", "Message immédiat"),
    "digest": pgettext_lazy("field", "Condensé quotidien"),
    "create": pgettext_lazy("field", "Créés"),
    "edit": pgettext_lazy("field", "Modifiés"),
    "move": pgettext_lazy("field", "Déplacés"),
    "edit_move": pgettext_lazy("field", "Modifiés et déplacés"),
    "same": pgettext_lazy("field", "Inchangés"),
    "duty_give": pgettext_lazy("field", "Fonctions confiées"),
    "time_zone": pgettext_lazy("field", "Fuseau horaire"),
    "statutory_holidays": pgettext_lazy("field", "Jours fériés du Québec"),
    "hours": pgettext_lazy("field", "Heures d’ouverture"),
    "closed_days": pgettext_lazy("field", "Jours fermés"),
    "duty_deputy": pgettext_lazy("field", "Suppléances changées"),
}

OBJECTS: dict[str, Any] = {
    "organisations.organisation": pgettext_lazy("object", "Organisme"),
    "organisations.officecalendar": pgettext_lazy("object", "Heures ouvrables"),
    "organisations.person": pgettext_lazy("object", "Personne"),
    "organisations.duty": pgettext_lazy("object", "Fonction"),
    "organisations.dutytitle": pgettext_lazy("object", "Titre de fonction"),
    "organisations.oncallperiod": pgettext_lazy("object", "Garde"),
    "organisations.contactchannel": pgettext_lazy("object", "Moyen de contact"),
}

JOBS: dict[str, Any] = {
    "organisations.send_verification": pgettext_lazy("job", "Envoyer la vérification d’un moyen de contact"),
    "organisations.send_invitation": pgettext_lazy("job", "Envoyer l’invitation d’un compte"),
}

EVENTS: dict[str, Any] = {
    "organisations.office_changed": pgettext_lazy("event", "Heures ouvrables changées"),
    "organisations.changed": pgettext_lazy("event", "Organismes changés"),
}
