"""Paths of PATCH operations: what they name, and which entries their filter chooses."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from scim2_models import InvalidFilterException, InvalidPathException, ScimFilter
from scim2_models.path import (
    CompareOperator,
    Comparison,
    FilterNode,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
)

from scim.wire.schemas import Attribute, Json, Located, ResourceSchema

PATH_LIMIT = 2_000

_NAME = r"\$?[A-Za-z][\w$-]*"
_URN = r"(?:urn:[A-Za-z0-9._:-]+:|http://[\w./:-]+:)?"
_SIMPLE = re.compile(rf"{_URN}{_NAME}(?:\.{_NAME})?", re.ASCII | re.IGNORECASE)
_CHOOSING = re.compile(
    rf"(?P<name>{_URN}{_NAME})\[(?P<filter>.*)\](?:\.(?P<part>{_NAME}))?",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Target:
    """What a path names; `choice` is the filter between its brackets."""

    located: Located
    choice: FilterNode | None = None


@lru_cache(maxsize=1_024)
def parse_path(schema: ResourceSchema, path: str) -> Target | None:
    """Read a path; None for an attribute or extension that we do not have.

    Raises InvalidPathException where it is no path at all.
    """
    if len(path) > PATH_LIMIT:
        raise InvalidPathException(detail="The path is too long.")
    if schema.extension_of(path) is not None or _SIMPLE.fullmatch(path):
        located = schema.locate(path) or _unprefixed(schema, path)
        return Target(located) if located else None
    match = _CHOOSING.fullmatch(path)
    if match is None:
        raise InvalidPathException(detail=f"The path {path[:100]!r} cannot be read.")
    try:
        choice = ScimFilter[Any](match["filter"]).ast
    except InvalidFilterException:
        raise InvalidPathException(detail=f"The path {path[:100]!r} cannot be read.") from None
    name = f"{match['name']}.{match['part']}" if match["part"] else match["name"]
    located = schema.locate(name)
    return Target(located, choice) if located else None


def _unprefixed(schema: ResourceSchema, path: str) -> Located | None:
    """Find an extension's attribute by its bare name: Entra's older mappings say `manager`."""
    name, _, part = path.partition(".")
    return schema.find_anywhere("", name, part)


def chooses(choice: FilterNode, attribute: Attribute, entry: Json) -> bool:
    """Tell whether an entry of a multi-valued attribute fits the filter of a path."""
    if isinstance(choice, Not):
        return not chooses(choice.expr, attribute, entry)
    if isinstance(choice, LogicalExpr):
        quantifier = all if choice.op == LogicalOperator.and_ else any
        return quantifier(chooses(term, attribute, entry) for term in choice.terms)
    if isinstance(choice, Present):
        part = attribute.parts.get(choice.attr_path.attr.lower())
        return bool(part and entry.get(part.name) not in (None, ""))
    if isinstance(choice, Comparison):
        return _compares(choice, attribute, entry)
    raise InvalidPathException(detail="A path cannot choose within a choice.")


def _compares(choice: Comparison, attribute: Attribute, entry: Json) -> bool:
    part = attribute.parts.get(choice.attr_path.attr.lower())
    if part is None:
        return False
    wanted = _comparable(part, choice.value)
    found = _comparable(part, entry.get(part.name))
    # An entry without the flag is not the primary one.
    if part.type == "boolean" and found is None:
        found = False
    if choice.op == CompareOperator.eq:
        return bool(found == wanted)
    if choice.op == CompareOperator.ne:
        return bool(found != wanted)
    if not isinstance(found, str) or not isinstance(wanted, str):
        return False
    return {
        CompareOperator.co: wanted in found,
        CompareOperator.sw: found.startswith(wanted),
        CompareOperator.ew: found.endswith(wanted),
        CompareOperator.gt: found > wanted,
        CompareOperator.ge: found >= wanted,
        CompareOperator.lt: found < wanted,
        CompareOperator.le: found <= wanted,
    }[choice.op]


def _comparable(part: Attribute, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if part.type == "boolean":
        # Entra's roles[primary eq "True"].
        return {"true": True, "false": False}.get(value.lower(), value)
    return value if part.case_exact else value.casefold()


def described_entry(choice: FilterNode, attribute: Attribute) -> Json | None:
    """Give the entry that a filter of equalities describes, {type: work}; None for any other."""
    if isinstance(choice, LogicalExpr) and choice.op == LogicalOperator.and_:
        entry: Json = {}
        for term in choice.terms:
            described = described_entry(term, attribute)
            if described is None:
                return None
            entry.update(described)
        return entry
    if not isinstance(choice, Comparison) or choice.op != CompareOperator.eq:
        return None
    part = attribute.parts.get(choice.attr_path.attr.lower())
    if part is None or part.read_only:
        return None
    value = choice.value
    if part.type == "boolean":
        value = _comparable(part, value)
        return {part.name: value} if isinstance(value, bool) else None
    return {part.name: value} if isinstance(value, str) else None


def chosen_ids(choice: FilterNode) -> list[str]:
    """Give the ids of `members[value eq "U1" or value eq "U2"]`.

    Raises InvalidPathException for any other way to choose members.
    """
    if isinstance(choice, LogicalExpr) and choice.op == LogicalOperator.or_:
        return [one for term in choice.terms for one in chosen_ids(term)]
    if (
        isinstance(choice, Comparison)
        and choice.op == CompareOperator.eq
        and choice.attr_path.attr.lower() == "value"
        and isinstance(choice.value, str)
    ):
        return [choice.value]
    raise InvalidPathException(detail='Members are chosen by members[value eq "ID"].')
