"""Makes published vulnerabilities with one product each."""

from __future__ import annotations

from rempart.engines.exposure import affected_keys
from rempart.engines.exposure.model import Affected, VersionEntry
from rempart.intelligence.models import AffectedKey, AffectedProduct, Vulnerability
from rempart.intelligence.statements import pack
from tests import factories


def publish(product: str, below: str, into: Vulnerability | None = None, **fields: object) -> Vulnerability:
    """A vulnerability of "exemple/<product>" whose versions before ``below`` are affected."""
    vulnerability = into or factories.vulnerability(**fields)
    AffectedProduct.objects.filter(vulnerability=vulnerability).delete()
    statement = Affected(
        source="cna:exemple",
        vendor="exemple",
        product=product,
        default_status="unaffected",
        versions=(VersionEntry("0", "affected", "semver", less_than=below),),
    )
    row = AffectedProduct.objects.create(
        vulnerability=vulnerability, position=0, source=statement.source, vendor="exemple", product=product,
        statement=pack(statement),
    )  # fmt: skip
    AffectedKey.objects.bulk_create(
        [
            AffectedKey(key=key, vulnerability=vulnerability, affected=row)
            for key, _ in affected_keys(statement)
        ]
    )
    return vulnerability
