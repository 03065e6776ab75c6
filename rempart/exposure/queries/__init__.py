"""Every read of this slice."""

from rempart.exposure.queries.bodies import ExposedBody, exposed_bodies, open_counts, state_counts
from rempart.exposure.queries.services import exposed_services

__all__ = ["ExposedBody", "exposed_bodies", "exposed_services", "open_counts", "state_counts"]
