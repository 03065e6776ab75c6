"""Lists as people use them: filters and sort that live in the address, columns kept, pages, a sentence."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from rempart.kernel.keeping import Kept, changes
from rempart.kernel.showing import CellsOf

PAGE_SIZE = 25
PAGE_SIZES = (25, 50, 100)  # what a page offers; an address may ask for others
MAX_PAGE_SIZE = 500

Choices = Sequence[tuple[str, Any]]


@dataclass(frozen=True)
class Column:
    """A column; ``order`` names the model fields it sorts by (none: not sortable), most significant first."""

    key: str
    label: Any
    order: tuple[str, ...] = ()
    numeric: bool = False
    optional: bool = False  # hidden until the user asks for it


@dataclass(frozen=True)
class Filter:
    """A filter named in the address. ``apply`` narrows the rows; ``choices`` offers values.

    ``apply`` receives text from outside: it must ignore or refuse what it does not know. ``kind`` is the type
    of its control where nothing is offered: "search", "date", or "hidden" where the page has a control of its
    own, of the form "by". A ``folded`` one waits behind "more filters". ``aliases``: what else an address may
    say for a value that it offers.
    """

    key: str
    label: Any
    apply: Callable[[QuerySet[Any], str], QuerySet[Any]]
    choices: Choices | Callable[[], Choices] | None = None
    kind: str = "search"
    folded: bool = False
    aliases: Mapping[str, str] = field(default_factory=dict)

    def options(self) -> Choices:
        return self.choices() if callable(self.choices) else (self.choices or ())


@dataclass(frozen=True)
class Page:
    """What the list's template shows. ``address(**changes)`` gives the query string so changed."""

    listing: Listing
    rows: list[Any]
    total: int
    number: int
    size: int
    sort: str
    filters: dict[str, str]
    beyond: bool = False  # there are more than ``total``, not counted further
    # Where a list too long for numbers alone goes on: the cursors of its first and last rows.
    first_cursor: str = ""
    last_cursor: str = ""

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))

    @property
    def first(self) -> int:
        return (self.number - 1) * self.size + 1 if self.total else 0

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1 if self.rows else 0

    @property
    def previous_address(self) -> str | None:
        return self.address(page=self.number - 1, before=self.first_cursor) if self.number > 1 else None

    @property
    def next_address(self) -> str | None:
        full = self.beyond and len(self.rows) == self.size
        more = self.number < self.pages or full
        return self.address(page=self.number + 1, after=self.last_cursor) if more else None

    def sizes(self) -> list[tuple[int, str | None]]:
        """(rows a page, the address that gives so many, None for the present one); empty for a short list."""
        if self.total <= PAGE_SIZE:
            return []
        return [(size, None if size == self.size else self.address(size=size, page=1)) for size in PAGE_SIZES]

    def address(self, **changes: Any) -> str:
        values: dict[str, Any] = {**self.filters, "sort": self.sort, "page": self.number, "size": self.size}
        values.update(changes)
        defaults = {"sort": self.listing.default_sort, "page": 1, "size": PAGE_SIZE}
        kept = {k: v for k, v in values.items() if v not in ("", None) and defaults.get(k) != v}
        return "?" + urlencode(kept)

    def headers(self) -> list[tuple[Column, str | None, str]]:
        """(column, address that sorts by it, 'ascending' | 'descending' | '')."""
        result = []
        for column in self.listing.columns:
            state = {column.key: "ascending", f"-{column.key}": "descending"}.get(self.sort, "")
            wanted = f"-{column.key}" if state == "ascending" else column.key
            result.append((column, self.address(sort=wanted, page=1) if column.order else None, state))
        return result

    def active(self) -> list[tuple[Filter, str, str]]:
        """(filter, its value in words, address without it): the list's sentence."""
        result = []
        for each in self.listing.filters:
            value = self.filters.get(each.key)
            if value:
                words = {str(k): str(v) for k, v in each.options()}.get(value, value)
                result.append((each, words, self.address(**{each.key: "", "page": 1})))
        return result

    @property
    def sentence(self) -> str:
        """The filters in words, for whoever reads the rows without the page."""
        colon = _(" : ")
        return ", ".join(f"{each.label}{colon}{value}" for each, value, _without in self.active())

    def controls(self) -> list[tuple[Filter, Choices, str]]:
        """(filter, its options, its present value): the list's form."""
        return [(each, each.options(), self.filters.get(each.key, "")) for each in self.listing.filters]


@dataclass(frozen=True)
class Listing:
    """A kind of list. ``key`` names it in the user's preferences (columns chosen)."""

    key: str
    columns: tuple[Column, ...]
    filters: tuple[Filter, ...]
    default_sort: str
    cells: CellsOf | None = None  # what each row shows; None where a template draws it

    @property
    def says_rows(self) -> bool:
        return self.cells is not None

    def read(self, parameters: Mapping[str, str]) -> tuple[dict[str, str], str]:
        """The known filters of an address, and its sort; what is unknown is ignored."""
        given = {f.key: parameters.get(f.key, "").replace("\x00", "").strip()[:200] for f in self.filters}
        filters = {f.key: f.aliases.get(value, value) for f in self.filters if (value := given[f.key])}
        sortable = {c.key for c in self.columns if c.order}
        sort = parameters.get("sort", "")
        return filters, sort if sort.lstrip("-") in sortable else self.default_sort

    def sentence(self, parameters: Mapping[str, str]) -> str:
        """The filters of an address in words, for a file of its rows."""
        filters, sort = self.read(parameters)
        return Page(self, [], 0, 1, PAGE_SIZE, sort, filters).sentence

    def rows(self, queryset: QuerySet[Any], parameters: Mapping[str, str]) -> QuerySet[Any]:
        """All the rows of an address, filtered and sorted: what an export writes."""
        filters, sort = self.read(parameters)
        for each in self.filters:
            if each.key in filters:
                queryset = each.apply(queryset, filters[each.key])
        order = next(c.order for c in self.columns if c.key == sort.lstrip("-"))
        if sort.startswith("-"):
            order = tuple(name[1:] if name.startswith("-") else f"-{name}" for name in order)
        return queryset.order_by(*order, "pk")

    def page(
        self, queryset: QuerySet[Any], parameters: Mapping[str, str], within: Hashable | None = None
    ) -> Page:
        """One page of the rows. Counting takes long: it is done once for all who see the same rows, as
        ``within`` tells, until something changes; each time without it.
        """
        filters, sort = self.read(parameters)
        number, size = wanted_page(parameters)
        rows = self.rows(queryset, parameters)
        if within is None:
            total = rows.count()
        else:
            total = _counted.get((self.key, within, tuple(filters.items())), rows.count, changes())
        number = min(number, max(1, -(-total // size)))
        return Page(self, list(rows[(number - 1) * size : number * size]), total, number, size, sort, filters)


_counted: Kept[int] = Kept(seconds=30, most=1000)


def wanted_page(parameters: Mapping[str, str]) -> tuple[int, int]:
    """(number, size) of the page that an address asks for, within what a list gives."""
    size = min(max(_whole(parameters.get("size"), PAGE_SIZE), 1), MAX_PAGE_SIZE)
    return max(_whole(parameters.get("page"), 1), 1), size


def _whole(value: str | None, default: int) -> int:
    try:
        return int(value) if value else default
    except ValueError:
        return default
