"""Statements that PostgreSQL plans once a connection, not once a request.

Of the four milliseconds that a look-up took, three went into planning the same three statements
again. Only for statements that are fixed: what a filter makes up is planned for its own values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, connection, connections, models, transaction

_PLACE = re.compile(r"%(?:\((\w+)\))?s|%%")
Values = Mapping[str, Any] | Sequence[Any]
# Every statement by its name: two of one name would execute each other.
_statements: dict[str, str] = {}
# What each connection of the driver has prepared; both end together.
_known: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


class Prepared:
    """A statement with places %s or %(name)s, under a name of its own.

    Types that PostgreSQL cannot see from the statement are written there: %(count)s::int.
    """

    def __init__(self, name: str, sql: str) -> None:
        self.name = f"ours_{name}"
        if _statements.setdefault(self.name, sql) != sql:
            raise ValueError(f"There is another statement by the name {name}.")
        self._order: list[str] = []
        # Whose value stands where in `plain`, where each place is just %s.
        self._occurrences: list[int] = []
        self._numbered = _PLACE.sub(self._number, sql)
        self.plain = _PLACE.sub(lambda place: "%%" if place.group() == "%%" else "%s", sql)
        places = ", ".join(["%s"] * len(self._order))
        self._execute = f"EXECUTE {self.name}({places})" if places else f"EXECUTE {self.name}"

    def _number(self, place: re.Match[str]) -> str:
        if place.group() == "%%":
            return "%"
        name = place.group(1)
        if name is None or name not in self._order:
            self._order.append(name or "")
            position = len(self._order) - 1
        else:
            position = self._order.index(name)
        self._occurrences.append(position)
        return f"${position + 1}"

    def rows(self, values: Values = ()) -> list[tuple[Any, ...]]:
        """Execute it and give its rows; none where it returns none."""
        with connection.cursor() as cursor:
            return _execute_all(cursor, [(self, values)])

    def ready(self, cursor: Any, values: Values) -> tuple[str, Sequence[Any]]:
        """Give the text that executes it, prepared on this connection, and the values in order."""
        if isinstance(values, Mapping):
            values = [values[name] for name in self._order]
        database = cursor.db
        if database.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"):
            # Django's word for a pooler that gives each transaction another connection.
            return self.plain, [values[position] for position in self._occurrences]
        prepared = _known.setdefault(database.connection, set())
        if self.name not in prepared:
            cursor.execute(f"PREPARE {self.name} AS {self._numbered}")
            prepared.add(self.name)
        return self._execute, values


def at_once(*calls: tuple[Prepared, Values]) -> list[tuple[Any, ...]]:
    """Execute statements in one round trip and one transaction; gives the rows of the last.

    PostgreSQL makes a transaction of what arrives together, and each statement sees what the one
    before did and waited for. So locks are held for a millisecond, not while Python thinks.
    """
    if connection.in_atomic_block:
        with transaction.atomic(), connection.cursor() as cursor:
            return _execute_all(cursor, calls)
    with connection.cursor() as cursor:
        return _execute_all(cursor, calls)


def _execute_all(cursor: Any, calls: Sequence[tuple[Prepared, Values]]) -> list[tuple[Any, ...]]:
    ready = [one.ready(cursor, values) for one, values in calls]
    cursor.execute(
        "; ".join([text for text, _ in ready]), [value for _, given in ready for value in given]
    )
    return cursor.fetchall() if cursor.description else []


def _fields(model: type[models.Model]) -> list[Any]:
    """Give what a new row consists of: all but the number that the database draws."""
    return [field for field in model._meta.concrete_fields if not field.primary_key]


def insertion(model: type[models.Model], source: str = "", **instead: str) -> str:
    """Give the INSERT of one row: places named table_column, or an expression ``instead``.

    ``source`` follows: FROM and WHERE, for a row that depends on others.
    """
    table = model._meta.db_table
    fields = _fields(model)
    columns = ", ".join(f'"{field.column}"' for field in fields)
    places = ", ".join(
        instead.get(field.column, f"%({table}_{field.column})s::{_type_of(field)}")
        for field in fields
    )
    return f"INSERT INTO {table} ({columns}) SELECT {places} {source} RETURNING id"


def named_values_of(row: models.Model) -> dict[str, Any]:
    """Give the values of a new row by the places of insertion()."""
    return {
        place: prepare(getattr(row, name)) if prepare else getattr(row, name)
        for place, name, prepare, _ in _places(type(row))
    }


def values_of_new(model: type[models.Model], **given: Any) -> dict[str, Any]:
    """Give the same for a row of which nobody needs an instance; the rest are its defaults."""
    values = {}
    for place, name, prepare, default in _places(model):
        value = given[name] if name in given else default()
        values[place] = prepare(value) if prepare else value
    return values


# What the driver is given as it is. Django hands these on, too, after ten calls for each.
_HANDED_ON = (models.CharField, models.BooleanField, models.IntegerField, models.DateTimeField)


@cache
def _places(
    model: type[models.Model],
) -> list[tuple[str, str, Callable[[Any], Any] | None, Callable[[], Any]]]:
    """Name each column of a new row: its place, attribute, what prepares it, and its default."""
    table = model._meta.db_table
    return [
        (f"{table}_{field.column}", field.attname, _preparation(field), field.get_default)
        for field in _fields(model)
    ]


def _preparation(field: Any) -> Callable[[Any], Any] | None:
    base = field.target_field if isinstance(field, models.ForeignKey) else field
    if isinstance(base, _HANDED_ON) and type(base).__module__.startswith("django.db.models"):
        return None
    return lambda value: field.get_db_prep_save(value, connections[DEFAULT_DB_ALIAS])


def _type_of(field: Any) -> str:
    """Give a column's type without its length: a cast would cut what is too long, not refuse it."""
    return str(field.db_type(connection)).partition("(")[0]


class Insertion:
    """New rows of a model, each by a prepared statement: a third of what the ORM's save() costs.

    No signals are sent, and nothing is asked of the model but its values.
    """

    def __init__(self, model: type[models.Model]) -> None:
        self._statement = Prepared(f"insert_{model._meta.db_table}", insertion(model))

    def save(self, row: models.Model) -> None:
        """Write ``row``, which is not in the database yet."""
        [(row.pk,)] = self._statement.rows(named_values_of(row))
        row._state.adding = False  # noqa: SLF001  # saved, by hand
        row._state.db = connection.alias  # noqa: SLF001
