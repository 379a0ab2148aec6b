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


def stored_document(document: Json) -> Described:
    """Part a document into columns and the rest."""
    rest = {
        name: value
        for name, value in document.items()
        if name not in ("userName", "externalId", "active", "id", "meta", "groups", "schemas")
    }
    return Described(
        document["userName"], document.get("externalId", ""), document.get("active"), rest
    )


def with_made_up_name(document: Json) -> Json:
    """Give a name from displayName or the address to somebody of whom none was sent.

    Okta reads one from the first user of a list, and Entra's catalog app sends only displayName.
    """
    nameless = {name: value for name, value in document.items() if name != "name"}
    first, last = names_of(nameless)
    return {**nameless, "name": {"givenName": first, "familyName": last or first}}


def parse_document(text: str, user_name: str, external_id: str, active: bool) -> Json:
    """Put a stored document together again, as PATCH works on it."""
    document: Json = json.loads(text)
    document["userName"] = user_name
    document["active"] = active
    if external_id:
        document["externalId"] = external_id
    return document


def names_of(document: Json) -> tuple[str, str]:
    """Give first and last name for the membership, derived where they are missing.

    Who is just Cher has a family name in SCIM, made up of the same word; it is not said twice.
    """
    name: dict[str, Any] = document.get("name", {})
    first, last = name.get("givenName", ""), name.get("familyName", "")
    whole = (document.get("displayName") or _from_address(document)).strip()
    if not (first or last):
        first, _, last = (name.get("formatted") or whole).strip().partition(" ")
    elif first == last == whole:
        last = ""
    return first[:NAME_LIMIT], last.strip()[:NAME_LIMIT]


def _from_address(document: Json) -> str:
    """Read ann.lee@corp.example as Ann Lee."""
    local = str(document["userName"]).partition("@")[0]
    return " ".join(word.capitalize() for word in local.split(".") if word) or local
