"""``rempart detection``: the library of rules from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from rempart.detection import queries
from rempart.detection.commands import importing, packs, sharing, techniques
from rempart.detection.commands import retention as keeping
from rempart.detection.library_wording import COUNTS
from rempart.detection.queries import retention as kept
from rempart.kernel.actors import Actor, system
from rempart.kernel.cli import said
from rempart.organisations import queries as organisations

_JSON = Annotated[bool, typer.Option("--json", help="Réponse en JSON · Answer in JSON.")]
_BODY = Annotated[str, typer.Option("--body", help="Code d’organisme · Code of a body; none: for all.")]


def install(group: typer.Typer) -> None:
    """Adds the commands to the group ``rempart detection``."""
    group.command("import")(import_)
    group.command("attack")(attack)
    group.command("pack")(pack)
    group.command("key")(key)
    group.command("retention")(retention)
    group.command("share")(share)


def body_of(actor: Actor, code: str) -> int | None:
    """The number of a body by its code; None without one."""
    return organisations.get_organisation(actor, code).pk if code else None


def import_(
    place: Annotated[
        str,
        typer.Argument(
            metavar="PATH",
            help="Dossier, zip, dépôt Git, adresse d’un zip · Folder, zip, Git repository, address of a zip.",
        ),
    ],
    source: Annotated[str, typer.Option(help="Nom de la source · Name of the source (sigmahq…).")] = "",
    body: _BODY = "",
    licence: Annotated[str, typer.Option(help="Licence des règles · Licence of the rules.")] = "",
    marking: Annotated[str, typer.Option(help="Marque PFC · TLP marking.")] = "TLP:CLEAR",
    revision: Annotated[
        str, typer.Option(help="Révision d’un dépôt Git · Revision of a Git repository.")
    ] = "",
    retire_many: Annotated[
        bool, typer.Option(help="Même si la plupart des règles manquent · Even when most rules are gone.")
    ] = False,
    as_json: _JSON = False,
) -> None:
    """Lit une version de règles Sigma · Read a release of Sigma rules. The same one again changes nothing."""
    actor = system("cli")
    with said():
        release = importing.import_rules(
            actor, place, source=source, body_id=body_of(actor, body), licence=licence, marking=marking,
            revision=revision, retire_many=retire_many,
        )  # fmt: skip
    answer: dict[str, Any] = {
        "source": release.source.name,
        "digest": release.digest,
        "counts": release.counts,
    }
    if as_json:
        typer.echo(json.dumps({**answer, "defects": release.defects}, ensure_ascii=False))
        return
    console = Console()
    for defect in release.defects:
        console.print(f"[yellow]{escape(defect['path'])}: {escape(defect['reason'])}[/]", soft_wrap=True)
    table = Table(title=f"{release.source.name} · {release.place}", title_justify="left")
    table.add_column("")
    table.add_column("", justify="right")
    for name in COUNTS:
        table.add_row(name, str(release.counts.get(name, 0)))
    console.print(table)


def attack(
    path: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, help="Paquet STIX d’ATT&CK · STIX bundle (.json, .gz)."),
    ],
    as_json: _JSON = False,
) -> None:
    """Charge les techniques d’ATT&CK · Load the techniques of MITRE ATT&CK."""
    with said():
        count = techniques.load_attack(system("cli"), path)
    typer.echo(json.dumps({"techniques": count}) if as_json else f"{count} techniques")


def pack(
    to: Annotated[Path, typer.Option("--to", dir_okay=False, help="Fichier à écrire · File to write.")],
    body: _BODY = "",
    as_json: _JSON = False,
) -> None:
    """Signe un paquet des règles en vigueur · Sign a pack of the rules in force."""
    actor = system("cli")
    with said():
        digest = packs.make_pack(actor, body_id=body_of(actor, body)).digest
        made = queries.get_pack(actor, digest)
    draft = to.with_name(f".{to.name}.part")
    draft.write_bytes(bytes(made.file))
    draft.replace(to)
    told = {"number": made.number, "digest": made.digest, "rules": made.rules, "filters": made.filters}
    typer.echo(
        json.dumps(told) if as_json else f"{to}: {made.number}, {made.rules} règles · rules, {made.digest}"
    )


def key(as_json: _JSON = False) -> None:
    """Affiche la clé publique des paquets · Print the public key of packs."""
    public = packs.public_key()
    typer.echo(json.dumps({"public_key": public}) if as_json else public)


def retention(
    days: Annotated[
        int, typer.Option(help="Jours gardés après la réception (0 : non dit) · Days kept (0: unsaid).")
    ] = -1,
    body: _BODY = "",
    now: Annotated[
        bool, typer.Option("--now", help="Oublier maintenant ce qui est échu · Forget what is due now.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Compter seulement · Only count what would be forgotten.")
    ] = False,
    as_json: _JSON = False,
) -> None:
    """Dit ou fixe combien de temps les détections sont gardées · Tell or set how long detections are kept.

    Without --body, the most that any body may keep.
    """
    actor = system("cli")
    with said():
        body_id = body_of(actor, body)
        asked = days or None if days >= 0 else _kept(actor, body_id)
        leaving = kept.leaving_with(actor, body_id, asked)
        if days >= 0 and not dry_run:
            keeping.set_retention(actor, body_id=body_id, days=asked)
        forgotten = keeping.forget_due() if now and not dry_run else 0
    told = {
        "body": body, "days": asked, "most": kept.government_limit(), "leaving": leaving.detections,
        "untriaged": leaving.untriaged, "forgotten": forgotten,
    }  # fmt: skip
    typer.echo(json.dumps(told) if as_json else "\n".join(f"{name}: {told[name]}" for name in told))


def _kept(actor: Actor, body_id: int | None) -> int | None:
    return kept.government_limit() if body_id is None else kept.days_of(actor, body_id)


def share(
    rule: Annotated[str, typer.Argument(metavar="ID", help="Identifiant de la règle · Id of the rule.")],
    body: Annotated[str, typer.Option("--body", help="Code de l’organisme · Code of the body.")],
    undo: Annotated[
        bool, typer.Option("--undo", help="La rendre à l’organisme seul · Give it back to the body alone.")
    ] = False,
    as_json: _JSON = False,
) -> None:
    """Fait lire aux centres la règle d’un organisme · Let centres read a rule of a body."""
    actor = system("cli")
    with said():
        number = queries.own_rule(actor, body_of(actor, body), rule).pk
        made = sharing.share_rule(actor, rule_id=number, shared=not undo)
    told = {"rule": made.key, "title": made.title, "shared": made.shared}
    typer.echo(json.dumps(told, ensure_ascii=False) if as_json else f"{made.key} {made.title}: {made.shared}")
