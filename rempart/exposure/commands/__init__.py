"""Every write of this slice."""

from rempart.exposure.commands.matching import (
    Matched,
    index_components,
    reconcile_body,
    rematch_all,
    rematch_vulnerabilities,
    reprioritise,
)

__all__ = [
    "Matched",
    "index_components",
    "reconcile_body",
    "rematch_all",
    "rematch_vulnerabilities",
    "reprioritise",
]
