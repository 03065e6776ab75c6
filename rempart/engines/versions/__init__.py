"""Version schemes: texts of versions become bytes whose order is the order of the versions."""

from rempart.engines.versions.schemes import (
    SCHEMES,
    compare,
    key,
    prefix_bounds,
    scheme_for,
)

__all__ = ["SCHEMES", "compare", "key", "prefix_bounds", "scheme_for"]
