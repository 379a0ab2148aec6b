"""Set-up pages: our values under each identity provider's own field names (SSO-9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from sso.saml.identity_providers import Kind

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# What a field of the identity provider wants of ours.
POSTBACK, ENTITY, REPLY = "postback_url", "entity_id", "reply_url"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the identity provider, and what goes into it: a value of ours, or a word."""

    name: str
    value: str  # POSTBACK, ENTITY, REPLY, or the text itself


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do there."""

    text: StrOrPromise
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class Guide:
    """How to make the application in one identity provider, and what to bring back."""

    steps: tuple[Step, ...]
    issuer: str  # what it calls the Issuer URL
    sign_in_url: str
    certificate: str
    note: StrOrPromise = ""


_ASSIGN = Step(_("Assign the people or groups who may sign in."))

GUIDES: dict[Kind, Guide] = {
    Kind.OKTA: Guide(
        (
            Step(_("Applications → Create App Integration → SAML 2.0.")),
            Step(
                _("Configure SAML:"),
                (
                    Field("Single sign-on URL", REPLY),
                    Field("Requestable SSO URLs", REPLY),
                    Field("Recipient URL", REPLY),
                    Field("Destination URL", REPLY),
                    Field("Audience URI (SP Entity ID)", ENTITY),
                    Field("Name ID format", "EmailAddress"),
                    Field("Application username", "Email"),
                ),
            ),
            Step(
                _("Attribute Statements:"),
                (
                    Field("email", "user.email"),
                    Field("firstName", "user.firstName"),
                    Field("lastName", "user.lastName"),
                ),
            ),
            _ASSIGN,
            Step(_("Sign On → View SAML setup instructions shows the three values.")),
        ),
        "Identity Provider Issuer",
        "Identity Provider Single Sign-On URL",
        "X.509 Certificate",
    ),
    Kind.ENTRA: Guide(
        (
            Step(
                _(
                    "Enterprise applications → New application → Create your own application → "
                    "Integrate any other application (Non-gallery)."
                )
            ),
            Step(
                _("Single sign-on → SAML → Basic SAML Configuration:"),
                (
                    Field("Identifier (Entity ID)", ENTITY),
                    Field("Reply URL (Assertion Consumer Service URL)", REPLY),
                    Field("Sign on URL", POSTBACK),
                ),
            ),
            Step(
                _(
                    "Attributes & Claims: keep the defaults. If your people's UPN is not their "
                    "mail address, these decide:"
                ),
                (
                    Field("emailaddress", "user.mail"),
                    Field("givenname", "user.givenname"),
                    Field("surname", "user.surname"),
                ),
            ),
            Step(_("SAML Certificates: download Certificate (Base64), not the XML.")),
            _ASSIGN,
        ),
        "Microsoft Entra Identifier",
        "Login URL",
        "Certificate (Base64)",
        _("The Identifier ends with a slash, and the slash counts."),
    ),
    Kind.GOOGLE: Guide(
        (
            Step(_("Admin console → Apps → Web and mobile apps → Add custom SAML app.")),
            Step(
                _(
                    "Google Identity Provider details: copy SSO URL and Entity ID, download the "
                    "certificate."
                )
            ),
            Step(
                _("Service provider details:"),
                (
                    Field("ACS URL", REPLY),
                    Field("Entity ID", ENTITY),
                    Field("Start URL", "/home/"),
                    Field("Name ID format", "EMAIL"),
                    Field("Name ID", "Basic Information > Primary email"),
                ),
            ),
            Step(
                _("Attribute mapping:"),
                (
                    Field("Primary email", "email"),
                    Field("First name", "firstName"),
                    Field("Last name", "lastName"),
                ),
            ),
            Step(_("User access: turn it on for everyone, or for the groups who may sign in.")),
        ),
        "Entity ID",
        "SSO URL",
        "Certificate",
    ),
    Kind.ONELOGIN: Guide(
        (
            Step(_("Applications → Add App → SAML Custom Connector (Advanced).")),
            Step(
                _("Configuration:"),
                (
                    Field("Audience (EntityID)", ENTITY),
                    Field("Recipient", REPLY),
                    Field("ACS (Consumer) URL Validator", REPLY),
                    Field("ACS (Consumer) URL", REPLY),
                    Field("Login URL", POSTBACK),
                    Field("SAML initiator", "Service Provider"),
                    Field("SAML signature element", "Assertion"),
                ),
            ),
            Step(
                _("Parameters, each with Include in SAML assertion:"),
                (
                    Field("email", "Email"),
                    Field("firstName", "First Name"),
                    Field("lastName", "Last Name"),
                ),
            ),
            Step(
                _("SSO: OneLogin signs with SHA-1 until you change it."),
                (Field("SAML Signature Algorithm", "SHA-256"),),
            ),
            _ASSIGN,
        ),
        "Issuer URL",
        "SAML 2.0 Endpoint (HTTP)",
        "X.509 Certificate",
    ),
    Kind.ADFS: Guide(
        (
            Step(_("Relying Party Trusts → Add Relying Party Trust → Claims aware.")),
            Step(_("Import our metadata file, or enter it by hand:")),
            Step(
                _("Configure URL and Identifiers:"),
                (
                    Field("Relying party SAML 2.0 SSO service URL", REPLY),
                    Field("Relying party trust identifier", ENTITY),
                ),
            ),
            Step(
                _("Edit Claim Issuance Policy → Send LDAP Attributes as Claims:"),
                (
                    Field("E-Mail-Addresses", "E-Mail Address"),
                    Field("Given-Name", "Given Name"),
                    Field("Surname", "Surname"),
                ),
            ),
            Step(_("Advanced: keep the secure hash algorithm SHA-256.")),
            Step(_("Service → Certificates: export the token-signing certificate as Base-64.")),
        ),
        "Federation Service identifier",
        "SAML 2.0/WS-Federation endpoint (/adfs/ls/)",
        "Token-signing certificate",
        _("AD FS rolls its certificate by itself: add the next one here once it is announced."),
    ),
    Kind.KEYCLOAK: Guide(
        (
            Step(
                _("Clients → Create client → SAML:"),
                (
                    Field("Client ID", ENTITY),
                    Field("Valid redirect URIs", REPLY),
                    Field("Master SAML Processing URL", REPLY),
                    Field("Name ID format", "email"),
                ),
            ),
            Step(
                _("Settings and Keys:"),
                (
                    Field("Sign assertions", "On"),
                    Field("Signature algorithm", "RSA_SHA256"),
                    Field("Encrypt assertions", "Off"),
                    Field("Client signature required", "Off"),
                ),
            ),
            Step(
                _("Client scopes → dedicated → Add predefined mappers, with these names:"),
                (
                    Field("X500 email", "email"),
                    Field("X500 givenName", "firstName"),
                    Field("X500 surname", "lastName"),
                ),
            ),
            Step(_("Realm settings → SAML 2.0 Identity Provider Metadata has all three values.")),
        ),
        "entityID",
        "SingleSignOnService Location (HTTP-Redirect)",
        "X509Certificate",
    ),
    Kind.JUMPCLOUD: Guide(
        (
            Step(_("SSO Applications → Add New Application → Custom Application → SAML.")),
            Step(
                _("SSO:"),
                (
                    Field("SP Entity ID", ENTITY),
                    Field("ACS URL", REPLY),
                    Field("Login URL", POSTBACK),
                    Field("SAMLSubject NameID", "email"),
                    Field("SAMLSubject NameID Format", "emailAddress"),
                    Field("Signature Algorithm", "RSA-SHA256"),
                    Field("Sign", "Assertion"),
                ),
            ),
            Step(
                _("User Attribute Mapping:"),
                (
                    Field("email", "email"),
                    Field("firstName", "firstname"),
                    Field("lastName", "lastname"),
                ),
            ),
            Step(_("User Groups: choose who may sign in.")),
        ),
        "IdP Entity ID",
        "IDP URL",
        "IDP Certificate Valid",
    ),
    Kind.OTHER: Guide(
        (
            Step(_("Make an application for SAML 2.0, or import our metadata file.")),
            Step(
                _("Its fields have different names everywhere; these are the usual ones:"),
                (
                    Field("Entity ID, Audience, Identifier", ENTITY),
                    Field("ACS URL, Reply URL, Recipient, Destination", REPLY),
                    Field("Login URL, Start URL, Sign on URL", POSTBACK),
                    Field("NameID format", "emailAddress"),
                ),
            ),
            Step(
                _("Send these attributes:"),
                (
                    Field("email", "the person's mail address"),
                    Field("firstName", "the given name"),
                    Field("lastName", "the family name"),
                ),
            ),
            Step(_("Sign the assertion, the response, or both, with SHA-256. Don't encrypt.")),
            _ASSIGN,
        ),
        "Issuer, IdP Entity ID",
        "Single sign-on URL, Login URL",
        "Signing certificate",
    ),
}
