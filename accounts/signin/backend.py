"""Who a session belongs to, asked with every page."""

from __future__ import annotations

from allauth.account import auth_backends

from accounts.models import User
from accounts.prepared import Prepared
from accounts.rows import columns, instances

_USER = Prepared("user", f"SELECT {columns(User)} FROM accounts_user WHERE id = %s")  # noqa: S608  # names of our own table, no input


class AuthenticationBackend(auth_backends.AuthenticationBackend):
    """allauth's, with a look-up of the account that costs a third of the ORM's."""

    def get_user(self, user_id: int) -> User | None:
        """Return the account of a session; nothing where it is gone or inactive."""
        rows = _USER.rows([user_id])
        if not rows:
            return None
        [user] = instances(rows[0], User)
        return user if self.user_can_authenticate(user) else None
