"""What a person reads on the terminal after a scan."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from rempart.detection.findings import Finding
from rempart.detection.outputs.page import LEVELS
from rempart.detection.sending import Outgoing
from rempart.detection.tally import Tally

_STYLES = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan", "informational": "dim"}
_TOP = 10
_VALUE = 90


def show(tally: Tally, first: list[Finding], console: Console) -> None:
    """Counts by level, technique, host and rule, then the first findings."""
    console.print(sentence(tally))
    formats = ", ".join(f"{name} ({count})" for name, count in tally.formats.most_common())
    console.print(f"[dim]Formats\u00a0: {formats}[/]", soft_wrap=True)
    if not tally.findings:
        return
    _counts(console, "Niveau · Level", [(LEVELS[name], count, name) for name, count in tally.by_level()])
    _counts(console, "Technique", [(name, count, "") for name, count in tally.techniques.most_common(_TOP)])
    _counts(console, "Hôte · Host", [(name, count, "") for name, count in tally.hosts.most_common(_TOP)])
    _counts(
        console,
        "Règle · Rule",
        [(title, count, level) for (level, title, _), count in tally.titles.most_common(_TOP)],
    )
    table = Table(title="Premières détections · First detections", title_justify="left", expand=True)
    for name in ("Quand · When", "Quoi · What", "Hôte · Host", "Où · Where"):
        table.add_column(name, overflow="fold")
    for finding in first:
        what = f"[{_STYLES[finding.origin.level]}]{escape(finding.origin.title)}[/]"
        for one in {one.field: one for one in finding.matched}.values():
            what += f"\n{escape(one.field or '*')}: {escape(_short(one.value))}"
        table.add_row(
            finding.timestamp or "",
            what,
            escape(finding.host or ""),
            escape(f"{finding.source} [{finding.index}]"),
        )
    console.print(table)


def sentence(tally: Tally) -> str:
    """What was read and found, in a sentence of each language."""
    return (
        f"{tally.events} événements de {tally.files} fichiers, {tally.rules} règles, "
        f"{tally.indicators} indicateurs\u00a0: {tally.findings} détections · "
        f"{tally.events} events of {tally.files} files, {tally.rules} rules, "
        f"{tally.indicators} indicators: {tally.findings} detections"
    )


def sent(outgoing: Outgoing) -> str:
    """What the node has been given."""
    return (
        f"{outgoing.sent} détections ({outgoing.events} événements) reçues par le nœud · "
        f"{outgoing.sent} detections ({outgoing.events} events) received by the node"
    )


def show_troubles(tally: Tally, console: Console) -> None:
    """What could not be read, the first alone on a terminal, and how many rules have a defect."""
    told = tally.problems[:_TOP] if console.is_terminal else tally.problems
    for problem in told:
        console.print(f"[yellow]{escape(str(problem))}[/]", soft_wrap=True)
    left = tally.problem_count - len(told)
    if left:
        where = " (2> FILE)" if len(told) < len(tally.problems) else ""
        console.print(f"[yellow]… {left} autres problèmes · more problems{where}[/]")
    if tally.defects:
        console.print(
            f"[yellow]{tally.defects} règles ou indicateurs ont un défaut · "
            "rules or indicators have a defect (--explain-rules)[/]"
        )
    if tally.not_rules:
        console.print(not_rules(tally.not_rules))


def not_rules(count: int) -> str:
    """How many files among the rules do not say that they are rules."""
    return f"[dim]Pas des règles : {count} fichiers · Not rules: {count} files[/]"


def _counts(console: Console, name: str, rows: list[tuple[str, int, str]]) -> None:
    if not rows:
        return
    table = Table(box=None, pad_edge=False)
    table.add_column(name, min_width=40)
    table.add_column("", justify="right")
    for label, count, level in rows:
        table.add_row(escape(label), str(count), style=_STYLES.get(level, ""))
    console.print(table)
    console.print()


def _short(value: object) -> str:
    text = str(value).replace("\n", " ")
    return text if len(text) <= _VALUE else f"{text[:_VALUE]}…"
