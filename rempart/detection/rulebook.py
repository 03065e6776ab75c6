"""``rempart rules``: whether rules can be used, whether they hit what they must, and what they say."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from rempart.detection import options, packfile, regression, summary
from rempart.detection.wordings import described, described_correlation, described_filter
from rempart.engines import sigma

app = typer.Typer(no_args_is_help=True, help="Règles de détection · Detection rules.")

_Rules = Annotated[
    list[Path], typer.Argument(metavar="RULES…", help="Dossiers ou fichiers · Folders or files.")
]
_Json = Annotated[bool, typer.Option("--json", help="Réponse en JSON · Answer in JSON.")]


def placeholders_of(path: Path | None) -> dict[str, list[str]]:
    """Lists by name, from a JSON file; raises ``ValueError`` naming the file."""
    if path is None:
        return {}
    try:
        document = json.loads(path.read_text("utf-8"))
        return {str(name): [str(value) for value in values] for name, values in document.items()}
    except (OSError, ValueError, AttributeError, TypeError) as problem:
        raise ValueError(f"{path}: {problem}") from None


@app.command("check")
def check(rules: _Rules, placeholders: options.Placeholders = None, as_json: _Json = False) -> None:
    """Vérifie des règles · Check rules: each defect with its file and reason; exit status 1 when there is
    one.

    Files of a folder that do not say that they are rules are counted apart.
    """
    from rempart.detection.standalone import cache_folder

    collection = sigma.load_rules(rules, cache=cache_folder())
    detector = sigma.compile_rules(collection, placeholders=_lists(placeholders))
    defects = [*collection.defects, *detector.defects]
    counts = {
        "rules": len(collection.rules),
        "correlations": len(collection.correlations),
        "filters": len(collection.filters),
        "defects": len(defects),
        "not_rules": len(collection.not_rules),
    }
    if as_json:
        told = [
            {"path": one.path, "rule_id": one.rule_id, "code": one.code, "reason": one.reason}
            for one in defects
        ]
        typer.echo(json.dumps({**counts, "list": told}, ensure_ascii=False))
    else:
        console = Console()
        for defect in defects:
            console.print(escape(str(defect)), style="yellow", soft_wrap=True)
        console.print(
            f"{counts['rules']} règles · rules, {counts['correlations']} corrélations · correlations, "
            f"{counts['filters']} filtres · filters, {counts['defects']} défauts · defects"
        )
        if collection.not_rules:
            console.print(summary.not_rules(len(collection.not_rules)))
    raise typer.Exit(1 if defects else 0)


@app.command("test")
def run_cases(
    cases: Annotated[
        list[Path],
        typer.Argument(metavar="CASES…", help="Dossiers de cas (info.yml) · Folders of cases (info.yml)."),
    ],
    rules: Annotated[list[Path], typer.Option("--rules", "-r", help="Règles · Rules.")],
    placeholders: options.Placeholders = None,
    as_json: _Json = False,
) -> None:
    """Passe les cas d’essai des règles · Run the rules' test cases: each log must hit its rule as often as
    said.

    Exit status 1 when one does not.
    """
    from rempart.detection.standalone import cache_folder

    collection = sigma.load_rules(rules, cache=cache_folder())
    detector = sigma.compile_rules(collection, placeholders=_lists(placeholders), cache=cache_folder())
    try:
        results = list(regression.results(cases, detector))
    except regression.BadCase as problem:
        Console(stderr=True).print(escape(str(problem)), style="red", soft_wrap=True)
        raise typer.Exit(1) from None
    failed = [result for result in results if not result.passed]
    if as_json:
        typer.echo(json.dumps([result.record() for result in results], ensure_ascii=False))
    else:
        console = Console()
        for result in failed:
            console.print(escape(str(result)), style="red", soft_wrap=True)
        console.print(f"{len(results)} cas · cases, {len(failed)} échecs · failures")
    raise typer.Exit(1 if failed or not results else 0)


@app.command("verify-pack")
def verify_pack(
    pack: Annotated[Path, typer.Argument(metavar="PACK", help="Paquet de règles · Pack of rules.")],
    key: options.Keys = None,
    as_json: _Json = False,
) -> None:
    """Vérifie un paquet de règles signé · Verify a signed pack of rules; exit status 1 when it must not be
    used.

    Tells what it holds, and the defects of its rules. Nothing in it is read before its signature is known.
    """
    from rempart.detection.standalone import cache_folder

    try:
        opened = packfile.read_pack(pack, key or ())
    except packfile.BadPack as problem:
        Console(stderr=True).print(escape(str(problem)), style="red", soft_wrap=True)
        raise typer.Exit(1) from None
    held = opened.contents
    collection = sigma.load_texts(held.texts(datetime.now(UTC)), cache=cache_folder())
    told: dict[str, Any] = {
        "digest": opened.digest, "key": opened.key, "number": held.number, "made_at": held.made_at,
        "body": held.body, "rules": len(held.rules), "filters": len(held.filters),
        "defects": [str(each) for each in collection.defects],
    }  # fmt: skip
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    console = Console()
    for defect in collection.defects:
        console.print(escape(str(defect)), style="yellow", soft_wrap=True)
    console.print(
        f"{held.number} ({held.made_at}) {held.body or 'tous · all'}: {len(held.rules)} règles · rules, "
        f"{len(held.filters)} filtres · filters\n{opened.digest}",
        soft_wrap=True,
    )


@app.command("pull")
def pull(
    node: Annotated[str, typer.Option("--from", help="Adresse du nœud · Address of the node (https://…).")],
    body: Annotated[str, typer.Option(help="Code de l’organisme · Code of the body.")],
    to: Annotated[Path, typer.Option(dir_okay=False, help="Fichier du paquet · File of the pack.")],
    key: options.Keys = None,
    name: Annotated[str, typer.Option(help="Nom de cette machine · Name of this machine.")] = "",
    placeholders: options.Placeholders = None,
    mappings: options.Mappings = None,
    as_json: _Json = False,
) -> None:
    """Prend le paquet de règles d’un organisme · Fetch the pack of rules of a body.

    Verified before it takes the place of the former file; the node is then told which pack runs here, and
    which of its rules this machine cannot use: give the same --placeholders and --mappings as to detect. The
    token (detection:run) is in REMPART_TOKEN.
    """
    from rempart.detection import pulling

    lists = _lists(placeholders)
    try:
        known = sigma.read_mappings(mappings) if mappings else None
        done = pulling.pull(node, body, to, key or (), name, placeholders=lists, mappings=known)
    except (packfile.BadPack, pulling.NotPulled, OSError, ValueError) as problem:
        Console(stderr=True).print(escape(str(problem)), style="red", soft_wrap=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(done, ensure_ascii=False))
    else:
        Console().print(f"{to}: {done['rules']} règles · rules, {done['digest']}", soft_wrap=True)
        for code, count in done["troubles"].items():
            Console().print(f"{TROUBLES[code]}\u00a0: {count}", style="yellow", soft_wrap=True)


@app.command("explain")
def explain(rules: _Rules, as_json: _Json = False) -> None:
    """Dit ce que des règles cherchent, et où · Say what rules look for, and in which logs and fields.

    Correlations and filters too.
    """
    collection = sigma.load_rules(rules)
    told: list[dict[str, Any]] = [
        *map(described, collection.rules),
        *map(described_correlation, collection.correlations),
        *map(described_filter, collection.filters),
    ]
    problems = Console(stderr=True)
    for defect in collection.defects:
        problems.print(escape(str(defect)), style="yellow", soft_wrap=True)
    if not told:
        problems.print("Aucune règle · No rule", style="red")
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False))
        raise typer.Exit(0 if told else 1)
    console = Console()
    for one in told:
        console.print(_table(one))
    raise typer.Exit(0 if told else 1)


#: What a machine cannot do with rules, by the codes of ``troubles``.
TROUBLES: Final = {
    "refused": "refusées par le moteur · refused by the engine",
    "lists": "demandent des listes (--placeholders) · ask for lists (--placeholders)",
    "never": "ne peuvent rien trouver · can find nothing",
    "unmapped": "d’une source de journaux inconnue ici · of a log source unknown here",
    "absent": "suivent des règles absentes · follow rules that are absent",
    "filter": "filtres laissés de côté · filters left out",
}
_ROWS: Final = {
    "level": "Niveau · Level",
    "logsource": "Source",
    "rules": "Règles · Rules",
    "fields": "Champs · Fields",
    "techniques": "Techniques",
    "group_by": "Pour chaque · For each",
    "within": "En moins de · Within",
    "condition": "Cherche · Looks for",
}


def _table(one: dict[str, Any]) -> Table:
    table = Table(title=escape(f"{one['title']} ({one['id']})"), title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    if one["kind"] == "filter" and not one["rules"]:
        one = {**one, "rules": ["toutes celles de la source · all of the source"]}
    for name, words in _ROWS.items():
        if name in one:
            value = one[name]
            table.add_row(words, escape(", ".join(value) if isinstance(value, list) else value))
    for name, words in one.get("searches", {}).items():
        table.add_row(escape(name), escape(words))
    if one.get("falsepositives"):
        table.add_row("Faux positifs · False positives", escape("; ".join(one["falsepositives"])))
    return table


def _lists(path: Path | None) -> dict[str, list[str]]:
    try:
        return placeholders_of(path)
    except ValueError as problem:
        Console(stderr=True).print(escape(str(problem)), style="red")
        raise typer.Exit(2) from None
