"""Why a sign-in is refused: code, the admin's sentence, the field in the IdP, the person's page.

The SSO log, the test report and the refusal page read this one list. A refusal is kept as its
code and its values; the sentence is made when somebody reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from sso.saml.identity_providers import Kind

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Page(StrEnum):
    """What the refused person reads; the details are the admin's."""

    FAILED = "failed"
    DECLINED = "declined"
    AGAIN = "again"
    ASK_ADMIN = "ask_admin"
    ASK_INVITATION = "ask_invitation"


@dataclass(frozen=True, slots=True)
class Reason:
    """One way to be refused; `sentence` is a %-format over the refusal's values."""

    code: str
    sentence: StrOrPromise
    page: Page = Page.FAILED
    fields: Mapping[Kind, str] = field(default_factory=dict)  # where the admin changes it


class Refused(Exception):
    """The message is refused for this reason; `values` are what the admin needs to see."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code = code
        self.values = values

    @property
    def reason(self) -> Reason:
        return REASONS[self.code]


AUDIENCE_FIELDS = {
    Kind.OKTA: "Audience URI (SP Entity ID)",
    Kind.ENTRA: "Identifier (Entity ID)",
    Kind.ONELOGIN: "Audience (EntityID)",
    Kind.GOOGLE: "Entity ID",
    Kind.ADFS: "Relying party trust identifier",
    Kind.KEYCLOAK: "Client ID",
    Kind.JUMPCLOUD: "SP Entity ID",
    Kind.OTHER: "Audience / SP Entity ID",
}
RECIPIENT_FIELDS = {
    Kind.OKTA: "Single sign-on URL (Recipient URL)",
    Kind.ENTRA: "Reply URL (Assertion Consumer Service URL)",
    Kind.ONELOGIN: "Recipient",
    Kind.GOOGLE: "ACS URL",
    Kind.ADFS: "SAML assertion consumer endpoint",
    Kind.KEYCLOAK: "Master SAML Processing URL",
    Kind.JUMPCLOUD: "ACS URL",
    Kind.OTHER: "Recipient / Assertion Consumer Service URL",
}
DESTINATION_FIELDS = {
    **RECIPIENT_FIELDS,
    Kind.OKTA: "Single sign-on URL (Destination URL)",
    Kind.ONELOGIN: "ACS (Consumer) URL",
    Kind.OTHER: "Destination / Assertion Consumer Service URL",
}
ISSUER_FIELDS = {
    Kind.OKTA: "Identity Provider Issuer",
    Kind.ENTRA: "Microsoft Entra Identifier",
    Kind.ONELOGIN: "Issuer URL",
    Kind.GOOGLE: "Entity ID",
    Kind.ADFS: "Federation Service identifier",
    Kind.KEYCLOAK: "entityID in the SAML 2.0 Identity Provider Metadata",
    Kind.JUMPCLOUD: "IdP Entity ID",
    Kind.OTHER: "Issuer / IdP Entity ID",
}
CERTIFICATE_FIELDS = {
    Kind.OKTA: "SAML Signing Certificates",
    Kind.ENTRA: "Certificate (Base64)",
    Kind.ONELOGIN: "X.509 Certificate",
    Kind.GOOGLE: "Certificate",
    Kind.ADFS: "Token-signing certificate",
    Kind.KEYCLOAK: "Realm settings, Keys, RS256 certificate",
    Kind.JUMPCLOUD: "IdP Certificate",
    Kind.OTHER: "Signing certificate",
}
ALGORITHM_FIELDS = {
    Kind.OKTA: "Signature Algorithm and Digest Algorithm",
    Kind.ENTRA: "Signing Algorithm",
    Kind.ONELOGIN: "SAML Signature Algorithm",
    Kind.ADFS: "Secure hash algorithm",
    Kind.KEYCLOAK: "Signature algorithm",
    Kind.JUMPCLOUD: "Signature Algorithm",
    Kind.OTHER: "Signature algorithm",
}
ENCRYPTION_FIELDS = {
    Kind.OKTA: "Assertion Encryption",
    Kind.ENTRA: "Token encryption",
    Kind.ONELOGIN: "Encrypt assertion",
    Kind.ADFS: "Encryption certificate",
    Kind.KEYCLOAK: "Encrypt assertions",
    Kind.JUMPCLOUD: "Encrypt Assertion",
    Kind.OTHER: "Assertion encryption",
}
ADDRESS_FIELDS = {
    Kind.OKTA: "Attribute Statements: email",
    Kind.ENTRA: "Attributes & Claims: emailaddress",
    Kind.ONELOGIN: "Parameters: email",
    Kind.GOOGLE: "Attribute mapping: email",
    Kind.ADFS: "Claim rules: E-Mail Address",
    Kind.KEYCLOAK: "Client scopes, mappers: email",
    Kind.JUMPCLOUD: "User Attribute Mapping: email",
    Kind.OTHER: "Attribute email, or a NameID of email format",
}
ASSIGNMENT_FIELDS = {
    Kind.OKTA: "Assignments",
    Kind.ENTRA: "Users and groups",
    Kind.ONELOGIN: "Users",
    Kind.GOOGLE: "User access",
    Kind.ADFS: "Access control policy",
    Kind.KEYCLOAK: "Authentication flow overrides",
    Kind.JUMPCLOUD: "User Groups",
    Kind.OTHER: "Who the application is assigned to",
}


def _catalogue(*reasons: Reason) -> dict[str, Reason]:
    return {reason.code: reason for reason in reasons}


REASONS: dict[str, Reason] = _catalogue(
    Reason("malformed", _("The message could not be read: %(detail)s.")),
    Reason(
        "status",
        _(
            "Your identity provider answered “%(status)s”%(message)s: the sign-in was cancelled, "
            "or this person is not assigned to the application."
        ),
        Page.DECLINED,
        ASSIGNMENT_FIELDS,
    ),
    Reason(
        "unknown_issuer",
        _("The message's Issuer is “%(found)s”, but set here is “%(expected)s”."),
        fields=ISSUER_FIELDS,
    ),
    Reason(
        "algorithm",
        _("The message is signed with %(found)s. Choose SHA-256 in your identity provider."),
        fields=ALGORITHM_FIELDS,
    ),
    Reason(
        "encrypted",
        _(
            "The message is encrypted (%(found)s). Turn off assertion encryption: the connection "
            "itself is encrypted already."
        ),
        fields=ENCRYPTION_FIELDS,
    ),
    Reason(
        "signature",
        _(
            "None of your %(count)s usable certificates made this signature. The message names "
            "the certificate %(found)s: upload it if it is yours."
        ),
        fields=CERTIFICATE_FIELDS,
    ),
    Reason(
        "certificate_expired",
        _("The message is signed with a certificate that is out of its dates (%(found)s)."),
        fields=CERTIFICATE_FIELDS,
    ),
    Reason(
        "audience",
        _("The Audience is “%(found)s”, it must be “%(expected)s”."),
        fields=AUDIENCE_FIELDS,
    ),
    Reason(
        "recipient",
        _("The Recipient is “%(found)s”, it must be “%(expected)s”."),
        fields=RECIPIENT_FIELDS,
    ),
    Reason(
        "destination",
        _("The Destination is “%(found)s”, it must be “%(expected)s”."),
        fields=DESTINATION_FIELDS,
    ),
    Reason(
        "not_yet_valid",
        _("The message is not valid yet: your identity provider's clock is %(seconds)s s ahead."),
        Page.AGAIN,
    ),
    Reason("expired", _("The message is too old or lives too long: %(detail)s."), Page.AGAIN),
    Reason(
        "request_unknown",
        _("The message answers a request (%(found)s) that was not made here, or too long ago."),
        Page.AGAIN,
    ),
    Reason(
        "request_used",
        _("The message answers a request (%(found)s) that was answered before."),
        Page.AGAIN,
    ),
    Reason(
        "request_other_browser",
        _("The sign-in was started in another browser than the one in which it ended."),
        Page.AGAIN,
    ),
    Reason(
        "request_other_organization",
        _("The message answers a request (%(found)s) that was not made for this organization."),
        Page.AGAIN,
    ),
    Reason(
        "replayed",
        _("The assertion %(found)s was used before, at %(first_used)s from %(ip)s."),
        Page.AGAIN,
    ),
    Reason(
        "no_address",
        _("The message names no email address. Attributes received: %(attributes)s."),
        fields=ADDRESS_FIELDS,
    ),
    Reason(
        "two_addresses",
        _("The message names different email addresses: %(found)s."),
        fields=ADDRESS_FIELDS,
    ),
    Reason(
        "domain",
        _("“%(domain)s” of %(address)s is not a verified domain of this organization."),
        Page.ASK_ADMIN,
    ),
    Reason(
        "subject_changed",
        _(
            "The identifier (NameID) “%(name_id)s” and the address %(address)s belong to different "
            "people here: %(detail)s. If it is right, clear the pin of the person."
        ),
    ),
    Reason(
        "not_member",
        _("%(address)s is no member, and IDP Managed Access is off. Invite them, or turn it on."),
        Page.ASK_INVITATION,
    ),
    Reason(
        "inactive",
        _("%(address)s was deactivated here (%(detail)s). Signing in does not bring them back."),
        Page.ASK_ADMIN,
    ),
    Reason(
        "hand_over", _("The sign-in waited too long on its way, or was used twice."), Page.AGAIN
    ),
    Reason("too_many", _("Too many refused messages from this address."), Page.AGAIN),
)


class _Values(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "—"


def sentence(code: str, values: Mapping[str, Any]) -> str:
    """The admin's sentence for a refusal; a value that was not kept reads as a dash."""
    reason = REASONS.get(code)
    return str(reason.sentence) % _Values(values) if reason else code


def field_name(code: str, kind: Kind) -> str:
    """What the place of the cure is called in this identity provider, or ""."""
    reason = REASONS.get(code)
    if reason is None:
        return ""
    return reason.fields.get(kind) or reason.fields.get(Kind.OTHER, "")
