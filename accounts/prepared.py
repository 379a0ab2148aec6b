"""Statements that PostgreSQL plans once a connection, not once a request.

Of the four milliseconds that a look-up took, three went into planning the same three statements
again. Only for statements that are fixed: what a filter makes up is planned for its own values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection, models

_PLACE = re.compile(r"%(?:\((\w+)\))?s|%%")
# What each connection of the driver has prepared; both end together.
_known: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


class Prepared:
    """A statement with places %s or %(name)s, under a name of its own.

    Types that PostgreSQL cannot see from the statement are written there: %(count)s::int.
    """

    def __init__(self, name: str, sql: str) -> None:
        self.name = f"ours_{name}"
        self.plain = sql
        self._order: list[str] = []
        self._numbered = _PLACE.sub(self._number, sql)
        places = ", ".join(["%s"] * len(self._order))
        self._execute = f"EXECUTE {self.name}({places})" if places else f"EXECUTE {self.name}"

    def _number(self, place: re.Match[str]) -> str:
        if place.group() == "%%":
            return "%"
        name = place.group(1)
        if name is None or name not in self._order:
            self._order.append(name or "")
            return f"${len(self._order)}"
        return f"${self._order.index(name) + 1}"

    def rows(self, values: Mapping[str, Any] | Sequence[Any]) -> list[tuple[Any, ...]]:
        """Execute it and give its rows; none where it returns none."""
        with connection.cursor() as cursor:
            if connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"):
                # Django's word for a pooler that gives each transaction another connection.
                cursor.execute(self.plain, values)
            else:
                self._execute_prepared(cursor, values)
            return cursor.fetchall() if cursor.description else []

    def _execute_prepared(self, cursor: Any, values: Mapping[str, Any] | Sequence[Any]) -> None:
        prepared = _known.setdefault(connection.connection, set())
        if self.name not in prepared:
            cursor.execute(f"PREPARE {self.name} AS {self._numbered}")
            prepared.add(self.name)
        if isinstance(values, Mapping):
            values = [values[name] for name in self._order]
        cursor.execute(self._execute, values)


def columns_of(model: type[models.Model]) -> list[str]:
    """Give the columns of a new row: all but the number that the database draws."""
    return [field.column for field in model._meta.concrete_fields if not field.primary_key]


def values_of(row: models.Model) -> list[Any]:
    """Give the values of a new row, in the order of columns_of()."""
    return [
        field.get_db_prep_save(getattr(row, field.attname), connection)
        for field in row._meta.concrete_fields
        if not field.primary_key
    ]


def insertion(model: type[models.Model], **instead: str) -> str:
    """Give the INSERT of one row: places named table_column, or an expression ``instead``."""
    table = model._meta.db_table
    columns = columns_of(model)
    places = ", ".join(instead.get(name, f"%({table}_{name})s") for name in columns)
    return f"INSERT INTO {table} ({_quoted(columns)}) VALUES ({places}) RETURNING id"  # noqa: S608 - names of our own tables


def named_values_of(row: models.Model) -> dict[str, Any]:
    """Give the values of a new row by the places of insertion()."""
    table = row._meta.db_table
    names = (f"{table}_{column}" for column in columns_of(type(row)))
    return dict(zip(names, values_of(row), strict=True))


def _quoted(columns: list[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)
