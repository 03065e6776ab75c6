"""Reads that busy pages make, their SQL written once by the ORM: writing it takes longer than running it."""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet, Value
from django.db.models.query import ModelIterable, get_related_populators

from rempart.kernel.actors import Actor, Scope
from rempart.kernel.permissions import Permission
from rempart.kernel.sql import ids, instant

_MOST_SCOPES = 256


class _Given(Value):
    """Stands in a query for a value known only when it runs."""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return "%s", [self]


class _GivenIds(_Given):
    """The same for a list of whole numbers, their parameter's name ending in "ids"."""

    @property
    def mark(self) -> str:
        return f"(/* {self.value} */)"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return self.mark, []


class Prepared:
    """The rows of ``build``, a function from what varies, by name, to a queryset.

    What varies is a single value, or a list of ids for a name that ends in "ids". The queryset may not take
    another shape for other values: nothing that depends on them, nothing compared with None, no prefetching.
    ``values_list`` gives tuples, any other queryset instances.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]]) -> None:
        self._build = build
        self._names = [*inspect.signature(build).parameters]
        self._written: OrderedDict[Hashable, _Written] = OrderedDict()

    def rows(self, **given: Any) -> list[Any]:
        """Tuples or instances, as ``build`` gives them."""
        return self._rows(connection.vendor, (), given)

    def first(self, **given: Any) -> Any:
        """The first row, or None."""
        rows = self.rows(**given)
        return rows[0] if rows else None

    def _rows(self, key: Hashable, before: tuple[Any, ...], given: dict[str, Any]) -> list[Any]:
        written = self._written.get(key)
        if written is None:
            names = self._names[len(before) :]
            marks = {name: (_GivenIds if name.endswith("ids") else _Given)(name) for name in names}
            written = self._written[key] = _Written(self._build(*before, **marks))
            while len(self._written) > _MOST_SCOPES:
                self._written.popitem(last=False)
        return written.rows(given)


class _Within(Actor):
    """An actor of whom only some scopes are known: what is written for them serves all who have the same."""

    def scope(self, permission: Permission) -> Scope:
        return self._scopes[permission]


class PreparedWithin(Prepared):
    """The same for a ``build`` that first takes an actor, of whom it may ask these rights' scopes alone."""

    def __init__(self, permissions: tuple[Permission, ...], build: Callable[..., QuerySet[Any, Any]]) -> None:
        super().__init__(build)
        self._permissions = permissions

    def rows(self, actor: Actor, **given: Any) -> list[Any]:  # type: ignore[override]
        scopes = tuple(actor.scope(permission) for permission in self._permissions)
        known = _Within(None, "", _scopes=dict(zip(self._permissions, scopes, strict=True)))
        return self._rows((connection.vendor, scopes), (known,), given)

    def first(self, actor: Actor, **given: Any) -> Any:  # type: ignore[override]
        rows = self.rows(actor, **given)
        return rows[0] if rows else None


class _Written:
    """A statement and how its rows become what a queryset would give."""

    def __init__(self, queryset: QuerySet[Any, Any]) -> None:
        compiler = queryset.query.get_compiler(connection=connection)
        self._statement: str | None
        try:
            self._statement, self._parameters = compiler.as_sql()
        except EmptyResultSet:
            self._statement, self._parameters = None, []
            return
        select, known = compiler.select, compiler.klass_info
        self._converters = compiler.get_converters([expression for expression, _sql, _alias in select])
        self._model = None
        if issubclass(queryset._iterable_class, ModelIterable):
            self._model = known["model"]
            self._columns = slice(known["select_fields"][0], known["select_fields"][-1] + 1)
            self._fields = [expression.target.attname for expression, _sql, _alias in select[self._columns]]
            self._related = get_related_populators(known, select, connection.alias)
            self._annotations = list(compiler.annotation_col_map.items())

    def rows(self, given: dict[str, Any]) -> list[Any]:
        if self._statement is None:
            return []
        statement = self._statement
        for name, value in given.items():
            if name.endswith("ids"):
                statement = statement.replace(_GivenIds(name).mark, f"({ids(value)})")
        parameters = [
            _adapted(given[each.value]) if isinstance(each, _Given) else each for each in self._parameters
        ]
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            found = [self._converted(row) for row in cursor.fetchall()]
        return found if self._model is None else [self._instance(row) for row in found]

    def _converted(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        if not self._converters:
            return row
        values = list(row)
        for position, (converters, expression) in self._converters.items():
            value = values[position]
            for convert in converters:
                value = convert(value, expression, connection)
            values[position] = value
        return tuple(values)

    def _instance(self, row: tuple[Any, ...]) -> Any:
        """As ``ModelIterable`` makes it."""
        made = self._model.from_db(connection.alias, self._fields, row[self._columns])
        for each in self._related:
            each.populate(row, made)
        for name, column in self._annotations:
            setattr(made, name, row[column])
        return made


def _adapted(value: Any) -> Any:
    return instant(value) if isinstance(value, datetime) else value
