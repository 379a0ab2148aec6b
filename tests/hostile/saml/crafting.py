"""A forger's pen: responses written as text and signed by hand, so that nothing is too odd for it.

Signatures are made of lxml's canonical XML and the bare key: no XML signature library has a say in
what is signed, what is referred to, or what is claimed about it.
"""

import base64
import datetime as dt
import hashlib
import hmac
import re
import secrets
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from lxml import etree

from sso import contract
from tests.sso.signer import Key, key

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
DS = "http://www.w3.org/2000/09/xmldsig#"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
ENC = "http://www.w3.org/2001/04/xmlenc#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
ENVELOPED = f"{DS}enveloped-signature"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
HOLDER_OF_KEY = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"
SENDER_VOUCHES = "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"
STATUS = "urn:oasis:names:tc:SAML:2.0:status:"
FORMAT_EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
FORMAT_UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
FORMAT_PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
FORMAT_TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
MAIL_OID = "urn:oid:0.9.2342.19200300.100.1.3"

ISSUER = "https://idp.example/metadata"
ADDRESS = "bob@corp.example"
XMLNS = f'xmlns:saml="{SAML}"'
HERE = object()  # the URL at which a message is meant to arrive

Instant = float | str | None  # seconds from now, or as it is written


def new_id() -> str:
    return f"_{secrets.token_hex(16)}"


def instant(value: Instant) -> str | None:
    if value is None or isinstance(value, str):
        return value
    moment = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=value)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def attributes_of(**values: str | None) -> str:
    return "".join(f' {name}="{value}"' for name, value in values.items() if value is not None)


# ── Parts of an assertion


def confirmation(
    *,
    method: str = BEARER,
    recipient: object = HERE,
    until: Instant = 300,
    start: Instant = None,
    answers: str | None = None,
) -> str:
    given = attributes_of(
        NotBefore=instant(start),
        NotOnOrAfter=instant(until),
        Recipient=contract.reply_url() if recipient is HERE else recipient,  # type: ignore[arg-type]
        InResponseTo=answers,
    )
    return (
        f'<saml:SubjectConfirmation Method="{method}"><saml:SubjectConfirmationData{given}/>'
        "</saml:SubjectConfirmation>"
    )


def name_id(value: str = ADDRESS, format_: str | None = FORMAT_EMAIL, **more: str) -> str:
    return f"<saml:NameID{attributes_of(Format=format_, **more)}>{value}</saml:NameID>"


def subject(name: str | None = None, *confirmations: str) -> str:
    named = name_id() if name is None else name
    return f"<saml:Subject>{named}{''.join(confirmations) or confirmation()}</saml:Subject>"


def restriction(*audiences: str) -> str:
    inside = "".join(f"<saml:Audience>{audience}</saml:Audience>" for audience in audiences)
    return f"<saml:AudienceRestriction>{inside}</saml:AudienceRestriction>"


def conditions(
    *restrictions: str, start: Instant = -60, until: Instant = 300, inside: str = ""
) -> str:
    given = attributes_of(NotBefore=instant(start), NotOnOrAfter=instant(until))
    return f"<saml:Conditions{given}>{''.join(restrictions)}{inside}</saml:Conditions>"


def for_us(**times: Instant) -> str:
    return conditions(restriction(contract.entity_id()), **times)  # type: ignore[arg-type]


def statement(*, until: Instant = None, index: str | None = "_session") -> str:
    given = attributes_of(
        AuthnInstant=instant(0), SessionIndex=index, SessionNotOnOrAfter=instant(until)
    )
    return (
        f"<saml:AuthnStatement{given}><saml:AuthnContext><saml:AuthnContextClassRef>"
        "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
        "</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
    )


def attribute(name: str, *values: str) -> str:
    inside = "".join(f"<saml:AttributeValue>{value}</saml:AttributeValue>" for value in values)
    return f'<saml:Attribute Name="{name}">{inside}</saml:Attribute>'


def attributes(*found: str) -> str:
    return f"<saml:AttributeStatement>{''.join(found)}</saml:AttributeStatement>"


def assertion(
    *,
    id_: str | None = None,
    issuer: str | None = ISSUER,
    subject_xml: str | None = None,
    conditions_xml: str | None = None,
    advice: str = "",
    statement_xml: str | None = None,
    attributes_xml: str | None = None,
    issued: Instant = 0,
    version: str = "2.0",
    more: str = "",
) -> str:
    """An assertion without a signature, whole in itself: it declares its own namespaces."""
    given = attributes_of(
        ID=new_id() if id_ is None else id_, Version=version, IssueInstant=instant(issued)
    )
    named = "" if issuer is None else f"<saml:Issuer>{issuer}</saml:Issuer>"
    parts = [
        named,
        subject() if subject_xml is None else subject_xml,
        for_us() if conditions_xml is None else conditions_xml,
        f"<saml:Advice>{advice}</saml:Advice>" if advice else "",
        statement() if statement_xml is None else statement_xml,
        attributes(attribute("email", ADDRESS)) if attributes_xml is None else attributes_xml,
    ]
    return f"<saml:Assertion {XMLNS}{given}{more}>{''.join(parts)}</saml:Assertion>"


def about(address: str | None, name: str | None = None) -> str:
    """An assertion with this address as its attribute, and this NameID element."""
    given = "" if address is None else attributes(attribute("email", address))
    return assertion(subject_xml=subject(name), attributes_xml=given)


# ── The response around it


def status(*codes: str, message: str = "") -> str:
    nested = ""
    for code in reversed(codes):
        nested = f'<samlp:StatusCode Value="{STATUS}{code}">{nested}</samlp:StatusCode>'
    told = f"<samlp:StatusMessage>{message}</samlp:StatusMessage>" if message else ""
    return f"<samlp:Status>{nested}{told}</samlp:Status>"


def response(
    *inside: str,
    id_: str | None = None,
    issuer: str | None = ISSUER,
    destination: object = HERE,
    answers: str | None = None,
    status_xml: str | None = None,
    extensions: str = "",
    issued: Instant = 0,
    version: str | None = "2.0",
    more: str = "",
) -> str:
    given = attributes_of(
        ID=new_id() if id_ is None else id_,
        Version=version,
        IssueInstant=instant(issued),
        Destination=contract.reply_url() if destination is HERE else destination,  # type: ignore[arg-type]
        InResponseTo=answers,
    )
    named = "" if issuer is None else f"<saml:Issuer>{issuer}</saml:Issuer>"
    extended = f"<samlp:Extensions>{extensions}</samlp:Extensions>" if extensions else ""
    told = status("Success") if status_xml is None else status_xml
    return (
        f'<samlp:Response xmlns:samlp="{SAMLP}" {XMLNS}{given}{more}>'
        f"{named}{extended}{told}{''.join(inside)}</samlp:Response>"
    )


# ── Signing by hand

HASHES = {
    "md5": (hashlib.md5, hashes.MD5),
    "sha1": (hashlib.sha1, hashes.SHA1),
    "sha256": (hashlib.sha256, hashes.SHA256),
    "sha384": (hashlib.sha384, hashes.SHA384),
    "sha512": (hashlib.sha512, hashes.SHA512),
}
METHODS = {
    "rsa-md5": f"{MORE}rsa-md5",
    "rsa-sha1": f"{DS}rsa-sha1",
    "dsa-sha1": f"{DS}dsa-sha1",
    "hmac-sha1": f"{DS}hmac-sha1",
    "ecdsa-sha1": f"{MORE}ecdsa-sha1",
    "hmac-sha256": f"{MORE}hmac-sha256",
    **{
        f"{kind}-sha{bits}": f"{MORE}{kind}-sha{bits}"
        for kind in ("rsa", "ecdsa")
        for bits in (256, 384, 512)
    },
}
DIGESTS = {
    "md5": f"{MORE}md5",
    "sha1": f"{DS}sha1",
    "sha256": f"{ENC}sha256",
    "sha384": f"{MORE}sha384",
    "sha512": f"{ENC}sha512",
}


def canonical(xml: str | bytes) -> bytes:
    parser = etree.XMLParser(resolve_entities=False, remove_comments=True, remove_pis=True)
    tree = etree.fromstring(xml.encode() if isinstance(xml, str) else xml, parser)
    return etree.tostring(tree, method="c14n", exclusive=True, with_comments=False)


def transform(algorithm: str, inside: str = "") -> str:
    return f'<ds:Transform Algorithm="{algorithm}">{inside}</ds:Transform>'


def transforms(*algorithms: str) -> str:
    return "".join(transform(algorithm) for algorithm in algorithms or (ENVELOPED, EXCLUSIVE))


def reference(
    uri: str, content: bytes, *, digest: str = "sha256", how: str | None = None, more: str = ""
) -> str:
    value = base64.b64encode(HASHES[digest][0](content).digest()).decode()
    listed = transforms() if how is None else how
    return (
        f'<ds:Reference URI="{uri}"{more}><ds:Transforms>{listed}</ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{DIGESTS[digest]}"/>'
        f"<ds:DigestValue>{value}</ds:DigestValue></ds:Reference>"
    )


def x509(of: Key) -> str:
    body = "".join(
        line for line in of.certificate_pem.decode().splitlines() if not line.startswith("-----")
    )
    return f"<ds:X509Data><ds:X509Certificate>{body}</ds:X509Certificate></ds:X509Data>"


def signature(
    *references: str,
    by: Key | None = None,
    method: str = "rsa-sha256",
    canonicalization: str = f'<ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"/>',
    method_inside: str = "",
    key_info: str | None = None,
    inside: str = "",
    value: str | None = None,
) -> str:
    """A signature over these references; `inside` comes after KeyInfo."""
    by = by or key()
    signed_info = (
        f'<ds:SignedInfo xmlns:ds="{DS}">{canonicalization}'
        f'<ds:SignatureMethod Algorithm="{METHODS.get(method, method)}">{method_inside}'
        f"</ds:SignatureMethod>{''.join(references)}</ds:SignedInfo>"
    )
    made = _signed(canonical(signed_info), by, method) if value is None else value
    told = x509(by) if key_info is None else key_info
    named = f"<ds:KeyInfo>{told}</ds:KeyInfo>" if told else ""
    return (
        f'<ds:Signature xmlns:ds="{DS}">{signed_info}'
        f"<ds:SignatureValue>{made}</ds:SignatureValue>{named}{inside}</ds:Signature>"
    )


@cache
def private_key(pem: bytes) -> Any:
    """The key to sign with, read once: OpenSSL takes a tenth of a second to check its numbers."""
    return serialization.load_pem_private_key(pem, None)


def _signed(content: bytes, by: Key, method: str) -> str:
    kind, _, digest = method.partition("-")
    if kind == "hmac":
        made = hmac.new(by.certificate_pem, content, HASHES[digest][0]).digest()
    else:
        private = private_key(by.private_pem)
        chosen = HASHES.get(digest, HASHES["sha256"])[1]()
        if isinstance(private, ec.EllipticCurvePrivateKey):
            from cryptography.hazmat.primitives.asymmetric.utils import (  # noqa: PLC0415
                decode_dss_signature,
            )

            size = (private.key_size + 7) // 8
            r, s = decode_dss_signature(private.sign(content, ec.ECDSA(chosen)))
            made = r.to_bytes(size) + s.to_bytes(size)
        else:
            made = private.sign(content, padding.PKCS1v15(), chosen)
    return base64.b64encode(made).decode()


_ID = re.compile(r'\sID="([^"]*)"')
_BEFORE_SIGNATURE = re.compile(r"<[^>]*>(<saml:Issuer>.*?</saml:Issuer>)?", re.DOTALL)


def id_of(xml: str) -> str:
    return _ID.search(xml)[1]


def put(xml: str, made: str) -> str:
    """The element with the signature where it belongs: after the element's own Issuer, if any."""
    end = _BEFORE_SIGNATURE.match(xml).end()
    return xml[:end] + made + xml[end:]


def signed(
    xml: str, *, uri: str | None = None, digest: str = "sha256", how: str | None = None, **options
) -> str:
    """The element with a proper enveloped signature; each option bends something."""
    target = f"#{id_of(xml)}" if uri is None else uri
    return put(xml, signature(reference(target, canonical(xml), digest=digest, how=how), **options))


def good(**changes) -> str:
    """A response that is accepted: changes are the assertion's."""
    return response(signed(assertion(**changes)))


def of(inner: str, *, sign: str = "assertion", by: Key | None = None, **around) -> str:
    """A response around an assertion, signed where `sign` says."""
    if sign in {"assertion", "both"}:
        inner = signed(inner, by=by)
    whole = response(inner, **around)
    return signed(whole, by=by) if sign in {"response", "both"} else whole


def encode(xml: str | bytes) -> str:
    return base64.b64encode(xml.encode() if isinstance(xml, str) else xml).decode()
