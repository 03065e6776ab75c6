"""What is measured, why, and what is aimed at. Data: pages, exports, the API and the report all read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from django.utils.translation import gettext_lazy as _

Unit = Literal["duration", "share", "count", "days"]
Direction = Literal["down", "up"]

HOUR = 3600.0
DAY = 24 * HOUR

# The policy's points under which indicators are filed, in the order of the policy.
OBJECTIVES: dict[str, Any] = {
    "O1.2": _("Réalisations suivies et indicateurs de performance"),
    "O3.1": _("Risques connus, actifs critiques localisés, information catégorisée"),
    "O3.2": _("Mesures d’atténuation réellement déployées"),
    "O3.5": _("Protection dès la conception, dans les contrats et sur tout le cycle de vie"),
    "O4.1": _("Réseau d’alerte"),
    "O5.3": _("Communication avec les autorités concernées"),
}


@dataclass(frozen=True, slots=True)
class Indicator:
    """One measure. ``target`` is in the unit's base (seconds, ratio, count, days); None: only followed.

    ``over_period`` is false for what is a state of the day, which the period does not change.
    """

    code: str
    objective: str
    name: Any
    definition: Any
    formula: Any
    source: Any
    unit: Unit
    direction: Direction
    target: float | None = None
    over_period: bool = True

    def met(self, value: float | None) -> bool | None:
        """Whether the target is reached; None when there is no value or no target."""
        if value is None or self.target is None:
            return None
        return value <= self.target if self.direction == "down" else value >= self.target


_ALERT = _(
    "Temps entre le moment où la plateforme peut savoir (la vulnérabilité est connue "
    "ou inscrite au catalogue des "
    "vulnérabilités exploitées, et l’inventaire de l’organisme montre le logiciel) "
    "et l’envoi de la directive."
)
_ACKNOWLEDGE = _(
    "Temps entre l’envoi de la directive à l’organisme (ou sa réouverture) et l’accusé de réception."
)
_VERIFY = _(
    "Temps entre le moment où la plateforme peut savoir que l’organisme est exposé "
    "et la preuve, par un inventaire "
    "postérieur, qu’il ne l’est plus."
)
_MEDIAN = _("Médiane (rang le plus proche) des directives de la période")
_P90 = _("90e centile (rang le plus proche) des directives de la période")
_TARGETS = _("Chronologie des directives, organisme par organisme")
_INVENTORIES = _("Inventaires importés")

INDICATORS: tuple[Indicator, ...] = (
    Indicator(
        "declared_unverified",
        "O1.2",
        _("Directives déclarées corrigées, sans preuve"),
        _("Part des réponses « corrigé » qu’aucun inventaire postérieur n’a encore prouvées."),
        _("directives à l’état déclaré ÷ (déclarées + vérifiées), envoyées dans la période"),
        _TARGETS,
        "share",
        "down",
        0.10,
    ),
    Indicator(
        "kev_on_time",
        "O1.2",
        _("Vulnérabilités exploitées corrigées à temps"),
        _(
            "Part des expositions à une vulnérabilité activement exploitée, échues dans la période, "
            "dont la correction était prouvée avant l’échéance."
        ),
        _("expositions vérifiées avant l’échéance ÷ expositions échues dans la période"),
        _("Expositions et catalogue des vulnérabilités exploitées (KEV)"),
        "share",
        "up",
        0.95,
    ),
    Indicator(
        "bodies_act_now",
        "O3.1",
        _("Organismes exposés, agir maintenant"),
        _(
            "Organismes dont au moins un actif est exposé avec certitude à ce que la table "
            "de priorité met en tête."
        ),
        _("nombre d’organismes ayant une exposition ouverte de priorité « agir maintenant »"),
        _("Expositions"),
        "count",
        "down",
        0.0,
        over_period=False,
    ),
    Indicator(
        "exposure_days",
        "O3.1",
        _("Jours d’exposition pondérés"),
        _(
            "Jours pendant lesquels des actifs sont restés exposés, chacun compté selon sa "
            "criticité (1 à 4), "
            "pour 100 actifs."
        ),
        _("Σ (jours d’exposition dans la période × criticité) ÷ (actifs ÷ 100)"),
        _("Expositions et criticité des actifs"),
        "days",
        "down",
    ),
    Indicator(
        "inventory_freshness",
        "O3.1",
        _("Inventaires de moins de 30 jours"),
        _("Part des organismes dont le dernier inventaire appliqué a été relevé il y a moins de 30 jours."),
        _("organismes à l’inventaire récent ÷ organismes"),
        _INVENTORIES,
        "share",
        "up",
        0.95,
        over_period=False,
    ),
    Indicator(
        "inventory_completeness",
        "O3.1",
        _("Logiciels dont la version est connue"),
        _(
            "Part des logiciels inventoriés qui disent leur version : sans elle, nul ne sait "
            "s’ils sont touchés."
        ),
        _("logiciels installés avec version ÷ logiciels installés"),
        _INVENTORIES,
        "share",
        "up",
        0.95,
        over_period=False,
    ),
    Indicator(
        "assets_categorised",
        "O3.1",
        _("Actifs catégorisés"),
        _("Part des actifs dont la disponibilité, l’intégrité et la confidentialité ont un niveau."),
        _("actifs dont les trois niveaux DIC sont fixés ÷ actifs en service"),
        _INVENTORIES,
        "share",
        "up",
        0.90,
        over_period=False,
    ),
    Indicator(
        "time_to_verify",
        "O3.2",
        _("Publication → correction vérifiée, médiane"),
        _VERIFY,
        _MEDIAN,
        _TARGETS,
        "duration",
        "down",
        7 * DAY,
    ),
    Indicator(
        "time_to_verify_p90",
        "O3.2",
        _("Publication → correction vérifiée, p90"),
        _VERIFY,
        _P90,
        _TARGETS,
        "duration",
        "down",
        14 * DAY,
    ),
    Indicator(
        "detections_triaged",
        "O3.2",
        _("Détections graves triées en 24 heures"),
        _(
            "Part des détections élevées ou critiques auxquelles l’organisme a donné un verdict dans les 24 heures."
        ),
        _(
            "détections triées en 24 heures ÷ détections reçues dans la période, hors celles qui ont encore le temps"
        ),
        _("Détections et verdicts des organismes, sans hôte, compte ni événement"),
        "share",
        "up",
        0.90,
    ),
    Indicator(
        "software_supported",
        "O3.5",
        _("Logiciels encore soutenus"),
        _("Part des logiciels dont les dates de soutien sont connues et que leur éditeur corrige encore."),
        _("logiciels soutenus ÷ logiciels dont la fin du soutien est connue"),
        _("Inventaires et dates de soutien publiées"),
        "share",
        "up",
        0.95,
        over_period=False,
    ),
    Indicator(
        "time_to_alert",
        "O4.1",
        _("Publication → alerte, médiane"),
        _ALERT,
        _MEDIAN,
        _TARGETS,
        "duration",
        "down",
        60.0,
    ),
    Indicator(
        "time_to_alert_p90",
        "O4.1",
        _("Publication → alerte, p90"),
        _ALERT,
        _P90,
        _TARGETS,
        "duration",
        "down",
        5 * 60.0,
    ),
    Indicator(
        "time_to_acknowledge",
        "O4.1",
        _("Alerte → accusé de réception, médiane"),
        _ACKNOWLEDGE,
        _MEDIAN,
        _TARGETS,
        "duration",
        "down",
        0.5 * HOUR,
    ),
    Indicator(
        "time_to_acknowledge_p90",
        "O4.1",
        _("Alerte → accusé de réception, p90"),
        _ACKNOWLEDGE,
        _P90,
        _TARGETS,
        "duration",
        "down",
        HOUR,
    ),
    Indicator(
        "reachable_bodies",
        "O5.3",
        _("Organismes joignables"),
        _(
            "Part des organismes où une personne chargée de recevoir les alertes, ou l’organisme lui-même, "
            "a une adresse vérifiée."
        ),
        _("organismes ayant un moyen de contact vérifié ÷ organismes"),
        _("Personnes, fonctions et moyens de contact"),
        "share",
        "up",
        1.0,
        over_period=False,
    ),
)

BY_CODE: dict[str, Indicator] = {each.code: each for each in INDICATORS}

# Days looked back. The first is the one that daily snapshots keep.
PERIODS = (30, 90, 365)
FRESH_DAYS = 30
