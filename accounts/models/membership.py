"""Who belongs to an organization, and the teams they are in."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.fields import EPOCH, label_of, public_id_field
from accounts.models.organization import Organization


class Role(models.TextChoices):
    """What a member may do; the table is in accounts.organizations.permissions."""

    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Admin")
    BILLING_ADMIN = "billing_admin", _("Billing admin")
    MEMBER = "member", _("Member")


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Questions about memberships."""

    def active(self) -> Self:
        """Return those that open their organization."""
        return self.filter(status=Membership.Status.ACTIVE, user__is_active=True)

    def owners(self) -> Self:
        """Return the active owners."""
        return self.active().filter(role=Role.OWNER)

    def admins(self) -> Self:
        """Return the active owners and admins."""
        return self.active().filter(role__in=(Role.OWNER, Role.ADMIN))


class Membership(models.Model):
    """A person in an organization; a deactivated one is remembered and opens nothing."""

    class Status(models.TextChoices):
        """Whether it opens the organization."""

        ACTIVE = "active", _("Active")
        DEACTIVATED = "deactivated", _("Deactivated")

    class Source(models.TextChoices):
        """How the person got in."""

        FOUNDER = "founder", _("Founded the organization")
        INVITATION = "invitation", _("Invited")
        JIT = "jit", _("Single sign-on")
        SCIM = "scim", _("Provisioned")
        DISCOVERY = "discovery", _("Found the organization")
        OPERATOR = "operator", _("Added by support")

    class DeactivatedBy(models.TextChoices):
        """Who took the access away; only SCIM undoes SCIM (SCIM-12)."""

        NOBODY = "", ""
        ADMIN = "admin", _("an admin")
        SCIM = "scim", _("your identity provider")

    public_id = public_id_field("mem")
    # Found by membership_once, which begins with it.
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="memberships", db_index=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.MEMBER)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.ACTIVE)
    source = models.CharField(max_length=20, choices=Source.choices)
    email = models.CharField(
        max_length=254,
        blank=True,
        help_text=_("The address its SCIM or SSO gives the person; empty: the account's own."),
    )
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    joined_at = models.DateTimeField(default=timezone.now)
    access_valid_from = models.DateTimeField(
        default=EPOCH, help_text=_("Evidence older than this opens the organization no more.")
    )
    deactivated_at = models.DateTimeField(null=True, blank=True)
    deactivated_by = models.CharField(max_length=10, choices=DeactivatedBy.choices, blank=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    # Names and addresses, the account's too, in lower case: kept by triggers (migration 0004).
    words = models.TextField(blank=True, default="", editable=False)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "user"], name="membership_once"),
            models.UniqueConstraint(
                "organization",
                Lower("email"),
                condition=~Q(email=""),
                name="membership_address_once",
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_known"),
            models.CheckConstraint(
                condition=Q(status="active", deactivated_at=None)
                | Q(status="deactivated", deactivated_at__isnull=False),
                name="membership_deactivated_has_a_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organization", "joined_at", "id"], name="membership_by_age"),
            # Owners and admins are few: found without walking all members.
            models.Index(
                fields=["organization", "joined_at", "id"],
                condition=~Q(role="member"),
                name="membership_with_a_role",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.organization}"

    # Django's own hash every label of the choices, translated, for each row: a fifth of the time
    # that a page of people took.
    def get_role_display(self) -> str:  # type: ignore[no-redef]  # Django leaves it where it is
        """Return the role in words."""
        return label_of(Role, self.role)

    def get_source_display(self) -> str:  # type: ignore[no-redef]
        """Return how the person got in, in words."""
        return label_of(Membership.Source, self.source)

    @property
    def is_active(self) -> bool:
        """Whether it opens the organization."""
        return self.status == self.Status.ACTIVE

    @property
    def is_described_here(self) -> bool:
        """Whether the organization, by its SCIM or SSO, says who the person is; else they do."""
        return self.source == self.Source.SCIM or bool(
            self.email or self.first_name or self.last_name
        )

    @property
    def address(self) -> str:
        """The address by which the organization knows the person."""
        return self.email or self.user.email

    @property
    def name(self) -> str:
        """The name by which the organization knows the person."""
        own = f"{self.first_name} {self.last_name}".strip()
        return own or self.user.display_name


class Team(models.Model):
    """Some members of an organization under one name; SCIM calls it a group."""

    public_id = public_id_field("team")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="teams")
    name = models.CharField(_("name"), max_length=200)
    external_id = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)
    members = models.ManyToManyField(Membership, through="TeamMembership", related_name="teams")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("organization", Lower("name"), name="team_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class TeamMembership(models.Model):
    """A member in a team; kept, and worth nothing, while the member is deactivated."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE)
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["team", "membership"], name="team_member_once"),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id} in {self.team_id}"
