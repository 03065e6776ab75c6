"""Which logs a person means: files, folders, patterns, standard input."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

STANDARD_INPUT: Final = "-"


def expand(places: Iterable[str]) -> Iterator[Path | str]:
    """Each file of the places given, in a fixed order, once; ``-`` stands for itself.

    A folder gives all its files but hidden ones (links to folders are not followed); a pattern what it
    matches (``**`` too). Raises ``FileNotFoundError`` when a place gives nothing.
    """
    seen: set[Path] = set()
    for place in places:
        if place == STANDARD_INPUT:
            yield place
            continue
        found = 0
        for path in _files(place):
            found += 1
            if path not in seen:
                seen.add(path)
                yield path
        if not found:
            raise FileNotFoundError(place)


def _files(place: str) -> Iterator[Path]:
    path = Path(place)
    if path.is_dir():
        yield from _inside(path)
    elif path.exists():
        yield path
    elif glob.has_magic(place):
        for match in sorted(glob.iglob(place, recursive=True)):  # noqa: PTH207 - a pattern may be absolute
            inner = Path(match)
            if inner.is_dir():
                yield from _inside(inner)
            else:
                yield inner


def _inside(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part.startswith(".") for part in parts):
            yield path
