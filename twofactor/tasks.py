"""What beat wakes; the rows say what is due."""

from __future__ import annotations

import datetime

import structlog
from celery import shared_task
from django.utils import timezone

from twofactor.models import OutboxText, PendingSetUp, PhoneChallenge, RememberedBrowser
from twofactor.services import progress, reset, texts

log = structlog.get_logger(__name__)
# Challenges say what was sent, and what it cost, for this long.
KEEP_CHALLENGES = datetime.timedelta(days=90)


@shared_task
def carry_out_resets() -> int:
    """Carry out the admin's resets whose hour is over (TFA-12)."""
    return reset.carry_out_due()


@shared_task
def watch_texts() -> int:
    """Alarm operators where codes are paid for and not typed (F9)."""
    suspicious = texts.suspicious_countries()
    for row in suspicious:
        log.error("sms_pumping_suspected", **row)
    return len(suspicious)


@shared_task
def count_enrolment() -> int:
    """Note how many members have a method, for the chart of the settings page."""
    return progress.count()


@shared_task
def clean_up() -> None:
    """Delete what is over: half set-ups, old challenges and counts, forgotten browsers."""
    now = timezone.now()
    PendingSetUp.objects.filter(created_at__lt=now - PendingSetUp.VALID_FOR).delete()
    PhoneChallenge.objects.filter(sent_at__lt=now - KEEP_CHALLENGES).delete()
    OutboxText.objects.filter(sent_at__lt=now - KEEP_CHALLENGES).delete()
    RememberedBrowser.objects.filter(expires_at__lt=now).delete()
    progress.forget_old()
