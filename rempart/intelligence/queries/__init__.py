"""Every read of this slice."""

from rempart.intelligence.queries.facts import Facts, facts
from rempart.intelligence.queries.feeds import (
    FeedStatus,
    feed_exists,
    feed_names,
    feed_runs,
    feed_statuses,
    quarantined,
    stale_feeds,
    waiting,
)
from rempart.intelligence.queries.lifecycle import as_cycle, lifecycle_products, lifecycles
from rempart.intelligence.queries.statements import keys_for, statements_for, statements_for_keys
from rempart.intelligence.queries.vulnerabilities import (
    SourceStatement,
    advisories,
    advisories_of,
    get_advisory,
    get_vulnerability,
    named,
    recent_arrivals,
    search,
    statements_of,
    stating_product,
    vulnerabilities,
    vulnerabilities_of,
)

__all__ = [
    "Facts",
    "FeedStatus",
    "SourceStatement",
    "advisories",
    "advisories_of",
    "as_cycle",
    "facts",
    "feed_exists",
    "feed_names",
    "feed_runs",
    "feed_statuses",
    "get_advisory",
    "get_vulnerability",
    "keys_for",
    "lifecycle_products",
    "lifecycles",
    "named",
    "quarantined",
    "recent_arrivals",
    "search",
    "stale_feeds",
    "statements_for",
    "statements_for_keys",
    "statements_of",
    "stating_product",
    "vulnerabilities",
    "vulnerabilities_of",
    "waiting",
]
