"""What an inventory says of a component's version, and when that is not enough to compare it."""

from __future__ import annotations

from dataclasses import dataclass

from rempart.engines.exposure import distributions
from rempart.engines.exposure.cpe import parse_cpe
from rempart.engines.exposure.display import read_display_name
from rempart.engines.exposure.families import is_family
from rempart.engines.exposure.identity import parse_purl
from rempart.engines.exposure.model import Component
from rempart.engines.exposure.platforms import target_of
from rempart.engines.exposure.windows import build_of, lacks_revision


@dataclass(frozen=True, slots=True)
class Installed:
    """``version`` as stated; ``upstream``, the vendor's version inside a distribution's package, or empty.

    ``targets``: the systems and hosts that the component shows it runs on (see ``platforms``).
    """

    version: str
    purl_type: str
    upstream: str
    targets: frozenset[str] = frozenset()

    def compared(self, identity: str) -> tuple[str, str]:
        """The version and the purl's type under which statements about ``identity`` read it."""
        if self.upstream and not is_packaged(identity):
            return self.upstream, ""
        return self.version, self.purl_type


def is_packaged(identity: str) -> bool:
    """Whether an identity key is a distribution's own: its statements count in its numbers."""
    kind = identity.removeprefix("purl:").partition("/")[0] if identity.startswith("purl:") else ""
    return kind in distributions.TYPES


def installed(component: Component) -> Installed:
    """The version as stated, else the one in the purl, the CPE or the displayed name."""
    purl = parse_purl(component.purl)
    kind = purl.type if purl is not None else ""
    version = component.version.strip()
    if not version and purl is not None:
        version = purl.version or ""
    if not version and component.cpe:
        cpe = parse_cpe(component.cpe)
        if cpe is not None and cpe.version:
            version = cpe.full_version
    if not version:
        displayed = read_display_name(component.product)
        version = displayed.version if displayed is not None else ""
    build, revision = build_of(version) if " " in version else (0, None)
    if build and revision is None:
        version = version.split()[0]  # "10.0.19045 N/A Build 19045"
    upstream = distributions.upstream_version(kind if kind in distributions.TYPES else "", version)
    return Installed(version, kind, upstream, target_of(kind, component.cpe))


def doubt(identity: str, held: Installed, reason: str, *, affected: bool) -> str:
    """Why an answer under ``identity`` cannot stand: a code of ``matching.REASONS``; empty when it can.

    - ``ambiguous_product``: the inventory names a family of products, or a package of an unknown release;
    - ``backported``: a distribution may have corrected its package without changing the vendor's version;
    - ``incomplete_version``: a Windows' build without its revision, inside a range of revisions.
    """
    if is_family(identity):
        return "ambiguous_product"
    if affected and held.upstream and not is_packaged(identity):
        return "backported"
    if affected and reason == "in_range" and lacks_revision(identity, held.version):
        return "incomplete_version"
    return ""
