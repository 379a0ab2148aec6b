"""What an organization does about second factors: demand them, see who has one, remind."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import limits, policy
from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.mail import queue_mail
from accounts.models import Membership, Organization, SecurityPolicy
from twofactor.errors import TooManyTexts

REMIND_EVERY = datetime.timedelta(hours=24)


def without_method(organization: Organization) -> QuerySet[Membership]:
    """Return the active members who have no method, in the order they joined."""
    members = Membership.objects.filter(organization=organization, user__two_factor_set_at=None)
    return members.active().select_related("user").order_by("joined_at", "pk")


def require(
    organization: Organization, *, actor: Actor, deadline_days: int | None = None
) -> SecurityPolicy:
    """Demand a second factor of every member (TFA-1, TFA-4); open sessions within the deadline.

    Raises ``PolicyRefused``, with nothing changed, where members sign in by SSO (TFA-3).
    """
    now = timezone.now()
    columns: dict[str, object] = {"two_factor_required": True}
    with transaction.atomic():
        present = SecurityPolicy.objects.select_for_update().get(organization=organization)
        if not present.two_factor_required:
            columns["two_factor_required_at"] = now
        deadline = datetime.timedelta(days=deadline_days or 0)
        columns["two_factor_deadline_at"] = now + deadline if deadline_days else None
        changed = policy.change(organization, actor=actor, **columns)
        if not present.two_factor_required:
            _tell_members(organization, changed)
    return changed


def stop_requiring(organization: Organization, *, actor: Actor) -> SecurityPolicy:
    """Demand it no longer; members keep the methods they have set up."""
    return policy.change(organization, actor=actor, two_factor_required=False)


def allow_remembering(organization: Organization, allowed: bool, *, actor: Actor) -> None:
    """Allow or forbid members to have a browser remembered for 30 days."""
    policy.change(organization, actor=actor, two_factor_remember_allowed=allowed)


def remind(organization: Organization, *, actor: Actor) -> int:
    """Mail everybody without a method; once a day at most. Return how many."""
    verdict = limits.hit(f"two-factor-remind:{organization.pk}", limit=1, per=REMIND_EVERY)
    if not verdict:
        raise TooManyTexts(verdict.retry_after)
    with transaction.atomic():
        people = [membership.user for membership in without_method(organization)]
        policy_row = SecurityPolicy.objects.get(organization=organization)
        queue_mail(
            "two_factor_reminder",
            people,
            organization=organization,
            deadline_at=policy_row.two_factor_deadline_at,
            button_url=settings.BASE_URL + reverse("twofactor:profile"),
            button_label=_("Set up two-factor"),
        )
        record_event(
            Event.TWO_FACTOR_REMINDED,
            organization=organization,
            actor=actor,
            data={"people": len(people)},
        )
    return len(people)


def _tell_members(organization: Organization, changed: SecurityPolicy) -> None:
    """Tell those who have something to do: a deadline nobody knows of locks people out."""
    if changed.two_factor_deadline_at is None:
        return
    queue_mail(
        "two_factor_required",
        [membership.user for membership in without_method(organization)],
        organization=organization,
        deadline_at=changed.two_factor_deadline_at,
        button_url=settings.BASE_URL + reverse("twofactor:profile"),
        button_label=_("Set up two-factor"),
    )
