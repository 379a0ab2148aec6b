"""Beat: requests that nobody answered, and the weekly digest of who joined by domain."""

from __future__ import annotations

import datetime

from celery import shared_task
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.mail import mail_admins
from accounts.models import Membership, Organization
from discoverability import services
from discoverability.models import JoinRequest, WeeklyDigest

NAMED = 50


@shared_task
def expire_requests() -> int:
    """Close requests older than 30 days; return how many."""
    due = JoinRequest.objects.filter(state=JoinRequest.State.OPEN, expires_at__lte=timezone.now())
    waiting = list(due.order_by("pk")[:500])
    for request in waiting:
        services.expire(request)
    return len(waiting)


@shared_task
def send_digests() -> int:
    """Tell admins who joined by work domain in the week before this one; return how many mails.

    Beat may call it any number of times: the row of the week is written first, in the
    transaction of the mail, so that each organization is told once.
    """
    today = timezone.now().date()
    monday = today - datetime.timedelta(days=today.weekday())
    begin = datetime.datetime.combine(
        monday - datetime.timedelta(days=7), datetime.time(), tzinfo=datetime.UTC
    )
    joined = Membership.objects.filter(
        source=Membership.Source.DISCOVERY,
        joined_at__gte=begin,
        joined_at__lt=begin + datetime.timedelta(days=7),
    )
    sent = 0
    for organization in Organization.objects.filter(pk__in=joined.values("organization")):
        sent += _send_digest(organization, monday, joined)
    return sent


def _send_digest(organization: Organization, monday: datetime.date, joined: object) -> int:
    try:
        with transaction.atomic():
            WeeklyDigest.objects.create(organization=organization, week_of=monday)
            people = joined.filter(organization=organization).select_related("user")  # type: ignore[attr-defined]  # a queryset
            names = [f"{m.name} <{m.address}>" for m in people.order_by("joined_at")[:NAMED]]
            mail_admins(
                "join_digest", organization, names=names, count=people.count(), week_of=monday
            )
    except IntegrityError:
        return 0
    return 1
