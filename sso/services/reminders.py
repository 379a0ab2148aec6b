"""Mails before a certificate ends: the source sends none, and people were locked out (SSO-8)."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.mail import mail_admins
from sso.models import Certificate

# Days before the end on which admins are told, the day itself included.
REMINDER_DAYS = (60, 30, 14, 7, 1, 0)
SYSTEM = Actor.system("certificates")


def due_reminder(days_left: int, reminded: int | None) -> int | None:
    """The reminder that is due with so many days left, or None.

    Days on which nothing ran are caught up by one mail, never by several.
    """
    if days_left < 0 or days_left > REMINDER_DAYS[0]:
        return None
    due = min(day for day in REMINDER_DAYS if days_left <= day)
    return due if reminded is None or due < reminded else None


def remind_all() -> int:
    """Mail the admins of every certificate whose reminder is due; returns how many."""
    now = timezone.now()
    soon = Certificate.objects.filter(
        Q(connection__organization__policy__sso_enabled=True),
        not_after__gte=now.replace(hour=0, minute=0, second=0, microsecond=0),
        not_after__lt=now + timedelta(days=REMINDER_DAYS[0] + 1),
    )
    return sum(_remind(pk) for pk in soon.values_list("pk", flat=True))


@transaction.atomic
def _remind(pk: int) -> bool:
    certificate = (
        Certificate.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("connection__organization")
        .filter(pk=pk)
        .first()
    )
    if certificate is None:
        return False
    due = due_reminder(certificate.days_left, certificate.reminded_days)
    if due is None:
        return False
    organization = certificate.connection.organization
    others = certificate.connection.certificates.filter(not_after__gt=certificate.not_after)
    path = reverse("sso:settings", args=[organization.public_id])
    mail_admins(
        "certificate_expiring",
        organization,
        certificate=certificate,
        days=certificate.days_left,
        others=others.exists(),
        button_url=f"{settings.BASE_URL}{path}",
        button_label=_("Open single sign-on"),
    )
    certificate.reminded_days = due
    certificate.save(update_fields=["reminded_days"])
    record_event(
        Event.SSO_CERTIFICATE_EXPIRING,
        organization=organization,
        actor=SYSTEM,
        target=certificate,
        data={"days": certificate.days_left, "not_after": certificate.not_after.isoformat()},
    )
    return True
