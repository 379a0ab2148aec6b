"""Teams: some members under one name; each function one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.models import Membership, Organization, Team, TeamMembership
from accounts.organizations.members import ManagedElsewhere, judge_permission, lock
from accounts.organizations.permissions import Permission

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accounts.actor import Actor


def is_kept_elsewhere(team: Team) -> bool:
    """Return whether the identity provider keeps the team: it came by SCIM, and SCIM is on."""
    return bool(team.external_id) and team.organization.policy.scim_enabled


@transaction.atomic
def create_team(organization: Organization, name: str, *, actor: Actor) -> Team:
    """Create an empty team. Raises NotAllowed; IntegrityError where the name is taken."""
    lock(organization)
    judge_permission(organization, actor, Permission.MANAGE_MEMBERS)
    team = Team.objects.create(organization=organization, name=name)
    record_event(Event.TEAM_CREATED, organization=organization, actor=actor, target=team)
    return team


@transaction.atomic
def rename_team(team: Team, name: str, *, actor: Actor) -> bool:
    """Rename. Returns whether anything changed. Raises NotAllowed, ManagedElsewhere."""
    team = locked(team, actor)
    if team.name == name:
        return False
    before, team.name = team.name, name
    team.save(update_fields=["name", "changed_at"])
    record_event(
        Event.TEAM_RENAMED,
        organization=team.organization,
        actor=actor,
        target=team,
        data={"before": before, "after": name},
    )
    return True


@transaction.atomic
def delete_team(team: Team, *, actor: Actor) -> None:
    """Delete a team, and what it gave access to. Raises NotAllowed, ManagedElsewhere."""
    team = locked(team, actor)
    record_event(Event.TEAM_DELETED, organization=team.organization, actor=actor, target=team)
    team.delete()


@transaction.atomic
def add_to_team(team: Team, people: Iterable[Membership], *, actor: Actor) -> int:
    """Put members into a team; returns how many were not in it. Raises as ``delete_team``."""
    team = locked(team, actor)
    present = set(TeamMembership.objects.filter(team=team).values_list("membership_id", flat=True))
    new = [p for p in people if p.pk not in present and p.organization_id == team.organization_id]
    TeamMembership.objects.bulk_create(TeamMembership(team=team, membership=p) for p in new)
    if new:
        changed(team, actor, added=[p.public_id for p in new])
    return len(new)


@transaction.atomic
def take_from_team(team: Team, person: Membership, *, actor: Actor) -> bool:
    """Take a member out of a team; returns whether they were in it. Raises as ``delete_team``."""
    team = locked(team, actor)
    gone, _by_model = TeamMembership.objects.filter(team=team, membership=person).delete()
    if gone:
        changed(team, actor, removed=[person.public_id])
    return bool(gone)


def locked(team: Team, actor: Actor) -> Team:
    """Judge the actor under the organization's lock, and return the team as it is now."""
    lock(team.organization)
    judge_permission(team.organization, actor, Permission.MANAGE_MEMBERS)
    team = Team.objects.select_related("organization__policy").get(pk=team.pk)
    if actor.kind == "user" and is_kept_elsewhere(team):
        raise ManagedElsewhere
    return team


def changed(team: Team, actor: Actor, **data: list[str]) -> None:
    """Note who came or went."""
    team.save(update_fields=["changed_at"])
    record_event(
        Event.TEAM_MEMBERS_CHANGED,
        organization=team.organization,
        actor=actor,
        target=team,
        data=data,
    )
