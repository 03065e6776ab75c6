"""In which order sources are believed about one vulnerability and one product."""

from __future__ import annotations

from rempart.engines.exposure.verdicts import PRECEDENCE

# Suppliers' statements first: only those of accepted authors are loaded, and each is about one version.
DEFAULT = ("vex", *(kind for kind in PRECEDENCE if kind != "vex"))
