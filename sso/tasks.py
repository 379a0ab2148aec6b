"""What beat wakes."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from sso.models import HandOver, SsoRequest, UsedAssertion
from sso.services import keys, log, reminders

# Answered and abandoned requests are kept this long, so that a late answer is told the reason.
REQUESTS_KEPT_FOR = timedelta(days=1)


@shared_task(ignore_result=True)
def remind_of_certificates() -> None:
    """Tell admins of certificates that end soon, and renew our own key in time.

    Any number of workers may run it.
    """
    reminders.remind_all()
    keys.renew()


@shared_task(ignore_result=True)
def clean_up() -> None:
    """Delete what can no longer matter: old requests, hand-overs, used assertions, log entries."""
    now = timezone.now()
    SsoRequest.objects.filter(created_at__lt=now - REQUESTS_KEPT_FOR).delete()
    HandOver.objects.filter(created_at__lt=now - REQUESTS_KEPT_FOR).delete()
    UsedAssertion.objects.filter(expires_at__lt=now).delete()
    log.clean_up()
