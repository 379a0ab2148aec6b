"""The ground floor's beat tasks."""

from __future__ import annotations

from celery import shared_task
from django.core.cache import cache
from django.core.management import call_command

from accounts import limits


@shared_task
def send_mail() -> None:
    """Send what is queued. Several workers may run it: post_office locks its rows."""
    from post_office.mail import send_queued  # noqa: PLC0415  # needs the apps loaded

    send_queued(processes=1)


@shared_task
def clean_up() -> None:
    """Delete expired sessions, cache rows and counters."""
    call_command("clearsessions")
    cache.delete_expired()  # type: ignore[attr-defined]  # accounts.cache.DatabaseCache
    limits.clean_up()
