"""Which newcomers may find an organization, and who asks to join (DISC)."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from accounts.models.fields import public_id_field


class WorkDomain(models.Model):
    """A mail domain whose newcomers find the organization; proven by TXT or by who named it."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="work_domains"
    )
    domain = models.CharField(max_length=253, help_text=_("A-label, lower case."))
    named_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    by_role_mailbox = models.BooleanField(
        default=False,
        help_text=_("Proven only by an address like info@, which many may read: never open (V2)."),
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "domain"], name="work_domain_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["domain"], name="work_domain_by_name")]

    def __str__(self) -> str:
        return self.domain


class JoinRequestQuerySet(models.QuerySet["JoinRequest"]):
    """Questions about join requests."""

    def open(self) -> Self:
        """Return those that wait for an answer."""
        return self.filter(state=JoinRequest.State.OPEN, expires_at__gt=timezone.now())


class JoinRequest(models.Model):
    """Somebody of a work domain asks to be let in."""

    class State(models.TextChoices):
        """What became of it."""

        OPEN = "open", _("Waiting for an answer")
        APPROVED = "approved", _("Approved")
        DECLINED = "declined", _("Declined")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        EXPIRED = "expired", _("Expired")

    public_id = public_id_field("jrq")
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="join_requests"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="join_requests"
    )
    email = models.CharField(
        max_length=254, help_text=_("The verified address by which the person asked.")
    )
    state = models.CharField(max_length=20, choices=State.choices, default=State.OPEN)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    word = models.CharField(max_length=300, blank=True, help_text=_("What the asker is told."))

    objects = JoinRequestQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "user"],
                condition=Q(state="open"),
                name="join_request_open_once",
            ),
            models.CheckConstraint(
                condition=Q(state="open", decided_at=None)
                | (~Q(state="open") & Q(decided_at__isnull=False)),
                name="join_request_decided_has_a_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organization", "state", "created_at"], name="join_request_list"),
        ]

    def __str__(self) -> str:
        return self.email


class WeeklyDigest(models.Model):
    """A week whose joins an organization was told of: written first, so that it is told once."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    week_of = models.DateField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "week_of"], name="digest_once"),
        ]

    def __str__(self) -> str:
        return f"{self.organization_id}, week of {self.week_of}"
