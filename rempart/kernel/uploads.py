"""Files that people and machines send: received within limits, recognised by content, named harmlessly.

Nothing is trusted: neither the size announced, nor the extension, nor the name, nor what an archive says of
itself. A refused file leaves nothing behind.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import os
import re
import secrets
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from django.utils.functional import lazy

from rempart.kernel.errors import Invalid
from rempart.kernel.text import in_language

_bilingual = lazy(in_language, str)
_CHUNK = 64 * 1024
_SNIFFED = 8 * 1024
# Ratios mean little on small files: a kilobyte of spaces compresses two hundredfold and harms nobody.
_RATIO_FROM = 1024 * 1024


class Kind(StrEnum):
    """What the content of a file is."""

    CSV = "csv"
    JSON = "json"
    XML = "xml"
    XLSX = "xlsx"
    ZIP = "zip"
    GZIP = "gzip"
    UNKNOWN = "unknown"


_SENTENCES = {
    "empty": ("Le fichier est vide.", "The file is empty."),
    "too_large": ("Le fichier dépasse {limit} octets.", "The file exceeds {limit} bytes."),
    "kind": (
        "Le contenu du fichier ({kind}) n’est pas d’un type accepté : {accepted}.",
        "The content of the file ({kind}) is not of an accepted type: {accepted}.",
    ),
    "archive_unreadable": (
        "L’archive est illisible ou incomplète.",
        "The archive is unreadable or incomplete.",
    ),
    "archive_members": (
        "L’archive contient plus de {limit} fichiers.",
        "The archive holds more than {limit} files.",
    ),
    "archive_size": (
        "Le contenu décompressé dépasse {limit} octets.",
        "The decompressed content exceeds {limit} bytes.",
    ),
    "archive_ratio": (
        "Le contenu est comprimé plus de {limit} fois : ce fichier est refusé.",
        "The content is compressed more than {limit} times: this file is refused.",
    ),
    "archive_path": (
        "L’archive contient un chemin interdit : {member}.",
        "The archive holds a forbidden path: {member}.",
    ),
    "archive_encrypted": (
        "L’archive contient un fichier chiffré : {member}.",
        "The archive holds an encrypted file: {member}.",
    ),
}


class UploadRefused(Invalid):
    """A file that is not taken; `code` is a key of the sentences above and `values` what they mention."""

    def __init__(self, code: str, **values: Any) -> None:
        french, english = (sentence.format(**values) for sentence in _SENTENCES[code])
        super().__init__(_bilingual(french, english), code=code, values=values)


class UploadedFile(Protocol):
    """What `receive` needs of an uploaded file; Django's has it."""

    name: str | None

    def chunks(self) -> Iterable[bytes]:
        """Yield the content."""
        ...


class ByteSource(Protocol):
    """What gives bytes: at most about `size` at a time, none at the end."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes."""
        ...


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """How much an archive may hold: members, bytes once expanded, and times compressed."""

    members: int = 10_000
    expanded_bytes: int = 2 * 1024**3
    ratio: int = 200


@dataclass(frozen=True, slots=True)
class StoredUpload:
    """A file received: where it lies, its SHA-256 (hexadecimal), size in bytes, kind, and a harmless name."""

    path: Path
    sha256: str
    size: int
    kind: Kind
    name: str


def receive(
    uploaded: UploadedFile,
    *,
    kinds: Collection[Kind],
    max_bytes: int,
    spool_dir: Path,
    limits: ArchiveLimits | None = None,
) -> StoredUpload:
    """Store `uploaded` under a random name in `spool_dir` and return what it is.

    The content decides the kind; a zip or XLSX file has its directory checked against `limits`. Raises
    `UploadRefused` and removes what was written when the file is empty, larger than `max_bytes`, of another
    kind than `kinds`, or a harmful archive. The caller deletes the file when it is done with it.
    """
    spool_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = spool_dir / f"{secrets.token_hex(16)}.upload"
    try:
        sha256, size = _spool(uploaded.chunks(), path, max_bytes)
        kind = sniff(path)
        if kind not in kinds:
            raise UploadRefused("kind", kind=kind.value, accepted=", ".join(sorted(kinds)))
        if kind in (Kind.ZIP, Kind.XLSX):
            with open_archive(path, limits):
                pass
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return StoredUpload(path, sha256, size, kind, safe_name(uploaded.name or ""))


def safe_name(name: str, longest: int = 120) -> str:
    """Return a file name fit to show and to store: no folder, control or invisible character.

    Bidirectional overrides go too ("gpj.exe" must not read as "exe.jpg"). The extension survives the cut to
    `longest` characters. A name with nothing left becomes "fichier".
    """
    text = unicodedata.normalize("NFC", name[:4096]).replace("\\", "/").rsplit("/", 1)[-1]
    visible = "".join(sign for sign in text if unicodedata.category(sign)[0] != "C" and sign not in '<>:"|?*')
    clean = re.sub(r"\s+", " ", visible).strip(" .")
    if not clean:
        return "fichier"
    stem, dot, extension = clean.rpartition(".")
    if dot and len(extension) <= 10 and len(clean) > longest:
        return stem[: longest - len(extension) - 1].rstrip(" .") + dot + extension
    return clean[:longest].rstrip(" .")


def sniff(path: Path) -> Kind:
    """Return the kind of the file at `path` from its first bytes (and, for a zip file, its directory)."""
    with path.open("rb") as stream:
        head = stream.read(_SNIFFED)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(path)
    if head.startswith(b"\x1f\x8b\x08"):
        return Kind.GZIP
    text = _decoded(head)
    if text is None:
        return Kind.UNKNOWN
    start = text.lstrip()[:1]
    if start in ("{", "["):
        return Kind.JSON
    if start == "<":
        return Kind.XML
    return Kind.CSV if start else Kind.UNKNOWN


@contextmanager
def open_archive(path: Path, limits: ArchiveLimits | None = None) -> Iterator[zipfile.ZipFile]:
    """Open the zip file at `path` once its directory has passed `limits`.

    Python stops reading a member at the size that the directory announced, so what was checked binds what
    is read. Raises `UploadRefused`, also when reading fails inside the block.
    """
    bounds = limits or ArchiveLimits()
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(archive.infolist(), bounds)
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise UploadRefused("archive_unreadable") from error


def bounded_gunzip(stream: ByteSource, max_bytes: int, max_ratio: int = 200) -> io.BufferedReader:
    """Return a reader of what the gzip `stream` holds, several members included.

    Reading raises `UploadRefused` once more than `max_bytes` came out, or more than `max_ratio` times what
    went in (past the first mebibyte), or when the stream is damaged or cut short.
    """
    return io.BufferedReader(_Gunzip(stream.read, max_bytes, max_ratio), _CHUNK)


class _Gunzip(io.RawIOBase):
    def __init__(self, read: Callable[[int], bytes], max_bytes: int, max_ratio: int) -> None:
        super().__init__()
        self._read = read
        self._max_bytes = max_bytes
        self._max_ratio = max_ratio
        self._inflater = zlib.decompressobj(wbits=31)
        self._pending = b""
        self._begun = False
        self._ended = False
        self._taken = 0
        self._given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        wanted = len(buffer)
        while wanted:
            if self._inflater.eof:
                self._pending = self._inflater.unused_data
                self._inflater = zlib.decompressobj(wbits=31)
                self._begun, self._ended = False, True
            if not self._pending:
                self._pending = self._read(_CHUNK)
                self._taken += len(self._pending)
                if not self._pending:
                    if self._begun or not self._ended:
                        raise UploadRefused("archive_unreadable")
                    return 0
            if self._ended and not self._begun:
                # Zeros may pad the space after a member (RFC 1952 leaves it open; tapes did it).
                self._pending = self._pending.lstrip(b"\0")
                if not self._pending:
                    continue
            data = self._inflate(wanted)
            if data:
                buffer[: len(data)] = data
                return len(data)
        return 0

    def _inflate(self, wanted: int) -> bytes:
        self._begun = True
        try:
            data = self._inflater.decompress(self._pending, wanted)
        except zlib.error as error:
            raise UploadRefused("archive_unreadable") from error
        self._pending = self._inflater.unconsumed_tail
        self._given += len(data)
        if self._given > self._max_bytes:
            raise UploadRefused("archive_size", limit=self._max_bytes)
        if self._given > max(_RATIO_FROM, self._taken * self._max_ratio):
            raise UploadRefused("archive_ratio", limit=self._max_ratio)
        return data


def _spool(chunks: Iterable[bytes], path: Path, max_bytes: int) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        for chunk in chunks:
            size += len(chunk)
            if size > max_bytes:
                raise UploadRefused("too_large", limit=max_bytes)
            digest.update(chunk)
            target.write(chunk)
    if not size:
        raise UploadRefused("empty")
    return digest.hexdigest(), size


def _zip_kind(path: Path) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return Kind.UNKNOWN
    return Kind.XLSX if {"[Content_Types].xml", "xl/workbook.xml"} <= names else Kind.ZIP


def _decoded(head: bytes) -> str | None:
    """Return the beginning of a text file, `None` for what is not text."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings: tuple[str, ...] = ("utf-16",)
    elif b"\0" in head:
        return None
    else:
        encodings = ("utf-8-sig", "cp1252")
    for encoding in encodings:
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            # The last character may be cut in two: the decoder is not told that the text ends here.
            text = decoder.decode(head)
        except UnicodeDecodeError:
            continue
        if not any(unicodedata.category(sign) == "Cc" and not sign.isspace() for sign in text):
            return text
    return None


def _check_members(members: list[zipfile.ZipInfo], limits: ArchiveLimits) -> None:
    if len(members) > limits.members:
        raise UploadRefused("archive_members", limit=limits.members)
    expanded = 0
    for member in members:
        name = member.filename
        shown = safe_name(name.replace("/", "∕"), 80)  # a look-alike keeps the folders visible
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or re.match(r"^[A-Za-z]:", name) or _is_link(member):
            raise UploadRefused("archive_path", member=shown)
        if member.flag_bits & 0x1:
            raise UploadRefused("archive_encrypted", member=shown)
        expanded += member.file_size
        if expanded > limits.expanded_bytes:
            raise UploadRefused("archive_size", limit=limits.expanded_bytes)
        if member.file_size > max(_RATIO_FROM, member.compress_size * limits.ratio):
            raise UploadRefused("archive_ratio", limit=limits.ratio)


def _is_link(member: zipfile.ZipInfo) -> bool:
    return (member.external_attr >> 16) & 0o170000 == 0o120000
