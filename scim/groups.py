"""What a provider may do to groups: they are teams, a name and members, never roles (SCIM-10)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db import IntegrityError, connection, transaction
from scim2_models import InvalidValueException, NotFoundException, UniquenessException

from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.models import Team
from scim.caller import Caller
from scim.reads import find_group
from scim.rendering import GroupRow, version_of
from scim.users import Precondition
from scim.wire.groups import GroupChange

NAME_LIMIT = 200

_ADD = """
INSERT INTO accounts_teammembership (team_id, membership_id)
    SELECT %s, r.membership_id FROM scim_userresource r
    WHERE r.resource_id = ANY(%s) AND r.organization_id = %s AND r.domain = ANY(%s)
    ON CONFLICT DO NOTHING
"""
_REMOVE = """
DELETE FROM accounts_teammembership tm USING scim_userresource r
    WHERE r.membership_id = tm.membership_id AND tm.team_id = %s
        AND r.organization_id = %s AND r.domain = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class GroupDone:
    """What came of a request: the group as it is now, and the effect in an admin's words."""

    row: GroupRow
    effect: str = ""


def create_group(caller: Caller, change: GroupChange, *, actor: Actor) -> GroupDone:
    """Create a team with its members."""
    name = _name(change)
    try:
        with transaction.atomic():
            team = Team.objects.create(
                organization=caller.organization,
                name=name,
                external_id=change.external_id or "",
            )
            record_event(
                Event.TEAM_CREATED, organization=caller.organization, actor=actor, target=team
            )
            effect = _change_members(caller, team, change, actor)
            return _done(caller, team.public_id, f"Team {name} was created", effect)
    except IntegrityError:
        raise _taken() from None


def change_group(
    caller: Caller, resource_id: str, change: GroupChange, *, before: Precondition, actor: Actor
) -> GroupDone:
    """Rename a team and change its members, all or nothing."""
    try:
        with transaction.atomic():
            team = _locked(caller, resource_id, before)
            effects = [_rename(caller, team, change, actor)]
            if change.touches_members:
                effects.append(_change_members(caller, team, change, actor))
            return _done(caller, resource_id, *effects)
    except IntegrityError:
        raise _taken() from None


def delete_group(
    caller: Caller, resource_id: str, *, before: Precondition, actor: Actor
) -> GroupDone:
    """Delete a team; its members stay members of the organization."""
    with transaction.atomic():
        team = _locked(caller, resource_id, before)
        row = find_group(caller, resource_id)
        if row is None:
            raise _unknown()
        record_event(Event.TEAM_DELETED, organization=caller.organization, actor=actor, target=team)
        team.delete()
        return GroupDone(row, f"Team {row.name} was deleted")


def _locked(caller: Caller, resource_id: str, before: Precondition) -> Team:
    teams = Team.objects.select_for_update().filter(organization=caller.organization)
    team = teams.filter(public_id=resource_id).first()
    if team is None:
        raise _unknown()
    before(version_of(team.changed_at))
    return team


def _rename(caller: Caller, team: Team, change: GroupChange, actor: Actor) -> str:
    earlier, changed = team.name, []
    if change.display_name is not None and change.display_name != team.name:
        team.name = _name(change)
        changed.append("name")
    if change.external_id is not None and change.external_id != team.external_id:
        team.external_id = change.external_id
        changed.append("external_id")
    if not changed:
        return ""
    team.save(update_fields=[*changed, "changed_at"])
    if "name" not in changed:
        return f"Team {team.name} got another externalId"
    record_event(
        Event.TEAM_RENAMED,
        organization=caller.organization,
        actor=actor,
        target=team,
        data={"before": {"name": earlier}, "after": {"name": team.name}},
    )
    return f"Team {earlier} is {team.name} now"


def _change_members(caller: Caller, team: Team, change: GroupChange, actor: Actor) -> str:
    """Put members in and take members out; ids that are no user's here are skipped."""
    added = change.added if change.members is None else (change.members | change.added)
    ours = (caller.organization.pk, caller.domains)
    with connection.cursor() as cursor:
        removed_count = 0
        if change.members is not None:
            cursor.execute(
                f"{_REMOVE} AND NOT r.resource_id = ANY(%s)", (team.pk, *ours, _listed(added))
            )
            removed_count += cursor.rowcount
        if change.removed:
            cursor.execute(
                f"{_REMOVE} AND r.resource_id = ANY(%s)", (team.pk, *ours, _listed(change.removed))
            )
            removed_count += cursor.rowcount
        added_count = 0
        wanted = added - change.removed
        if wanted:
            cursor.execute(_ADD, (team.pk, _listed(wanted), *ours))
            added_count = cursor.rowcount
    if not (added_count or removed_count):
        return ""
    record_event(
        Event.TEAM_MEMBERS_CHANGED,
        organization=caller.organization,
        actor=actor,
        target=team,
        data={"added": added_count, "removed": removed_count},
    )
    return f"Team {team.name}: {added_count} added, {removed_count} removed"


def _listed(ids: Collection[str]) -> list[str]:
    return [one for one in ids if len(one) <= 40]


def _name(change: GroupChange) -> str:
    name = change.display_name or ""
    if len(name) > NAME_LIMIT:
        raise InvalidValueException(detail=f"displayName may have {NAME_LIMIT} characters at most.")
    return name


def _done(caller: Caller, resource_id: str, *effects: str) -> GroupDone:
    row = find_group(caller, resource_id)
    if row is None:
        raise _unknown()
    return GroupDone(row, "; ".join(filter(None, effects)))


def _taken() -> UniquenessException:
    return UniquenessException(detail="A group with this displayName exists in the organization.")


def _unknown() -> NotFoundException:
    return NotFoundException(detail="There is no such group in this organization.")
