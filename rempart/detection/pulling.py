"""``rempart rules pull``: a body's pack of rules from its node, verified, and told to the node."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx

from rempart.detection import packfile
from rempart.detection.troubles import MOST, troubles_of, usable
from rempart.engines import sigma
from rempart.kernel.nodes import content_of, node_address, node_client, token_of

_API: Final = "/api/v1/detection/packs"


class NotPulled(Exception):
    """The pack could not be had; the message says why."""


def pull(
    node: str,
    body: str,
    to: Path,
    keys: Collection[str],
    name: str = "",
    *,
    placeholders: Mapping[str, Sequence[str]] | None = None,
    mappings: sigma.Mappings | None = None,
    transport: httpx.BaseTransport | None = None,
) -> dict[str, Any]:
    """Puts the body's pack in ``to``, once verified, and reports it. Raises NotPulled, BadPack.

    The rules are compiled as this machine would, with its lists and log sources, and what it cannot do is
    told rule by rule. Returns digest, rules (usable here), defects, troubles ({code: how many}), and
    ``changed``: whether the file is another than before.
    """
    client = _client(node, transport)
    with client:
        about = _answer(client.build_request("GET", f"{_API}/latest", params={"body": body}), client)
        raw = _download(client, str(about.get("digest", "")))
        opened = packfile.opened(raw, keys)
        changed = not (to.is_file() and to.read_bytes() == raw)
        if changed:
            draft = to.with_name(f".{to.name}.part")
            draft.write_bytes(raw)
            draft.replace(to)
        collection = sigma.load_texts(opened.contents.texts(datetime.now(UTC)))
        detector = sigma.compile_rules(collection, mappings=mappings, placeholders=placeholders)
        found = troubles_of(opened.contents, collection, detector)
        count = usable(collection, detector)
        stated = {
            "body": body, "node": name or socket.gethostname(), "digest": opened.digest, "rules": count,
            "defects": len(found), "troubles": [{"rule": key, "code": code} for key, code in found[:MOST]],
        }  # fmt: skip
        _answer(client.build_request("POST", f"{_API}/reports", json=stated), client)
    return {
        "digest": opened.digest,
        "rules": count,
        "defects": len(found),
        "troubles": dict(Counter(code for _key, code in found)),
        "changed": changed,
    }


def _client(node: str, transport: httpx.BaseTransport | None) -> httpx.Client:
    try:
        token, address = token_of(), node_address(node, "--from")
    except ValueError as problem:
        raise NotPulled(str(problem)) from None
    return node_client(address, token, transport=transport)


def _answer(request: httpx.Request, client: httpx.Client) -> dict[str, Any]:
    try:
        answer = client.send(request)
        document = answer.json()
    except (httpx.HTTPError, ValueError) as problem:
        raise NotPulled(f"{request.url.host}: {problem}") from None
    if answer.status_code >= 300 or not isinstance(document, dict):
        title = document.get("title", "") if isinstance(document, dict) else ""
        raise NotPulled(f"{request.url.host}: {answer.status_code} {str(title)[:300]}")
    return document


def _download(client: httpx.Client, digest: str) -> bytes:
    if len(digest) != 64 or not digest.isalnum():
        raise NotPulled("réponse illisible · unreadable answer")
    try:
        with client.stream("GET", f"{_API}/files/{digest}") as answer:
            if answer.status_code != 200:
                raise NotPulled(f"{answer.url.host}: {answer.status_code}")
            return content_of(answer)
    except (httpx.HTTPError, ValueError) as problem:
        raise NotPulled(str(problem)) from None
