"""Limits on guesses: one atomic row a key, never inside a transaction that may roll back."""

from __future__ import annotations

import datetime
import hashlib
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Counter

HIT = """
INSERT INTO accounts_counter AS c (key, hits, started_at, expires_at)
VALUES (%(key)s, 1, %(now)s, %(end)s)
ON CONFLICT (key) DO UPDATE SET
    hits = CASE WHEN c.expires_at <= %(now)s THEN 1 ELSE c.hits + 1 END,
    started_at = CASE WHEN c.expires_at <= %(now)s THEN %(now)s ELSE c.started_at END,
    expires_at = CASE WHEN c.expires_at <= %(now)s THEN %(end)s ELSE c.expires_at END
RETURNING hits, expires_at
"""
GIVE_BACK = """
WITH counted AS (
    SELECT key FROM accounts_counter WHERE key = ANY(%(keys)s) AND hits > 0
    ORDER BY key FOR UPDATE
)
UPDATE accounts_counter c SET hits = hits - 1 FROM counted WHERE c.key = counted.key
"""


@dataclass(frozen=True)
class Verdict:
    """Whether the hit is within the limit, and when one would be again."""

    allowed: bool
    hits: int
    retry_after: datetime.timedelta

    def __bool__(self) -> bool:
        return self.allowed


def hit(key: str, *, limit: int, per: datetime.timedelta) -> Verdict:
    """Count one try at ``key`` and say whether it is within ``limit`` in the window ``per``.

    Exact under any number of threads: one statement, one row. Call it before the transaction
    of the change: rolled back, it would have counted nothing. Where the database fails, the
    error passes on, so the try is refused, not free (A9).
    """
    now = timezone.now()
    if not settings.RATE_LIMITS:
        return Verdict(allowed=True, hits=0, retry_after=datetime.timedelta(0))
    with connection.cursor() as cursor:
        cursor.execute(HIT, {"key": stored_key(key), "now": now, "end": now + per})
        hits, expires_at = cursor.fetchone()
    return Verdict(
        allowed=hits <= limit, hits=hits, retry_after=max(expires_at - now, datetime.timedelta(0))
    )


def peek(key: str, *, limit: int) -> Verdict:
    """Say whether a try at ``key`` would be within ``limit``, without counting one."""
    now = timezone.now()
    row = None
    if settings.RATE_LIMITS:
        row = Counter.objects.filter(key=stored_key(key), expires_at__gt=now).first()
    if row is None:
        return Verdict(allowed=True, hits=0, retry_after=datetime.timedelta(0))
    return Verdict(allowed=row.hits < limit, hits=row.hits, retry_after=row.expires_at - now)


def give_back(*keys: str) -> None:
    """Take one hit off each of ``keys``: what was counted turned out to be right.

    Always in one order, so that two requests never wait for each other's rows.
    """
    if not settings.RATE_LIMITS:
        return
    with connection.cursor() as cursor:
        cursor.execute(GIVE_BACK, {"keys": [stored_key(key) for key in keys]})


def forget(key: str) -> None:
    """Start ``key`` anew."""
    Counter.objects.filter(key=stored_key(key)).delete()


def clean_up() -> int:
    """Delete windows that are over; return how many."""
    with transaction.atomic():
        return Counter.objects.filter(expires_at__lt=timezone.now()).delete()[0]


def stored_key(key: str) -> str:
    """Return the row's key: what is too long for the column is hashed."""
    if len(key) <= 200:  # the column's length
        return key
    return f"{key[:100]}:{hashlib.sha256(key.encode()).hexdigest()}"
