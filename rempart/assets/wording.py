"""The sentences that say what is wrong with an inventory, by code, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rempart.engines.inventories.model import InventoryError
from rempart.kernel.errors import Invalid

REASONS: dict[str, Any] = {
    # What the file as a whole may suffer from, and its rows (codes of the readers).
    "bad_value": _("« {value} » n’est pas accepté ici."),
    "duplicate_ref": _("L’identifiant « {ref} » sert plus d’une fois."),
    "empty": _("Le fichier est vide."),
    "encrypted": _(
        "Le fichier est chiffré ou dans un ancien format Excel : enregistrez-le en .xlsx sans mot de passe."
    ),
    "extra_cells": _("La ligne a {cells} cellules pour {columns} colonnes."),
    "forbidden_xml": _("Les types de document et les entités sont refusés dans un fichier XML."),
    "library": "{reason}",
    "macros": _("Les classeurs qui contiennent des macros sont refusés."),
    "missing": _("Une valeur obligatoire manque."),
    "no_software": _("Le constat ne nomme aucun logiciel."),
    "no_header": _("Aucune ligne d’en-têtes n’a été trouvée."),
    "not_json": _("Le fichier n’est pas du JSON lisible : {reason}"),
    "not_xlsx": _("Le fichier n’est pas un classeur Excel lisible : {reason}"),
    "not_winget": _("Le fichier n’est pas une liste de winget lisible : {reason}"),
    "not_xml": _("Le fichier n’est pas du XML lisible : {reason}"),
    "part_skipped": _("La partie « {part} » ({count}) n’est pas lue."),
    "plain_listing": _(
        "Une simple liste de paquets ne dit ni leur distribution, ni les sources dont ils sont tirés, "
        "ni (rpm) leur époque, sans lesquelles les avis qui les visent ne peuvent trancher : "
        "« rempart collect » les dit."
    ),
    "ratio": _("Le fichier se décompresse plus de {limit} fois : il est refusé."),
    "schema": "{reason}",
    "too_deep": _("Le fichier a plus de {limit} niveaux imbriqués."),
    "too_large": _("Le fichier dépasse {limit} octets."),
    "too_long": _("{length} caractères, alors que {limit} sont permis."),
    "open_quote": _("Un guillemet ouvert à la ligne {line} du fichier n’est jamais refermé."),
    "too_many_cells": _("La feuille couvre {cells} cellules, alors que {limit} sont permises."),
    "too_many_columns": _("Plus de {limit} colonnes."),
    "too_many_components": _("Plus de {limit} composants."),
    "too_many_members": _("Plus de {limit} parties dans le fichier."),
    "too_many_rows": _("Plus de {limit} lignes."),
    "uncertain": _("L’outil n’est pas certain qu’il s’agit de « {value} »."),
    "unknown_table": _("La ligne n’énonce aucun logiciel."),
    "unclosed_quote": _("La ligne ne peut être découpée en cellules (guillemet non fermé ?) : {reason}"),
    "unknown_encoding": _("L’encodage du texte n’est ni UTF-8, ni UTF-16, ni Windows-1252."),
    "unknown_binary": _(
        "Le fichier n’est ni CSV, ni XLSX, ni CycloneDX, ni SPDX, ni l’export d’un outil connu."
    ),
    "unknown_json": _("Ce fichier JSON n’est ni CycloneDX, ni SPDX, ni l’export d’un outil connu."),
    "unknown_text": _("Ce fichier texte n’est ni un tableau ni une liste de paquets connue."),
    "unknown_xml": _("Ce fichier XML n’est ni CycloneDX ni un relevé de nmap."),
    "unknown_ref": _("« {ref} » ne désigne rien dans le document."),
    "unknown_version": _("La version « {value} » du format n’est pas prise en charge."),
    "wrong_type": _("On attendait {expected} ; on a trouvé {found}."),
    # What rows may state wrongly.
    "unmapped": _("Dites quelle colonne donne l’identifiant ou le nom de l’actif."),
    "unmapped_software": _(
        "Aucune colonne ne nomme un logiciel : la première ligne doit dire ce que sont "
        "les colonnes (produit, version…)."
    ),
    "bad_kind": _("« {value} » n’est pas un genre d’actif connu."),
    "bad_exposure": _("« {value} » n’est pas une exposition réseau connue (interne, contrôlée, internet)."),
    "bad_level": _("« {value} » n’est pas un niveau de 1 à 4."),
    "bad_truth": _("« {value} » n’est ni oui ni non."),
    "bad_hours": _("« {value} » n’est pas un nombre d’heures."),
    "unknown_owner": _("Aucune personne active de l’organisme n’a le courriel « {value} »."),
    "unknown_location": _(
        "L’organisme n’a pas d’emplacement « {value} » : ajoutez-le à la page « Emplacements », "
        "ou laissez cette colonne de côté."
    ),
    "unknown_dependency": _("Aucun actif « {value} » dans ce fichier ni parmi ceux que vous voyez."),
    "self_dependency": _("Un actif ne peut dépendre de lui-même."),
    "too_many_references": _("Plus de {limit} dépendances dans une cellule."),
    "other_body": _("La ligne est d’un autre organisme : « {value} »."),
    "conflict": _("Cet actif est dit autrement à la ligne {first} : « {before} », puis « {value} »."),
}


def sentence(code: str, values: Mapping[str, Any]) -> str:
    """The sentence of a code with its values, in the present language; the code itself if it is unknown."""
    text = str(REASONS.get(code, code))
    try:
        return text.format(**values)
    except (KeyError, IndexError, ValueError):
        return text


_sentence = lazy(sentence, str)


def invalid_file(error: InventoryError, file_name: str) -> Invalid:
    """The error of a file that cannot be read, naming the file and the place in it."""
    return Invalid(
        _placed(file_name, error.where, error.field, error.code, error.values),
        code=error.code,
        field="file",
        values={"where": error.where, "in": error.field, **error.values},
    )


def _compose(file_name: str, where: str, field: str, code: str, values: Mapping[str, Any]) -> str:
    place = " ".join(part for part in (where, field) if part and part != file_name)
    return f"{file_name}{f' ({place})' if place else ''} : {sentence(code, values)}"


_placed = lazy(_compose, str)


def unknown_field(name: str) -> Any:
    """A mapping names a field that does not exist."""
    return _formatted("unknown_field", name[:100])


def unknown_column(name: str) -> Any:
    """A mapping names a column that the file lacks."""
    return _formatted("unknown_column", name[:100])


def asset_needed() -> Any:
    """A bill of materials that names no product needs to be told which asset it describes."""
    return _("Cette nomenclature ne nomme pas le logiciel qu’elle décrit : dites de quel actif il s’agit.")


def _format(which: str, name: str) -> str:
    texts = {
        "unknown_field": gettext("Le champ « {name} » n’existe pas."),
        "unknown_column": gettext("Le fichier n’a pas de colonne « {name} »."),
    }
    return texts[which].format(name=name)


_formatted = lazy(_format, str)
