"""From rows to SCIM resources, as text: a stored document is spliced in, never rebuilt."""

import json
from datetime import UTC, datetime
from typing import NamedTuple

from django.conf import settings

from scim.wire.projection import Projection
from scim.wire.schemas import ENTERPRISE_URN, GROUP_URN, USER_URN, Json

LIST_URN = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
BASE_PATH = "/api/app/scim/v2"

_CORE = json.dumps([USER_URN])
_BOTH = json.dumps([USER_URN, ENTERPRISE_URN])
_GROUP = json.dumps([GROUP_URN])
_ENTERPRISE_KEY = f'"{ENTERPRISE_URN}": {{'


class UserRow(NamedTuple):
    """A user as one query gives it; `document` and `groups` are JSON text."""

    membership_id: int
    resource_id: str
    user_name: str
    external_id: str
    active: bool
    document: str
    created_at: datetime
    modified_at: datetime
    user_id: int
    deactivated_by: str
    groups: str | None

    @property
    def name(self) -> str:
        """The name in an admin's log."""
        document: Json = json.loads(self.document)
        given = document.get("name", {})
        whole = f"{given.get('givenName', '')} {given.get('familyName', '')}".strip()
        return whole or document.get("displayName") or self.user_name


class GroupRow(NamedTuple):
    """A team as one query gives it."""

    team_id: int
    resource_id: str
    name: str
    external_id: str
    created_at: datetime
    changed_at: datetime


def base_url() -> str:
    """Give the root of the endpoints, as providers enter it."""
    return f"{settings.BASE_URL}{BASE_PATH}"


def version_of(changed_at: datetime) -> str:
    """Give the ETag of a resource: the microsecond of its last change, weak as SCIM's are."""
    return f'W/"{int(changed_at.timestamp() * 1_000_000)}"'


def instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def user_location(resource_id: str) -> str:
    return f"{base_url()}/Users/{resource_id}"


def group_location(resource_id: str) -> str:
    return f"{base_url()}/Groups/{resource_id}"


def user_text(row: UserRow) -> str:
    """Render a whole user."""
    schemas = _BOTH if _ENTERPRISE_KEY in row.document else _CORE
    external = f'"externalId": {json.dumps(row.external_id)}, ' if row.external_id else ""
    inner = f"{row.document[1:-1]}, " if len(row.document) > 2 else ""
    groups = f'"groups": {row.groups}, ' if row.groups else ""
    active = "true" if row.active else "false"
    meta = _meta("User", user_location(row.resource_id), row.created_at, row.modified_at)
    return (
        f'{{"schemas": {schemas}, "id": "{row.resource_id}", {external}'
        f'"userName": {json.dumps(row.user_name)}, "active": {active}, {inner}{groups}'
        f'"meta": {meta}}}'
    )


def group_text(row: GroupRow, members: str | None) -> str:
    """Render a group; `members` is JSON text, None where they were not asked for."""
    external = f'"externalId": {json.dumps(row.external_id)}, ' if row.external_id else ""
    listed = f'"members": {members}, ' if members else ""
    meta = _meta("Group", group_location(row.resource_id), row.created_at, row.changed_at)
    return (
        f'{{"schemas": {_GROUP}, "id": "{row.resource_id}", {external}'
        f'"displayName": {json.dumps(row.name)}, {listed}"meta": {meta}}}'
    )


def _meta(kind: str, location: str, created_at: datetime, changed_at: datetime) -> str:
    return json.dumps(
        {
            "resourceType": kind,
            "created": instant(created_at),
            "lastModified": instant(changed_at),
            "location": location,
            "version": version_of(changed_at),
        }
    )


def projected(text: str, projection: Projection) -> str:
    """Leave out what was not asked for."""
    if projection.is_whole:
        return text
    document: Json = json.loads(text)
    return json.dumps(projection.apply(document))


def list_text(resources: list[str], *, total: int, start: int) -> str:
    """Render a ListResponse."""
    return (
        f'{{"schemas": ["{LIST_URN}"], "totalResults": {total}, "startIndex": {start}, '
        f'"itemsPerPage": {len(resources)}, "Resources": [{", ".join(resources)}]}}'
    )
