"""Records wherever they lie: one JSON file, JSON lines, gzip, a folder, a zip release (and a zip in it)."""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from rempart.engines.records.fields import RecordError
from rempart.engines.records.reading import DEFAULT_LIMITS, Limits, Reading, parse_json
from rempart.engines.records.streams import Meter, MeteredStream, lines, open_bytes

CVE_FILES: Final = re.compile(r"CVE-\d{4}-\d{4,19}\.json", re.IGNORECASE)

_ENCRYPTED: Final = 0x1
_LINES: Final = (".jsonl", ".ndjson")


def open_records(
    path: Path | str, limits: Limits = DEFAULT_LIMITS, only: re.Pattern[str] | None = None
) -> Iterator[Reading]:
    """Every record under ``path``, in a stable order, read as it is consumed.

    ``path``: a ``.json``, ``.jsonl``, ``.ndjson`` (each also ``.gz``) or ``.zip`` file, or a folder of
    them at any depth (links are not followed). ``only`` keeps the ``.json`` files of folders and
    archives whose name it matches whole: ``CVE_FILES`` for the CVE list. A malformed or repeated
    record is a Reading with an error. Raises ``FileNotFoundError`` alone.
    """
    root = Path(path)
    if not root.exists():
        raise FileNotFoundError(root)
    seen: dict[str, str] = {}
    meter = Meter(limits)
    readings = _folder(root, meter, only) if root.is_dir() else _file(root, root.name, meter, only)
    for reading in readings:
        identifier = _identifier(reading.document) if reading.document is not None else ""
        if not identifier:
            yield reading
        elif identifier in seen:
            message = f"{identifier} already read at {seen[identifier]}"
            yield Reading(reading.where, error=RecordError("id", message, "duplicate"))
        else:
            seen[identifier] = reading.where
            yield reading


def _identifier(document: dict[str, Any]) -> str:
    """The record's own identifier: of a CVE record, else of a CSAF document; empty when neither."""
    metadata = document.get("cveMetadata")
    if not isinstance(metadata, dict):
        head = document.get("document")
        metadata = head.get("tracking") if isinstance(head, dict) else None
    if not isinstance(metadata, dict):
        return ""
    identifier = metadata.get("cveId") or metadata.get("id")
    return identifier if isinstance(identifier, str) else ""


def _folder(root: Path, meter: Meter, only: re.Pattern[str] | None) -> Iterator[Reading]:
    count = 0
    waiting = [root]  # depth first, by name; no recursion, since folders may nest without end
    while waiting:
        path = waiting.pop()
        name = path.relative_to(root).as_posix()
        if path.is_symlink() and path != root:
            continue  # a link could lead anywhere
        if path.is_dir():
            try:
                waiting.extend(sorted(path.iterdir(), reverse=True))
            except OSError as problem:
                reason = problem.strerror or "cannot be read"
                yield Reading(name, error=RecordError("", reason, "unreadable"))
            continue
        if not is_source(path.name) or not path.is_file():
            continue
        if path.suffix == ".json" and only and not only.fullmatch(path.name):
            continue
        count += 1
        if count > meter.limits.members:
            message = f"more than {meter.limits.members} files"
            yield Reading(name, error=RecordError("", message, "too_many"))
            return
        yield from _file(path, name, meter, only)
        if meter.spent:
            return


def is_source(name: str) -> bool:
    """Whether a folder's file of this name is read for records."""
    return name.lower().removesuffix(".gz").endswith((".json", ".zip", *_LINES))


def _file(path: Path, where: str, meter: Meter, only: re.Pattern[str] | None) -> Iterator[Reading]:
    name = path.name.lower()
    try:
        if zipfile.is_zipfile(path) and not name.removesuffix(".gz").endswith((".json", *_LINES)):
            with path.open("rb") as archive:
                yield from _archive(archive, where, meter, only, nested=False)
        elif name.removesuffix(".gz").endswith(_LINES):
            yield from _json_lines(path, where, meter)
        elif name.endswith(".zip"):
            yield Reading(where, error=RecordError("", "not a zip archive, or a truncated one", "unreadable"))
        else:
            with open_bytes(path, meter) as stream:
                yield _one(where, stream.read(meter.limits.record_bytes + 1), meter.limits)
    except RecordError as problem:
        yield Reading(where, error=problem)
    except OSError as problem:
        yield Reading(where, error=RecordError("", problem.strerror or "cannot be read", "unreadable"))


def _one(where: str, raw: bytes, limits: Limits) -> Reading:
    try:
        return Reading(where, document=parse_json(raw, limits))
    except RecordError as problem:
        return Reading(where, error=problem)


def _json_lines(path: Path, where: str, meter: Meter) -> Iterator[Reading]:
    position = 0
    try:
        with open_bytes(path, meter) as stream:
            for position, line in enumerate(lines(stream, meter.limits), start=1):
                if isinstance(line, RecordError):
                    yield Reading(f"{where}:{position}", error=line)
                elif line.strip():
                    yield _one(f"{where}:{position}", line, meter.limits)
    except RecordError as problem:
        yield Reading(f"{where}:{position + 1}", error=problem)


def _archive(
    archive: BinaryIO, where: str, meter: Meter, only: re.Pattern[str] | None, *, nested: bool
) -> Iterator[Reading]:
    """The JSON members of a zip. The CVE list's release is a zip within a zip: one level is opened."""
    try:
        container = zipfile.ZipFile(archive)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as problem:
        yield Reading(where, error=RecordError("", f"unreadable archive: {problem}", "unreadable"))
        return
    with container:
        members = container.infolist()
        if len(members) > meter.limits.members:
            message = f"{len(members)} members, more than {meter.limits.members}"
            yield Reading(where, error=RecordError("", message, "too_many"))
            return
        for member in members:
            if meter.spent:
                return
            name = member.filename.rsplit("/", 1)[-1]
            spot = f"{where}!{member.filename}"
            if name.endswith(".zip") and not nested:
                yield from _inner_archive(container, member, spot, meter, only)
            if not name.lower().endswith(".json") or (only and not only.fullmatch(name)):
                continue
            try:
                raw = _extract(container, member, meter)
            except RecordError as problem:
                yield Reading(spot, error=problem)
                continue
            yield _one(spot, raw, meter.limits)


def _open(container: zipfile.ZipFile, member: zipfile.ZipInfo, meter: Meter) -> MeteredStream:
    if member.flag_bits & _ENCRYPTED:
        raise RecordError("", "the member is encrypted", "unreadable")
    try:
        stream = cast("BinaryIO", container.open(member))
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, ValueError) as problem:
        raise RecordError("", f"the member cannot be read: {problem}", "unreadable") from None
    return MeteredStream(stream, lambda: member.compress_size, meter)


def _extract(container: zipfile.ZipFile, member: zipfile.ZipInfo, meter: Meter) -> bytes:
    """A member's bytes, counted as they inflate: the size it declares may lie."""
    raw = bytearray()
    with _open(container, member, meter) as stream:
        while len(raw) <= meter.limits.record_bytes and (chunk := _chunk(stream)):
            raw += chunk
    return bytes(raw)


def _chunk(stream: MeteredStream) -> bytes:
    try:
        return stream.read(1 << 20) or b""
    except zipfile.BadZipFile as problem:
        raise RecordError("", f"the member cannot be read: {problem}", "unreadable") from None


def _inner_archive(
    container: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    where: str,
    meter: Meter,
    only: re.Pattern[str] | None,
) -> Iterator[Reading]:
    with tempfile.TemporaryFile() as spool:
        try:
            with _open(container, member, meter) as stream:
                while chunk := _chunk(stream):
                    spool.write(chunk)
        except RecordError as problem:
            yield Reading(where, error=problem)
            return
        spool.seek(0)
        yield from _archive(cast("BinaryIO", spool), where, meter, only, nested=True)
