# ruff: noqa: E501  the XML reads better whole
"""An identity provider's pen: responses of any shape, signed by xmlsec with a key of our own."""

import base64
import datetime as dt
import secrets
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import xmlsec as typed_xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree

xmlsec: Any = typed_xmlsec  # its stubs lack what it has
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
DS = "http://www.w3.org/2000/09/xmldsig#"
NS = {"saml": SAML, "samlp": SAMLP, "ds": DS}
EMAIL_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"


@dataclass(frozen=True)
class Key:
    private_pem: bytes
    certificate_pem: bytes

    @property
    def certificate(self):
        return x509.load_pem_x509_certificate(self.certificate_pem)


def make_key(kind="rsa2048", *, start=-1, end=365, name="idp.example") -> Key:
    """A key with a self-signed certificate, valid from day `start` to day `end` from now."""
    private: Any
    if kind.startswith("rsa"):
        private = rsa.generate_private_key(public_exponent=65537, key_size=int(kind[3:]))
    else:
        private = ec.generate_private_key(
            {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "k256": ec.SECP256K1()}[kind]
        )
    today = dt.datetime.now(dt.UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today + dt.timedelta(days=start))
        .not_valid_after(today + dt.timedelta(days=end))
        .sign(private, hashes.SHA256())
    )
    return Key(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
        certificate.public_bytes(serialization.Encoding.PEM),
    )


def key(name="main", kind="rsa2048", start=-1, end=365) -> Key:
    """The same key for the same name throughout a run: making one takes a tenth of a second."""
    return _key(name, kind, start, end)


@cache
def _key(name, kind, start, end) -> Key:
    return make_key(kind, start=start, end=end, name=f"{name}.example")


def stamp(seconds=0.0, now=None):
    moment = (now or dt.datetime.now(dt.UTC)) + dt.timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Answer:
    """A response to be; every field can be bent. None leaves the attribute or element out."""

    issuer: str | None = "https://idp.example/metadata"
    response_issuer: str | None = "https://idp.example/metadata"
    entity_id: str = "http://testserver/security/sso/v2/authorize/"
    acs_url: str = "http://testserver/sso/saml2"
    email: str | None = "bob@corp.example"
    name_id: str | None = "bob@corp.example"
    name_id_format: str | None = EMAIL_FORMAT
    attributes: dict = field(default_factory=lambda: {"firstName": ["Bob"], "lastName": ["Lee"]})
    sign: str = "assertion"  # response, assertion, both, none
    status: str = "Success"
    in_response_to: str | None = None
    confirmation_in_response_to: str | None = "same"
    destination: str | None = "same"
    recipient: str | None = "same"
    audiences: list | None = None  # one list of audiences a restriction
    issued: float = 0
    not_before: float | None = -60
    not_on_or_after: float | None = 300
    confirmation_until: float | None = 300
    session_until: float | None = None
    session_index: str | None = "_session"
    key: Key | None = None
    signature_method: str = "rsa-sha256"
    digest: str = "sha256"
    assertion_id: str = ""
    response_id: str = ""
    now: dt.datetime | None = None

    def __post_init__(self):
        self.assertion_id = self.assertion_id or f"_a{secrets.token_hex(16)}"
        self.response_id = self.response_id or f"_r{secrets.token_hex(16)}"
        self.key = self.key or key()

    def xml(self) -> bytes:
        root = self.tree()
        sign_tree(root, self)
        return etree.tostring(root)

    def encoded(self) -> str:
        return base64.b64encode(self.xml()).decode()

    def tree(self):
        return etree.fromstring(self._text())

    def _text(self) -> str:
        def attribute(name, value):
            return "" if value is None else f' {name}="{value}"'

        destination = self.acs_url if self.destination == "same" else self.destination
        recipient = self.acs_url if self.recipient == "same" else self.recipient
        answered = (
            self.in_response_to
            if self.confirmation_in_response_to == "same"
            else self.confirmation_in_response_to
        )
        audiences = [[self.entity_id]] if self.audiences is None else self.audiences
        attributes = dict(self.attributes)
        if self.email is not None:
            attributes = {"email": [self.email], **attributes}

        def at(seconds):
            return None if seconds is None else stamp(seconds, self.now)

        restrictions = "".join(
            "<saml:AudienceRestriction>"
            + "".join(f"<saml:Audience>{a}</saml:Audience>" for a in restriction)
            + "</saml:AudienceRestriction>"
            for restriction in audiences
        )
        statements = "".join(
            f'<saml:Attribute Name="{name}">'
            + "".join(f"<saml:AttributeValue>{v}</saml:AttributeValue>" for v in values)
            + "</saml:Attribute>"
            for name, values in attributes.items()
        )
        name_id = (
            ""
            if self.name_id is None
            else f"<saml:NameID{attribute('Format', self.name_id_format)}>{self.name_id}</saml:NameID>"
        )
        issuer = "" if self.issuer is None else f"<saml:Issuer>{self.issuer}</saml:Issuer>"
        outer = (
            ""
            if self.response_issuer is None
            else f"<saml:Issuer>{self.response_issuer}</saml:Issuer>"
        )
        return (
            f'<samlp:Response xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="{self.response_id}" '
            f'Version="2.0" IssueInstant="{at(self.issued)}"'
            f"{attribute('Destination', destination)}{attribute('InResponseTo', self.in_response_to)}>"
            f"{outer}<samlp:Status><samlp:StatusCode "
            f'Value="urn:oasis:names:tc:SAML:2.0:status:{self.status}"/></samlp:Status>'
            f'<saml:Assertion ID="{self.assertion_id}" Version="2.0" IssueInstant="{at(self.issued)}">'
            f"{issuer}<saml:Subject>{name_id}<saml:SubjectConfirmation "
            'Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData'
            f"{attribute('NotOnOrAfter', at(self.confirmation_until))}{attribute('Recipient', recipient)}"
            f"{attribute('InResponseTo', answered)}/></saml:SubjectConfirmation></saml:Subject>"
            f"<saml:Conditions{attribute('NotBefore', at(self.not_before))}"
            f"{attribute('NotOnOrAfter', at(self.not_on_or_after))}>{restrictions}</saml:Conditions>"
            f'<saml:AuthnStatement AuthnInstant="{at(self.issued)}"'
            f"{attribute('SessionIndex', self.session_index)}"
            f"{attribute('SessionNotOnOrAfter', at(self.session_until))}><saml:AuthnContext>"
            "<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
            "</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
            + (
                f"<saml:AttributeStatement>{statements}</saml:AttributeStatement>"
                if statements
                else ""
            )
            + "</saml:Assertion></samlp:Response>"
        )


TRANSFORMS = (xmlsec.Transform.ENVELOPED, xmlsec.Transform.EXCL_C14N)
METHODS = {
    "rsa-sha1": xmlsec.Transform.RSA_SHA1,
    "rsa-sha256": xmlsec.Transform.RSA_SHA256,
    "rsa-sha384": xmlsec.Transform.RSA_SHA384,
    "rsa-sha512": xmlsec.Transform.RSA_SHA512,
    "ecdsa-sha256": xmlsec.Transform.ECDSA_SHA256,
    "ecdsa-sha384": xmlsec.Transform.ECDSA_SHA384,
}
DIGESTS = {
    "sha1": xmlsec.Transform.SHA1,
    "sha256": xmlsec.Transform.SHA256,
    "sha384": xmlsec.Transform.SHA384,
    "sha512": xmlsec.Transform.SHA512,
}


def sign_tree(root, answer) -> None:
    """Sign the assertion, the response, or the assertion first and then the response."""
    if answer.sign in {"assertion", "both"}:
        sign_element(root, root.find(f"{{{SAML}}}Assertion"), answer)
    if answer.sign in {"response", "both"}:
        sign_element(root, root, answer)


def sign_element(root, element, answer) -> None:
    signature = xmlsec.template.create(
        element, xmlsec.Transform.EXCL_C14N, METHODS[answer.signature_method], ns="ds"
    )
    issuer = element.find(f"{{{SAML}}}Issuer")
    element.insert(0 if issuer is None else 1, signature)
    reference = xmlsec.template.add_reference(
        signature, DIGESTS[answer.digest], uri=f"#{element.get('ID')}"
    )
    for transform in TRANSFORMS:
        xmlsec.template.add_transform(reference, transform)
    xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature))
    xmlsec.tree.add_ids(root, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(answer.key.private_pem, xmlsec.KeyFormat.PEM, None)
    context.key.load_cert_from_memory(answer.key.certificate_pem, xmlsec.KeyFormat.PEM)
    context.sign(signature)


def encode(xml: bytes | str) -> str:
    return base64.b64encode(xml.encode() if isinstance(xml, str) else xml).decode()
