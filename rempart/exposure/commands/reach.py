"""What a change reaches, and how two workers keep out of each other's way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from django.db import connection

from rempart.kernel import sql
from rempart.kernel.holding import hold_installs

T = TypeVar("T")

IDS_AT_ONCE = 20_000  # rows that one statement names

_EVERYTHING = 7_301  # the advisory lock of this slice (PostgreSQL): any number that is nobody else's
# Merged by vulnerability alone, as an index has them, every install would meet every exposure to it.
_PLANNED = "set_config('enable_mergejoin', 'off', true)"


@dataclass(frozen=True, slots=True)
class Reach:
    """The rows that a statement is held to; None in every field: all of them."""

    vulnerability_ids: Sequence[int] | None = None
    component_ids: Sequence[int] | None = None
    asset_ids: Sequence[int] | None = None
    body_id: int | None = None

    def where(self, vulnerability: str = "", component: str = "", asset: str = "", body: str = "") -> str:
        """The condition on these columns, in SQL. Whole numbers are written in place: lists may be long."""
        parts = []
        for column, ids in (
            (vulnerability, self.vulnerability_ids),
            (component, self.component_ids),
            (asset, self.asset_ids),
        ):
            if column and ids is not None:
                parts.append(f"{column} IN ({sql.ids(ids)})")
        # An asset is one body's: where assets are named, that body is not asked for again.
        if body and self.body_id is not None and not (asset and self.asset_ids is not None):
            parts.append(f"{body} = {int(self.body_id)}")
        return " AND ".join(parts) or "1 = 1"

    @property
    def is_a_body(self) -> bool:
        """Whether these are all the rows of one body, or of assets of it, as its inventories state them."""
        return self.body_id is not None and self.vulnerability_ids is None and self.component_ids is None

    @property
    def exposures(self) -> str:
        """The condition on ``exposure_exposure e``."""
        return self.where("e.vulnerability_id", "e.component_id", "e.asset_id", "e.body_id")


def hold(*, alone: bool, body_id: int | None = None) -> None:
    """Keeps other matchings out until the end of the transaction.

    A vulnerability is matched ``alone``; bodies are reconciled beside one another, each by one worker at
    a time and while no inventory of it is applied: otherwise a component that arrives while a vulnerability
    is being matched would be seen by neither, and one that goes and comes back would be proved gone.
    SQLite needs nothing: its transactions take the only write lock as they begin.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        lock = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
        cursor.execute(f"SELECT {lock}(%s), {_PLANNED}", [_EVERYTHING])
    if body_id is not None:
        hold_installs(body_id)


def run(template: str, parameters: Sequence[Any] = (), **parts: str) -> int:
    """Executes a statement whose ``{parts}`` are SQL of this slice; returns how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(template.format(**parts), list(parameters))
        return max(cursor.rowcount, 0)


def fetch(template: str, parameters: Sequence[Any] = (), **parts: str) -> list[tuple[Any, ...]]:
    """The rows of a query whose ``{parts}`` are SQL of this slice."""
    return sql.fetch(template.format(**parts), parameters)


def slices(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items, ``size`` at a time."""
    iterator = iter(items)
    while part := list(islice(iterator, size)):
        yield part
