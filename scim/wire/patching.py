"""PATCH on plain documents: in order, and all or nothing (RFC 7644, 3.5.2).

The models of scim2-models check each value twice on the way; on a document this costs a tenth.
Where providers and the RFC part, the provider is named.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from scim2_models import (
    InvalidPathException,
    InvalidValueException,
    MutabilityException,
    NoTargetException,
)

from scim.wire.paths import Target, chooses, described_entry, parse_path
from scim.wire.reading import (
    check_text,
    clean,
    has_content,
    member,
    one_primary,
    require_text,
)
from scim.wire.schemas import ENTRIES_LIMIT, USER, Attribute, Json, Located, ResourceSchema

OPERATIONS_LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: what is done (add, replace, remove), where, with which value."""

    verb: str
    path: str
    value: Any


def read_operations(payload: Json) -> list[Operation]:
    """Take the operations out of a PatchOp message. Raises SCIMException."""
    raw = member(payload, "Operations")
    if not isinstance(raw, list) or not raw:
        raise InvalidValueException(detail="Operations must be a list of operations.")
    if len(raw) > OPERATIONS_LIMIT:
        raise InvalidValueException(
            detail=f"One request may carry {OPERATIONS_LIMIT} operations at most."
        )
    return [_read_operation(one) for one in raw]


def _read_operation(raw: Any) -> Operation:
    if not isinstance(raw, dict):
        raise InvalidValueException(detail="Each operation must be an object.")
    verb = member(raw, "op")
    if not isinstance(verb, str) or verb.lower() not in ("add", "replace", "remove"):
        raise InvalidValueException(detail="op must be add, replace or remove.")
    path = member(raw, "path")
    if path is not None and not isinstance(path, str):
        raise InvalidPathException(detail="path must be a string.")
    if not path and verb.lower() == "remove":
        raise NoTargetException(detail="A remove needs the path of what it removes.")
    return Operation(verb.lower(), path or "", member(raw, "value"))


def steps(
    schema: ResourceSchema, operations: list[Operation]
) -> Iterator[tuple[Operation, Target]]:
    """Give each single change; an operation without a path makes one of each of its keys."""
    for operation in operations:
        if operation.path:
            target = parse_path(schema, operation.path)
            if target is not None:
                yield operation, target
            continue
        if not isinstance(operation.value, dict):
            raise InvalidValueException(detail="Without a path, the value must be an object.")
        for name, value in operation.value.items():
            target = _target_of_key(schema, name)
            if target is not None:
                yield Operation(operation.verb, name, value), target


def _target_of_key(schema: ResourceSchema, name: str) -> Target | None:
    try:
        return parse_path(schema, name)
    except InvalidPathException:
        return None  # an unknown key of a value is ignored, whatever it looks like


def patch_user(
    schema: ResourceSchema, document: Json, operations: list[Operation], *, resource_id: str
) -> Json:
    """Give the document after the operations; the one that was given stays as it is.

    `active` and `userName` are attributes like others here; the caller puts them in and takes
    them out. Raises SCIMException, and then nothing is changed.
    """
    changed = copy.deepcopy(document)
    for operation, target in steps(schema, operations):
        _apply(changed, operation, target, resource_id)
    require_text(changed, "userName")
    return changed


def _apply(document: Json, operation: Operation, target: Target, resource_id: str) -> None:
    located = target.located
    attribute = located.attribute
    if attribute is None:
        _apply_to_extension(document, operation, located, resource_id)
        return
    if attribute.name == "id":
        if operation.verb == "remove" or operation.value != resource_id:
            raise MutabilityException(detail="The id of a resource never changes.")
        return
    if attribute.read_only or (located.part is not None and located.part.read_only):
        return
    home = document.setdefault(located.extension, {}) if located.extension else document
    if attribute.multi_valued:
        _change_entries(home, operation, target, attribute)
    elif located.part is not None:
        _change_part(home, operation, attribute, located.part)
    elif attribute.is_complex:
        _change_complex(home, operation, attribute)
    else:
        _change_simple(home, operation, attribute)
    if located.extension and not home:
        document.pop(located.extension, None)


def _apply_to_extension(
    document: Json, operation: Operation, located: Located, resource_id: str
) -> None:
    if operation.verb == "remove" or operation.value in (None, "", {}):
        if located.extension:
            document.pop(located.extension, None)
        return
    if not isinstance(operation.value, dict):
        raise InvalidValueException(detail="The value of an extension must be an object.")
    for name, value in operation.value.items():
        prefix = f"{located.extension}:" if located.extension else ""
        target = _target_of_key(USER, prefix + name)
        if target is not None and target.located.attribute is not None:
            _apply(document, Operation(operation.verb, name, value), target, resource_id)


def _change_simple(home: Json, operation: Operation, attribute: Attribute) -> None:
    cleaned = None if operation.verb == "remove" else clean(attribute, operation.value)
    if cleaned is not None:
        home[attribute.name] = cleaned
    elif attribute.name == "userName":
        if operation.verb == "remove":
            raise MutabilityException(detail="userName cannot be removed.")
        raise InvalidValueException(detail="userName is required.")
    elif attribute.name != "active":  # nobody is neither in nor out
        home.pop(attribute.name, None)


def _change_complex(home: Json, operation: Operation, attribute: Attribute) -> None:
    cleaned = None if operation.verb == "remove" else clean(attribute, operation.value)
    if cleaned is None:
        if _names_parts(operation):
            _forget_parts(home, operation, attribute)
        else:
            home.pop(attribute.name, None)
    elif attribute.name == "manager":
        home[attribute.name] = cleaned
    else:
        home[attribute.name] = {**home.get(attribute.name, {}), **cleaned}
        _forget_parts(home, operation, attribute)


def _names_parts(operation: Operation) -> bool:
    return (
        operation.verb != "remove"
        and isinstance(operation.value, dict)
        and any(
            name.lower() not in ("value", "managerid", "displayname", "$ref")
            for name in operation.value
        )
    )


def _forget_parts(home: Json, operation: Operation, attribute: Attribute) -> None:
    """Clear the parts that the value names and leaves empty."""
    for name, value in operation.value.items():
        part = attribute.parts.get(name.lower())
        if part is not None and value in (None, ""):
            home.get(attribute.name, {}).pop(part.name, None)
    if not home.get(attribute.name):
        home.pop(attribute.name, None)


def _change_part(home: Json, operation: Operation, attribute: Attribute, part: Attribute) -> None:
    cleaned = None if operation.verb == "remove" else clean(part, operation.value)
    inner = dict(home.get(attribute.name, {}))
    if cleaned is None:
        inner.pop(part.name, None)
    else:
        if attribute.name == "manager" and inner.get("value") != cleaned:
            inner = {}
        inner[part.name] = cleaned
    if attribute.name == "manager" and "value" not in inner:
        inner = {}
    if inner:
        home[attribute.name] = inner
    else:
        home.pop(attribute.name, None)


def _change_entries(home: Json, operation: Operation, target: Target, attribute: Attribute) -> None:
    entries: list[Json] = list(home.get(attribute.name, []))
    if target.choice is not None:
        entries = _change_chosen(entries, operation, target, attribute)
    elif target.located.part is not None:
        entries = _change_part_of_entry(entries, operation, attribute, target.located.part)
    elif operation.verb == "remove":
        entries = _without(entries, operation, attribute)
    else:
        given = clean(attribute, operation.value) or []
        entries = given if operation.verb == "replace" else _with(entries, given)
    if len(entries) > ENTRIES_LIMIT:
        raise InvalidValueException(
            detail=f"{attribute.name} may have {ENTRIES_LIMIT} entries at most."
        )
    if entries:
        home[attribute.name] = entries
    else:
        home.pop(attribute.name, None)


def _with(entries: list[Json], given: list[Json]) -> list[Json]:
    """Add entries; one with the same value and type is brought up to date, not doubled."""
    for entry in given:
        twin = next((one for one in entries if _same(one, entry)), None)
        if twin is None:
            entries.append(entry)
        else:
            twin.update(entry)
        if entry.get("primary"):
            one_primary(entries, twin if twin is not None else entry)
    return entries


def _same(one: Json, other: Json) -> bool:
    if "value" not in one or "value" not in other:
        return one == other
    return _folded(one, "value") == _folded(other, "value") and (
        "type" not in other or _folded(one, "type") == _folded(other, "type")
    )


def _folded(entry: Json, name: str) -> Any:
    value = entry.get(name)
    return value.casefold() if isinstance(value, str) else value


def _without(entries: list[Json], operation: Operation, attribute: Attribute) -> list[Json]:
    """Remove all, or those that the value lists (as Entra does)."""
    if operation.value in (None, "", [], {}):
        return []
    given = clean(attribute, operation.value) or []
    return [one for one in entries if not any(_same(one, entry) for entry in given)]


def _change_part_of_entry(
    entries: list[Json], operation: Operation, attribute: Attribute, part: Attribute
) -> list[Json]:
    """Change `emails.value`, which names no entry: the primary one, else the first, is meant."""
    if operation.verb == "remove":
        for entry in entries:
            entry.pop(part.name, None)
        return [entry for entry in entries if has_content(entry)]
    cleaned = clean(part, operation.value)
    if not entries:
        return [{part.name: cleaned}] if cleaned is not None else []
    meant = next((one for one in entries if one.get("primary")), entries[0])
    _set_part(entries, meant, part, cleaned)
    return [one for one in entries if has_content(one)]


def _change_chosen(
    entries: list[Json], operation: Operation, target: Target, attribute: Attribute
) -> list[Json]:
    choice = target.choice
    assert choice is not None  # noqa: S101 - the caller's condition, said to the type checker
    part = target.located.part
    chosen = [entry for entry in entries if chooses(choice, attribute, entry)]
    if operation.verb == "remove" and part is None:
        return [entry for entry in entries if not any(entry is one for one in chosen)]
    cleaned: Any = None
    if operation.verb != "remove":
        cleaned = clean(part, operation.value) if part else _clean_entry(attribute, operation.value)
    if not chosen:
        return _with_described(entries, choice, attribute, part, cleaned)
    for entry in chosen:
        if part is not None:
            _set_part(entries, entry, part, cleaned)
        elif cleaned is None:
            entry.clear()
        else:
            if operation.verb == "replace":
                entry.clear()
                entry.update(described_entry(choice, attribute) or {})
            entry.update(cleaned)
            if entry.get("primary"):
                one_primary(entries, entry)
    return [entry for entry in entries if has_content(entry)]


def _with_described(
    entries: list[Json], choice: Any, attribute: Attribute, part: Attribute | None, cleaned: Any
) -> list[Json]:
    """Create the entry that the path describes (Entra needs it where the RFC says noTarget)."""
    if cleaned is None:
        return entries
    entry = described_entry(choice, attribute)
    if entry is None:
        raise NoTargetException(detail=f"No entry of {attribute.name} fits the path.")
    entry.update({part.name: cleaned} if part else cleaned)
    if not has_content(entry):
        return entries
    for value in entry.values():
        if isinstance(value, str):
            check_text(value)
    entries.append(entry)
    if entry.get("primary"):
        one_primary(entries, entry)
    return entries


def _clean_entry(attribute: Attribute, value: Any) -> Json | None:
    cleaned = clean(attribute, value)
    if cleaned is None:
        return None
    if len(cleaned) != 1:
        raise InvalidValueException(detail=f"One entry of {attribute.name} takes one object.")
    return dict(cleaned[0])


def _set_part(entries: list[Json], entry: Json, part: Attribute, cleaned: Any) -> None:
    if cleaned is None:
        entry.pop(part.name, None)
        return
    entry[part.name] = cleaned
    if part.name == "primary" and cleaned:
        one_primary(entries, entry)
