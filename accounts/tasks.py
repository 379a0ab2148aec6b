"""The ground floor's beat tasks."""

from __future__ import annotations

from celery import shared_task
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.db.models import Exists, OuterRef

from accounts import limits

# The number of the advisory lock is "mail" in ASCII.
SENDING = 0x6D61696C


@shared_task
def send_mail() -> None:
    """Send what is queued, one worker at a time.

    post_office locks no rows: two at once took the same mails and sent them twice (tried, after an
    outage of the broker). The lock goes with its connection, should the worker die.
    """
    from post_office.mail import send_queued  # noqa: PLC0415  # needs the apps loaded

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [SENDING])
        if not cursor.fetchone()[0]:
            return
        try:
            send_queued(processes=1)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [SENDING])


@shared_task
def clean_up() -> None:
    """Delete expired sessions, cache rows and counters."""
    call_command("clearsessions")
    forget_ended_sessions()
    cache.delete_expired()  # type: ignore[attr-defined]  # accounts.cache.DatabaseCache
    limits.clean_up()


def forget_ended_sessions() -> int:
    """Delete the lines of sessions that are no more, in one statement; return how many."""
    from allauth.usersessions.models import UserSession  # noqa: PLC0415  # needs the apps loaded
    from django.contrib.sessions.models import Session  # noqa: PLC0415  # the same

    alive = Session.objects.filter(session_key=OuterRef("session_key"))
    return int(UserSession.objects.filter(~Exists(alive)).delete()[0])
