"""The one way out to the network: feeds are fetched and webhooks posted through `SafeClient`."""

from rempart.kernel.http.client import GetResult, PostResult, SafeClient
from rempart.kernel.http.download import FetchResult, FetchState
from rempart.kernel.http.guard import HttpFailure, HttpPolicy, HttpRefused, HttpUnavailable
from rempart.kernel.http.webhooks import post_webhook, webhook_policy

__all__ = [
    "FetchResult",
    "FetchState",
    "GetResult",
    "HttpFailure",
    "HttpPolicy",
    "HttpRefused",
    "HttpUnavailable",
    "PostResult",
    "SafeClient",
    "post_webhook",
    "webhook_policy",
]
