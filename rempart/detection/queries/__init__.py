"""Reading the library of rules, scoped by who asks."""

from rempart.detection.queries.rules import rules

__all__ = ["rules"]
