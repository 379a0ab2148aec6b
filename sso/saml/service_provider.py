"""The one place that touches python3-saml: its settings, its verdict, its requests, its metadata.

Three things are kept that the library makes anew for each message: the compiled schema (a third of
its time) and XPath expressions, one of each a thread; the checked settings, one a version of the
connection. The pin on its version in requirements/base.in guards the seams used here.
"""

from __future__ import annotations

import base64
import html
import logging
import secrets
import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from lxml import etree
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.authn_request import OneLogin_Saml2_Authn_Request
from onelogin.saml2.constants import OneLogin_Saml2_Constants
from onelogin.saml2.errors import OneLogin_Saml2_ValidationError as ValidationError
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings, validate_url
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from sso.saml.message import Message
from sso.saml.reasons import Refused

logger = logging.getLogger(__name__)

REDIRECT: Final = OneLogin_Saml2_Constants.BINDING_HTTP_REDIRECT
POST: Final = OneLogin_Saml2_Constants.BINDING_HTTP_POST


@dataclass(frozen=True, slots=True)
class ServiceProvider:
    """Us, as an identity provider knows us."""

    entity_id: str
    acs_url: str


@dataclass(frozen=True, slots=True)
class SigningKey:
    """Our own key, for signed requests only: nothing is ever decrypted or validated with it."""

    private_key: str  # PEM
    certificate: str  # PEM


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """A connection at one moment: the key under which its checked settings are kept."""

    connection: str  # public id
    version: str  # changes with every change of the connection
    issuer: str
    sign_in_url: str
    certificates: tuple[str, ...]  # PEM, usable ones only


class _Kept(threading.local):
    def __init__(self) -> None:
        self.schemas: dict[str, etree.XMLSchema] = {}
        self.xpaths: dict[str, etree.XPath] = {}


_kept = _Kept()
# libxml2 compiles one schema at a time: of eight threads that began at once, some refused good
# messages, some ran for ever, and one ended the process (tried; lxml 6.1.3, libxml2 2.14.6).
_compiling = threading.Lock()


def _kept_schema(tree: etree._ElementTree) -> etree.XMLSchema:
    """What `etree.XMLSchema` does, once per thread and schema file."""
    name = tree.docinfo.URL or ""
    schema = _kept.schemas.get(name)
    if schema is None:
        with _compiling:
            schema = etree.XMLSchema(tree)
        if name:
            _kept.schemas[name] = schema
    return schema


def _kept_query(
    dom: etree._Element, query: str, context: Any = None, tagid: str | None = None
) -> Any:
    """What `OneLogin_Saml2_XML.query` does, with the expression compiled once per thread."""
    xpath = _kept.xpaths.get(query)
    if xpath is None:
        xpath = etree.XPath(query, namespaces=OneLogin_Saml2_Constants.NSMAP)
        _kept.xpaths[query] = xpath
    source = dom if context is None else context
    return xpath(source) if tagid is None else xpath(source, tagid=tagid)


# The library's two seams, both internal: its version is pinned, and tests hold the verdicts.
OneLogin_Saml2_XML._schema_class = staticmethod(_kept_schema)  # noqa: SLF001
OneLogin_Saml2_XML.query = staticmethod(_kept_query)


class _Response(OneLogin_Saml2_Response):
    """The library's response over the tree that the pre-flight read: never parsed a second time."""

    def __init__(self, settings: OneLogin_Saml2_Settings, message: Message) -> None:
        self._settings = settings
        self._error = None
        self.response = message.xml
        self.document = message.root
        self.decrypted_document = None
        self.encrypted = None  # the pre-flight refused it
        self.valid_scd_not_on_or_after = None


class _AuthnRequest(OneLogin_Saml2_Authn_Request):
    def _generate_request_id(self) -> str:
        return f"_{secrets.token_hex(20)}"  # Entra refuses an ID that starts with a digit


class _Auth(OneLogin_Saml2_Auth):
    authn_request_class = _AuthnRequest

    def get_sso_url(self) -> str:
        # Settings hold it escaped, for the library's template; the redirect takes it as it is.
        return html.unescape(super().get_sso_url())


# The library's verdict in our words; whatever is not listed is `malformed`.
_CODES: Final = {
    ValidationError.ASSERTION_TOO_EARLY: "not_yet_valid",
    ValidationError.ASSERTION_EXPIRED: "expired",
    ValidationError.SESSION_EXPIRED: "expired",
    # Its confirmations know no skew; whatever else they check, we checked before.
    ValidationError.WRONG_SUBJECTCONFIRMATION: "expired",
    ValidationError.WRONG_ISSUER: "unknown_issuer",
    ValidationError.WRONG_AUDIENCE: "audience",
    ValidationError.WRONG_DESTINATION: "destination",
    ValidationError.EMPTY_DESTINATION: "destination",
    ValidationError.WRONG_INRESPONSETO: "request_unknown",
    ValidationError.INVALID_SIGNATURE: "signature",
}


def check_by_library(
    message: Message, identity_provider: IdentityProvider, service_provider: ServiceProvider
) -> None:
    """python3-saml's own strict verdict over the same tree; Refused in our words."""
    try:
        response = _Response(settings_for(identity_provider, service_provider), message)
        response.is_valid(
            _request_data(service_provider.acs_url),
            message.request_id or None,
            raise_exceptions=True,
        )
    except ValidationError as error:
        code = _CODES.get(error.code, "malformed")
        raise Refused(code, detail=f"python3-saml: {str(error)[:300]}") from error
    except Exception as error:  # it raises what it likes on odd input
        logger.warning("python3-saml failed on a response: %s", type(error).__name__)
        raise Refused("malformed", detail="python3-saml could not judge it") from error


@dataclass(frozen=True, slots=True)
class Request:
    """An AuthnRequest on its way to the identity provider."""

    id: str
    url: str  # to redirect to
    relay_state: str
    xml: str

    @property
    def encoded(self) -> str:
        """The message as the POST binding carries it: base64, not deflated."""
        return base64.b64encode(self.xml.encode()).decode()


def start(
    identity_provider: IdentityProvider,
    service_provider: ServiceProvider,
    relay_state: str,
    *,
    signing_key: SigningKey | None = None,
) -> Request:
    """A new AuthnRequest by the redirect binding, signed if there is a key."""
    if signing_key is None:
        settings = settings_for(identity_provider, service_provider)
    else:
        settings = _signing_settings(identity_provider, service_provider, signing_key)
    auth = _Auth(_request_data(service_provider.acs_url), settings)
    url = auth.login(return_to=relay_state, set_nameid_policy=False)
    return Request(auth.get_last_request_id(), url, relay_state, auth.get_last_request_xml())


@lru_cache(maxsize=2048)
def settings_for(
    identity_provider: IdentityProvider, service_provider: ServiceProvider
) -> OneLogin_Saml2_Settings:
    """Checked settings, kept per version of the connection and set of usable certificates."""
    return OneLogin_Saml2_Settings(_settings(identity_provider, service_provider))


@lru_cache(maxsize=256)
def _signing_settings(
    identity_provider: IdentityProvider,
    service_provider: ServiceProvider,
    signing_key: SigningKey,
) -> OneLogin_Saml2_Settings:
    """For making requests only: with a private key in it, no response is ever validated."""
    settings = _settings(identity_provider, service_provider)
    settings["sp"] |= {
        "privateKey": signing_key.private_key,
        "x509cert": signing_key.certificate,
    }
    settings["security"] |= {"authnRequestsSigned": True}
    return OneLogin_Saml2_Settings(settings)


def takes_sign_in_url(url: str) -> bool:
    """Whether settings with this URL would be accepted: the library has its own idea of a host."""
    return bool(validate_url(html.escape(url), allow_single_label_domain=True))


def _settings(
    identity_provider: IdentityProvider, service_provider: ServiceProvider
) -> dict[str, Any]:
    return {
        "strict": True,
        "debug": False,
        "sp": {
            "entityId": service_provider.entity_id,
            "assertionConsumerService": {"url": service_provider.acs_url, "binding": POST},
        },
        "idp": {
            "entityId": identity_provider.issuer,
            # Its template puts the URL into an attribute as it is: `&` would break the request.
            "singleSignOnService": {"url": html.escape(identity_provider.sign_in_url)},
            # Never x509cert, never a fingerprint: those let the message choose the key.
            "x509certMulti": {"signing": list(identity_provider.certificates)},
        },
        "security": {
            "allowRepeatAttributeName": True,
            "allowSingleLabelDomains": True,
            "rejectDeprecatedAlgorithm": True,
            "requestedAuthnContext": False,
            "signatureAlgorithm": OneLogin_Saml2_Constants.RSA_SHA256,
            "digestAlgorithm": OneLogin_Saml2_Constants.SHA256,
            # Either signature is enough; the pre-flight demands one.
            "wantAssertionsSigned": False,
            "wantMessagesSigned": False,
            "wantAttributeStatement": False,
            "wantNameId": False,
        },
    }


def _request_data(acs_url: str) -> dict[str, str]:
    """Where the message arrived, from our settings: Host and X-Forwarded-* do not matter."""
    parts = urlsplit(acs_url)
    return {
        "https": "on" if parts.scheme == "https" else "off",
        "http_host": parts.netloc,
        "script_name": parts.path,
    }


_METADATA = """<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity_id}">
  <md:SPSSODescriptor AuthnRequestsSigned="{signed}" WantAssertionsSigned="true"
      protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
{keys}    <md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat>
    <md:AssertionConsumerService Binding="{post}" Location="{acs_url}" index="0" isDefault="true"/>
  </md:SPSSODescriptor>
</md:EntityDescriptor>
"""
_KEY = """    <md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
      <ds:X509Data><ds:X509Certificate>{body}</ds:X509Certificate></ds:X509Data>
    </ds:KeyInfo></md:KeyDescriptor>
"""


def metadata(service_provider: ServiceProvider, certificates: tuple[str, ...] = ()) -> str:
    """Our metadata. Never a key for encryption: AD FS would start to encrypt (see saml rules)."""
    keys = "".join(
        _KEY.format(body="".join(line for line in pem.splitlines() if "-----" not in line))
        for pem in certificates
    )
    return _METADATA.format(
        entity_id=html.escape(service_provider.entity_id),
        acs_url=html.escape(service_provider.acs_url),
        post=POST,
        keys=keys,
        signed="true" if certificates else "false",
    )
