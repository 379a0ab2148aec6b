"""What is stored of a user: the document without what has a column of its own."""

import json
from dataclasses import dataclass
from typing import Any

from scim.wire.schemas import Json

NAME_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Described:
    """A user as a provider describes them; `active` is None where it did not say."""

    user_name: str
    external_id: str
    active: bool | None
    document: Json

    @property
    def text(self) -> str:
        return json.dumps(self.document)


def stored_document(document: Json, *, make_up: bool = False) -> Described:
    """Part a document into columns and the rest.

    `make_up` adds a name where there is none: Okta reads one from the first user of a list, and
    Entra's catalog app sends only displayName.
    """
    rest = {
        name: value
        for name, value in document.items()
        if name not in ("userName", "externalId", "active", "id", "meta", "groups", "schemas")
    }
    if make_up and "name" not in rest:
        first, last = names_of(document)
        rest["name"] = {"givenName": first, "familyName": last or first}
    return Described(
        document["userName"], document.get("externalId", ""), document.get("active"), rest
    )


def parse_document(text: str, user_name: str, external_id: str, active: bool) -> Json:
    """Put a stored document together again, as PATCH works on it."""
    document: Json = json.loads(text)
    document["userName"] = user_name
    document["active"] = active
    if external_id:
        document["externalId"] = external_id
    return document


def names_of(document: Json) -> tuple[str, str]:
    """Give first and last name for the membership, derived where they are missing."""
    name: dict[str, Any] = document.get("name", {})
    first, last = name.get("givenName", ""), name.get("familyName", "")
    if not (first or last):
        whole = name.get("formatted") or document.get("displayName") or _from_address(document)
        first, _, last = whole.strip().partition(" ")
    return first[:NAME_LIMIT], last.strip()[:NAME_LIMIT]


def _from_address(document: Json) -> str:
    """Read ann.lee@corp.example as Ann Lee."""
    local = str(document["userName"]).partition("@")[0]
    return " ".join(word.capitalize() for word in local.split(".") if word) or local
