"""From the bytes of a request to clean values, whatever the provider's habits."""

import json
import math
import re
from typing import Any, NoReturn

from scim2_models import InvalidSyntaxException, InvalidValueException

from scim.wire.schemas import ENTRIES_LIMIT, Attribute, Json, Located, ResourceSchema

BODY_LIMIT = 1_000_000
"""Bytes: ten thousand members in one call, and no more."""

DEPTH_LIMIT = 16

_BOOLEANS = {"true": True, "false": False}
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,100}")


def load(body: bytes) -> Json:
    """Parse a body that must be one JSON object.

    Raises InvalidSyntaxException for what is no JSON, and InvalidValueException for what no
    database can hold: NUL, half a surrogate pair, NaN, numbers and nesting beyond reason.
    """
    try:
        text = body.decode("utf-8-sig")
        value = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except RecursionError:
        raise InvalidSyntaxException(detail="The body is nested too deeply.") from None
    except (ValueError, UnicodeDecodeError):
        raise InvalidSyntaxException(detail="The body is not valid JSON.") from None
    if not isinstance(value, dict):
        raise InvalidSyntaxException(detail="The body must be one JSON object.")
    _inspect(value)
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


def _inspect(value: Any) -> None:
    level: list[Any] = [value]
    depth = 0
    while level:
        depth += 1
        if depth > DEPTH_LIMIT:
            raise InvalidSyntaxException(detail="The body is nested too deeply.")
        below: list[Any] = []
        for one in level:
            if isinstance(one, str):
                check_text(one)
            elif isinstance(one, dict):
                below.extend(one)
                below.extend(one.values())
            elif isinstance(one, list):
                below.extend(one)
        level = below


def check_text(text: str) -> None:
    if "\0" in text:
        raise InvalidValueException(detail="A value holds a NUL character.")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise InvalidValueException(detail="A value holds half a character.") from None


def member(payload: Json, name: str) -> Any:
    """Read a member of a message without regard to case: `Operations`, `operations`."""
    lowered = name.lower()
    return next((value for key, value in payload.items() if key.lower() == lowered), None)


def read_resource(schema: ResourceSchema, payload: Json) -> Json:
    """Give the attributes of a POST or PUT body under their proper names.

    Left out: what is unknown, read-only, null or empty. The `schemas` of the body decide nothing
    (OneLogin sends those of the drafts).
    """
    document: Json = {}
    for name, value in payload.items():
        located = schema.locate(name)
        if located is not None:
            _put(schema, document, located, value)
    return prune(document)


def _put(schema: ResourceSchema, document: Json, located: Located, value: Any) -> None:
    attribute, part = located.attribute, located.part
    if attribute is None:
        _put_all(schema, document, located.extension, value)
        return
    if attribute.read_only or (part and (part.read_only or attribute.multi_valued)):
        return
    home = document.setdefault(located.extension, {}) if located.extension else document
    cleaned = clean(part or attribute, value)
    if part is not None:
        cleaned = None if cleaned is None else {part.name: cleaned}
    if cleaned is None:
        return
    if attribute.is_complex and not attribute.multi_valued:
        cleaned = {**home.get(attribute.name, {}), **cleaned}
    home[attribute.name] = cleaned


def _put_all(schema: ResourceSchema, document: Json, extension: str, value: Any) -> None:
    """Put what an extension's URN holds; a value that is no object is ignored."""
    if not isinstance(value, dict):
        return
    for name, inner in value.items():
        below = schema.find(extension, *_split(name))
        if below is not None:
            _put(schema, document, below, inner)


def _split(name: str) -> tuple[str, str]:
    attribute, _, part = name.partition(".")
    return attribute, part


def prune(document: Json) -> Json:
    """Leave out what is empty: an empty array and no attribute mean the same."""
    return {name: value for name, value in document.items() if value not in (None, "", [], {})}


def clean(attribute: Attribute, value: Any) -> Any:
    """Give the value as its type wants it; None where it amounts to nothing.

    Raises InvalidValueException where the type is wrong.
    """
    if value is None or value == "":
        return None
    if attribute.multi_valued:
        return _clean_entries(attribute, value)
    if attribute.is_complex:
        return _clean_complex(attribute, value)
    if attribute.type == "boolean":
        return _clean_boolean(attribute, value)
    return _clean_text(attribute, value)


def _clean_text(attribute: Attribute, value: Any) -> str | None:
    if not isinstance(value, str):
        raise InvalidValueException(detail=f"{attribute.name} must be a string.")
    if len(value) > attribute.limit:
        raise InvalidValueException(
            detail=f"{attribute.name} may have {attribute.limit} characters at most."
        )
    return value


def _clean_boolean(attribute: Attribute, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    # Entra sends "False", OneLogin "true".
    if isinstance(value, str) and value.lower() in _BOOLEANS:
        return _BOOLEANS[value.lower()]
    raise InvalidValueException(detail=f"{attribute.name} must be true or false.")


def _clean_complex(attribute: Attribute, value: Any) -> Json | None:
    if attribute.name == "manager":
        return _clean_manager(attribute, value)
    if not isinstance(value, dict):
        raise InvalidValueException(detail=f"{attribute.name} must be an object.")
    return _clean_parts(attribute, value) or None


def _clean_parts(attribute: Attribute, value: Json) -> Json:
    cleaned: Json = {}
    for name, inner in value.items():
        part = attribute.parts.get(name.lower())
        if part is None or part.read_only:
            continue
        if part.type == "boolean" and inner == "":
            continue
        kept = clean(part, inner)
        if kept is not None:
            cleaned[part.name] = kept
    return cleaned


def _clean_manager(attribute: Attribute, value: Any) -> Json | None:
    """Read a manager as an id, an object, a list of one object, or SCIM 1.1's managerId."""
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, str):
        value = {"value": value}
    if not isinstance(value, dict):
        if value is None:
            return None
        raise InvalidValueException(detail="manager must be an id or an object.")
    lowered = {name.lower(): inner for name, inner in value.items()}
    manager = lowered.get("value") or lowered.get("managerid")
    if not manager:
        return None
    cleaned = {"value": _clean_text(attribute.parts["value"], manager)}
    if lowered.get("$ref"):
        cleaned["$ref"] = _clean_text(attribute.parts["$ref"], lowered["$ref"])
    return cleaned


def _clean_entries(attribute: Attribute, value: Any) -> list[Json] | None:
    # OneLogin sends one object where a list is meant.
    entries = value if isinstance(value, list) else [value]
    if len(entries) > ENTRIES_LIMIT:
        raise InvalidValueException(
            detail=f"{attribute.name} may have {ENTRIES_LIMIT} entries at most."
        )
    cleaned = []
    for one in entries:
        if isinstance(one, str) and isinstance(value, list):
            kept = {"value": _clean_text(attribute, one)} if one else {}
        elif isinstance(one, dict):
            kept = _clean_parts(attribute, one)
        elif one is None:
            continue
        else:
            raise InvalidValueException(detail=f"{attribute.name} must be a list of objects.")
        if has_content(kept):
            cleaned.append(kept)
    one_primary(cleaned)
    return cleaned or None


def has_content(entry: Json) -> bool:
    """Tell whether an entry says more than what kind of entry it is."""
    return any(name not in ("type", "primary") for name in entry)


def one_primary(entries: list[Json], chosen: Json | None = None) -> None:
    """Leave `primary` to the chosen entry, or to the first that claims it (RFC 7643, 2.4)."""
    claimants = [entry for entry in entries if entry.get("primary")]
    keeper = chosen if chosen is not None else next(iter(claimants), None)
    for entry in claimants:
        if entry is not keeper:
            entry["primary"] = False


def require_text(document: Json, name: str) -> str:
    """Give an attribute that must be there. Raises InvalidValueException."""
    value = document.get(name)
    if not isinstance(value, str) or not value.strip():
        raise InvalidValueException(detail=f"{name} is required.")
    return value


def read_count(raw: str | None, *, default: int, least: int, most: int, name: str) -> int:
    """Read startIndex or count: below the least counts as the least, above the most as the most."""
    if raw is None or raw == "":
        return default
    if not _WHOLE_NUMBER.fullmatch(raw):
        raise InvalidValueException(detail=f"{name} must be a whole number.")
    return max(least, min(most, int(raw)))
