"""The attributes we know, read from scim2-models once and looked up by any spelling."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from scim2_models import EnterpriseUser, Group, Resource, User

Json = dict[str, Any]

USER_URN = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE_URN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP_URN = "urn:ietf:params:scim:schemas:core:2.0:Group"

TEXT_LIMIT = 1_024
LONGER = {"x509Certificates": 65_536, "photos": 65_536}
SHORTER = {"userName": 254, "externalId": 255}
ENTRIES_LIMIT = 100

# OneLogin's templates still carry the drafts' URNs; Entra adds one of its own to groups.
_OTHER_NAMES = {
    "urn:scim:schemas:core:1.0": USER_URN,
    "urn:scim:schemas:core:2.0": USER_URN,
    "urn:scim:schemas:core:2.0:user": USER_URN,
    "urn:ietf:params:scim:schemas:core:2.0": USER_URN,
    "urn:scim:schemas:extension:enterprise:1.0": ENTERPRISE_URN,
    "urn:scim:schemas:extension:enterprise:1.0:user": ENTERPRISE_URN,
    "urn:scim:schemas:extension:enterprise:2.0": ENTERPRISE_URN,
    "urn:scim:schemas:extension:enterprise:2.0:user": ENTERPRISE_URN,
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0": ENTERPRISE_URN,
    "urn:scim:schemas:core:2.0:group": GROUP_URN,
}


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a schema; `parts` are its sub-attributes by lower-case name."""

    name: str
    type: str
    multi_valued: bool = False
    case_exact: bool = False
    read_only: bool = False
    limit: int = TEXT_LIMIT
    parts: Mapping[str, "Attribute"] = field(default_factory=dict)

    @property
    def is_complex(self) -> bool:
        return self.type == "complex"


@dataclass(frozen=True, slots=True)
class Located:
    """Where a name leads: an extension as a whole, an attribute, or one part of it."""

    extension: str = ""
    attribute: Attribute | None = None
    part: Attribute | None = None


@dataclass(frozen=True, slots=True)
class ResourceSchema:
    """A resource type: its own attributes and those of its extensions, by lower-case name."""

    urn: str
    attributes: Mapping[str, Attribute]
    extensions: Mapping[str, Mapping[str, Attribute]] = field(default_factory=dict)

    def extension_of(self, urn: str) -> str | None:
        """Give the extension that a URN means, "" for the resource's own, None if unknown."""
        lowered = urn.lower()
        known = _OTHER_NAMES.get(lowered, urn)
        if known.lower() == self.urn.lower() or (
            known == USER_URN and lowered in _OTHER_NAMES and self.urn == GROUP_URN
        ):
            return ""
        return next((own for own in self.extensions if own.lower() == known.lower()), None)

    def locate(self, name: str) -> Located | None:
        """Find `userName`, `name.givenName`, `urn:…:User:title` in any case; None if unknown."""
        return _locate(self, name) if len(name) <= TEXT_LIMIT else None

    def find(self, extension: str, name: str, part: str = "") -> Located | None:
        attributes = self.extensions[extension] if extension else self.attributes
        attribute = attributes.get(name.lower())
        if attribute is None:
            return None
        if not part:
            return Located(extension, attribute)
        found = attribute.parts.get(part.lower())
        return Located(extension, attribute, found) if found else None

    def find_anywhere(self, urn: str, name: str, part: str) -> Located | None:
        """Find what a filter names; Entra leaves the extension's URN out (`manager eq "ID"`)."""
        extension = self.extension_of(urn) if urn else ""
        if extension is None:
            return None
        places = (extension,) if urn else (extension, *self.extensions)
        found = (self.find(place, name, part) for place in places)
        return next((one for one in found if one is not None), None)

    def __hash__(self) -> int:
        return hash(self.urn)


@lru_cache(maxsize=2_048)
def _locate(schema: ResourceSchema, name: str) -> Located | None:
    extension = schema.extension_of(name)
    if extension is not None:
        return Located(extension)
    urn, colon, rest = name.rpartition(":")
    if colon:
        extension = schema.extension_of(urn)
        if extension is None:
            return None
    attribute, _, part = rest.partition(".")
    return schema.find(extension or "", attribute, part)


def _attributes(definitions: list[Json]) -> Iterator[tuple[str, Attribute]]:
    for one in definitions:
        name = one["name"]
        limit = LONGER.get(name) or SHORTER.get(name) or TEXT_LIMIT
        parts = {
            lowered: Attribute(part.name, part.type, case_exact=part.case_exact,
                               read_only=part.read_only, limit=limit)
            for lowered, part in _attributes(one.get("subAttributes", []))
        }  # fmt: skip
        yield (
            name.lower(),
            Attribute(
                name,
                one["type"],
                multi_valued=one["multiValued"],
                case_exact=one["caseExact"],
                read_only=one["mutability"] == "readOnly",
                limit=limit,
                parts=parts,
            ),
        )


def _definition(model: type[Resource[Any]] | type[EnterpriseUser]) -> Json:
    """Give the schema to publish: what scim2-models knows, told as we serve it."""
    schema: Json = model.to_schema().model_dump()
    schema["name"] = {"EnterpriseUser": "Enterprise User"}.get(schema["name"], schema["name"])
    schema["description"] = schema["name"]
    schema["attributes"] = [one for one in schema["attributes"] if one["name"] != "password"]
    for one in schema["attributes"]:
        for part in (one, *one.get("subAttributes", [])):
            part["description"] = " ".join(part.get("description", part["name"]).split())
        _adjust(one)
    return schema


def _adjust(attribute: Json) -> None:
    """Say what holds here and not in general."""
    parts = {part["name"]: part for part in attribute.get("subAttributes", [])}
    if attribute["name"] == "active":
        # Nobody is neither in nor out: the attribute can be changed, never removed.
        attribute["required"] = True
    if attribute["name"] == "manager":
        # Entra and OneLogin send the bare id.
        parts["$ref"]["required"] = False
    if attribute["name"] == "members":
        attribute["subAttributes"] = [parts["value"], parts["$ref"], parts["type"]]
        parts["$ref"]["referenceTypes"] = ["User"]
        parts["type"]["canonicalValues"] = ["User"]


USER_DEFINITION = _definition(User)
ENTERPRISE_DEFINITION = _definition(EnterpriseUser)
GROUP_DEFINITION = _definition(Group)
# Two teams of one name cannot be told apart here, whatever the RFC allows.
next(one for one in GROUP_DEFINITION["attributes"] if one["name"] == "displayName").update(
    uniqueness="server"
)
DEFINITIONS = [USER_DEFINITION, ENTERPRISE_DEFINITION, GROUP_DEFINITION]

_COMMON = {
    "id": Attribute("id", "string", case_exact=True, read_only=True),
    "externalid": Attribute("externalId", "string", case_exact=True, limit=SHORTER["externalId"]),
    "meta": Attribute(
        "meta",
        "complex",
        read_only=True,
        parts={
            "resourcetype": Attribute("resourceType", "string", case_exact=True, read_only=True),
            "created": Attribute("created", "dateTime", read_only=True),
            "lastmodified": Attribute("lastModified", "dateTime", read_only=True),
            "location": Attribute("location", "reference", case_exact=True, read_only=True),
            "version": Attribute("version", "string", case_exact=True, read_only=True),
        },
    ),
}

USER = ResourceSchema(
    USER_URN,
    {**dict(_attributes(USER_DEFINITION["attributes"])), **_COMMON},
    {ENTERPRISE_URN: dict(_attributes(ENTERPRISE_DEFINITION["attributes"]))},
)
GROUP = ResourceSchema(GROUP_URN, {**dict(_attributes(GROUP_DEFINITION["attributes"])), **_COMMON})
