"""Projects: they stand for the SaaS maker's own product."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.fields import public_id_field
from accounts.models.membership import Membership, Team
from accounts.models.organization import Organization


class ProjectQuerySet(models.QuerySet["Project"]):
    """Questions about projects."""

    def open_to(self, membership: Membership) -> Self:
        """Return those that ``membership`` may open; none while it is deactivated (C10)."""
        if not membership.is_active:
            return self.none()
        grants = ProjectAccess.objects.filter(
            Q(membership=membership) | Q(team__teammembership__membership=membership)
        )
        mine = Q(all_users=True) | Q(pk__in=grants.values("project"))
        return self.filter(mine, organization=membership.organization_id)


class Project(models.Model):
    """Something members are given access to."""

    public_id = public_id_field("prj")
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="projects"
    )
    name = models.CharField(_("name"), max_length=80)
    all_users = models.BooleanField(
        default=False,
        help_text=_("All Users in the Organization have access, now and later (IDP-4)."),
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("organization", Lower("name"), name="project_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class ProjectAccess(models.Model):
    """A member or a team that may open a project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="grants")
    membership = models.ForeignKey(Membership, null=True, blank=True, on_delete=models.CASCADE)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "membership"], name="project_member_once"),
            models.UniqueConstraint(fields=["project", "team"], name="project_team_once"),
            models.CheckConstraint(
                condition=Q(membership=None, team__isnull=False)
                | Q(membership__isnull=False, team=None),
                name="project_access_of_one",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id or self.team_id} to {self.project_id}"


class ProjectAccessRequest(models.Model):
    """Somebody asks for access to a project (IDP-3)."""

    public_id = public_id_field("req")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="requests")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="project_requests"
    )
    created_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True, blank=True)
    granted = models.BooleanField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "user"],
                condition=Q(decided_at=None),
                name="project_request_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} asks for {self.project_id}"
