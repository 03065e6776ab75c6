"""The whole vocabulary of rights, and what each role may do. Deny by default: what is not here is refused."""

from __future__ import annotations

from enum import StrEnum

from django.utils.translation import gettext_lazy as _


class Permission(StrEnum):
    """A right, held over bodies. The only place where a permission is spelled."""

    ALERT_ACKNOWLEDGE = "alert:acknowledge"
    ALERT_ASSIST = "alert:assist"  # act on behalf of a body, with a reason
    ALERT_ISSUE = "alert:issue"
    ALERT_READ = "alert:read"
    ALERT_RESPOND = "alert:respond"  # assign, declare, delay, state not affected
    ALERT_REVIEW = "alert:review"  # grant a delay, accept a statement or a risk
    ASSET_READ = "asset:read"
    ASSET_WRITE = "asset:write"
    AUDIT_READ = "audit:read"
    BLOCK_LIST_READ = "block_list:read"  # a firewall: fetch what the body's responses block
    CONTACT_MANAGE = "contact:manage"  # who is reached, when and how: on-call periods, duties, channels
    DETECTION_READ = "detection:read"
    DETECTION_REVIEW = "detection:review"  # accept rules and filters that someone else proposes
    DETECTION_RUN = "detection:run"  # a node: fetch the body's rules, say which ones it runs
    DETECTION_WRITE = "detection:write"  # propose rules, their test cases, and filters
    ESCALATION_EDIT = "escalation:edit"  # the ladder, the business hours and the closed days
    EXPOSURE_READ = "exposure:read"
    HUNT_ALLOW = "hunt:allow"  # let a hunt run over the logs that the body keeps, or refuse it
    HUNT_ASK = "hunt:ask"  # ask bodies to look for rules in the logs that they keep
    INDICATOR_READ = "indicator:read"
    INTELLIGENCE_MANAGE = "intelligence:manage"
    INTELLIGENCE_READ = "intelligence:read"
    OPERATIONS_ACT = "operations:act"  # retry or stop a job, retry an event
    OPERATIONS_READ = "operations:read"  # jobs, feeds, deliveries: whether the platform works
    ORGANISATION_MANAGE = "organisation:manage"
    ORGANISATION_READ = "organisation:read"
    PEOPLE_READ = "people:read"
    PRIORITY_EDIT = "priority:edit"
    RESPONSE_MANAGE = "response:manage"  # authorise what answers a detection by itself, and undo it
    SIGHTING_READ = "sighting:read"  # what leaves a body: rule, time, count, pseudonyms
    SIGHTING_SEND = "sighting:send"  # a node: give the body's detections
    TELEMETRY_READ = "telemetry:read"  # what stays in a body: hosts, users and events of its detections
    TELEMETRY_TRIAGE = "telemetry:triage"
    USER_MANAGE = "user:manage"

    @property
    def label(self) -> str:
        """The right in words."""
        return str(PERMISSION_NAMES[self])


_P = Permission

PERMISSION_NAMES = {
    _P.ALERT_ACKNOWLEDGE: _("Accuser réception d’une directive"),
    _P.ALERT_ASSIST: _("Agir au nom d’un organisme"),
    _P.ALERT_ISSUE: _("Émettre une directive"),
    _P.ALERT_READ: _("Lire les directives"),
    _P.ALERT_RESPOND: _("Répondre à une directive"),
    _P.ALERT_REVIEW: _("Accorder un délai, revoir une déclaration"),
    _P.ASSET_READ: _("Lire les actifs"),
    _P.ASSET_WRITE: _("Envoyer des inventaires et modifier les actifs"),
    _P.AUDIT_READ: _("Lire le journal d’audit"),
    _P.BLOCK_LIST_READ: _("Recevoir la liste de blocage d’un organisme"),
    _P.CONTACT_MANAGE: _("Gérer les gardes, les fonctions et les moyens de contact"),
    _P.DETECTION_READ: _("Lire les règles de détection"),
    _P.DETECTION_REVIEW: _("Revoir les règles de détection et les filtres"),
    _P.DETECTION_RUN: _("Recevoir les règles d’un organisme et dire lesquelles tournent"),
    _P.DETECTION_WRITE: _("Proposer des règles de détection, des essais et des filtres"),
    _P.ESCALATION_EDIT: _("Modifier l’échelle d’escalade et les heures ouvrables"),
    _P.EXPOSURE_READ: _("Lire les expositions"),
    _P.HUNT_ALLOW: _("Permettre ou refuser les chasses dans les journaux de son organisme"),
    _P.HUNT_ASK: _("Demander une chasse dans les journaux gardés par des organismes"),
    _P.INDICATOR_READ: _("Lire les indicateurs"),
    _P.INTELLIGENCE_MANAGE: _("Gérer les sources de renseignement"),
    _P.INTELLIGENCE_READ: _("Lire les vulnérabilités"),
    _P.OPERATIONS_ACT: _("Reprendre ou arrêter une tâche"),
    _P.OPERATIONS_READ: _("Suivre l’exploitation de la plateforme"),
    _P.ORGANISATION_MANAGE: _("Gérer les organismes et leurs personnes"),
    _P.ORGANISATION_READ: _("Lire les organismes"),
    _P.PEOPLE_READ: _("Lire les personnes et leurs fonctions"),
    _P.PRIORITY_EDIT: _("Modifier la table de priorité"),
    _P.RESPONSE_MANAGE: _("Autoriser et annuler les réponses automatiques de son organisme"),
    _P.SIGHTING_READ: _("Lire les signalements, sous pseudonymes"),
    _P.SIGHTING_SEND: _("Envoyer les détections de son organisme"),
    _P.TELEMETRY_READ: _("Lire les détections de son organisme, hôtes, comptes et événements compris"),
    _P.TELEMETRY_TRIAGE: _("Trier les détections de son organisme"),
    _P.USER_MANAGE: _("Gérer les comptes et les rôles"),
}

_READ = frozenset(
    {
        _P.ALERT_READ,
        _P.ASSET_READ,
        _P.DETECTION_READ,
        _P.EXPOSURE_READ,
        _P.INDICATOR_READ,
        _P.INTELLIGENCE_READ,
        _P.ORGANISATION_READ,
        _P.PEOPLE_READ,
        _P.SIGHTING_READ,
    }
)
_RESPOND = frozenset({_P.ALERT_ACKNOWLEDGE, _P.ALERT_RESPOND})
_DETECT = frozenset({_P.DETECTION_REVIEW, _P.DETECTION_WRITE, _P.HUNT_ASK})
_OWN_TELEMETRY = frozenset(
    {
        _P.BLOCK_LIST_READ,
        _P.DETECTION_RUN,
        _P.HUNT_ALLOW,
        _P.RESPONSE_MANAGE,
        _P.SIGHTING_SEND,
        _P.TELEMETRY_READ,
        _P.TELEMETRY_TRIAGE,
    }
)
# Held through a role in a body or below it only: the same role in a centre does not give them.
WITHIN_A_BODY = _OWN_TELEMETRY


class Role(StrEnum):
    CGCD_ANALYST = "cgcd_analyst"
    CGCD_COMMANDER = "cgcd_commander"
    COCD_ANALYST = "cocd_analyst"
    BODY_OFFICER = "body_officer"
    ASSET_OWNER = "asset_owner"
    AUDITOR = "auditor"
    AUTHORITY = "authority"
    ADMINISTRATOR = "administrator"


ROLE_NAMES = {
    Role.CGCD_ANALYST: _("Analyste du CGCD"),
    Role.CGCD_COMMANDER: _("Commandement du CGCD"),
    Role.COCD_ANALYST: _("Analyste de COCD"),
    Role.BODY_OFFICER: _("Responsable de la sécurité d’un organisme"),
    Role.ASSET_OWNER: _("Détenteur d’actifs"),
    Role.AUDITOR: _("Auditeur"),
    Role.AUTHORITY: _("Autorité"),
    Role.ADMINISTRATOR: _("Administrateur"),
}

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.CGCD_ANALYST: _READ
    | _DETECT
    | {
        _P.ALERT_ISSUE,
        _P.ALERT_ASSIST,
        _P.ALERT_REVIEW,
        _P.INTELLIGENCE_MANAGE,
        _P.OPERATIONS_READ,
        _P.OPERATIONS_ACT,
    },
    Role.CGCD_COMMANDER: _READ
    | _DETECT
    | {
        _P.ALERT_ISSUE,
        _P.ALERT_ASSIST,
        _P.ALERT_REVIEW,
        _P.INTELLIGENCE_MANAGE,
        _P.OPERATIONS_READ,
        _P.OPERATIONS_ACT,
        _P.ESCALATION_EDIT,
        _P.PRIORITY_EDIT,
        _P.ORGANISATION_MANAGE,
        _P.CONTACT_MANAGE,
        _P.AUDIT_READ,
    },
    Role.COCD_ANALYST: _READ | _DETECT | {_P.ALERT_ASSIST, _P.ALERT_REVIEW},
    Role.BODY_OFFICER: _READ | _RESPOND | _DETECT | _OWN_TELEMETRY | {_P.ASSET_WRITE, _P.CONTACT_MANAGE},
    Role.ASSET_OWNER: frozenset(
        {
            _P.ASSET_READ,
            _P.EXPOSURE_READ,
            _P.ALERT_READ,
            _P.ALERT_RESPOND,
            _P.INTELLIGENCE_READ,
            _P.ORGANISATION_READ,
        }
    ),
    Role.AUDITOR: _READ | {_P.AUDIT_READ, _P.OPERATIONS_READ},
    Role.AUTHORITY: frozenset({_P.INDICATOR_READ, _P.ORGANISATION_READ}),
    # An administrator opens accounts and keeps the platform running, and sees no operational data.
    Role.ADMINISTRATOR: frozenset(
        {
            _P.USER_MANAGE,
            _P.ORGANISATION_MANAGE,
            _P.CONTACT_MANAGE,
            _P.ORGANISATION_READ,
            _P.PEOPLE_READ,
            _P.OPERATIONS_READ,
            _P.OPERATIONS_ACT,
        }
    ),
}
