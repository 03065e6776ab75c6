"""The audit trail's proof, and what is wrong with the platform."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

import orjson
import typer
from rich.console import Console

from rempart.kernel.errors import DomainError

out = Console(soft_wrap=True, highlight=False)
err = Console(stderr=True, soft_wrap=True, highlight=False)

Json = Annotated[bool, typer.Option("--json", help="Réponse en JSON · Answer in JSON")]


def install(app: typer.Typer) -> None:
    audit = typer.Typer(no_args_is_help=True, help="Journal d’audit · Audit trail")
    audit.command("verify")(verify)
    audit.command("head")(head)
    app.add_typer(audit, name="audit")
    app.command("doctor")(doctor)


def _anchor(expect: str) -> tuple[int, str]:
    number, _colon, digest = expect.partition(":")
    if not number.isdigit() or len(digest) != 64:
        raise typer.BadParameter("SEQ:HASH")
    return int(number), digest.lower()


def verify(
    expect: Annotated[
        str, typer.Option(help="Fin de chaîne notée ailleurs, SEQ:HASH · End of chain noted elsewhere")
    ] = "",
    json: Json = False,
) -> None:
    """Vérifie la chaîne du journal; code 1 si elle est rompue · Verify the chain; exit code 1 when broken."""
    from rempart.kernel import audit

    anchor = audit.Anchor(*_anchor(expect)) if expect else None
    breaks, count = [], 0
    with _readable(json):
        for broken in audit.verify(anchor=anchor):
            count += 1
            if count <= 100:
                breaks.append(broken)
        end = audit.head()
    if json:
        rows = [{"seq": b.seq, "problem": b.problem, "last": b.last} for b in breaks]
        print_json(
            {"intact": not count, "entries": end.seq, "head": end.hash, "breaks": rows, "count": count}
        )
    elif not count:
        out.print(f"Chaîne intacte · Chain intact: {end.seq} — {end.seq}:{end.hash}")
    else:
        out.print(f"CHAÎNE ROMPUE · CHAIN BROKEN: {count}")
        for each in breaks:
            span = f"{each.seq}–{each.last}" if each.last and each.last != each.seq else str(each.seq)
            out.print(f"  {span}: {_WORDS[each.problem]}")
    raise typer.Exit(1 if count else 0)


@contextmanager
def _readable(json: bool) -> Iterator[None]:
    """Says of a database that cannot be read that nothing is proved; exit code 2."""
    from django.db import DatabaseError

    try:
        yield
    except DatabaseError as error:
        if json:
            print_json({"intact": None, "error": str(error)})
        else:
            out.print(
                "La base ne se lit pas, rien n’est prouvé : voyez « rempart doctor »"
                f" · the database cannot be read, nothing is proved: see “rempart doctor” ({error})",
                markup=False,
            )
        raise typer.Exit(2) from error


_WORDS = {
    "missing": "entrée manquante · missing entry",
    "changed": "entrée modifiée · changed entry",
    "unlinked": "ne suit pas la précédente · does not follow the one before",
    "head": "fin de chaîne coupée ou récrite · end of the chain cut or rewritten",
    "anchor": "ne correspond pas à ce qui avait été noté · differs from what was noted",
}


def head(json: Json = False) -> None:
    """Donne la fin de chaîne à noter hors de la plateforme · The end of the chain, to note elsewhere."""
    from rempart.kernel import audit

    with _readable(json):
        end = audit.head()
    if json:
        print_json({"seq": end.seq, "hash": end.hash})
    else:
        out.print(f"{end.seq}:{end.hash}")


def doctor(
    language: Annotated[
        Literal["fr", "en"], typer.Option(help="Langue de la réponse · Language of the answer.")
    ] = "fr",
    json: Json = False,
) -> None:
    """Dit ce qui ne va pas et comment le réparer · What is wrong, and how to mend it."""
    from rempart.kernel import health

    findings = health.examine(language)
    failed = any(finding.state == health.FAILURE for finding in findings)
    if json:
        print_json({"healthy": not failed, "findings": health.as_rows(findings)})
    else:
        signs = {health.OK: "✓", health.WARNING: "!", health.FAILURE: "✗"}
        for finding in findings:
            out.print(f"{signs[finding.state]} {finding.name}: {finding.message}", markup=False)
            if finding.mend:
                out.print(f"    → {finding.mend}", markup=False)
    raise typer.Exit(1 if failed else 0)


@contextmanager
def said(*, field: bool = False) -> Iterator[None]:
    """An error that a person can understand ends the command with its sentence, not with a trace.

    ``field``: with the name of what is to be corrected, where the error tells it.
    """
    try:
        yield
    except DomainError as error:
        named = f" ({error.field})" if field and error.field else ""
        err.print(f"{error.message}{named}", style="red", markup=False)
        raise typer.Exit(1) from None


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode())
