"""What four products send when they are set up the usual way."""

from collections.abc import Mapping
from dataclasses import dataclass

from saml2 import saml

CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
MICROSOFT = "http://schemas.microsoft.com/identity/claims/"
GROUPS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"


@dataclass(frozen=True)
class Flavour:
    """One product's habits.

    sign: "response", "assertion" or "both". name_id: its format, and the field of the person that
    it carries. attributes: attribute name -> field of the person; empty ones are left out.
    valid: seconds before and after now.
    """

    sign: str
    name_id: tuple[str, str]
    name_format: str | None
    attributes: Mapping[str, str]
    valid: tuple[int, int]


PLAIN_NAMES = {
    "email": "email",
    "firstName": "first_name",
    "lastName": "last_name",
    "groups": "groups",
}

FLAVOURS = {
    "okta": Flavour(
        sign="both",
        name_id=(saml.NAMEID_FORMAT_UNSPECIFIED, "email"),
        name_format=saml.NAME_FORMAT_UNSPECIFIED,
        attributes=PLAIN_NAMES,
        valid=(-300, 300),
    ),
    "entra": Flavour(
        sign="assertion",
        name_id=(saml.NAMEID_FORMAT_EMAILADDRESS, "upn"),
        name_format=None,
        attributes={
            MICROSOFT + "objectidentifier": "object_id",
            MICROSOFT + "displayname": "display_name",
            GROUPS: "groups",
            CLAIMS + "givenname": "first_name",
            CLAIMS + "surname": "last_name",
            CLAIMS + "emailaddress": "email",
            CLAIMS + "name": "upn",
        },
        valid=(-300, 3600),
    ),
    "onelogin": Flavour(
        sign="response",
        name_id=(saml.NAMEID_FORMAT_EMAILADDRESS, "email"),
        name_format=saml.NAME_FORMAT_BASIC,
        attributes={
            "User.email": "email",
            "User.FirstName": "first_name",
            "User.LastName": "last_name",
            "memberOf": "groups",
        },
        valid=(-180, 180),
    ),
    "google": Flavour(
        sign="assertion",
        name_id=(saml.NAMEID_FORMAT_UNSPECIFIED, "email"),
        name_format=None,
        attributes=PLAIN_NAMES,
        valid=(-300, 300),
    ),
}
