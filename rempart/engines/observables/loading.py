"""Indicators out of files: plain lists, CSV, STIX 2 bundles, MISP's JSON; what cannot be used is told."""

from __future__ import annotations

import csv
import io
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

import orjson

from rempart.engines.observables import keeping, stix
from rempart.engines.observables.matching import Table
from rempart.engines.observables.model import UNSTATED, Defect, Details, Indicator, Loaded
from rempart.engines.observables.values import classified

FILE_BYTES: Final = 2 * 1024**3
ENTRIES: Final = 10_000_000
_DEFECTS: Final = 1_000
_LINE: Final = 65_536
_CHUNK: Final = 1 << 20

_VALUE: Final = ("indicator", "ioc", "ioc_value", "value", "observable", "indicateur", "valeur")
_NAMED: Final = (
    "ip", "ip_address", "ipaddress", "dst_ip", "dstip", "domain", "hostname", "host", "url", "md5",
    "md5_hash", "sha1", "sha1_hash", "sha256", "sha256_hash", "hash", "email", "adresse", "domaine",
)  # fmt: skip
_COLUMNS: Final = {
    "valid_from": ("valid_from", "first_seen", "first_seen_utc", "date", "dateadded"),
    "valid_until": ("valid_until", "expires", "expiry", "expiration", "expires_at", "expire_le"),
    "seen": ("last_seen", "last_seen_utc", "last_online"),
    "confidence": ("confidence", "confidence_level", "score", "confiance"),
    "name": ("name", "description", "threat", "malware", "malware_printable", "comment", "nom"),
    "id": ("id", "uuid", "ioc_id"),
}
_MISP_TYPES: Final = (
    "ip-src", "ip-dst", "domain", "hostname", "url", "uri", "link", "md5", "sha1", "sha224", "sha256",
    "sha384", "sha512", "email", "email-src", "email-dst", "email-reply-to", "filename|md5", "filename|sha1",
    "filename|sha256", "ip-src|port", "ip-dst|port", "domain|ip", "hostname|port",
)  # fmt: skip


class IndicatorError(Exception):
    """A file of indicators that cannot be read at all; says which and why."""


def load(
    paths: Iterable[Path], *, allow: Iterable[Path] = (), cache: Path | None = None
) -> tuple[Table, Table, Loaded]:
    """The table of indicators of these files, that of what is allowed, and what was counted on the way.

    An indicator that the allow-list covers is not loaded. Long lists are kept in the folder ``cache`` as they
    are looked up, and read again as long as their files say the same. Raises ``IndicatorError`` for a file
    that cannot be read whole (absent, too large, not UTF-8 JSON).
    """
    given, passed = list(paths), list(allow)
    place = keeping.Place.of(cache, given, passed) if cache is not None else None
    kept = place.read() if place else None
    if kept is None:
        kept = _loaded(given, passed)
        if place is not None:
            place.write(kept[:2], kept[2])
    return kept


def _loaded(paths: Iterable[Path], allow: Iterable[Path]) -> tuple[Table, Table, Loaded]:
    loaded, allowed = Loaded(), Table()
    for path in allow:
        for indicator in _entries(path, loaded):
            allowed.add(indicator)
    allowing = allowed.size > 0
    table, size = Table(), 0
    for path in paths:
        for indicator in _entries(path, loaded):
            if allowing and "/" not in indicator.value and allowed.covering(indicator.kind, indicator.value):
                loaded.allowed += 1
                continue
            if table.add(indicator):
                size += 1
                loaded.counts[indicator.kind] = loaded.counts.get(indicator.kind, 0) + 1
            if size > ENTRIES:
                raise IndicatorError(f"{path}: more than {ENTRIES} indicators")
    return table, allowed, loaded


def _entries(path: Path, loaded: Loaded) -> Iterator[Indicator]:
    found = 0
    before = loaded.defect_count + loaded.skipped
    try:
        with _opened(path) as file:
            head = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
            file.seek(0)
            read = _document if head[:1] in (b"{", b"[") else _lines
            for indicator in read(path, file, loaded):
                found += 1
                yield indicator
    except OSError as problem:
        raise IndicatorError(f"{path}: {problem.strerror or problem}") from None
    if not found and loaded.defect_count + loaded.skipped == before:
        _tell(loaded, path, None, "holds no indicator")


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, or those that a pipe gives, put aside so that they can be gone through again.

    Raises ``OSError``, and ``IndicatorError`` past the limit.
    """
    with path.open("rb") as file:
        known = path.stat()
        size = known.st_size
        if stat.S_ISREG(known.st_mode):
            if size > FILE_BYTES:
                raise IndicatorError(f"{path}: {size} bytes exceed the limit of {FILE_BYTES}")
            yield file
            return
        with tempfile.TemporaryFile() as aside:
            while chunk := file.read(_CHUNK):
                aside.write(chunk)
                if aside.tell() > FILE_BYTES:
                    raise IndicatorError(f"{path}: more bytes than the limit of {FILE_BYTES}")
            aside.seek(0)
            yield aside


def _tell(loaded: Loaded, path: Path, line: int | None, reason: str) -> None:
    loaded.defect_count += 1
    if len(loaded.defects) < _DEFECTS:
        loaded.defects.append(Defect(str(path), line, reason))


def _lines(path: Path, raw: IO[bytes], loaded: Loaded) -> Iterator[Indicator]:
    """A list, or CSV when its first line that is no comment names a column of values."""
    plain = Details(source=path.name)
    with io.TextIOWrapper(raw, "utf-8-sig", "replace", newline="") as file:
        columns: _Columns | None = None
        number = 0
        while line := file.readline(_LINE):
            number += 1
            text = line.strip()
            if not text or text.startswith(("#", ";", "//")):
                continue
            if columns is None:
                columns = _Columns(text, path.name)
                if columns.places:
                    continue
            if columns.places:
                found, value = columns.read(text)
                details = columns.details(found) if value else plain
            else:
                value, details = text.partition(" #")[0].strip(), plain
            for part in value.split("|"):
                known = classified(part)
                if known:
                    yield Indicator(*known, details)
                elif "|" not in value:
                    _tell(loaded, path, number, f"no address, domain, URL, digest or e-mail: {part[:80]!r}")


class _Columns:
    """The columns of a CSV file that are understood, by the names of its header."""

    def __init__(self, header: str, source: str) -> None:
        self._delimiter = max(",;\t", key=header.count)
        names = [name.strip().strip('"').lower().replace(" ", "_") for name in self._cells(header)]
        self.places = [place for place, name in enumerate(names) if name in _VALUE]
        if not self.places and len(names) > 1:
            self.places = [place for place, name in enumerate(names) if name in _NAMED]
        elif not self.places and names[0] in _NAMED:
            self.places = [0]
        self._others = {
            key: next((names.index(name) for name in known if name in names), -1)
            for key, known in _COLUMNS.items()
        }
        self._source = source
        self._shared: dict[tuple[str, ...], Details] = {}

    def _cells(self, line: str) -> list[str]:
        try:
            return next(csv.reader([line], delimiter=self._delimiter, skipinitialspace=True), [])
        except csv.Error:  # a return within the line
            return line.split(self._delimiter)

    def read(self, line: str) -> tuple[dict[str, str], str]:
        """What the row says, and its values (joined by bars)."""
        cells = self._cells(line)
        said = {key: cells[place].strip() for key, place in self._others.items() if 0 <= place < len(cells)}
        return said, "|".join(cells[place] for place in self.places if place < len(cells) and cells[place])

    def details(self, said: dict[str, str]) -> Details:
        """The details of a row; rows that say the same share them."""
        key = tuple(said.values())
        if key not in self._shared or not key:
            self._shared[key] = Details(
                source=self._source,
                id=said.get("id", ""),
                name=said.get("name", "")[:300],
                confidence=confidence_of(said.get("confidence")),
                valid_from=moment_of(said.get("valid_from")),
                valid_until=moment_of(said.get("valid_until")),
                seen=moment_of(said.get("seen")),
            )
        return self._shared[key]


def confidence_of(value: Any) -> int:
    """A confidence out of 100; what is absent or no number is ``UNSTATED``."""
    words = {"low": 30, "medium": 60, "high": 85, "faible": 30, "moyenne": 60, "élevée": 85}
    if isinstance(value, str):
        value = words.get(value.lower(), value)
    try:
        return max(0, min(100, round(float(value))))
    except (TypeError, ValueError, OverflowError):
        return UNSTATED


def moment_of(value: Any) -> datetime | None:
    """A moment, UTC when it has no zone; numbers are seconds since 1970. None when it cannot be read."""
    try:
        if isinstance(value, int | float) or (
            isinstance(value, str) and value.isdecimal() and len(value) == 10
        ):
            return datetime.fromtimestamp(int(value), UTC)
        if not isinstance(value, str) or not value:
            return None
        moment = datetime.fromisoformat(value.removesuffix(" UTC").strip())
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _document(path: Path, raw: IO[bytes], loaded: Loaded) -> Iterator[Indicator]:
    try:
        document = orjson.loads(raw.read().removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as problem:
        raise IndicatorError(f"{path}: not JSON: {problem}") from None
    objects = document.get("objects") if isinstance(document, dict) else document
    if isinstance(objects, list) and (
        (isinstance(document, dict) and document.get("type") == "bundle") or _are_stix(objects)
    ):
        yield from _stix(path, objects, loaded)
        return
    attributes = list(_misp_attributes(document))
    if attributes:
        yield from _misp(path, attributes, loaded)
    elif isinstance(document, list):
        yield from _values(path, document, loaded)
    else:
        raise IndicatorError(f"{path}: neither a STIX bundle nor MISP events nor a list of values")


def _are_stix(objects: list[Any]) -> bool:
    return any(
        isinstance(one, dict) and one.get("type") == "indicator" and "pattern" in one for one in objects
    )


def _stix(path: Path, objects: list[Any], loaded: Loaded) -> Iterator[Indicator]:
    for one in objects:
        if not isinstance(one, dict) or one.get("type") != "indicator":
            continue
        if one.get("revoked") or one.get("pattern_type", "stix") != "stix":
            loaded.skipped += 1
            continue
        identifier = str(one.get("id", ""))
        try:
            compared = stix.values(str(one.get("pattern", "")))
        except ValueError as problem:
            _tell(loaded, path, None, f"{identifier}: {problem}")
            continue
        details = Details(
            source=path.name,
            id=identifier,
            name=str(one.get("name", ""))[:300],
            confidence=confidence_of(one.get("confidence")),
            valid_from=moment_of(one.get("valid_from")),
            valid_until=moment_of(one.get("valid_until")),
            labels=tuple(str(label) for label in one.get("indicator_types") or one.get("labels") or ()),
        )
        for value in compared:
            known = classified(value)
            if known:
                yield Indicator(*known, details)
            else:
                _tell(loaded, path, None, f"{identifier}: not a value that can be looked for: {value[:80]!r}")


def _misp_attributes(document: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each attribute with its event's title, from one event, a list of them, or an answer of the API."""
    waiting = [(document, "")]  # the next one comes last
    while waiting:
        node, title = waiting.pop()
        if isinstance(node, list):
            waiting += [(item, title) for item in reversed(node) if isinstance(item, dict)]
        elif isinstance(node, dict):
            title = str(node.get("info", title))
            for attribute in node.get("Attribute") or ():
                if isinstance(attribute, dict) and "value" in attribute:
                    yield title, attribute
            waiting += [(node[key], title) for key in ("Object", "Event", "response") if key in node]


def _misp(path: Path, attributes: list[tuple[str, dict[str, Any]]], loaded: Loaded) -> Iterator[Indicator]:
    for title, attribute in attributes:
        kind = str(attribute.get("type", ""))
        if kind not in _MISP_TYPES or attribute.get("to_ids") is False or attribute.get("deleted"):
            loaded.skipped += 1
            continue
        details = Details(
            source=path.name,
            id=str(attribute.get("uuid", "")),
            name=(str(attribute.get("comment") or "") or title)[:300],
            valid_from=moment_of(attribute.get("first_seen")),
            seen=moment_of(attribute.get("last_seen") or attribute.get("timestamp")),
        )
        parts = str(attribute["value"]).split("|") if "|" in kind else [str(attribute["value"])]
        named = dict(zip(kind.split("|"), parts, strict=False))
        for name, value in named.items():
            if name in ("filename", "port"):
                continue
            known = classified(value)
            if known:
                yield Indicator(*known, details)
            else:
                _tell(loaded, path, None, f"{details.id}: not of type {name}: {value[:80]!r}")


def _values(path: Path, document: list[Any], loaded: Loaded) -> Iterator[Indicator]:
    """A list of texts, or of objects that hold one of the known columns."""
    plain = Details(source=path.name)
    for place, one in enumerate(document):
        value = one
        details = plain
        if isinstance(one, dict):
            value = next((one[name] for name in (*_VALUE, *_NAMED) if isinstance(one.get(name), str)), None)
            said = {
                key: next((one[name] for name in known if name in one), None)
                for key, known in _COLUMNS.items()
            }
            details = Details(
                source=path.name,
                id=str(said["id"] or ""),
                name=str(said["name"] or "")[:300],
                confidence=confidence_of(said["confidence"]),
                valid_from=moment_of(said["valid_from"]),
                valid_until=moment_of(said["valid_until"]),
                seen=moment_of(said["seen"]),
            )
        known_value = classified(value) if isinstance(value, str) else None
        if known_value:
            yield Indicator(*known_value, details)
        else:
            _tell(loaded, path, None, f"entry {place}: no address, domain, URL, digest or e-mail")
