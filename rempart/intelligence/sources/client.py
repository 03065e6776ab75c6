"""The HTTP client of feeds."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from rempart.kernel.http import HttpPolicy, SafeClient

# The whole CVE list is some 600 MB; a mirror inside the government may be plain HTTP at a private address.
_MOST_BYTES = 3 * 1024**3


def feed_client() -> SafeClient:
    """A client that reaches public HTTPS addresses; an inner mirror too where the settings allow it."""
    inner = settings.FEED_ALLOW_PRIVATE_ADDRESSES
    schemes = frozenset({"https", "http"}) if inner else frozenset({"https"})
    return SafeClient(
        HttpPolicy(
            schemes=schemes,
            allow_private=inner,
            max_bytes=_MOST_BYTES,
            total_seconds=1800.0,
            longest_wait=10.0,
        )
    )


def folder_of(feed_name: str) -> Path:
    """Where a feed's downloads lie, kept between attempts so that they resume."""
    folder: Path = settings.VAR / "feeds" / feed_name
    folder.mkdir(parents=True, exist_ok=True)
    return folder
