"""Every read of this slice."""

from rempart.exposure.queries.bodies import ExposedBody, exposed_bodies, open_counts, state_counts
from rempart.exposure.queries.rows import (
    aliases,
    bodies_of_centre,
    body_choices,
    centre_choices,
    exposures,
    finding_of,
    findings,
    get_exposure,
    get_statement,
    of_asset,
    of_vulnerability,
    statements,
)
from rempart.exposure.queries.services import ExposedService, exposed_services
from rempart.exposure.queries.totals import (
    AGES,
    HeatRow,
    Totals,
    age_limits,
    exposure_days,
    exposure_totals,
    heat,
    midnight,
    verified_today,
)

__all__ = [
    "AGES",
    "ExposedBody",
    "ExposedService",
    "HeatRow",
    "Totals",
    "age_limits",
    "aliases",
    "bodies_of_centre",
    "body_choices",
    "centre_choices",
    "exposed_bodies",
    "exposed_services",
    "exposure_days",
    "exposure_totals",
    "exposures",
    "finding_of",
    "findings",
    "get_exposure",
    "get_statement",
    "heat",
    "midnight",
    "of_asset",
    "of_vulnerability",
    "open_counts",
    "state_counts",
    "statements",
    "verified_today",
]
