"""Instances of several models out of one statement by hand.

On the ways that every request or every sign-in goes: there the ORM's building of the same join
costs two to three times as much CPU as the join itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Model


def columns(*models: type[Model]) -> str:
    """Return what to select for ``models``, in the order that instances() reads."""
    return ", ".join(
        f'{model._meta.db_table}."{field.column}"'
        for model in models
        for field in model._meta.concrete_fields  # public by documentation
    )


def instances(row: Sequence[Any], *models: type[Model]) -> list[Any]:
    """Return an instance of each model; None where an outer join found nothing.

    ``row`` may hold more, after what columns() named.
    """
    made: list[Any] = []
    position = 0
    for model in models:
        names, key, converters = _plan(model)
        values = list(row[position : position + len(names)])
        position += len(names)
        if values[key] is None:
            made.append(None)
            continue
        for index, convert in converters:
            values[index] = convert(values[index], None, connection)
        made.append(model.from_db(connection.alias, names, values))
    return made


@cache
def _plan(model: type[Model]) -> tuple[list[str], int, list[tuple[int, Any]]]:
    """The attributes, where the primary key stands, and what turns values into Python's."""
    fields = model._meta.concrete_fields
    converters = [(n, f.from_db_value) for n, f in enumerate(fields) if hasattr(f, "from_db_value")]
    key = next(n for n, field in enumerate(fields) if field.primary_key)
    return [field.attname for field in fields], key, converters
