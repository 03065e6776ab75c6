"""Why an exposure is urgent, and since when: each input of the decision with where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from rempart.engines.clocks import due_date
from rempart.engines.priority import (
    Automatable,
    Deadlines,
    Exploitation,
    Impact,
    Outcome,
    Point,
    Table,
    decisive,
)
from rempart.engines.priority import Exposure as NetworkExposure
from rempart.exposure import wording
from rempart.exposure.commands import order, priorities
from rempart.exposure.models import Exposure, Finding, Statement
from rempart.intelligence.wording import source_in_words
from rempart.organisations import queries as organisations


@dataclass(frozen=True, slots=True)
class Input:
    """One input of a decision: its name and value in words, its source, whether it decides alone."""

    name: str
    label: Any
    value: Any
    source: str
    decisive: bool


@dataclass(frozen=True, slots=True)
class WhyPriority:
    """The outcome, its inputs, and what set the due date (in words)."""

    outcome: str
    inputs: tuple[Input, ...]
    since: datetime
    due_at: datetime | None
    due_reason: Any


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of an exposure's history, as the timeline shows it."""

    at: datetime
    text: str
    who: str = ""
    detail: str = ""
    meaning: str = ""


def priority_table() -> Table:
    """The decision table in force: the same for every body, and no secret to who reads exposures."""
    return priorities.read_table()


def source_order() -> tuple[str, ...]:
    """The kinds of sources in the order in which they are believed: no secret to who reads exposures."""
    return order.in_force()


def priority_deadlines() -> Deadlines:
    """The deadlines in force."""
    return priorities.read_deadlines()


def priority_for(exposure: Exposure) -> WhyPriority:
    """Decides anew, with the table and deadlines in force, and says why."""
    vulnerability, asset = exposure.vulnerability, exposure.asset
    exploited = vulnerability.kev_added_on is not None
    automatable, automatable_source = _automatable(vulnerability)
    point = Point(
        Exploitation.ACTIVE if exploited else Exploitation(vulnerability.exploitation),
        NetworkExposure(asset.network_exposure),
        automatable,
        Impact.from_criticality(min(asset.criticality, 4)),
    )
    table = priorities.read_table()
    outcome: Outcome = table[point]
    deciding = decisive(table, point)
    sources = {
        "exploitation": _exploitation_source(vulnerability),
        "exposure": _("Inventaire « %(source)s »") % {"source": asset.source or "—"},
        "automatable": automatable_source,
        "impact": _impact_source(asset),
    }
    inputs = tuple(
        Input(
            name,
            wording.INPUTS[name],
            wording.VALUES[name][value.value],
            sources[name],
            f"{name}.{value.value}" in deciding,
        )
        for name, value in zip(point._fields, point, strict=True)
    )
    since = exposure.priority_since
    due = due_date(
        since,
        priorities.read_deadlines()[outcome],
        organisations.office_in_force().calendar(since.year),
        vulnerability.kev_due_on,
    )
    return WhyPriority(outcome.value, inputs, since, due.at, wording.DUE_REASONS[due.reason.value])


def _exploitation_source(vulnerability: Any) -> str:
    if vulnerability.kev_added_on is not None:
        return _("Catalogue KEV de la CISA, entrée du %(day)s") % {
            "day": vulnerability.kev_added_on.isoformat()
        }
    if vulnerability.ssvc_at is not None:
        return _("SSVC de la CISA, %(day)s") % {"day": vulnerability.ssvc_at.date().isoformat()}
    return _("Aucune source n’en signale")


def _automatable(vulnerability: Any) -> tuple[Automatable, str]:
    """As the SQL of ``commands.priorities`` decides it."""
    if vulnerability.automatable:
        return Automatable(vulnerability.automatable), _("SSVC de la CISA")
    vector, place = vulnerability.cvss_vector, 0
    for part in ("AV:N", "AC:L", "PR:N", "UI:N"):
        found = vector.find(part, place)
        if found < 0:
            return Automatable.NO, _("Non précisé : compté comme non")
        place = found + len(part)
    return Automatable.YES, _("Déduit du vecteur CVSS (réseau, sans privilège ni geste de l’utilisateur)")


def _impact_source(asset: Any) -> str:
    lender = asset.criticality_source
    if lender is not None and lender.pk != asset.pk:
        return _("Criticité prêtée par « %(service)s »") % {"service": lender.name}
    if asset.criticality:
        return _("Criticité propre de l’actif")
    return _("Criticité non établie : comptée comme faible")


def history(exposure: Exposure, finding: Finding | None) -> list[Entry]:
    """What happened to an exposure, latest first: from its row, its finding, its statements and its proof."""
    entries = []
    before = exposure.proof if exposure.proof.get("kind") == "reopened" else {}
    if before:
        entries.append(_entry(before["opened"], _("Ouverte une première fois")))
        closed = wording.STATES.get(before["was"], before["was"])
        entries.append(_entry(before["closed"], _("Close : %(state)s") % {"state": closed}, meaning="ok"))
    opened = _("Rouverte") if exposure.reopened else _("Ouverte")
    entries.append(Entry(exposure.opened_at, opened, meaning="critical"))
    if finding is not None:
        entries.append(
            Entry(
                finding.first_found_at,
                _("Rapprochement du composant et de la vulnérabilité"),
                source_in_words(finding.source),
                wording.verdict(finding.reason, finding.detail, finding.range),
            )
        )
    if exposure.priority_since != exposure.opened_at:
        outcome = wording.PRIORITIES.get(exposure.priority, exposure.priority)
        entries.append(Entry(exposure.priority_since, _("Priorité : %(outcome)s") % {"outcome": outcome}))
    for one in statements_about(exposure):
        kind = wording.KINDS[one.kind]
        entries.append(
            Entry(
                one.made_at,
                _("Déclaration : %(kind)s") % {"kind": kind},
                str(one.made_by or ""),
                one.explanation,
            )
        )
        if one.reviewed_at is not None:
            state = wording.STATEMENT_STATES[one.state]
            text = _("Déclaration revue : %(state)s") % {"state": state}
            entries.append(Entry(one.reviewed_at, text, str(one.reviewed_by or ""), one.review_note))
    if exposure.closed_at is not None:
        meaning = "ok" if exposure.state == Exposure.State.VERIFIED else "calm"
        state = wording.STATES[exposure.state]
        entries.append(Entry(exposure.closed_at, str(state), "", proof_in_words(exposure), meaning))
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def statements_about(exposure: Exposure) -> list[Statement]:
    """The statements that concern an exposure, latest first."""
    rows = Statement.objects.filter(body_id=exposure.body_id, vulnerability_id=exposure.vulnerability_id)
    rows = rows.select_related("made_by", "reviewed_by").order_by("-made_at")
    return [one for one in rows if one.component_id in (None, exposure.component_id)]


def proof_in_words(exposure: Exposure) -> str:
    """What proved the end of an exposure; empty while it is open."""
    proof = exposure.proof
    kind = proof.get("kind")
    if kind == "inventory":
        if proof.get("import") is None:
            return _("Le composant n’est plus dans l’inventaire.")
        return _(
            "L’inventaire n° %(number)s (« %(source)s »), relevé le %(day)s, ne montre plus ce composant."
        ) % {
            "number": proof["import"],
            "source": proof.get("source", "—"),
            "day": str(proof.get("at", ""))[:10],
        }
    if kind == "retired":
        return _("L’actif a été retiré du service.")
    if kind == "finding":
        if proof.get("status") == "gone":
            return _("Le dossier publié ne vise plus ce produit.")
        if str(proof.get("source", "")).startswith("vex:"):
            return _("Non touché selon %(source)s.") % {"source": source_in_words(proof["source"])}
        return _("Le dossier publié ne tient plus cette version pour touchée.")
    if kind == "statement":
        return _("Déclaration n° %(number)s, acceptée.") % {"number": proof.get("id")}
    return ""


def _entry(at: str, text: str, meaning: str = "") -> Entry:
    return Entry(priorities.instant(datetime.fromisoformat(at)), text, meaning=meaning)
