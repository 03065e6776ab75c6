"""The order of sources in force."""

from __future__ import annotations

from rempart.engines.exposure.verdicts import PRECEDENCE
from rempart.exposure.models import SourceRank

# Suppliers' statements first: only those of accepted authors are loaded, and each is about one version.
DEFAULT = ("vex", *(kind for kind in PRECEDENCE if kind != "vex"))


def in_force() -> tuple[str, ...]:
    """Kinds of sources, the first believed first; one that the stored order does not know comes last."""
    stored = tuple(SourceRank.objects.order_by("rank").values_list("kind", flat=True)) or DEFAULT
    return (*stored, *(kind for kind in DEFAULT if kind not in stored))
