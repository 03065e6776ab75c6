"""The options of ``rempart detect``, and of the rules' commands that share them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rempart.detection.findings import LEVELS
from rempart.detection.outputs import WRITERS
from rempart.engines import logs

Logs = Annotated[
    list[str] | None,
    typer.Argument(metavar="LOGS…", help="Fichiers, dossiers, motifs, - · Files, folders, patterns, -"),
]
Rules = Annotated[
    list[Path] | None,
    typer.Option("--rules", "-r", help="Dossier, fichier ou paquet de règles · Sigma rules."),
]
Indicators = Annotated[
    list[Path] | None,
    typer.Option("--ioc", help="Fichier d’indicateurs · Indicators (list, CSV, STIX, MISP)."),
]
Allowed = Annotated[
    list[Path] | None, typer.Option("--allow", help="Valeurs à ne jamais signaler · Values never reported.")
]
Placeholders = Annotated[
    Path | None,
    typer.Option("--placeholders", help="Listes des substituts, JSON · Lists of placeholders, JSON."),
]
Mappings = Annotated[Path | None, typer.Option(help="Table des sources, JSON · Table of log sources, JSON.")]
Keys = Annotated[
    list[str] | None,
    typer.Option(
        "--key",
        envvar="REMPART_RULES_PUBLIC_KEY",
        help="Clé publique des paquets de règles · Public key of packs of rules (hex).",
    ),
]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, max=256, help="Processus · Processes.")]
Level = Annotated[str, typer.Option(help=f"Niveau minimal · Least level ({', '.join(LEVELS)}).")]
Form = Annotated[
    str,
    typer.Option(
        "--format", "-f", help=f"Format des journaux · Format of the logs ({', '.join(logs.FORMATS)})."
    ),
]
Output = Annotated[
    str | None,
    typer.Option("--output", "-o", help=f"Forme du résultat · Form of the result ({', '.join(WRITERS)})."),
]
To = Annotated[Path | None, typer.Option("--to", help="Fichier du résultat · File of the result.")]
AllFields = Annotated[bool, typer.Option("--all-fields", help="Tous les champs · Every field of events.")]
Group = Annotated[bool, typer.Option("--group", help="Une fois chaque détection · Each detection once.")]
ExplainRules = Annotated[
    bool,
    typer.Option("--explain-rules", help="Lister les défauts · List the defects of rules and indicators."),
]
Follow = Annotated[
    bool, typer.Option("--follow", "-F", help="Suivre les fichiers · Follow files as they grow (tail -F).")
]
Listen = Annotated[
    str,
    typer.Option(
        "--listen",
        metavar="ADDRESS:PORT",
        help="Recevoir par HTTP, jeton dans REMPART_TOKEN · Receive by HTTP, token in REMPART_TOKEN.",
    ),
]
Send = Annotated[str, typer.Option(help="Adresse du nœud · Address of the node (https://…).")]
Body = Annotated[str, typer.Option(help="Code de l’organisme, avec --send · Code of the body, with --send.")]
TokenFile = Annotated[
    Path | None,
    typer.Option("--token-file", help="Fichier du jeton, sinon REMPART_TOKEN · File of the token."),
]
PseudonymKey = Annotated[
    Path | None,
    typer.Option(
        "--pseudonym-key",
        help="N’envoyer ni hôte, ni compte, ni événement : des pseudonymes sous cette clé · Send neither "
        "host, account nor event: pseudonyms under this key.",
    ),
]
