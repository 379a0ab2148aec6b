"""ServiceProviderConfig, ResourceTypes and Schemas: what we truly serve (SCIM-10)."""

from typing import Any

from scim2_models import ForbiddenException, NotFoundException

from scim.rendering import LIST_URN, base_url
from scim.wire.schemas import DEFINITIONS, ENTERPRISE_URN, GROUP_URN, USER_URN, Json

MAX_RESULTS = 200

_CONFIG_URN = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
_TYPE_URN = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"


def service_provider_config() -> Json:
    return {
        "schemas": [_CONFIG_URN],
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": MAX_RESULTS},
        "changePassword": {"supported": False},
        "sort": {"supported": True},
        "etag": {"supported": True},
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Bearer token",
                "description": "The token generated under Access Security → SCIM.",
                "specUri": "https://www.rfc-editor.org/info/rfc6750",
                "primary": True,
            }
        ],
        "meta": _meta("ServiceProviderConfig", "ServiceProviderConfig"),
    }


def resource_types(name: str = "") -> Json:
    types: list[Json] = [
        {
            "schemas": [_TYPE_URN],
            "id": "User",
            "name": "User",
            "description": "A member of the organization.",
            "endpoint": "/Users",
            "schema": USER_URN,
            "schemaExtensions": [{"schema": ENTERPRISE_URN, "required": False}],
            "meta": _meta("ResourceType", "ResourceTypes/User"),
        },
        {
            "schemas": [_TYPE_URN],
            "id": "Group",
            "name": "Group",
            "description": "A team of the organization.",
            "endpoint": "/Groups",
            "schema": GROUP_URN,
            "meta": _meta("ResourceType", "ResourceTypes/Group"),
        },
    ]
    return _one_or_all(types, name)


def schemas(urn: str = "") -> Json:
    located = [{**one, "meta": _meta("Schema", f"Schemas/{one['id']}")} for one in DEFINITIONS]
    return _one_or_all(located, urn)


def forbid_filter(parameters: dict[str, str]) -> None:
    """Refuse to filter discovery, as RFC 7644, 4 asks: clients must not take a part for all."""
    if "filter" in parameters:
        raise ForbiddenException(detail="Discovery endpoints cannot be filtered.")


def _meta(kind: str, path: str) -> Json:
    return {"resourceType": kind, "location": f"{base_url()}/{path}"}


def _one_or_all(resources: list[Any], identifier: str) -> Json:
    if not identifier:
        return {
            "schemas": [LIST_URN],
            "totalResults": len(resources),
            "startIndex": 1,
            "itemsPerPage": len(resources),
            "Resources": resources,
        }
    for one in resources:
        if one["id"].lower() == identifier.lower():
            return dict(one)
    raise NotFoundException(detail="There is no such definition.")
