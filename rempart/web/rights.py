"""Rights in words, for whoever chooses some of theirs."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from rempart.kernel.permissions import Permission

RIGHTS: dict[Permission, Any] = {
    Permission.ALERT_ACKNOWLEDGE: _("Accuser réception d’une directive"),
    Permission.ALERT_ASSIST: _("Agir au nom d’un organisme"),
    Permission.ALERT_ISSUE: _("Émettre une directive"),
    Permission.ALERT_READ: _("Lire les directives"),
    Permission.ALERT_RESPOND: _("Répondre à une directive"),
    Permission.ALERT_REVIEW: _("Accorder un délai, revoir une déclaration"),
    Permission.ASSET_READ: _("Lire les actifs"),
    Permission.ASSET_WRITE: _("Envoyer des inventaires et modifier les actifs"),
    Permission.AUDIT_READ: _("Lire le journal d’audit"),
    Permission.EXPOSURE_READ: _("Lire les expositions"),
    Permission.INDICATOR_READ: _("Lire les indicateurs"),
    Permission.INTELLIGENCE_MANAGE: _("Gérer les sources de renseignement"),
    Permission.INTELLIGENCE_READ: _("Lire les vulnérabilités"),
    Permission.OPERATIONS_ACT: _("Reprendre ou arrêter une tâche"),
    Permission.OPERATIONS_READ: _("Suivre l’exploitation de la plateforme"),
    Permission.ORGANISATION_MANAGE: _("Gérer les organismes et leurs personnes"),
    Permission.ORGANISATION_READ: _("Lire les organismes"),
    Permission.PEOPLE_READ: _("Lire les personnes et leurs fonctions"),
    Permission.PRIORITY_EDIT: _("Modifier la table de priorité"),
    Permission.USER_MANAGE: _("Gérer les comptes et les rôles"),
}
