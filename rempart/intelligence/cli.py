"""``rempart feeds``: load files, read addresses, turn feeds on and off."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from django.utils.translation import gettext as _
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from rempart.intelligence import commands, queries
from rempart.intelligence.api import feed_as_dict
from rempart.kernel.actors import Actor, system
from rempart.kernel.errors import DomainError

feeds = typer.Typer(
    no_args_is_help=True, help="Sources de vulnérabilités · Feeds: KEV, CVE, EPSS, CSAF, OSV, VEX."
)
_Name = Annotated[str, typer.Argument(help="Source · Feed: kev, cve, epss… (feeds list)")]
_SHOWN = 20
_PROBLEMS = 10
_Json = Annotated[bool, typer.Option("--json", help="Réponse en JSON · Answer in JSON.")]


def install(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    app.add_typer(feeds, name="feeds")


@contextmanager
def _said() -> Iterator[None]:
    """An error that a person can understand ends the command with its sentence, not with a trace."""
    try:
        yield
    except (DomainError, FileNotFoundError) as error:
        reason = error.values.get("reason", "") if isinstance(error, DomainError) else ""
        Console(stderr=True).print(f"{error} {reason}".strip(), style="red", markup=False)
        raise typer.Exit(1) from None


def _bars(quiet: bool) -> Bars:
    return Bars(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=quiet,
    )


def _bar(bars: Bars, description: str) -> Callable[[int, int], None]:
    task = bars.add_task(description, total=None)
    return lambda done, total: bars.update(task, completed=done, total=total or None)


@feeds.command("list")
def list_feeds(as_json: _Json = False) -> None:
    """Les sources et leur santé · List feeds and how they do."""
    statuses = queries.feed_statuses(system("cli"))
    if as_json:
        typer.echo(json.dumps([feed_as_dict(each) for each in statuses], default=str))
        return
    table = Table(
        _("Source"), _("Sorte"), _("État"), _("Dernière réussite"), _("Mises de côté"), _("Adresse")
    )
    for each in statuses:
        success = each.feed.last_success_at
        table.add_row(
            each.feed.name,
            each.feed.kind,
            each.state,
            f"{success:%Y-%m-%d %H:%M}" if success else "–",
            str(each.rejected),
            each.feed.location,
        )
    Console().print(table)


@feeds.command("sync")
def sync(
    name: Annotated[
        str,
        typer.Argument(help="Source ; sans elle, toutes celles en service · Feed; none: every enabled one."),
    ] = "",
    as_json: _Json = False,
) -> None:
    """Lit ce qui est nouveau aux adresses des sources · Read what is new at the feeds' addresses.

    Exit code 1 when a feed could not be read.
    """
    actor = system("cli")
    names = [name] if name else [each.feed.name for each in queries.feed_statuses(actor) if each.feed.enabled]
    answers: list[dict[str, Any]] = []
    failed = False
    with _bars(as_json) as bars:
        for each in names:
            try:
                counts = commands.sync_feed(actor, each, progress=_bar(bars, each))
                answers.append({"feed": each, **counts.as_dict()})
            except DomainError as error:
                failed = True
                answers.append({"feed": each, "error": f"{error} {error.values.get('reason', '')}".strip()})
    _answer(answers, as_json)
    raise typer.Exit(1 if failed else 0)


@feeds.command("load")
def load(
    path: Annotated[
        Path,
        typer.Argument(
            exists=True,
            help="Fichier, ou dossier · File, or folder with kev/ cve/ epss/ csaf/ osv/ vex/ endoflife/.",
        ),
    ],
    kind: Annotated[
        str,
        typer.Option(
            help="kev, cve, epss, csaf, osv, vex, eol, si rien ne le dit · if the content does not say."
        ),
    ] = "",
    feed: Annotated[str, typer.Option(help="Source des fiches · Feed to which the records belong.")] = "",
    as_json: _Json = False,
) -> None:
    """Charge des fiches depuis des fichiers, sans réseau · Load records from files, no network.

    rempart feeds load kev.json
    rempart feeds load /mnt/mirror (kev/ cve/ epss/ csaf/…)
    rempart feeds load csaf --kind csaf

    What nothing recognises, and what could not be read, is told file by file. Exit code 1 when nothing was
    recognised, or when nothing of a file could be read.
    """
    actor = system("cli")
    aside: list[commands.PassedOver] = []
    try:
        with _said(), _bars(as_json) as bars:
            loaded = commands.load_folder(
                actor,
                path,
                kind=kind or None,
                feed=feed or None,
                progress=lambda each, part: _bar(bars, f"{each} {part.name}"),
                passed_over=aside.append,
            )
    finally:
        if not as_json:
            _tell_aside(aside)
    rows = [_loading(actor, each) for each in loaded]
    if as_json:
        rows += [{"path": str(one.path), "passed_over": str(one.reason)} for one in aside]
        typer.echo(json.dumps(rows, ensure_ascii=False, default=str))
    else:
        _tell_loaded(rows)
    unread = any(each.counts.read and each.counts.read == each.counts.rejected for each in loaded)
    raise typer.Exit(1 if unread else 0)


def _loading(actor: Actor, each: commands.Loaded) -> dict[str, Any]:
    """What a part gave, and the first records that could not be read, each with its reason."""
    row = {"kind": each.kind, "path": str(each.path), **each.counts.as_dict()}
    if each.counts.rejected:
        kept = queries.quarantined(actor).filter(feed__name=each.feed, last_seen_at__gte=each.run_at)
        first = kept.order_by("pk")[:_PROBLEMS]
        row["problems"] = [{"where": p.where, "field": p.field, "reason": p.reason} for p in first]
    return row


def _tell_aside(aside: list[commands.PassedOver]) -> None:
    err = Console(stderr=True)
    for one in aside[:_SHOWN]:
        err.print(f"{one.path} : {one.reason}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    if len(aside) > _SHOWN:
        err.print(_("… et {count} autres.").format(count=len(aside) - _SHOWN), style="yellow")


def _tell_loaded(rows: list[dict[str, Any]]) -> None:
    said = _(
        "{read} lues · {added} nouvelles · {changed} changées · {unchanged} inchangées · "
        "{rejected} mises de côté"
    )
    for row in rows:
        line = f"{row['kind']}  {row['path']} : {said.format_map(row)}"
        Console().print(line, markup=False, highlight=False, soft_wrap=True)
    err = Console(stderr=True)
    for row in rows:
        problems = row.get("problems", [])
        for one in problems:
            said = "  ".join(part for part in (one["where"], one["field"], one["reason"]) if part)
            err.print(f"  {said}", style="red", markup=False, highlight=False, soft_wrap=True)
        if row["rejected"] > len(problems):
            more = _("… et {count} autres, à la page « Fiches mises de côté ».")
            err.print(f"  {more.format(count=row['rejected'] - len(problems))}", style="red", markup=False)


@feeds.command("enable")
def enable(name: _Name, as_json: _Json = False) -> None:
    """Lit cette source régulièrement · Read this feed regularly."""
    _switch(name, True, as_json)


@feeds.command("disable")
def disable(name: _Name, as_json: _Json = False) -> None:
    """Cesse de lire cette source · Stop reading this feed."""
    _switch(name, False, as_json)


@feeds.command("author")
def author(
    name: _Name,
    author: Annotated[str, typer.Argument(help="Nom dans ses documents · As its documents name it.")],
    withdraw: Annotated[
        bool, typer.Option(help="Ses déclarations ne comptent plus · Its statements count no more.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """Accepte les déclarations VEX d’un auteur · Accept an author's VEX statements, or withdraw that."""
    commands.ensure_default_feeds()
    with _said():
        feed = commands.accept_author(system("cli"), name=name, author=author, accepted=not withdraw)
    _answer([{"feed": feed.name, "author": author, "accepted": not withdraw}], as_json)


def _switch(name: str, enabled: bool, as_json: bool) -> None:
    commands.ensure_default_feeds()
    with _said():
        feed = commands.set_feed_enabled(system("cli"), name=name, enabled=enabled)
    _answer([{"feed": feed.name, "enabled": feed.enabled}], as_json)


@feeds.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Son nom · Its name.")],
    location: Annotated[str, typer.Argument(help="Adresse, ou chemin absolu · Address, or absolute path.")],
    kind: Annotated[str, typer.Option(help="Sa sorte · Its kind: kev, cve, epss, csaf, osv, vex, eol.")],
    minutes: Annotated[
        int, typer.Option(help="Minutes entre deux lectures · Minutes between two readings.")
    ] = 60,
    enabled: Annotated[
        bool, typer.Option(help="La lire régulièrement dès maintenant · Read it regularly from now on.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """Ajoute une source · Add a feed."""
    with _said():
        feed = commands.add_feed(
            system("cli"), name=name, kind=kind, location=location, interval_minutes=minutes, enabled=enabled
        )
    _answer([{"feed": feed.name, "kind": feed.kind, "enabled": feed.enabled}], as_json)


def _answer(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(rows, default=str))
        return
    console = Console()
    for row in rows:
        style = "red" if "error" in row else None
        console.print("  ".join(f"{name}={value}" for name, value in row.items()), style=style)
