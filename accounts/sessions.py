"""The session engine: Django's table, with a new key for an old session in one statement.

Django's own store asks whether a random key is taken, inserts, reads, deletes and updates where a
session gets a new key, and does all of it again at the next step of a sign-in. Here the new key is
written with the data, once, at the end of the request.
Source: Django, "Extending database-backed session engines".
"""

from __future__ import annotations

from django.contrib.sessions.backends.base import VALID_KEY_CHARS, UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.utils.crypto import get_random_string

KEY_LENGTH = 32


class SessionStore(DatabaseSessionStore):
    """A session in PostgreSQL."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        # After cycle_key(): the key under which the row is still kept, "" where there is none.
        self._stored_as: str | None = None

    def cycle_key(self) -> None:
        """Take a new key; save() gives it to the row. The data stay."""
        self.items()  # read under the old key
        if self._stored_as is None:
            self._stored_as = self.session_key or ""
        self._session_key = self._get_new_session_key()
        self.modified = True

    def save(self, must_create: bool = False) -> None:
        """Write the session; under its new key, if it has one.

        Where the row of an old key is gone meanwhile (the same form was sent twice), a row is
        made: whoever just proved who they are has a session.

        Raises UpdateError where a session that keeps its key was ended meanwhile.
        """
        if must_create or self.session_key is None:
            super().save(must_create=must_create)
            return
        row = self.create_model_instance(dict(self.items()))
        old_key = row.session_key if self._stored_as is None else self._stored_as
        written = (
            self.model.objects.filter(session_key=old_key).update(
                session_key=row.session_key,
                session_data=row.session_data,
                expire_date=row.expire_date,
            )
            if old_key
            else 0
        )
        if not written:
            if self._stored_as is None:
                raise UpdateError
            super().save(must_create=True)
        self._stored_as = None

    def delete(self, session_key: str | None = None) -> None:
        """Delete the row, also one that waits for its new key."""
        key = session_key or self._stored_as or self.session_key
        if key is not None:
            self.model.objects.filter(session_key=key).delete()
        if session_key is None:
            self._stored_as = None

    def _get_new_session_key(self) -> str:
        # 165 random bits are not taken; and where they were, the insert says so.
        return get_random_string(KEY_LENGTH, VALID_KEY_CHARS)
