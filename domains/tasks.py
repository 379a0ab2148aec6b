"""What beat wakes."""

from datetime import timedelta
from typing import Any

from celery import shared_task
from django.db import connection
from django.utils import timezone

from domains import sweep as sweeping

KEEP_CHECKS_FOR = timedelta(days=30)
DELETE_AT_ONCE = 10_000

# The newest of each claim stay however old they are: a page without a last look says nothing.
DELETE_OLD = """
DELETE FROM domains_domaincheck WHERE id IN (
    SELECT old.id FROM domains_domaincheck old
     WHERE old.at < %(before)s AND EXISTS (
        SELECT FROM domains_domaincheck newer
         WHERE newer.claim_id = old.claim_id AND newer.at > old.at OFFSET %(keep)s
    ) LIMIT %(limit)s
)
"""
KEEP_NEWEST = 10


@shared_task(ignore_result=True)
def sweep() -> None:
    """Look at the domains that are due. Any number of workers may run it."""
    sweeping.sweep()


@shared_task(ignore_result=True)
def forget_old_checks() -> None:
    """Keep the history bounded."""
    values: dict[str, Any] = {
        "before": timezone.now() - KEEP_CHECKS_FOR,
        "keep": KEEP_NEWEST - 1,
        "limit": DELETE_AT_ONCE,
    }
    with connection.cursor() as cursor:
        while True:
            cursor.execute(DELETE_OLD, values)
            if cursor.rowcount < DELETE_AT_ONCE:
                return
