"""What the profile shows of an account beside its own row.

By hand: of the page's CPU the same two questions through the ORM took a sixth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount

from accounts.prepared import Prepared
from accounts.rows import columns, instances

if TYPE_CHECKING:
    from accounts.models import User

_GIVEN = Prepared(
    "given_addresses",
    f"""
    SELECT email FROM {EmailAddress._meta.db_table}
    WHERE user_id = %s AND NOT verified AND upper(email) <> upper(%s) ORDER BY id
    """,  # noqa: S608  # a table's name, no input
)
_GOOGLE = Prepared(
    "google_account",
    f"""
    SELECT {columns(SocialAccount)} FROM {SocialAccount._meta.db_table}
    WHERE user_id = %s AND provider = 'google' ORDER BY id LIMIT 1
    """,  # noqa: S608  # names of a table, no input
)


def given_addresses(user: User) -> list[str]:
    """Return the addresses that organizations gave, and that the person has not confirmed."""
    return [email for (email,) in _GIVEN.rows([user.pk, user.email])]


def google_account(user: User) -> SocialAccount | None:
    """Return the Google account that is connected, if one is."""
    found = _GOOGLE.rows([user.pk])
    return cast("SocialAccount", instances(found[0], SocialAccount)[0]) if found else None
