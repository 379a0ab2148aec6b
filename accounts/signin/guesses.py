"""How often passwords may be guessed: exact rows, whatever happens at the same instant (S6).

allauth counts in the cache under a lock that gives up after a second. Here each guess is one
statement; a right one gives back its own count and nothing more, so that signing in to one's
own account in between frees nobody else's counter (S7).
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

from accounts import limits
from accounts.signin.browsers import known_key

if TYPE_CHECKING:
    from django.http import HttpRequest


@dataclass(frozen=True)
class Bound:
    """At most ``limit`` guesses in the window ``per`` for what ``name`` counts."""

    name: str
    limit: int
    per: datetime.timedelta


# For one address; the day's bound is what 800-63B asks for (100 in a row).
ADDRESS = Bound("address", 5, datetime.timedelta(minutes=5))
ADDRESS_DAY = Bound("address-day", 100, datetime.timedelta(days=1))
# For one network address, over all accounts.
NETWORK = Bound("network", 50, datetime.timedelta(minutes=5))


class TooManyGuesses(Exception):
    """The guess was not looked at; ``retry_after`` says when one would be."""

    def __init__(self, retry_after: datetime.timedelta) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


def count(request: HttpRequest, address: str) -> None:
    """Count one guess at the password of ``address``. Raises TooManyGuesses.

    A browser in which the address was opened before has counters of its own (S8).
    """
    for bound, key in _keys(request, address):
        verdict = limits.hit(key, limit=bound.limit, per=bound.per)
        if not verdict:
            raise TooManyGuesses(verdict.retry_after)


def give_back(request: HttpRequest, address: str) -> None:
    """Take this one guess off again: it was right."""
    limits.give_back(*(key for _bound, key in _keys(request, address)))


def _keys(request: HttpRequest, address: str) -> list[tuple[Bound, str]]:
    browser = known_key(request, address)
    whose = f"{address}:{browser}" if browser else address
    network = str(request.client_address)  # type: ignore[attr-defined]  # set by the middleware
    return [
        (ADDRESS, f"password:{whose}"),
        (ADDRESS_DAY, f"password-day:{whose}"),
        (NETWORK, f"password-network:{network}"),
    ]
