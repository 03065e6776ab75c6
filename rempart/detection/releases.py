"""What a release of rules holds: a folder, a zip archive or a Git repository, in the layout of SigmaHQ.

Rules are the YAML documents beneath the folders whose name begins with ``rules`` (when there is none, beneath
all but those of tests and of what is given up); recorded logs of ``regression_data`` are their test cases.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

import yaml

from rempart.engines.sigma import Limits
from rempart.kernel.uploads import ArchiveLimits, open_archive

_LIMITS: Final = Limits()
_ARCHIVE: Final = ArchiveLimits(members=100_000, expanded_bytes=1024**3)
_TOTAL: Final = 512 * 1024**2
_RECORDING: Final = 16 * 1024**2
_INFO: Final = 1024**2
_SUFFIXES: Final = (".yml", ".yaml")
_ASIDE: Final = frozenset({"regression_data", "deprecated", "unsupported", "tests", "documentation"})
# "---" at the start of a line always begins a document, in a block of text too (YAML 1.2, 9.1.2).
_BETWEEN: Final = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_SIGMAHQ: Final = frozenset({"rules-emerging-threats", "rules-threat-hunting"})
_MINUTES: Final = 5


class BadRelease(ValueError):
    """What was given holds no release that can be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML document: where it lies ("#2" for the second of a file), its text, and its digest (SHA-256)."""

    path: str
    text: str
    digest: str
    problem: str = ""  # why it could not be read, if it could not


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorded log that rules must hit ``least`` times or more, not read yet."""

    rules: tuple[str, ...]
    name: str
    path: str
    least: int
    digest: str
    suffix: str
    raw: bytes = field(repr=False)


@dataclass(slots=True)
class Contents:
    """A whole release; ``digest`` tells it from another, ``sigmahq`` when it is laid out as theirs."""

    documents: list[Document] = field(default_factory=list)
    recordings: list[Recording] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)  # (path, reason)
    digest: str = ""
    sigmahq: bool = False


Files = Mapping[str, Any]  # path in the release → what reads it


def read_release(place: Path, revision: str = "") -> Contents:
    """Everything in a folder, a zip archive, or a Git repository at ``revision``. Raises BadRelease.

    A repository without a revision is read as its files stand; one without files (bare), at its HEAD.
    """
    bare = place.is_dir() and (place / "HEAD").is_file() and (place / "objects").is_dir()
    if revision or bare:
        with _archived(place, revision or "HEAD") as archive:
            return _from_archive(archive)
    if place.is_dir():
        return _contents({_relative(each, place): each for each in _walked(place)}, _read_file)
    if place.is_file() and zipfile.is_zipfile(place):
        return _from_archive(place)
    if place.is_file() and place.suffix.lower() in _SUFFIXES:
        return _contents({place.name: place}, _read_file)
    raise BadRelease(f"{place.name}: neither a folder, a zip archive nor a rule")


def _walked(place: Path) -> Iterator[Path]:
    for number, each in enumerate(sorted(place.rglob("*"))):
        if number > _ARCHIVE.members * 4:
            raise BadRelease(f"{place.name}: too many files")
        if each.is_file() and not each.is_symlink():
            yield each


def _relative(path: Path, place: Path) -> str:
    return path.relative_to(place).as_posix()


def _read_file(path: Path, most: int) -> bytes:
    with path.open("rb") as stream:
        return stream.read(most + 1)


def _from_archive(path: Path) -> Contents:
    with open_archive(path, _ARCHIVE) as archive:
        members = [each for each in archive.infolist() if not each.is_dir()]
        tops = {each.filename.partition("/")[0] for each in members if "/" in each.filename}
        alone = len(tops) == 1 and all("/" in each.filename for each in members)
        strip = next(iter(tops)) + "/" if alone and not next(iter(tops)).startswith("rules") else ""

        def read(member: zipfile.ZipInfo, most: int) -> bytes:
            with archive.open(member) as stream:
                return stream.read(most + 1)

        return _contents({each.filename.removeprefix(strip): each for each in members}, read)


@contextmanager
def _archived(place: Path, revision: str) -> Iterator[Path]:
    """A revision of a local repository as a zip; Git runs without anyone's settings or hooks."""
    if not re.fullmatch(r"[\w./@{}^~-]{1,200}", revision) or revision.startswith("-"):
        raise BadRelease(f"{revision[:60]!r} names no revision")
    with tempfile.TemporaryDirectory(prefix="rempart-release-") as folder:
        target = Path(folder) / "release.zip"
        command = ["git", "-c", f"safe.directory={place.resolve()}", "-C", str(place), "archive"]
        command += ["--format=zip", f"--output={target}", revision]
        quiet = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "PATH": "/usr/bin:/bin"}
        try:
            subprocess.run(  # noqa: S603 - a program of the system, a checked revision, no shell
                command, env=quiet, check=True, capture_output=True, timeout=_MINUTES * 60
            )
        except FileNotFoundError:
            raise BadRelease("git is not installed on this machine") from None
        except subprocess.TimeoutExpired:
            raise BadRelease(f"git took more than {_MINUTES} minutes") from None
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode("utf-8", "replace").strip().splitlines()
            raise BadRelease(f"git: {said[-1][:200] if said else error.returncode}") from None
        yield target


def _contents(files: Files, read: Any) -> Contents:
    contents = Contents()
    names = [PurePosixPath(each) for each in files]
    tops = {each.parts[0] for each in names if len(each.parts) > 1}
    ruled = {top for top in tops if top == "rules" or top.startswith("rules-")}
    contents.sigmahq = bool(ruled & _SIGMAHQ)
    total = 0
    whole = hashlib.sha256()
    for path in sorted(files):
        parts = PurePosixPath(path).parts
        if not path.lower().endswith(_SUFFIXES) or any(part.startswith(".") for part in parts):
            continue
        if parts[0] not in ruled if ruled else _ASIDE.intersection(parts):
            continue
        raw = read(files[path], _LIMITS.file_bytes)
        total += len(raw)
        if total > _TOTAL:
            raise BadRelease(f"more than {_TOTAL} bytes of rules")
        for document in documents_of(path, raw):
            contents.documents.append(document)
            whole.update(f"{document.path}\0{document.digest}\n".encode())
    for path in sorted(files):
        if path.startswith("regression_data/") and path.endswith("/info.yml"):
            _add_recordings(contents, path, files, read)
    for recording in contents.recordings:
        whole.update(f"{recording.path}\0{recording.digest}\n".encode())
    contents.digest = whole.hexdigest()
    return contents


def documents_of(path: str, raw: bytes) -> list[Document]:
    """The documents of a file; one that cannot be read stands as itself, with its reason."""
    digest = hashlib.sha256(raw).hexdigest()
    if len(raw) > _LIMITS.file_bytes:
        return [Document(path, "", digest, f"more than {_LIMITS.file_bytes} bytes")]
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        return [Document(path, "", digest, f"not UTF-8 at byte {error.start}")]
    if "\x00" in text:
        return [Document(path, "", digest, "holds a NUL character")]
    texts = [each.strip("\n") + "\n" for each in _BETWEEN.split(text) if _says_something(each)]
    if not texts:
        return [Document(path, text, digest, "holds no document")]
    found = []
    for number, each in enumerate(texts, start=1):
        name = path if number == 1 else f"{path}#{number}"
        found.append(Document(name, each, digest_of(each)))
    return found


def digest_of(text: str) -> str:
    """SHA-256 of a rule's text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def _says_something(text: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines())


def _add_recordings(contents: Contents, path: str, files: Files, read: Any) -> None:
    """The cases of an ``info.yml``: a log beside it, and the rules that it must hit."""
    raw = read(files[path], _INFO)
    try:
        document = yaml.load(raw, Loader=yaml.CSafeLoader) if len(raw) <= _INFO else None
        rules = tuple(str(each["id"]) for each in document["rule_metadata"])
        cases = list(document.get("regression_tests_info") or ())
    except (yaml.YAMLError, ValueError, TypeError, KeyError, RecursionError):
        contents.problems.append((path, "rule_metadata or regression_tests_info cannot be read"))
        return
    for case in cases:
        if not isinstance(case, dict):
            contents.problems.append((path, "a case is not a map"))
            continue
        beside = str(PurePosixPath(path).parent / PurePosixPath(str(case.get("path", ""))).name)
        least = case.get("match_count", 1)
        if beside not in files or not isinstance(least, int) or not 0 <= least <= 1_000_000:
            contents.problems.append((path, f"no such log, or count: {str(case.get('path'))[:200]}"))
            continue
        log = read(files[beside], _RECORDING)
        if len(log) > _RECORDING:
            contents.problems.append((beside, f"more than {_RECORDING} bytes"))
            continue
        name = str(case.get("name") or PurePosixPath(beside).name)[:200]
        digest = hashlib.sha256(f"{least}\0".encode() + log).hexdigest()
        suffix = PurePosixPath(beside).suffix
        contents.recordings.append(Recording(rules, name, beside, least, digest, suffix, log))
