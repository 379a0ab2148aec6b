"""What an organization demands of a sign-in: one row, its rules kept by the database."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.organization import Organization


class Plan(models.TextChoices):
    """What an organization pays for."""

    FREE = "free", _("Free")
    GROWTH = "growth", _("Growth")
    ENTERPRISE = "enterprise", _("Enterprise")


class Discoverability(models.TextChoices):
    """How a newcomer of a work domain meets the organization (DISC-3)."""

    INVITE_ONLY = "invite_only", _("Invite only")
    APPROVAL = "approval", _("Subject to admin approval")
    OPEN = "open", _("Open to join")


class SecurityPolicy(models.Model):
    """The switches of one organization. Change them by ``accounts.policy.change()`` only."""

    organization = models.OneToOneField(
        Organization, on_delete=models.CASCADE, primary_key=True, related_name="policy"
    )
    plan = models.CharField(max_length=20, choices=Plan.choices, default=Plan.FREE)
    two_factor_required = models.BooleanField(default=False)
    two_factor_required_at = models.DateTimeField(
        null=True, blank=True, help_text=_("Sessions opened before go on until the next sign-in.")
    )
    two_factor_deadline_at = models.DateTimeField(
        null=True, blank=True, help_text=_("From then on open sessions are asked, too (TFA-4).")
    )
    two_factor_remember_allowed = models.BooleanField(
        default=False, help_text=_("Members may skip the second factor in a known browser.")
    )
    sso_enabled = models.BooleanField(default=False)
    sso_required = models.BooleanField(default=False)
    sso_required_grace_until = models.DateTimeField(
        null=True, blank=True, help_text=_("Until when the admin who turned Require on stays in.")
    )
    sso_required_grace_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    sso_valid_from = models.DateTimeField(
        default=timezone.now, help_text=_("Single sign-on evidence older than this is void.")
    )
    idp_managed_access = models.BooleanField(default=False)
    scim_enabled = models.BooleanField(default=False)
    discoverability = models.CharField(
        max_length=20, choices=Discoverability.choices, default=Discoverability.INVITE_ONLY
    )

    class Meta:
        verbose_name_plural = "security policies"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(plan__in=Plan.values), name="policy_plan_known"),
            models.CheckConstraint(
                condition=Q(discoverability__in=Discoverability.values),
                name="policy_discoverability_known",
            ),
            models.CheckConstraint(
                condition=~Q(two_factor_required=True, sso_enabled=True),
                name="policy_two_factor_or_sso",
            ),
            models.CheckConstraint(
                condition=Q(two_factor_required=True) | Q(two_factor_deadline_at=None),
                name="policy_deadline_needs_two_factor",
            ),
            models.CheckConstraint(
                condition=Q(sso_required=False) | Q(sso_enabled=True),
                name="policy_required_needs_sso",
            ),
            models.CheckConstraint(
                condition=Q(idp_managed_access=False) | Q(sso_enabled=True),
                name="policy_managed_needs_sso",
            ),
            models.CheckConstraint(
                condition=Q(sso_enabled=False) | Q(plan=Plan.ENTERPRISE),
                name="policy_sso_needs_enterprise",
            ),
            models.CheckConstraint(
                condition=Q(scim_enabled=False) | Q(plan=Plan.ENTERPRISE),
                name="policy_scim_needs_enterprise",
            ),
            models.CheckConstraint(
                condition=Q(discoverability=Discoverability.INVITE_ONLY)
                | (Q(sso_enabled=False) & ~Q(plan=Plan.ENTERPRISE)),
                name="policy_discoverable_without_sso_or_enterprise",
            ),
        ]

    def __str__(self) -> str:
        return f"policy of {self.organization_id}"
