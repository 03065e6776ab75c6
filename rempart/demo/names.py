"""Names of the demo government: plainly fictional, in both languages."""

from __future__ import annotations

# (code, sector in French, in English)
CENTRES: tuple[tuple[str, str, str], ...] = (
    ("sante", "Santé", "Health"),
    ("education", "Éducation", "Education"),
    ("superieur", "Enseignement supérieur", "Higher education"),
    ("finances", "Finances", "Finance"),
    ("justice", "Justice", "Justice"),
    ("transports", "Transports", "Transport"),
    ("securite", "Sécurité publique", "Public safety"),
    ("culture", "Culture", "Culture"),
    ("environnement", "Environnement", "Environment"),
    ("economie", "Économie", "Economy"),
    ("municipal", "Affaires municipales", "Municipal affairs"),
    ("emploi", "Emploi et solidarité", "Employment and solidarity"),
)

# Kinds of body by sector: (French, English); ``{}`` is an imaginary place.
KINDS: dict[str, tuple[tuple[str, str], ...]] = {
    "sante": (("Centre de santé {}", "{} Health Centre"), ("Hôpital {}", "{} Hospital")),
    "education": (("Centre de services scolaire {}", "{} School Service Centre"),),
    "superieur": (("Cégep {}", "{} College"), ("Université {}", "{} University")),
    "finances": (
        ("Régie des revenus {}", "{} Revenue Board"),
        ("Fonds de prévoyance {}", "{} Provident Fund"),
    ),
    "justice": (("Tribunal administratif {}", "{} Administrative Tribunal"), ("Greffe {}", "{} Registry")),
    "transports": (
        ("Société de transport {}", "{} Transit Authority"),
        ("Bureau des routes {}", "{} Roads Office"),
    ),
    "securite": (("Service de protection {}", "{} Protection Service"),),
    "culture": (("Musée {}", "{} Museum"), ("Bibliothèque {}", "{} Library")),
    "environnement": (("Agence des eaux {}", "{} Water Agency"), ("Parc {}", "{} Park")),
    "economie": (("Société de développement {}", "{} Development Corporation"),),
    "municipal": (
        ("Municipalité {}", "{} Municipality"),
        ("Régie intermunicipale {}", "{} Intermunicipal Board"),
    ),
    "emploi": (("Office de l’emploi {}", "{} Employment Office"),),
}

PLACES = (
    "de l’Aurore", "de la Brume", "du Caribou", "des Dunes", "de l’Épinette", "du Fjord", "de la Grive", "du Harfang",
    "de l’Île-aux-Vents", "du Jalon", "de la Lune-Pâle", "de la Marée", "du Nordet", "de l’Orignal", "des Pins-Bleus",
    "du Quai-Neuf", "de la Rosée", "du Sapin", "de la Toundra", "de l’Umiak", "du Vallon", "des Wapitis",
    "de l’Yeuse", "du Zéphyr", "des Bouleaux", "du Castor", "de l’Étoile", "de la Fougère", "du Givre", "des Hérons",
)  # fmt: skip
PLACES_EN = (
    "Aurora", "Mist", "Caribou", "Dunes", "Spruce", "Fjord", "Thrush", "Snowy Owl", "Windy Isle", "Milestone",
    "Pale Moon", "Tide", "Northeast", "Moose", "Blue Pines", "New Quay", "Dew", "Fir", "Tundra", "Umiak", "Dale",
    "Elk", "Holm Oak", "Zephyr", "Birches", "Beaver", "Star", "Fern", "Frost", "Herons",
)  # fmt: skip

FIRST_NAMES = (
    "Alix", "Camille", "Dominique", "Élie", "Florence", "Gabriel", "Hélène", "Isaac", "Jade", "Karim", "Léa", "Malik",
    "Noémie", "Olivier", "Pascale", "Quentin", "Rosalie", "Samuel", "Thaïs", "Ulysse", "Victoria", "William", "Yasmine",
    "Zoé",
)  # fmt: skip
LAST_NAMES = (
    "Fictif", "Imaginaire", "Démo", "Exemple", "Modèle", "Essai", "Figurant", "Quidam", "Specimen", "Gabarit",
)  # fmt: skip

# Public services: (key, French, English, own criticality, essential, reachable from the internet)
SERVICES: tuple[tuple[str, str, str, int, bool, bool], ...] = (
    ("portail", "Portail citoyen", "Citizen portal", 3, False, True),
    ("prestation", "Prestation électronique de services", "Online services", 4, True, True),
    ("dossiers", "Gestion des dossiers", "Case management", 3, False, False),
    ("courriel", "Messagerie", "E-mail", 3, False, True),
    ("paie", "Paie et ressources humaines", "Payroll and human resources", 2, False, False),
    ("accueil", "Prise de rendez-vous", "Appointments", 3, True, True),
    ("donnees", "Données ouvertes", "Open data", 1, False, True),
    ("urgence", "Répartition d’urgence", "Emergency dispatch", 4, True, False),
    ("archives", "Archives numériques", "Digital archives", 1, False, False),
    ("paiement", "Paiement en ligne", "Online payment", 4, True, True),
)

REGIONS = ("Capitale imaginaire", "Rive feinte", "Nord rêvé", "Estuaire fictif", "Hautes terres")
