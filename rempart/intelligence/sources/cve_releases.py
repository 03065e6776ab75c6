"""The CVE list's releases: the whole list once, then what changed, hour after hour.

The CVE Program publishes a release an hour, each with an archive of all records (made at midnight) and one of
the records that changed (its notes: CVEProject/cvelistV5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson

from rempart.engines.records.fields import RecordError
from rempart.kernel.http import SafeClient

_PER_PAGE = 100
_PAGE_BYTES = 32 * 1024**2


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive to read; once it is, the list is known as of ``published`` (text, RFC 3339)."""

    url: str
    published: str
    whole: bool


def archives_since(client: SafeClient, releases_url: str, since: str) -> list[Archive]:
    """What to read to be up to date, in order. ``since``: the last archive's ``published``, or empty.

    The changes of each release since then; the whole list first when nothing was read yet, or when the
    releases listed do not go back that far. Raises RecordError and what the client raises.
    """
    content = client.get(f"{releases_url}?{urlencode({'per_page': _PER_PAGE})}", _PAGE_BYTES).content
    try:
        stated: Any = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise RecordError("", f"not a list of releases: {error}", "not_json") from None
    if not isinstance(stated, list):
        raise RecordError("", "not a list of releases", "wrong_type")
    releases = sorted(
        (each for each in stated if _is_release(each)), key=lambda each: str(each["published_at"])
    )
    newer = [each for each in releases if str(each["published_at"]) > since]
    changes = [
        Archive(url, str(each["published_at"]), False)
        for each in newer
        for url in _assets(each, "_delta_cves")
    ]
    if since and releases and str(releases[0]["published_at"]) <= since:
        return changes
    whole = [(each, url) for each in releases for url in _assets(each, "_all_cves")]
    if not whole:
        raise RecordError("assets", "no release holds the whole list", "missing")
    last, url = whole[-1]
    # The whole list is that of midnight: the changes of that day's releases complete it.
    day = str(last["published_at"])[:10]
    start = min(
        (str(each["published_at"]) for each in releases if str(each["published_at"])[:10] == day), default=""
    )
    return [Archive(url, "", True), *(each for each in changes if each.published >= start)]


def _is_release(each: Any) -> bool:
    return isinstance(each, dict) and isinstance(each.get("published_at"), str) and not each.get("draft")


def _assets(release: dict[str, Any], mark: str) -> list[str]:
    assets = release.get("assets")
    return [
        asset["browser_download_url"]
        for asset in (assets if isinstance(assets, list) else [])
        if isinstance(asset, dict)
        and isinstance(asset.get("browser_download_url"), str)
        and mark in str(asset.get("name")).lower()
    ]
