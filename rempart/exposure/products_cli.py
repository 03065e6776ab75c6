"""``rempart lifecycle`` and ``rempart products``: support dates, and the names that people decided on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from rempart.exposure import support_words
from rempart.exposure.commands import lifecycle as support
from rempart.exposure.commands import products as decisions
from rempart.exposure.products_api import checked_as_dict
from rempart.exposure.queries import lifecycle
from rempart.kernel.actors import system
from rempart.kernel.cli import said
from rempart.organisations import queries as organisations

_Json = Annotated[bool, typer.Option("--json", help="Réponse en JSON · Answer in JSON.")]
dates = typer.Typer(no_args_is_help=True, help="Dates de soutien · Support dates.")

names = typer.Typer(no_args_is_help=True, help="Noms de produits · Product names.")


def install(app: typer.Typer) -> None:
    app.add_typer(dates, name="lifecycle")
    app.add_typer(names, name="products")


@dates.command("show")
def show(
    body: Annotated[str, typer.Option(help="Code d’organisme · Code of a body.")] = "", as_json: _Json = False
) -> None:
    """Logiciels sans soutien ou qui vont l’être · Software unsupported, or soon to be."""
    actor = system("cli")
    rows = lifecycle.holdings(actor)
    if body:
        with said():
            rows = rows.filter(body_id=organisations.get_organisation(actor, body).pk)
    totals, products = lifecycle.support_totals(rows), lifecycle.unsupported_products(rows, 25)
    if as_json:
        typer.echo(json.dumps({"totals": totals, "products": products}))
        return
    console, table = (
        Console(markup=False),
        Table("", "logiciels · software", "actifs · assets", "organismes · bodies"),
    )
    for name, label in support_words.PERIODS.items():
        table.add_row(str(label), *(str(totals[name][part]) for part in ("held", "assets", "bodies")))
    console.print(table)
    for one in products:
        console.print(f"{one['title']}  {one['total']}")


@dates.command("check")
def check(
    product: Annotated[str, typer.Argument(help="Produit · Product: « PostgreSQL 13 ».")],
    version: Annotated[str, typer.Argument(help="Sa version · Its version: 13.4.")] = "",
    as_json: _Json = False,
) -> None:
    """Jusqu’à quand un produit est soutenu · Until when a product is supported."""
    with said():
        found = lifecycle.check_support(system("cli"), product, version)
    if as_json:
        typer.echo(json.dumps([checked_as_dict(one) for one in found], default=str))
        return
    console = Console(markup=False)
    for one in found:
        console.print(one.product.title, style="bold", end=" ")
        console.print(support_words.checked_in_words(one)["answer"])
        table = Table("cycle", "état · state", "fin · end")
        for cycle, standing in one.cycles:
            table.add_row(
                cycle.label or cycle.name,
                str(support_words.STANDINGS[standing.standing]),
                str(standing.ends_on or ""),
            )
        console.print(table)


@dates.command("locate")
def locate(as_json: _Json = False) -> None:
    """Retrouve le cycle de chaque composant · Find every component's cycle anew. Harmless when run again."""
    count = support.relocate_all()
    typer.echo(json.dumps({"components": count}) if as_json else str(count))


@names.command("export")
def export(
    path: Annotated[Path | None, typer.Argument(help="Fichier · File; none: the output.")] = None,
) -> None:
    """Écrit les décisions, une par ligne · Write the decisions, one a line (JSON lines)."""
    lines = decisions.export_decisions(system("cli"))
    if path is None:
        for line in lines:
            typer.echo(line, nl=False)
        return
    path.write_text("".join(lines), encoding="utf-8")


@names.command("import")
def take_in(
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Fichier · File.")],
    replace: Annotated[bool, typer.Option(help="Au lieu des décisions d’ici · Over those here.")] = False,
    as_json: _Json = False,
) -> None:
    """Reprend des décisions, toutes ou aucune · Take in decisions, all or none."""
    with path.open(encoding="utf-8", errors="replace") as lines:
        result = decisions.import_decisions(system("cli"), lines, replace=replace)
    counts = {"added": result.added, "unchanged": result.unchanged, "kept": result.kept}
    if as_json:
        typer.echo(json.dumps({**counts, "errors": result.errors}))
    else:
        for error in result.errors:
            Console(stderr=True).print(error, style="red")
        typer.echo("  ".join(f"{name}={count}" for name, count in counts.items()))
    raise typer.Exit(1 if result.errors else 0)
