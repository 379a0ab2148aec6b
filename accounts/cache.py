"""The cache: Django's database cache, without what let a flood of keys free a guesser (S6)."""

from __future__ import annotations

import base64
import datetime
import pickle
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.db import DatabaseCache as DjangoDatabaseCache
from django.db import connections, router

UPSERT = """
INSERT INTO {table} (cache_key, value, expires) VALUES (%(key)s, %(value)s, %(expires)s)
ON CONFLICT (cache_key) DO UPDATE SET value = EXCLUDED.value, expires = EXCLUDED.expires
"""
FAR = datetime.datetime(9999, 12, 31, tzinfo=datetime.UTC)


class DatabaseCache(DjangoDatabaseCache):
    """Writes in one statement, and never culls.

    Django counts all rows before each write (42 ms at a million) and at 300 of them drops some:
    a flood of other keys wiped a victim's counter. It also swallows database errors, which
    would make a limiter free (A9). Expired rows are deleted by ``accounts.tasks.clean_up``.
    """

    def _base_set(self, mode: str, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT) -> bool:
        until = self.get_backend_timeout(timeout)
        expires = FAR if until is None else datetime.datetime.fromtimestamp(until, tz=datetime.UTC)
        connection = connections[router.db_for_write(self.cache_model_class)]
        table = connection.ops.quote_name(self._table)  # type: ignore[attr-defined]  # not in the stubs
        values: dict[str, Any] = {"key": key, "expires": expires.replace(microsecond=0)}
        with connection.cursor() as cursor:
            if mode == "touch":
                statement = "UPDATE {table} SET expires = %(expires)s WHERE cache_key = %(key)s"
            else:
                pickled = pickle.dumps(value, self.pickle_protocol)
                values["value"] = base64.b64encode(pickled).decode("ascii")
                statement = UPSERT
                if mode == "add":
                    statement += " WHERE {table}.expires < now()"
            cursor.execute(statement.format(table=table), values)
            return bool(cursor.rowcount)

    def delete_expired(self) -> int:
        """Delete what has expired; return how many rows."""
        connection = connections[router.db_for_write(self.cache_model_class)]
        table = connection.ops.quote_name(self._table)  # type: ignore[attr-defined]  # not in the stubs
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table} WHERE expires < now()")  # noqa: S608  # our own table's name
            return int(cursor.rowcount)
