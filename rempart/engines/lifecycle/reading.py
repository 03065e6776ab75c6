"""endoflife.date's data → ``Lifecycle``: the file of every product, and the API's answer (version 1).

Sources: the project's ``products`` files (``releaseCycle``, ``eoas``, ``eol``, ``eoes``) and its API 1.x
(``/api/v1/products/full``: ``isEol``, ``eolFrom``…), https://endoflife.date/docs/api/v1/.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import orjson

from rempart.engines.lifecycle.model import Cycle, End, Lifecycle
from rempart.engines.records.fields import RecordError

MAX_BYTES = 64 * 1024 * 1024
MAX_PRODUCTS = 5_000
MAX_CYCLES = 1_000
_MAX_IDENTIFIERS = 200
_MAX_TEXT = 300
_SLUG = re.compile(r"[a-z0-9][a-z0-9.+_-]{0,99}")

Reading = tuple[str, Lifecycle | RecordError]


def read_lifecycles(content: bytes) -> Iterator[Reading]:
    """(slug, product) pairs; a product that cannot be read gives its RecordError instead.

    Raises RecordError when the whole is not such a document, or is larger than the limits.
    """
    if len(content) > MAX_BYTES:
        raise RecordError("", f"larger than {MAX_BYTES} bytes", "too_large")
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise RecordError("", f"not JSON: {error}", "unreadable") from error
    if isinstance(document, dict) and isinstance(document.get("result"), list):
        listed = [(_text(one, "name"), one) for one in document["result"] if isinstance(one, dict)]
    elif isinstance(document, dict):
        listed = list(document.items())
    else:
        raise RecordError("", "neither an object of products nor an API's answer", "unreadable")
    if len(listed) > MAX_PRODUCTS:
        raise RecordError("", f"more than {MAX_PRODUCTS} products", "too_large")
    for slug, product in listed:
        try:
            yield slug, parse_lifecycle(slug, product)
        except RecordError as error:
            yield slug, error


def parse_lifecycle(slug: str, product: Any) -> Lifecycle:
    """One product. Raises RecordError naming the field."""
    if not isinstance(product, dict) or not isinstance(product.get("releases"), list):
        raise RecordError(slug, "no product with releases", "unreadable")
    if not _SLUG.fullmatch(slug):
        raise RecordError(slug[:100], "no such name of a product", "unreadable")
    releases = product["releases"]
    if len(releases) > MAX_CYCLES:
        raise RecordError(f"{slug}.releases", f"more than {MAX_CYCLES} releases", "too_large")
    cycles = tuple(_cycle(f"{slug}.releases[{place}]", one) for place, one in enumerate(releases))
    return Lifecycle(
        slug,
        _text(product, "title") or _text(product, "label") or slug,
        _text(product, "category"),
        tuple(_identifiers(product)),
        cycles,
        _link(product),
    )


def _identifiers(product: dict[str, Any]) -> Iterator[str]:
    listed = product.get("identifiers")
    for one in (listed if isinstance(listed, list) else [])[:_MAX_IDENTIFIERS]:
        if not isinstance(one, dict):
            continue
        if "id" in one:  # the API: {"id": "cpe:/a:…", "type": "cpe"}
            kind, text = _text(one, "type"), _text(one, "id")
        else:
            kind, text = next(((str(kind), _text(one, kind)) for kind in one), ("", ""))
        if kind == "repology" and text:
            yield f"repology:{text}"
        elif kind in {"purl", "cpe"} and text:
            yield text


def _cycle(at: str, release: Any) -> Cycle:
    if not isinstance(release, dict):
        raise RecordError(at, "no release", "unreadable")
    name = _text(release, "releaseCycle") or _text(release, "name")
    if not name:
        raise RecordError(f"{at}.releaseCycle", "no name of a release", "unreadable")
    label = _text(release, "releaseLabel") or _text(release, "label")
    codename = _text(release, "codename")
    latest = release.get("latest")
    return Cycle(
        name,
        label.replace("__RELEASE_CYCLE__", name).replace("__CODENAME__", codename).strip(),
        codename,
        _day(release, "releaseDate", at),
        _end(release, "eoas", at),
        _end(release, "eol", at),
        _end(release, "eoes", at),
        _end(release, "discontinued", at),
        _text(latest, "name") if isinstance(latest, dict) else _text(release, "latest"),
        bool(release.get("lts") or release.get("isLts")),
    )


def _end(release: dict[str, Any], name: str, at: str) -> End:
    """``eol: date | true | false`` of the file, or ``eolFrom``/``isEol`` of the API."""
    if f"{name}From" in release or f"is{name[:1].upper()}{name[1:]}" in release:
        past = release.get(f"is{name[:1].upper()}{name[1:]}")
        return End(_day(release, f"{name}From", at), past if isinstance(past, bool) else None)
    value = release.get(name)
    if isinstance(value, bool):
        return End(None, value)
    return End(_day(release, name, at))


def _day(owner: dict[str, Any], name: str, at: str) -> date | None:
    value = owner.get(name)
    if value is None or value == "" or isinstance(value, bool):
        return None
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError as error:
        raise RecordError(f"{at}.{name}", f"no date: {str(value)[:40]}", "unreadable") from error


def _text(owner: dict[str, Any], name: str) -> str:
    value = owner.get(name)
    return str(value).strip()[:_MAX_TEXT] if isinstance(value, str | int | float) else ""


def _link(product: dict[str, Any]) -> str:
    links = product.get("links")
    text = _text(links, "html") if isinstance(links, dict) else ""
    return text or (f"https://endoflife.date{_text(product, 'permalink')}" if "permalink" in product else "")
