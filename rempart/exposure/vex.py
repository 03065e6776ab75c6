"""Statements as VEX documents: OpenVEX 0.2.0 and CycloneDX 1.6.

Sources: the OpenVEX specification 0.2.0 (github.com/openvex/spec); CycloneDX 1.6, "vulnerabilities".
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

# OpenVEX's justifications → CycloneDX's, which name some of them otherwise.
_JUSTIFICATIONS = {
    "component_not_present": "code_not_present",
    "vulnerable_code_not_present": "code_not_present",
    "vulnerable_code_not_in_execute_path": "code_not_reachable",
    "vulnerable_code_cannot_be_controlled_by_adversary": "requires_environment",
    "inline_mitigations_already_exist": "protected_by_mitigating_control",
}


@dataclass(frozen=True, slots=True)
class Stated:
    """One statement about one component of one body. ``kind``: not_affected or risk_accepted."""

    id: int
    vulnerability: str
    body: str
    kind: str
    justification: str
    explanation: str
    measure: str
    until: datetime | None
    at: datetime
    component_id: int
    vendor: str
    product: str
    version: str
    purl: str
    cpe: str

    @property
    def reference(self) -> str:
        return self.purl or f"urn:rempart:component:{self.component_id}"

    @property
    def action(self) -> str:
        """What is done about a risk that is accepted."""
        until = f" ({self.until.date().isoformat()})" if self.until is not None else ""
        return f"{self.measure}{until}"


def openvex(statements: Iterable[Stated], author: str, at: datetime) -> dict[str, Any]:
    """An OpenVEX document; an accepted risk is "affected", with what is done about it."""
    return {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": f"urn:uuid:{uuid.uuid4()}",
        "author": author,
        "timestamp": at.isoformat(),
        "version": 1,
        "statements": [_openvex(one) for one in statements],
    }


def _openvex(one: Stated) -> dict[str, Any]:
    identifiers = {name: value for name, value in (("purl", one.purl), ("cpe23", one.cpe)) if value}
    product: dict[str, Any] = {"@id": one.reference, **({"identifiers": identifiers} if identifiers else {})}
    said: dict[str, Any] = {
        "@id": f"urn:rempart:statement:{one.id}",
        "vulnerability": {"name": one.vulnerability},
        "timestamp": one.at.isoformat(),
        "products": [product],
    }
    if one.kind == "not_affected":
        return {
            **said,
            "status": "not_affected",
            "justification": one.justification,
            "impact_statement": one.explanation,
        }
    return {**said, "status": "affected", "action_statement": one.action, "status_notes": one.explanation}


def cyclonedx(statements: Iterable[Stated], author: str, at: datetime) -> dict[str, Any]:
    """A CycloneDX document of the components and of what is stated of their vulnerabilities."""
    components: dict[str, dict[str, Any]] = {}
    vulnerabilities = []
    for one in statements:
        reference = f"component-{one.component_id}"
        components.setdefault(reference, _component(one, reference))
        analysis: dict[str, Any] = {"detail": one.explanation}
        if one.kind == "not_affected":
            analysis |= {"state": "not_affected", "justification": _JUSTIFICATIONS[one.justification]}
        else:
            analysis |= {"state": "exploitable", "response": ["workaround_available"]}
            analysis["detail"] = f"{one.explanation}\n{one.action}"
        vulnerabilities.append(
            {
                "bom-ref": f"statement-{one.id}-{one.component_id}",
                "id": one.vulnerability,
                "updated": one.at.isoformat(),
                "analysis": analysis,
                "affects": [{"ref": reference}],
            }
        )
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid4()}",
        "version": 1,
        "metadata": {"timestamp": at.isoformat(), "supplier": {"name": author}},
        "components": list(components.values()),
        "vulnerabilities": vulnerabilities,
    }


def _component(one: Stated, reference: str) -> dict[str, Any]:
    name = one.product or one.purl or "?"
    found: dict[str, Any] = {"type": "application", "bom-ref": reference, "name": name}
    if one.version:
        found["version"] = one.version
    if one.vendor:
        found["publisher"] = one.vendor
    return found | {name: value for name, value in (("purl", one.purl), ("cpe", one.cpe)) if value}
