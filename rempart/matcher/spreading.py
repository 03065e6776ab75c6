"""The match of an inventory in parts, for Ray and Spark: records once in each process, components shared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

import orjson
import pyarrow as arrow

from rempart.engines.exposure import Aliases, Matcher
from rempart.engines.exposure.model import Affected, Component
from rempart.matcher.components import Item
from rempart.matcher.results import Row, match_items
from rempart.matcher.sentences import Language
from rempart.spread import spread
from rempart.spread.model import Step

ITEMS: Final = arrow.schema(
    [("part", arrow.int64())]
    + [(name, arrow.string()) for name in (
        "id", "vendor", "product", "version", "purl", "cpe", "inventory", "asset",
    )]
)  # fmt: skip
ROWS: Final = arrow.schema([("part", arrow.int64()), ("row", arrow.large_binary())])
_ITEMS: Final = 1_000  # components of a part
_ROWS: Final = 5_000  # verdicts of a batch


@dataclass(frozen=True, slots=True)
class Matching:
    """What the records say of each vulnerability, and its other names; it goes to each process."""

    statements: dict[str, tuple[Affected, ...]]
    names: dict[str, tuple[str, ...]]
    aliases: Aliases
    language: Language

    def start(self) -> Step:
        """A matcher made ready in this process."""
        matcher = Matcher(self.aliases)
        matcher.fill(self.statements.items())

        def step(part: arrow.RecordBatch) -> Iterator[arrow.RecordBatch]:
            rows = match_items(matcher, items_of(part), self.names, self.language)
            yield from _batches(part["part"][0].as_py(), rows)

        return step


def match_in(engine: str, matching: Matching, items: Sequence[Item], jobs: int) -> Iterator[Row]:
    """Every verdict as a row, in the order of ``match_items``. Raises what ``spread`` raises."""
    waiting: dict[int, list[Row]] = {}
    following = count()
    wanted = next(following)
    for batches in spread(engine, matching, _parts(items), jobs=jobs):
        rows = [orjson.loads(data) for batch in batches for data in batch["row"].to_pylist() if data]
        waiting[batches[0]["part"][0].as_py()] = rows
        while wanted in waiting:
            yield from waiting.pop(wanted)
            wanted = next(following)


def items_of(part: arrow.RecordBatch) -> list[Item]:
    """The components of a part."""
    return [
        Item(
            Component(row["id"], row["vendor"], row["product"], row["version"], row["purl"], row["cpe"]),
            row["inventory"],
            row["asset"],
        )
        for row in part.to_pylist()
    ]


def _parts(items: Sequence[Item]) -> Iterator[arrow.RecordBatch]:
    for part, start in enumerate(range(0, len(items), _ITEMS)):
        rows = [
            {
                "part": part,
                **{name: getattr(item.component, name) for name in ITEMS.names[1:7]},
                "inventory": item.inventory,
                "asset": item.asset,
            }
            for item in items[start : start + _ITEMS]
        ]
        yield arrow.RecordBatch.from_pylist(rows, schema=ITEMS)


def _batches(part: int, rows: Iterator[Row]) -> Iterator[arrow.RecordBatch]:
    """Verdicts as JSON; a part without any has one batch without text, so that its place is known."""
    held: list[bytes] = []
    told = False
    for row in rows:
        held.append(orjson.dumps(row))
        if len(held) == _ROWS:
            yield _batch(part, held)
            held, told = [], True
    if held or not told:
        yield _batch(part, held or [None])


def _batch(part: int, held: Sequence[bytes | None]) -> arrow.RecordBatch:
    columns = [arrow.array([part] * len(held), arrow.int64()), arrow.array(held, arrow.large_binary())]
    return arrow.RecordBatch.from_arrays(columns, schema=ROWS)
