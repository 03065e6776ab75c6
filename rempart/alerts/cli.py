"""``rempart alerts``: directives from the command line, and the worker's turns run by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from typing import Annotated, Any, Literal

import typer
from django.utils import timezone
from rich.console import Console
from rich.table import Table

from rempart.alerts import commands, queries
from rempart.alerts.api import directive_fields, target_fields
from rempart.alerts.ladder_cli import ladder
from rempart.intelligence import queries as intelligence
from rempart.kernel.actors import system
from rempart.kernel.cli import said
from rempart.organisations import queries as organisations

alerts = typer.Typer(no_args_is_help=True, help="Directives et messages · Directives and messages.")
alerts.add_typer(ladder, name="ladder")
_Json = Annotated[bool, typer.Option("--json", help="Réponse en JSON · Answer in JSON.")]
_ACTOR = system("cli")
_MOST_SHOWN = 500


def install(app: typer.Typer) -> None:
    app.add_typer(alerts, name="alerts")


def _say(as_json: bool, answer: Any, show: Callable[[Console], None]) -> None:
    if as_json:
        typer.echo(json.dumps(answer, default=str, ensure_ascii=False))
    else:
        show(Console(markup=False))  # texts of directives are not markup


@alerts.command("list")
def list_(
    state: Annotated[
        Literal["open", "closed", "cancelled"], typer.Option(help="Leur état · Their state.")
    ] = "open",
    as_json: _Json = False,
) -> None:
    """Les directives · List directives."""
    rows = list(queries.directives(_ACTOR).filter(state=state).order_by("due_at", "id"))

    def show(console: Console) -> None:
        table = Table(
            "N°",
            "Objet · Title",
            "Priorité · Priority",
            "Vérifiés · Verified",
            "Retard · Late",
            "Échéance · Due",
        )
        for row in rows[:_MOST_SHOWN]:
            table.add_row(
                row.number, row.title_fr, row.priority, f"{row.verified}/{row.bodies}", str(row.late),
                f"{timezone.localtime(row.due_at):%Y-%m-%d %H:%M}",
            )  # fmt: skip
        console.print(table)
        if (more := len(rows) - _MOST_SHOWN) > 0:
            console.print(f"{more} de plus avec --json · {more} more with --json")

    _say(as_json, [directive_fields(row) for row in rows], show)


@alerts.command()
def show(
    number: Annotated[str, typer.Argument(help="Numéro de la directive · Its number: D-2026-0001.")],
    as_json: _Json = False,
) -> None:
    """Une directive et ses organismes · One directive and its bodies."""
    with said(field=True):
        found = queries.get_directive(_ACTOR, number.upper())
    targets = list(queries.targets(_ACTOR).filter(directive=found).order_by("due_at", "id"))

    def table(console: Console) -> None:
        console.print(found.number, style="bold", end=" ")
        console.print(f"{found.title_fr} [{found.marking}]\n{found.text_fr}")
        rows = Table("Id", "Organisme · Body", "État · State", "Ouvertes · Open", "Échéance · Due")
        for row in targets:
            rows.add_row(
                str(row.pk), row.body.code, row.state, str(row.exposures_open),
                f"{timezone.localtime(row.due_at):%Y-%m-%d %H:%M}",
            )  # fmt: skip
        console.print(rows)

    answer = {**directive_fields(found), "targets": [target_fields(row) for row in targets]}
    _say(as_json, answer, table)


@alerts.command()
def issue(
    vulnerability: Annotated[
        str, typer.Option(help="Vulnérabilité dont il s’agit · The vulnerability: CVE-…")
    ] = "",
    audience: Annotated[str, typer.Option(help="À qui · To whom: exposed | portfolio | all.")] = "exposed",
    portfolio: Annotated[str, typer.Option(help="Code du centre · Code of the centre.")] = "",
    priority: Annotated[
        str, typer.Option(help="Urgence · Urgency: act_now | out_of_cycle | scheduled.")
    ] = "out_of_cycle",
    due: Annotated[
        datetime | None,
        typer.Option(help="Échéance locale, sinon celle de la table · Local deadline, else the table’s."),
    ] = None,
    title_fr: Annotated[str, typer.Option(help="Objet en français · Subject in French.")] = "",
    title_en: Annotated[str, typer.Option(help="Objet en anglais · Subject in English.")] = "",
    text_fr: Annotated[str, typer.Option(help="Texte en français · Text in French.")] = "",
    text_en: Annotated[str, typer.Option(help="Texte en anglais · Text in English.")] = "",
    marking: Annotated[
        str, typer.Option(help="Marquage PFC · TLP marking: TLP:CLEAR, TLP:GREEN, TLP:AMBER, TLP:RED…")
    ] = "TLP:AMBER",
    send: Annotated[
        bool, typer.Option("--send", help="L’envoie, sinon aperçu · Send it, else a preview only.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """Émet une directive, ou montre qui la recevrait · Issue a directive, or show whom it would reach."""
    with said(field=True):
        known = intelligence.get_vulnerability(_ACTOR, vulnerability.upper()) if vulnerability else None
        place = organisations.get_organisation(_ACTOR, portfolio) if portfolio else None
        terms: dict[str, Any] = {
            "vulnerability_id": known.pk if known is not None else None,
            "audience": audience,
            "portfolio_id": place.pk if place is not None else None,
            "priority": priority,
            "due_at": timezone.make_aware(due) if due is not None else None,
        }
        if not send:
            seen = commands.preview_directive(_ACTOR, **terms)
            answer = {"bodies": len(seen.bodies), "people": seen.people, "silent": len(seen.silent)}
            _say(as_json, answer, lambda console: console.print(answer))
            return
        made = commands.issue_directive(
            _ACTOR, **terms, title_fr=title_fr, title_en=title_en, text_fr=text_fr, text_en=text_en,
            marking=marking,
        )  # fmt: skip
        found = queries.get_directive(_ACTOR, made.number)
    _say(as_json, directive_fields(found), lambda console: console.print(f"{found.number} → {found.bodies}"))


@alerts.command()
def rules(as_json: _Json = False) -> None:
    """Les règles qui émettent d’elles-mêmes · The rules that issue by themselves."""
    rows = [{"id": rule.pk, **asdict(commands.RuleTerms.of(rule))} for rule in queries.rules(_ACTOR)]

    def show(console: Console) -> None:
        table = Table("Id", "Règle · Rule", "En vigueur · In force", "KEV", "Priorité · Priority")
        for row in rows:
            kev = row["kev_added_within_days"]
            table.add_row(
                str(row["id"]), str(row["name_fr"]), "✓" if row["enabled"] else "–",
                f"≤ {kev} j · d" if kev is not None else "✓" if row["kev_only"] else "–",
                str(row["minimum_priority"]),
            )  # fmt: skip
        console.print(table)

    _say(as_json, rows, show)


@alerts.command("set-rule")
def set_rule(
    rule_id: Annotated[int, typer.Argument(help="Numéro de la règle, de « rules » · Its id, from “rules”.")],
    enabled: Annotated[bool | None, typer.Option(help="En vigueur ou non · In force or not.")] = None,
    kev_only: Annotated[
        bool | None, typer.Option(help="Catalogue KEV seulement · The KEV catalogue only.")
    ] = None,
    minimum_priority: Annotated[
        str, typer.Option(help="Priorité d’au moins · At least: act_now | out_of_cycle | scheduled.")
    ] = "",
    reason: Annotated[str, typer.Option(help="Raison consignée · Reason, recorded.")] = "",
    save: Annotated[
        bool, typer.Option("--save", help="L’enregistre, sinon aperçu · Save it, else a preview only.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """Change une règle, ou montre ce qui partirait · Change a rule, or show what would be issued."""
    with said(field=True):
        terms = commands.RuleTerms.of(queries.get_rule(_ACTOR, rule_id))
        given = {"enabled": enabled, "kev_only": kev_only, "minimum_priority": minimum_priority or None}
        terms = replace(terms, **{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
        effect = asdict(commands.preview_rule(_ACTOR, terms=terms))
        if save:
            commands.save_rule(_ACTOR, terms=terms, rule_id=rule_id, reason=reason)
    _say(as_json, {**effect, "saved": save}, lambda console: console.print({**effect, "saved": save}))


@alerts.command()
def ack(
    target_id: Annotated[
        int, typer.Argument(help="Numéro chez l’organisme, de « show » · Its id, from “show”.")
    ],
    reason: Annotated[str, typer.Option(help="Raison consignée · Reason, recorded.")] = "",
    as_json: _Json = False,
) -> None:
    """Accuse réception pour un organisme · Acknowledge for a body."""
    with said(field=True):
        commands.acknowledge(_ACTOR, target_id=target_id, reason=reason)
        found = queries.get_target(_ACTOR, target_id)
    _say(as_json, target_fields(found), lambda console: console.print(f"{found.body.code}: {found.state}"))


@alerts.command()
def deliver(as_json: _Json = False) -> None:
    """Envoie les messages dus · Send the messages that are due."""
    tried = 0
    while count := commands.deliver_due():
        tried += count
    _say(as_json, {"tried": tried}, lambda console: console.print(f"{tried} messages"))


@alerts.command()
def escalate(as_json: _Json = False) -> None:
    """Monte l’échelle pour qui n’a pas répondu · Climb the ladder for whoever is silent."""
    climbed = 0
    while count := commands.escalate_due():
        climbed += count
    _say(as_json, {"climbed": climbed}, lambda console: console.print(f"{climbed} ↑"))
