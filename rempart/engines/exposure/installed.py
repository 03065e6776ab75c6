"""What an inventory says of a component's version, and when that is not enough to compare it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from packageurl import PackageURL

from rempart.engines.exposure import distributions
from rempart.engines.exposure.cpe import parse_cpe, year_of
from rempart.engines.exposure.display import read_display_name
from rempart.engines.exposure.families import is_family
from rempart.engines.exposure.identity import parse_purl
from rempart.engines.exposure.model import Component
from rempart.engines.exposure.names import is_year_alone
from rempart.engines.exposure.platforms import target_of
from rempart.engines.exposure.spellings import Spelled, installed_as, speech_of
from rempart.engines.exposure.windows import build_of, lacks_revision

_OF_GO = ("purl:golang/", "purl:github/")
_UNTAGGED = re.compile(r"v?0\.0\.0-[0-9]{14}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Installed:
    """``version`` as statements read it, ``stated`` as the inventory does.

    ``upstream`` is the vendor's version inside a distribution's package, or empty. ``last``: the inventory
    leaves open which version it is, up to this one. ``source``: the source package that a package was built
    from and its version, where that is another. ``targets``: the systems, hosts and editions that the
    component shows (see ``platforms``).
    """

    version: str
    purl_type: str
    upstream: str
    targets: frozenset[str] = frozenset()
    stated: str = ""
    last: str = ""
    source: tuple[str, str] = ("", "")

    def compared(self, identity: str) -> tuple[str, str]:
        """The version and the purl's type under which statements about ``identity`` read it."""
        if self.follows_no_tag:
            # A commit that follows no tag has a place in Go's order alone, and is no version of a product.
            return (self.version, self.purl_type) if identity.startswith(_OF_GO) else ("", "")
        if not is_packaged(identity):
            return (self.upstream, "") if self.upstream else (self.version, self.purl_type)
        name, version = self.source
        return (version if version and name == _package_of(identity) else self.version), self.purl_type

    @property
    def is_open(self) -> bool:
        """Whether more than the order of one version decides."""
        return bool(self.last or self.source[1]) or self.follows_no_tag

    @property
    def follows_no_tag(self) -> bool:
        """Whether it is a commit of a Go module that never had a version (a pseudo-version of v0.0.0)."""
        return self.purl_type == "golang" and _UNTAGGED.fullmatch(self.version) is not None


def _package_of(identity: str) -> str:
    return identity.partition("@")[0].rpartition("/")[2]


def is_packaged(identity: str) -> bool:
    """Whether an identity key is a distribution's own: its statements count in its numbers."""
    kind = identity.removeprefix("purl:").partition("/")[0] if identity.startswith("purl:") else ""
    return kind in distributions.TYPES


def installed(component: Component) -> Installed:
    """The version as stated, else the one in the purl, the CPE or the displayed name."""
    purl = parse_purl(component.purl)
    kind = purl.type if purl is not None else ""
    stated = component.version.strip()
    if not stated and purl is not None:
        stated = purl.version or ""
    if not stated and component.cpe:
        cpe = parse_cpe(component.cpe)
        if cpe is not None and cpe.version and not year_of(cpe):
            stated = cpe.full_version
    if not stated:
        displayed = read_display_name(component.product)
        stated = displayed.version if displayed is not None else ""
    build, revision = build_of(stated) if " " in stated else (0, None)
    if build and revision is None:
        stated = stated.split()[0]  # "10.0.19045 N/A Build 19045"
    targets = target_of(kind, component.cpe)
    if kind in distributions.TYPES and purl is not None:
        return _packaged(purl, stated, targets)
    if is_year_alone(component.product, stated):
        stated = ""  # "SharePoint Server 2019", version 2019: its name once more
    speech = speech_of(component.vendor, component.product, component.cpe or component.purl)
    read = installed_as(speech, stated) if speech else Spelled(stated)
    if kind == "pypi" and "+" in read.version:
        # PEP 440, "Local version identifiers": no bound without one tells its local versions apart.
        read = Spelled(read.version.partition("+")[0])
    upstream = distributions.upstream_version("", read.version)
    kernel = "" if upstream else distributions.kernel_branch(read.version)
    if kernel:
        return Installed(read.version, kind, f"{kernel}.0", targets, stated, f"{kernel}.999999")
    return Installed(read.version, kind, upstream, targets, stated, read.last)


def _packaged(purl: PackageURL, stated: str, targets: frozenset[str]) -> Installed:
    """A distribution's package, with the epoch and the source package that its purl's qualifiers state."""
    qualifiers = purl.qualifiers if isinstance(purl.qualifiers, dict) else {}
    version = distributions.with_epoch(stated, purl)
    name, built = distributions.source_of(purl.type, qualifiers.get("upstream", ""))
    if built in {"", version, stated} or not version:
        built = ""
    upstream = distributions.upstream_version(purl.type, version)
    return Installed(version, purl.type, upstream, targets, stated, "", (name, built) if built else ("", ""))


def doubt(identity: str, held: Installed, reason: str, *, affected: bool) -> str:
    """Why an answer under ``identity`` cannot stand: a code of ``matching.REASONS``; empty when it can.

    - ``ambiguous_product``: the inventory names a family of products, or a package of an unknown release;
    - ``backported``: a distribution may have corrected its package without changing the vendor's version;
    - ``incomplete_version``: a Windows' build without its revision, inside a range of revisions (for other
      products, see ``evaluation.settled``).
    """
    if is_family(identity):
        return "ambiguous_product"
    if affected and held.upstream and not is_packaged(identity):
        return "backported"
    if affected and reason == "in_range" and lacks_revision(identity, held.version):
        return "incomplete_version"
    return ""
