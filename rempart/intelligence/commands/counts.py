"""What a reading of a feed did, and how its progress is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TypeVar

# Called with (records read so far, total or 0 when unknown).
Progress = Callable[[int, int], None]

BATCH = 500

_T = TypeVar("_T")


@dataclass
class LoadCounts:
    """Records: ``read`` = ``added`` + ``changed`` + ``unchanged`` + ``rejected`` (in quarantine)."""

    read: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0

    def as_dict(self) -> dict[str, int]:
        return asdict(self)

    def __add__(self, other: LoadCounts) -> LoadCounts:
        return LoadCounts(
            self.read + other.read,
            self.added + other.added,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
            self.rejected + other.rejected,
        )


def batches(items: Iterable[_T], size: int = BATCH) -> Iterator[list[_T]]:
    """Successive lists of at most ``size`` items, in order."""
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch
