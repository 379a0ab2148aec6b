"""What a request asks of a group (groups are teams: a name and members)."""

from dataclasses import dataclass, field
from typing import Any

from scim2_models import InvalidValueException, MutabilityException

from scim.wire.patching import Operation, steps
from scim.wire.paths import Target, chosen_ids
from scim.wire.reading import clean, member, require_text
from scim.wire.schemas import GROUP, Json


@dataclass(slots=True)
class GroupChange:
    """What a request asks of a group; None means: leave as it is.

    `members` is the whole new set where one was given; `added` and `removed` are told relative to
    that, or to the members of today, so that nobody has to read a hundred thousand of them.
    """

    display_name: str | None = None
    external_id: str | None = None
    members: set[str] | None = None
    added: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)

    def set_members(self, ids: set[str]) -> None:
        self.members = ids
        self.added, self.removed = set(), set()

    def add(self, ids: set[str]) -> None:
        self.added |= ids
        self.removed -= ids

    def remove(self, ids: set[str]) -> None:
        self.removed |= ids
        self.added -= ids

    @property
    def touches_members(self) -> bool:
        return bool(self.members is not None or self.added or self.removed)


def read_group(payload: Json) -> GroupChange:
    """Read a POST or PUT body of /Groups. Raises SCIMException."""
    change = GroupChange(members=set(), external_id="")
    for name, value in payload.items():
        located = GROUP.locate(name)
        if located is None or located.attribute is None or located.part is not None:
            continue
        if located.attribute.name == "members":
            change.set_members(read_member_ids(value))
        elif located.attribute.name == "displayName":
            change.display_name = clean(located.attribute, value)
        elif located.attribute.name == "externalId":
            change.external_id = clean(located.attribute, value) or ""
    require_text({"displayName": change.display_name}, "displayName")
    return change


def read_member_ids(value: Any) -> set[str]:
    """Give the ids of a list of members; an entry without one is skipped."""
    entries = value if isinstance(value, list) else [value]
    ids = set()
    for entry in entries:
        identifier = member(entry, "value") if isinstance(entry, dict) else entry
        if identifier in (None, ""):
            continue
        if not isinstance(identifier, str):
            raise InvalidValueException(detail="The value of a member must be an id.")
        ids.add(identifier)
    return ids


def patch_group(operations: list[Operation], *, resource_id: str) -> GroupChange:
    """Read what the operations ask of a group. Raises SCIMException."""
    change = GroupChange()
    for operation, target in steps(GROUP, operations):
        attribute = target.located.attribute
        if attribute is None:
            if isinstance(operation.value, dict):
                inner = [Operation(operation.verb, "", operation.value)]
                for one, below in steps(GROUP, inner):
                    _change_group(change, one, below, resource_id)
            continue
        _change_group(change, operation, target, resource_id)
    return change


def _change_group(
    change: GroupChange, operation: Operation, target: Target, resource_id: str
) -> None:
    attribute = target.located.attribute
    if attribute is None:
        return
    if attribute.name == "id" and (operation.verb == "remove" or operation.value != resource_id):
        raise MutabilityException(detail="The id of a resource never changes.")
    if attribute.name == "displayName":
        if operation.verb == "remove":
            raise MutabilityException(detail="displayName cannot be removed.")
        change.display_name = require_text(
            {"displayName": clean(attribute, operation.value)}, "displayName"
        )
    elif attribute.name == "externalId":
        removed = operation.verb == "remove"
        change.external_id = "" if removed else clean(attribute, operation.value) or ""
    elif attribute.name == "members":
        _change_members(change, operation, target)


def _change_members(change: GroupChange, operation: Operation, target: Target) -> None:
    if target.choice is not None:
        ids = set(chosen_ids(target.choice))
        if target.located.part is None or target.located.part.name == "value":
            (change.remove if operation.verb == "remove" else change.add)(ids)
        return
    if target.located.part is not None and target.located.part.name != "value":
        return
    ids = read_member_ids(operation.value)
    if operation.verb == "add":
        change.add(ids)
    elif operation.verb == "replace":
        change.set_members(ids)
    elif operation.value is None:
        change.set_members(set())
    else:
        # A list of nobody takes nobody out; only a remove without a value means everybody.
        change.remove(ids)
