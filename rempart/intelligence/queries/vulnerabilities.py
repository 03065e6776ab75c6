"""Vulnerabilities and advisories. They belong to no body: who may read one reads all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from rempart.intelligence.models import Advisory, AffectedProduct, UnreadRange, Vulnerability
from rempart.kernel.actors import Actor
from rempart.kernel.errors import NotFound
from rempart.kernel.permissions import Permission
from rempart.kernel.prepared import Prepared

MOST_SHOWN = 300


def vulnerabilities(actor: Actor) -> QuerySet[Vulnerability]:
    """Every vulnerability. Raises NotPermitted without the right to read intelligence."""
    actor.require(Permission.INTELLIGENCE_READ)
    return Vulnerability.objects.all()


_called = Prepared(lambda cve_id: Vulnerability.objects.filter(cve_id=cve_id))


def get_vulnerability(actor: Actor, cve_id: str) -> Vulnerability:
    """One vulnerability by its identifier; raises NotFound."""
    actor.require(Permission.INTELLIGENCE_READ)
    found: Vulnerability | None = _called.first(cve_id=cve_id)
    if found is None:
        raise NotFound(_("Cette vulnérabilité n’est pas connue."), field="cve_id", values={"cve_id": cve_id})
    return found


def recent_arrivals(actor: Actor, limit: int = 10) -> list[Vulnerability]:
    """The last entries of the catalogue of known exploited vulnerabilities, newest first."""
    listed = vulnerabilities(actor).filter(kev_added_on__isnull=False)
    return list(listed.order_by("-kev_added_on", "-kev_seen_at", "-id")[:limit])


def search(actor: Actor, text: str, limit: int = 10) -> list[Vulnerability]:
    """Vulnerabilities by identifier, or words of their title; none without the right."""
    words = text.strip()[:100]
    if not words or not actor.may(Permission.INTELLIGENCE_READ):
        return []
    return list(
        vulnerabilities(actor).filter(named(words)).order_by("-kev_added_on", "-cvss_score", "-id")[:limit]
    )


def named(text: str) -> Q:
    """The condition of a search by identifier or words."""
    words = text.strip()
    if words.upper().startswith("CVE-"):
        return Q(cve_id__startswith=words.upper())
    return Q(cve_id__icontains=words) | Q(title__icontains=words) | Q(kev_name__icontains=words)


def stating_product(words: str) -> Exists:
    """The condition that some statement names this vendor or product; every word must be found."""
    statements = AffectedProduct.objects.filter(vulnerability=OuterRef("pk"))
    for word in words.split()[:5]:
        statements = statements.filter(Q(vendor__icontains=word) | Q(product__icontains=word))
    return Exists(statements)


@dataclass(frozen=True)
class SourceStatement:
    """A product statement with what the page says of its origin."""

    source: str
    vendor: str
    product: str
    statement: dict[str, Any]
    advisory: Advisory | None


_stated = Prepared(
    lambda vulnerability: (
        AffectedProduct.objects.filter(vulnerability=vulnerability)
        .select_related("advisory")
        .order_by("position", "id")[:MOST_SHOWN]
    )
)


def statements_of(actor: Actor, vulnerability: Vulnerability) -> tuple[list[SourceStatement], int]:
    """The statements of one vulnerability in their sources' order (at most 300), and how many there are."""
    actor.require(Permission.INTELLIGENCE_READ)
    shown = _stated.rows(vulnerability=vulnerability.pk)
    total = len(shown)
    if total == MOST_SHOWN:
        total = AffectedProduct.objects.filter(vulnerability=vulnerability).count()
    return [SourceStatement(r.source, r.vendor, r.product, r.statement, r.advisory) for r in shown], total


def advisories(actor: Actor) -> QuerySet[Advisory]:
    """Every advisory with its number of vulnerabilities (``vulnerability_count``), whatever its marking.

    Raises NotPermitted without the right to read intelligence.
    """
    actor.require(Permission.INTELLIGENCE_READ)
    return Advisory.objects.annotate(vulnerability_count=Count("vulnerabilities"))


def get_advisory(actor: Actor, advisory_id: int) -> Advisory:
    """One advisory; raises NotFound."""
    found = advisories(actor).filter(id=advisory_id).first()
    if found is None:
        raise NotFound(_("Cet avis n’est pas connu."), field="advisory_id")
    return found


_about = Prepared(
    lambda vulnerability: Advisory.objects.filter(vulnerabilities=vulnerability).order_by(
        "-released_at", "-id"
    )[:100]
)


def advisories_of(actor: Actor, vulnerability: Vulnerability) -> list[Advisory]:
    """The advisories about one vulnerability, newest first."""
    actor.require(Permission.INTELLIGENCE_READ)
    return _about.rows(vulnerability=vulnerability.pk)


def vulnerabilities_of(actor: Actor, advisory: Advisory) -> list[Vulnerability]:
    """The vulnerabilities of one advisory, the worst first."""
    actor.require(Permission.INTELLIGENCE_READ)
    return list(advisory.vulnerabilities.order_by("-cvss_score", "cve_id")[:MOST_SHOWN])


def unread(actor: Actor) -> list[tuple[str, int, int]]:
    """The ranges that no version can be compared with: (reason, ranges, vulnerabilities), the most first."""
    actor.require(Permission.INTELLIGENCE_READ)
    counted = UnreadRange.objects.values("reason").annotate(
        ranges=Count("id"), records=Count("vulnerability_id", distinct=True)
    )
    return list(counted.order_by("-ranges", "reason").values_list("reason", "ranges", "records"))


def with_unread(actor: Actor, rows: QuerySet[Vulnerability], reason: str) -> QuerySet[Vulnerability]:
    """Those of these vulnerabilities of which a range stays unread for a reason."""
    actor.require(Permission.INTELLIGENCE_READ)
    return rows.filter(Exists(UnreadRange.objects.filter(vulnerability_id=OuterRef("pk"), reason=reason)))
