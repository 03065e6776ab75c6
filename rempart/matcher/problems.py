"""What could not be read, in both languages, with the place where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rempart.engines.inventories.model import InventoryError
from rempart.engines.records.fields import RecordError

# French of the codes of ``InventoryError``; the English is the engine's own.
_INVENTORY: Final = {
    "bad_value": "« {value} » n’est pas accepté ici",
    "duplicate_ref": "l’identifiant {ref} sert plus d’une fois",
    "empty": "rien à lire",
    "encrypted": "le fichier est chiffré, ou d’un ancien format Excel",
    "extra_cells": "{cells} cellules pour {columns} colonnes",
    "forbidden_xml": "les types de document et les entités sont refusés en XML",
    "is_table": "un tableau, non une nomenclature logicielle",
    "library": "{reason}",
    "macros": "les classeurs à macros sont refusés",
    "missing": "une valeur obligatoire manque",
    "more": "et {count} autres problèmes, non nommés",
    "no_header": "aucune ligne d’en-têtes",
    "no_software": "la constatation ne nomme aucun logiciel",
    "not_json": "du JSON illisible : {reason}",
    "not_winget": "pas une liste de winget : {reason}",
    "not_xlsx": "un classeur illisible : {reason}",
    "not_xml": "du XML illisible : {reason}",
    "open_quote": "un guillemet ouvert à la ligne {line} n’est jamais refermé",
    "part_skipped": "la partie « {part} » ({count}) n’est pas lue",
    "plain_listing": "une simple liste de paquets : elle ne dit ni leur distribution, ni les sources dont "
    "ils sont tirés, ni (rpm) leur époque, sans lesquelles les avis qui les visent ne peuvent trancher ; "
    "rempart collect les dit",
    "ratio": "le fichier se décompresse plus de {limit} fois",
    "schema": "{reason}",
    "too_deep": "plus de {limit} niveaux imbriqués",
    "too_large": "plus de {limit} octets",
    "too_long": "{length} caractères, plus de {limit}",
    "too_many_cells": "{cells} cellules, plus de {limit}",
    "too_many_columns": "plus de {limit} colonnes",
    "too_many_components": "plus de {limit} composants",
    "too_many_members": "plus de {limit} parties",
    "too_many_rows": "plus de {limit} lignes",
    "uncertain": "l’outil n’est pas certain que ce soit {value}",
    "unclosed_quote": "la ligne ne se découpe pas en cellules : {reason}",
    "unknown_encoding": "l’encodage n’est ni UTF-8, ni UTF-16, ni Windows-1252",
    "unknown_binary": "ni CSV, ni XLSX, ni CycloneDX, ni SPDX",
    "unknown_json": "un fichier JSON qui n’est ni CycloneDX ni SPDX",
    "unknown_table": "une ligne qui n’énonce aucun logiciel",
    "unknown_text": "un texte qui n’est ni un tableau ni une liste de paquets connue",
    "unknown_xml": "un fichier XML qui n’est pas CycloneDX",
    "unknown_ref": "{ref} ne désigne rien dans le document",
    "unknown_version": "la version {value} du format n’est pas prise en charge",
    "wrong_type": "on attendait {expected}, on a trouvé {found}",
}
# French of the codes of ``RecordError``.
_RECORD: Final = {
    "missing": "champ obligatoire absent",
    "wrong_type": "mauvais genre de valeur",
    "bad_value": "valeur refusée",
    "not_json": "JSON illisible",
    "too_large": "trop grand",
    "too_deep": "trop de niveaux imbriqués",
    "too_many": "trop d’éléments",
    "ratio": "se décompresse trop",
    "truncated": "fichier tronqué",
    "unreadable": "illisible",
    "duplicate": "fiche déjà lue",
    "mismatch": "ne concorde pas",
    "unknown_format": "format de fiche inconnu",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What was left out: ``where`` is ``file:line`` or ``archive!member``; ``lost``: nothing was read."""

    where: str
    french: str
    english: str
    lost: bool = False

    def __str__(self) -> str:
        same = self.french == self.english
        return f"{self.where}: {self.english if same else f'{self.french} · {self.english}'}"


def of_inventory(path: str, error: InventoryError, *, lost: bool = False) -> Problem:
    """The problem of an inventory's reader, placed in its file."""
    spot = " ".join(part for part in (error.where, error.field) if part and part != path)
    french = _INVENTORY.get(error.code, error.code).format(**error.values)
    english = str(InventoryError("", "", error.code, **error.values))
    return Problem(f"{path}: {spot}" if spot else path, french, english, lost)


def of_record(where: str, error: RecordError) -> Problem:
    """The problem of one record: the field at fault is quoted in both languages."""
    french = _RECORD.get(error.code, error.code)
    return Problem(where, f"{error.field} : {french}" if error.field else french, str(error))


def of_file(path: str, error: OSError) -> Problem:
    """A file that the system does not give."""
    reason = error.strerror or "cannot be read"
    return Problem(path, "ne peut être lu", reason, lost=True)
