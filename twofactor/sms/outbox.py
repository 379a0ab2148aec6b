"""Codes of the demo: nothing leaves the machine, /dev/outbox shows them."""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from twofactor.models import OutboxText
from twofactor.sms.base import Channel, Sent

VALID_FOR = timedelta(minutes=10)


class Outbox:
    """Keeps what a provider would have sent as rows. Only where DEBUG is on."""

    def __init__(self) -> None:
        if not settings.DEBUG:
            raise ImproperlyConfigured("The Outbox sends nothing: it is for DEBUG only.")

    def send(self, number: str, channel: Channel) -> Sent:
        """Keep a new code for ``number``."""
        code = f"{secrets.randbelow(10**6):06d}"
        text = OutboxText.objects.create(
            number=number,
            channel=channel.value,
            code=code,
            text=f"Your {settings.PRODUCT_NAME} security code is: {code}",
        )
        return Sent(reference=str(text.pk))

    def check(self, reference: str, code: str) -> bool:
        """Return whether ``code`` is the one kept under ``reference``, once."""
        kept = OutboxText.objects.filter(
            pk=reference, used_at=None, sent_at__gt=timezone.now() - VALID_FOR
        )
        text = kept.first()
        if text is None or not hmac.compare_digest(text.code, code):
            return False
        return bool(kept.update(used_at=timezone.now()))

    def cancel(self, reference: str) -> None:
        """Make the code worthless."""
        OutboxText.objects.filter(pk=reference, used_at=None).update(used_at=timezone.now())
