"""Projects and who may open them; each function one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.mail import mail_admins, queue_mail
from accounts.models import (
    Membership,
    Organization,
    Project,
    ProjectAccess,
    ProjectAccessRequest,
    Role,
    Team,
)
from accounts.organizations import invitations
from accounts.organizations.members import judge_permission, lock
from accounts.organizations.permissions import Permission
from accounts.prepared import Prepared

if TYPE_CHECKING:
    from accounts.actor import Actor
    from accounts.models import User

_PROJECTS = Prepared(
    "projects_of", "SELECT count(*) FROM accounts_project WHERE organization_id = %s"
)


def count_projects(organization: Organization) -> int:
    """Return how many projects an organization has; asked for each time its overview is shown."""
    [[count]] = _PROJECTS.rows([organization.pk])
    return int(count)


@transaction.atomic
def create_project(organization: Organization, name: str, *, actor: Actor) -> Project:
    """Create a project open to nobody yet. Raises NotAllowed; IntegrityError: name taken."""
    lock(organization)
    judge_permission(organization, actor, Permission.MANAGE_PROJECTS)
    project = Project.objects.create(organization=organization, name=name)
    record_event(Event.PROJECT_CREATED, organization=organization, actor=actor, target=project)
    return project


@transaction.atomic
def set_all_users(project: Project, all_users: bool, *, actor: Actor) -> bool:
    """Open the project to All Users in the Organization, now and later, or no more (IDP-4).

    Returns whether anything changed. Raises NotAllowed.
    """
    project = locked(project, actor)
    if project.all_users == all_users:
        return False
    project.all_users = all_users
    project.save(update_fields=["all_users"])
    changed(project, actor, before={"all_users": not all_users}, after={"all_users": all_users})
    return True


@transaction.atomic
def grant(project: Project, to: Membership | Team, *, actor: Actor) -> bool:
    """Give a member or a team access. Returns whether it is new. Raises NotAllowed."""
    project = locked(project, actor)
    if to.organization_id != project.organization_id:
        raise ValueError("Access is given to the organization's own.")
    member = to if isinstance(to, Membership) else None
    team = to if isinstance(to, Team) else None
    _row, made = ProjectAccess.objects.get_or_create(project=project, membership=member, team=team)
    if made:
        changed(project, actor, given=[to.public_id])
    return made


@transaction.atomic
def revoke(access: ProjectAccess, *, actor: Actor) -> None:
    """Take a grant back. Raises NotAllowed."""
    project = locked(access.project, actor)
    holder = access.membership or access.team
    gone, _by_model = ProjectAccess.objects.filter(pk=access.pk).delete()
    if gone and holder is not None:
        changed(project, actor, taken=[holder.public_id])


@transaction.atomic
def request_access(project: Project, user: User, *, actor: Actor) -> ProjectAccessRequest | None:
    """Ask for access (IDP-3); the admins are told. Returns None where there is nothing to ask.

    Somebody who asked already, or has access, or is deactivated here, changes nothing.
    """
    lock(project.organization)
    member = Membership.objects.filter(organization=project.organization, user=user).first()
    if member is not None:
        has_access = Project.objects.open_to(member).filter(pk=project.pk).exists()
        if has_access or not member.is_active:
            return None
    if ProjectAccessRequest.objects.filter(project=project, user=user, decided_at=None).exists():
        return None
    asked = ProjectAccessRequest.objects.create(project=project, user=user)
    record_event(
        Event.PROJECT_REQUESTED,
        organization=project.organization,
        actor=actor,
        target=project,
    )
    page = reverse(
        "organizations:project_access", args=[project.organization.public_id, project.public_id]
    )
    mail_admins(
        "project_request",
        project.organization,
        person=user.display_name,
        person_email=user.email,
        project=project.name,
        button_url=settings.BASE_URL + page,
        button_label=_("See the request"),
    )
    return asked


@transaction.atomic
def decide_request(asked: ProjectAccessRequest, granted: bool, *, actor: Actor) -> bool:
    """Answer a request; the asker is told. Returns False where it was answered before.

    Somebody who is no member is invited, and gets the access on joining.
    Raises NotAllowed; AlreadyMember where another member here goes by their address.
    """
    project = locked(asked.project, actor)
    asked = ProjectAccessRequest.objects.select_related("user").get(pk=asked.pk)
    if asked.decided_at is not None:
        return False
    asked.decided_at, asked.granted = timezone.now(), granted
    asked.save(update_fields=["decided_at", "granted"])
    member = Membership.objects.filter(organization=project.organization, user=asked.user).first()
    if granted and member is not None:
        ProjectAccess.objects.get_or_create(project=project, membership=member)
    record_event(
        Event.PROJECT_REQUEST_DECIDED,
        organization=project.organization,
        actor=actor,
        target=project,
        data={"granted": granted, "person": asked.user.email},
    )
    if granted and member is None:
        invitations.invite(project.organization, asked.user.email, role=Role.MEMBER, actor=actor)
    else:
        queue_mail(
            "project_decided",
            asked.user,
            organization=project.organization,
            project=project.name,
            granted=granted,
            button_url=settings.BASE_URL
            + reverse("organizations:project", args=[project.public_id])
            if granted
            else "",
            button_label=_("Open the project"),
        )
    return True


def locked(project: Project, actor: Actor) -> Project:
    """Judge the actor under the organization's lock, and return the project as it is now."""
    lock(project.organization)
    judge_permission(project.organization, actor, Permission.MANAGE_PROJECTS)
    return Project.objects.select_related("organization").get(pk=project.pk)


def changed(project: Project, actor: Actor, **data: object) -> None:
    """Note who may open it now and might not before, or the other way round."""
    record_event(
        Event.PROJECT_ACCESS_CHANGED,
        organization=project.organization,
        actor=actor,
        target=project,
        data=data,
    )
