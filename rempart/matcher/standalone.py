"""``rempart match``: inventories beside records, in words or in lines, with no database."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from rempart.engines.exposure import Aliases, Matcher, component_keys
from rempart.engines.exposure.model import Status
from rempart.matcher.compare import compare, read_result
from rempart.matcher.components import Inventories, Item, read_inventories
from rempart.matcher.explain import explain
from rempart.matcher.problems import Problem
from rempart.matcher.records import Records, Wanted, read_records
from rempart.matcher.results import Row, destination, match_items, write
from rempart.matcher.sentences import STATUSES, Language, counted, figure, pick, system_language
from rempart.matcher.spreading import Matching, match_in
from rempart.spread import ENGINES, EngineMissing

_SHOWN = 20
err = Console(stderr=True, highlight=False, soft_wrap=True)


class Output(StrEnum):
    """The forms a result is written in."""

    JSONL = "jsonl"
    JSON = "json"
    CSV = "csv"
    TABLE = "table"


class Tongue(StrEnum):
    """The languages of sentences."""

    FRENCH = "fr"
    ENGLISH = "en"


def install(app: typer.Typer) -> None:
    """Add the command."""
    app.command("match")(match)


def match(
    inventory: Annotated[
        list[Path],
        typer.Argument(
            help="Inventaires · Inventories: CycloneDX, SPDX, CSV, XLSX "
            "(id,vendor,product,version,purl,cpe), dpkg -l, rpm -qa, apk info -v, pip freeze…"
        ),
    ],
    records: Annotated[
        list[Path] | None,
        typer.Option(
            "--records", help="CVE, OSV, CSAF, VEX : fichiers, dossiers, archives · files, folders, zip."
        ),
    ] = None,
    output: Annotated[Output, typer.Option(help="Forme du résultat · Form of the result.")] = Output.TABLE,
    as_json: Annotated[bool, typer.Option("--json", help="Comme --output json · As --output json.")] = False,
    to: Annotated[Path | None, typer.Option(help="Fichier du résultat · File of the result.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Écrit aussi les non touchés · Also write those not affected.")
    ] = False,
    vulnerability: Annotated[list[str] | None, typer.Option(help="CVE-…, répétable · repeatable.")] = None,
    component: Annotated[
        list[str] | None,
        typer.Option("--component", "--asset", help="Ce composant ou cet actif · This component or asset."),
    ] = None,
    why: Annotated[
        str, typer.Option("--explain", help="CVE-… : la comparaison en mots · the comparison in words.")
    ] = "",
    before: Annotated[
        Path | None,
        typer.Option(
            "--compare", help="Ancien résultat .jsonl : ce qui a changé · Older result: what changed."
        ),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Processus · Processes.")] = 1,
    engine: Annotated[
        str, typer.Option(help=f"Où rapprocher · Where to match: {', '.join(ENGINES)}.")
    ] = "local",
    language: Annotated[
        Tongue | None, typer.Option(help="Langue des phrases · Language of the sentences.")
    ] = None,
) -> None:
    """Rapproche inventaires et fiches, sans base · Match inventories and records, no database.

    Exit status: 0, 2 when misused, 1 when nothing could be read.
    """
    output = Output.JSON if as_json else output
    tongue: Language = language.value if language else system_language()  # type: ignore[assignment]
    if before is not None and not records:
        _write_difference(before, inventory, output, to, tongue)
        return
    if why and as_json:
        _fail(2, "--explain écrit des phrases, --json non.", "--explain writes sentences, --json does not.")
    _refuse_misuse(inventory, records, to, why, before, engine)
    started = time.perf_counter()
    read = read_inventories(inventory)
    items = [item for item in read.items if not component or {item.component.id, item.asset} & set(component)]
    if not read.read:
        _complain(read.problems)
        _fail(1, "Aucun inventaire n’a pu être lu.", "No inventory could be read.")
    aliases = Aliases.builtin()
    names = frozenset(one.upper() for one in (*(vulnerability or ()), *((why,) if why else ())))
    found = _records(records or [], items, aliases, names, jobs, whole=bool(why))
    _complain([*read.problems, *found.problems])
    if not found.read:
        _fail(1, "Aucune fiche n’a pu être lue.", "No record could be read.")
    if why:
        with destination(to) as stream:
            stream.writelines(line + "\n" for line in explain(why.upper(), items, found, aliases, tongue))
        return
    rows = _rows(items, found, aliases, tongue, engine, jobs)
    if before is not None:
        _write_comparison(before, list(rows), {item.component.id for item in read.items}, output, to, tongue)
        return
    unidentified = sum(not component_keys(item.component) for item in items)
    counts: Counter[str] = Counter()
    with destination(to) as stream:
        write(_kept(rows, counts, everything=everything), output.value, stream, tongue)
    _summarise(read, found, len(items), unidentified, counts, time.perf_counter() - started, tongue)


def _refuse_misuse(
    inventory: list[Path],
    records: list[Path] | None,
    to: Path | None,
    why: str,
    before: Path | None,
    engine: str,
) -> None:
    if engine not in ENGINES:
        _fail(2, f"--engine {engine} : inconnu ({', '.join(ENGINES)}).", f"unknown: {engine}.")
    if not records:
        _fail(
            2,
            "Dites où sont les fiches : --records CHEMIN. Pour l’instance elle-même : rempart rematch.",
            "Say where the records are: --records PATH. For the platform’s own data: rempart rematch.",
        )
    for path in (*inventory, *records, *((before,) if before else ())):
        if not path.exists():
            _fail(2, f"{path} n’existe pas.", f"{path} does not exist.")
    if to is not None and not to.parent.is_dir():
        _fail(2, f"Le dossier {to.parent} n’existe pas.", f"The folder {to.parent} does not exist.")
    if why and before:
        _fail(2, "--explain ou --compare, pas les deux.", "--explain or --compare, not both.")


def _records(
    paths: list[Path], items: list[Item], aliases: Aliases, names: frozenset[str], jobs: int, *, whole: bool
) -> Records:
    keys = frozenset(key for item in items for key in aliases.resolve(component_keys(item.component)))
    wanted = Wanted(None if whole else keys, names or None)
    columns = (
        TextColumn("[progress.description]{task.description}"),
        TextColumn("{task.completed:,}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("Fiches · Records", total=None)
        return read_records(
            paths, wanted, aliases, jobs=jobs, progress=lambda done: bar.update(task, completed=done)
        )


def _rows(
    items: list[Item], found: Records, aliases: Aliases, tongue: Language, engine: str, jobs: int
) -> Iterator[Row]:
    """Every verdict; where it is computed changes nothing to it."""
    if engine != "local":
        matching = Matching(found.statements(), found.aliases(), aliases, tongue)
        try:
            yield from match_in(engine, matching, items, jobs)
        except EngineMissing as error:
            _fail(1, str(error), "nothing was written")
        return
    matcher = Matcher(aliases)
    matcher.fill(found.statements().items())
    yield from match_items(matcher, items, found.aliases(), tongue)


def _kept(rows: Iterator[Row], counts: Counter[str], *, everything: bool) -> Iterator[Row]:
    """The rows to write; all are counted, those left out as well."""
    for row in rows:
        counts[row["status"]] += 1
        if everything or row["status"] != Status.NOT_AFFECTED:
            yield row


def _write_difference(
    before: Path, after: list[Path], output: Output, to: Path | None, tongue: Language
) -> None:
    if len(after) != 1:
        _fail(2, "--compare ANCIEN.jsonl NOUVEAU.jsonl", "--compare OLD.jsonl NEW.jsonl")
    try:
        rows = read_result(after[0])
    except (OSError, ValueError) as error:
        _fail(2, f"{after[0]} n’est pas un résultat : {error}", f"{after[0]} is not a result: {error}")
    _write_comparison(before, rows, None, output, to, tongue)


def _write_comparison(
    before: Path, rows: list[Row], present: set[str] | None, output: Output, to: Path | None, tongue: Language
) -> None:
    try:
        old = read_result(before)
    except (OSError, ValueError) as error:
        _fail(2, f"{before} n’est pas un résultat : {error}", f"{before} is not a result: {error}")
    changes = list(compare(old, rows, present, tongue))
    with destination(to) as stream:
        write(iter(changes), output.value, stream, tongue)
    counts = Counter(row["change"] for row in changes)
    err.print(
        f"apparus · appeared: {counts['appeared']:,}; disparus · disappeared: {counts['disappeared']:,}; "
        f"changés · changed: {counts['changed']:,}"
    )


def _complain(problems: list[Problem]) -> None:
    for problem in problems[:_SHOWN]:
        err.print(str(problem), style="yellow", markup=False)
    if len(problems) > _SHOWN:
        more = f"{len(problems) - _SHOWN:,}"
        err.print(f"… et {more} autres problèmes · and {more} more problems", style="yellow")


def _fail(code: int, french: str, english: str) -> NoReturn:
    err.print(f"{french} · {english}", style="red", markup=False)
    raise typer.Exit(code)


def _summarise(
    read: Inventories,
    found: Records,
    components: int,
    unidentified: int,
    counts: Counter[str],
    seconds: float,
    tongue: Language,
) -> None:
    """What was read and answered, and what was left aside: nothing is dropped in silence."""
    colon = " : " if tongue == "fr" else ": "
    said = ", ".join(
        f"{pick(STATUSES[one], tongue)}{colon}{figure(counts[one.value], tongue)}" for one in Status
    )
    lost = len(found.problems)
    told = (
        (components, ("composant", "composants"), ("component", "components")),
        (found.read, ("fiche", "fiches"), ("record", "records")),
    )
    err.print(f"{', '.join(counted(*one, tongue) for one in told)}, {seconds:.1f} s. {said}.", markup=False)
    aside = (
        (
            unidentified,
            ("composant sans purl, CPE ni éditeur", "composants sans purl, CPE ni éditeur"),
            ("component without purl, CPE or vendor", "components without purl, CPE or vendor"),
        ),
        (lost, ("fiche illisible", "fiches illisibles"), ("unreadable record", "unreadable records")),
        (
            len(found.rejected),
            ("fiche retirée par son autorité", "fiches retirées par leur autorité"),
            ("record withdrawn by its authority", "records withdrawn by their authority"),
        ),
        (
            len(read.problems),
            ("remarque sur les inventaires", "remarques sur les inventaires"),
            ("remark on the inventories", "remarks on the inventories"),
        ),
    )
    for count, french, english in aside:
        if count:
            err.print(f"{counted(count, french, english, tongue)}.", markup=False)
