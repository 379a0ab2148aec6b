"""Who the message is about: address and names, under the names that identity providers use."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accounts.addresses import InvalidAddress, normalize_address
from sso.saml.reasons import Refused

Attributes = Mapping[str, Sequence[str]]

CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"

ADDRESS = (
    "email",
    "Email",
    "mail",
    "User.email",
    "emailaddress",
    CLAIMS + "emailaddress",
    "urn:oid:0.9.2342.19200300.100.1.3",
)
FIRST_NAME = (
    "firstName",
    "User.FirstName",
    "FirstName",
    "first_name",
    "givenName",
    "givenname",
    CLAIMS + "givenname",
    "urn:oid:2.5.4.42",
)
LAST_NAME = (
    "lastName",
    "User.LastName",
    "LastName",
    "last_name",
    "sn",
    "surname",
    CLAIMS + "surname",
    "urn:oid:2.5.4.4",
)
# Only if there is no other: in Entra it is the UPN, which may differ from the mail.
LAST_RESORT = CLAIMS + "name"

FORMAT_EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
FORMAT_UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
FORMAT_PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
FORMAT_TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
FORMATS_OF_ADDRESSES = {"", FORMAT_EMAIL, FORMAT_UNSPECIFIED}

NAME_LENGTH = 100  # characters: the column
ASCII_WHITESPACE = " \t\r\n\f\v"
_BIDI = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class NameId:
    """The subject's name; `format` is "" where the message gives none."""

    value: str
    format: str = ""

    @property
    def is_persistent(self) -> bool:
        return self.format == FORMAT_PERSISTENT

    @property
    def is_opaque(self) -> bool:
        """Whether it is a mere identifier, persistent or transient, that names nobody by itself."""
        return self.format in {FORMAT_PERSISTENT, FORMAT_TRANSIENT}


def normalize_asserted(raw: str) -> str:
    """The asserted address in lower case, or "" if it is none: the product's one rule for them."""
    try:
        return normalize_address(raw.strip(ASCII_WHITESPACE))
    except InvalidAddress:
        return ""


def address_of(attributes: Attributes, name_id: NameId | None) -> str:
    """The one address that the message names; Refused(no_address | two_addresses) otherwise."""
    given = _given(attributes, ADDRESS)
    if not given and name_id is not None and name_id.format in FORMATS_OF_ADDRESSES:
        address = normalize_asserted(name_id.value)
        if address:
            return address
        if name_id.format == FORMAT_EMAIL:
            given = {name_id.value}  # said to be an address, and is none
    given = given or _given(attributes, (LAST_RESORT,))
    if len(given) > 1:
        raise Refused("two_addresses", found=", ".join(sorted(given))[:500])
    address = normalize_asserted(next(iter(given), ""))
    if not address:
        raise Refused("no_address", attributes=", ".join(sorted(attributes))[:500] or "none")
    return address


def _given(attributes: Attributes, names: Sequence[str]) -> set[str]:
    """The different values under these names; spelling of the same address does not count."""
    values = (value for value in _values(attributes, names) if value.strip(ASCII_WHITESPACE))
    return {normalize_asserted(value) or value for value in values}


def names_of(attributes: Attributes) -> tuple[str, str]:
    """First and last name, clean and cut to the column; "" where the message has none."""
    return _name(attributes, FIRST_NAME), _name(attributes, LAST_NAME)


def _name(attributes: Attributes, names: Sequence[str]) -> str:
    for value in _values(attributes, names):
        clean = clean_text(value)
        if clean:
            return clean[:NAME_LENGTH].strip()
    return ""


def clean_text(value: str) -> str:
    """Without control and direction characters, with single spaces."""
    kept = "".join(
        " " if unicodedata.category(character) in {"Cc", "Zl", "Zp"} else character
        for character in value[:2000]
        if character not in _BIDI
    )
    return " ".join(kept.split())


def _values(attributes: Attributes, names: Sequence[str]) -> list[str]:
    return [value for name in names for value in attributes.get(name, ())]
