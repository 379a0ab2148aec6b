"""A response that passed the pre-flight, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sso.saml.attributes import NameId

NS_SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
NS_SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
NS_DS = "http://www.w3.org/2000/09/xmldsig#"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One bearer SubjectConfirmation."""

    recipient: str | None
    in_response_to: str | None
    not_before: datetime | None
    not_on_or_after: datetime | None


@dataclass(frozen=True, slots=True)
class Message:
    """What the message says. Until `signature` found its certificate, anybody may have said it.

    Everything but `destination`, `response_issuer` and `in_response_to` is read from the
    assertion, the one part that is signed in every accepted message.
    """

    xml: bytes
    root: Any  # lxml's element of the response: the tree that is verified is the one that was read
    signatures: tuple[Any, ...]  # ds:Signature elements: the assertion's first
    response_is_signed: bool
    response_id: str
    response_issuer: str | None
    destination: str | None
    in_response_to: frozenset[str]  # of the response and of every confirmation
    assertion_id: str
    issuer: str
    issue_instants: tuple[datetime, ...]
    name_id: NameId | None
    name_id_qualifier: str  # SPNameQualifier, or ""
    confirmations: tuple[Confirmation, ...]
    not_before: datetime | None
    not_on_or_after: datetime | None
    audiences: tuple[tuple[str, ...], ...]  # of each AudienceRestriction
    session_index: str
    session_not_on_or_after: datetime | None
    attributes: Mapping[str, tuple[str, ...]]

    @property
    def request_id(self) -> str:
        """The request that it answers, or "" for an IdP-initiated one."""
        return next(iter(self.in_response_to), "")
