# ruff: noqa: ARG005, PLC3002  a table of small functions
"""Messages whose XML or signature is odd, and benign ones beside them."""

import base64
import json
import zlib
from urllib.parse import urlencode

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from sso import contract
from tests.hostile.saml import crafting as c
from tests.hostile.saml.trying import REPLY, Form, Table
from tests.sso import signer

SHAPES = Table()
refused, accepted = SHAPES.refused, SHAPES.accepted

VICTIM = "ann@corp.example"


def forged(**changes) -> str:
    return c.assertion(attributes_xml=c.attributes(c.attribute("email", VICTIM)), **changes)


def detached(xml: str, **options) -> str:
    return c.signature(c.reference(f"#{c.id_of(xml)}", c.canonical(xml)), **options)


def with_object(made: str, inside: str) -> str:
    return made.replace("</ds:Signature>", f"<ds:Object>{inside}</ds:Object></ds:Signature>")


def edited(xml: str, old: str, new: str, count: int = 1) -> str:
    """The finished message, changed after it was signed, or where no signature reaches."""
    assert old in xml, old
    return xml.replace(old, new, count)


# ── Signature wrapping, in all eight forms


def xsw1(_):
    original = c.response(c.assertion())
    made = with_object(detached(original), original)
    return c.put(c.response(forged()), made)


def xsw2(_):
    original = c.response(c.assertion())
    return c.response(original, detached(original), forged())


def xsw3(_):
    return c.response(forged(), c.signed(c.assertion()))


def xsw4(_):
    inside = c.signed(c.assertion())
    return c.response(forged().replace("</saml:Assertion>", inside + "</saml:Assertion>"))


def xsw5(_):
    original = c.assertion()
    return c.response(c.put(forged(), detached(original)), original)


def xsw6(_):
    original = c.assertion()
    return c.response(
        c.put(
            forged(),
            detached(original).replace("</ds:Signature>", original + "</ds:Signature>"),
        )
    )


def xsw7(_):
    return c.response(c.signed(c.assertion()), extensions=forged())


def xsw8(_):
    original = c.assertion()
    return c.response(c.put(forged(), with_object(detached(original), original)))


for _number, _form in enumerate((xsw1, xsw2, xsw3, xsw4, xsw5, xsw6, xsw7, xsw8), start=1):
    refused(f"wrapping {_number}", "malformed", _form)


def same_id_wrapping(_):
    original = c.assertion(id_="_same")
    return c.response(c.put(forged(id_="_same"), detached(original)), extensions=original)


refused("wrapping with the same ID", "malformed", same_id_wrapping)
refused(
    "forged assertion after the signed one",
    "malformed",
    lambda _: c.response(c.signed(c.assertion()), forged()),
)
refused("several signed assertions", "malformed", lambda _: c.response(*_two()))
refused(
    "several assertions in a signed response",
    "malformed",
    lambda _: c.signed(c.response(c.assertion(), forged())),
)


def _two():
    return c.signed(c.assertion()), c.signed(forged())


# ── Hidden assertions

for _where, _craft in {
    "Advice": lambda _: c.good(advice=forged()),
    "KeyInfo": lambda _: c.response(
        c.signed(c.assertion(), key_info=c.x509(signer.key()) + forged())
    ),
    "Object": lambda _: c.response(
        c.signed(c.assertion(), inside=f"<ds:Object>{forged()}</ds:Object>")
    ),
    "StatusDetail": lambda _: c.response(
        c.signed(c.assertion()),
        status_xml=c.status("Success").replace(
            "</samlp:Status>",
            f"<samlp:StatusDetail>{forged()}</samlp:StatusDetail></samlp:Status>",
        ),
    ),
    "AttributeValue": lambda _: c.good(attributes_xml=c.attributes(c.attribute("email", forged()))),
    "SubjectConfirmationData": lambda _: c.good(
        subject_xml=c.subject(
            None,
            c.confirmation().replace(
                "/></saml:SubjectConfirmation>",
                f">{forged()}</saml:SubjectConfirmationData></saml:SubjectConfirmation>",
            ),
        )
    ),
    "an empty Object": lambda _: c.response(c.signed(c.assertion(), inside="<ds:Object/>")),
    "a Response in Extensions": lambda _: c.response(
        c.signed(c.assertion()), extensions=c.response(forged())
    ),
    "a foreign namespace": lambda _: c.response(
        c.signed(c.assertion()), extensions='<x:Assertion xmlns:x="urn:x" ID="_x"/>'
    ),
    "SAML 1.1's namespace": lambda _: c.response(
        c.signed(c.assertion()),
        extensions='<x:Assertion xmlns:x="urn:oasis:names:tc:SAML:1.0:assertion"/>',
    ),
}.items():
    refused(f"assertion hidden in {_where}", "malformed", _craft)

# ── IDs

refused(
    "the same ID twice",
    "malformed",
    lambda _: c.response(c.signed(c.assertion(id_="_x")), id_="_x"),
)
for _name in ("Id", "id", "xml:id", "ID"):
    refused(
        f"the assertion's ID again as {_name}",
        "malformed",
        lambda _, name=_name: c.response(
            c.signed(c.assertion(id_="_x")),
            extensions=f'<x:y xmlns:x="urn:x" {name}="_x"/>',
        ),
    )
refused(
    "the same ID in whitespace",
    "malformed",
    lambda _: c.response(
        c.signed(c.assertion(id_="_x")), extensions='<x:y xmlns:x="urn:x" id=" _x&#10;"/>'
    ),
)
for _what, _id in {
    "an empty ID": "",
    "an ID that begins with a digit": "1x",
    "an ID with a space": "_x y",
    "an ID that is a pointer": "_x)xpointer(",
    "an ID of 300 letters": "_" + "x" * 300,
    "an ID of other letters": "_\u0430\u0431",
}.items():
    refused(_what, "malformed", lambda _, id_=_id: c.response(c.signed(c.assertion(id_=id_))))
refused(
    "no ID at all",
    "malformed",
    lambda _: c.response(c.signed(c.assertion(), uri="").replace(" ID=", " Name=", 1)),
)
accepted("an ID of letters, digits, dots and hyphens", lambda _: c.good(id_="_a.B-9"))
accepted(
    "an extension with an ID of its own",
    lambda _: c.response(c.signed(c.assertion()), extensions='<x:y xmlns:x="urn:x" ID="_other"/>'),
)

# ── Signatures: there, at the right place, over the right element

refused("unsigned", "malformed", lambda _: c.response(c.assertion()))
refused(
    "an empty signature",
    "malformed",
    lambda _: c.response(c.put(c.assertion(), f'<ds:Signature xmlns:ds="{c.DS}"/>')),
)
refused(
    "an empty signature value",
    "signature",
    lambda _: c.response(c.signed(c.assertion(), value="")),
)
refused(
    "a signature value of zeros",
    "signature",
    lambda _: c.response(c.signed(c.assertion(), value="A" * 342 + "==")),
)
refused(
    "a signature of another namespace",
    "malformed",
    lambda _: edited(c.good(), f'xmlns:ds="{c.DS}"', 'xmlns:ds="urn:x"', 2),
)
refused(
    "content changed after signing",
    "signature",
    lambda _: edited(
        c.good(), c.ADDRESS + "</saml:AttributeValue>", VICTIM + "</saml:AttributeValue>"
    ),
)
refused(
    "an attribute added after signing",
    "signature",
    lambda _: edited(
        c.good(),
        "</saml:AttributeStatement>",
        c.attribute("Role", "admin") + "</saml:AttributeStatement>",
    ),
)
refused(
    "response changed after signing",
    "signature",
    lambda _: edited(
        c.of(c.assertion(), sign="response"),
        c.status("Success"),
        c.status("Success", message="hello"),
    ),
)
refused(
    "response changed after both were signed",
    "signature",
    lambda _: edited(
        c.of(c.assertion(), sign="both"), c.status("Success"), c.status("Success", message="hello")
    ),
)
refused(
    "one of two signatures is a stranger's",
    "signature",
    lambda _: c.signed(c.response(c.signed(c.assertion())), by=signer.key("stranger")),
)
refused(
    "the assertion's signature is a stranger's in a good response",
    "signature",
    lambda _: c.signed(c.response(c.signed(c.assertion(), by=signer.key("stranger")))),
)


def signature_in(element: str):
    def craft(_):
        inner = c.assertion()
        made = detached(inner)
        return c.response(edited(inner, f"</saml:{element}>", f"{made}</saml:{element}>"))

    return craft


for _element in ("Subject", "Conditions", "AttributeStatement", "SubjectConfirmation", "NameID"):
    refused(f"a signature inside {_element}", "malformed", signature_in(_element))
refused(
    "a signature in Extensions",
    "malformed",
    lambda _: (lambda inner: c.response(inner, extensions=detached(inner)))(c.assertion()),
)
refused(
    "a signature in Status",
    "malformed",
    lambda _: (
        lambda inner: c.response(
            inner,
            status_xml=edited(
                c.status("Success"), "</samlp:Status>", detached(inner) + "</samlp:Status>"
            ),
        )
    )(c.assertion()),
)
refused(
    "two signatures on the assertion",
    "malformed",
    lambda _: (lambda inner: c.response(c.put(inner, detached(inner) * 2)))(c.assertion()),
)
refused(
    "the assertion's signature stands in the response",
    "malformed",
    lambda _: (lambda inner: c.put(c.response(inner), detached(inner)))(c.assertion()),
)
refused(
    "the response's signature stands in the assertion",
    "malformed",
    lambda _: (
        lambda whole: c.put(whole, "").replace(
            "</saml:Issuer><saml:Subject>", "</saml:Issuer>" + detached(whole) + "<saml:Subject>"
        )
    )(c.response(c.assertion())),
)

# ── References

refused("a reference to nothing", "malformed", lambda _: _refers_to(""))
refused("a reference to another element", "malformed", lambda _: _refers_to("#_other"))
for _uri in (
    "#xpointer(/)",
    "#xpointer(id('_x'))",
    "file:///etc/passwd",
    "http://127.0.0.1:1/",
    "cid:x",
    "_x",
    "# _x",
    "#_x ",
    "#_X",
    "#%5Fx",
):
    refused(f"a reference to {_uri}", "malformed", lambda _, uri=_uri: _refers_to(uri))
accepted("a reference with a character reference", lambda _: _refers_to("#&#95;x"))


def _refers_to(uri: str) -> str:
    return c.response(c.signed(c.assertion(id_="_x"), uri=uri))


def second_reference(uri: str, *, first: bool = False, how: str | None = None):
    def craft(_):
        inner = c.assertion()
        own = c.reference(f"#{c.id_of(inner)}", c.canonical(inner))
        other = c.reference(uri, b"", how=how)
        return c.response(c.put(inner, c.signature(*((other, own) if first else (own, other)))))

    return craft


for _uri in ("file:///etc/passwd", "http://127.0.0.1:1/", "", "#_other"):
    refused(f"a second reference to {_uri!r}", "malformed", second_reference(_uri))
    refused(f"a first reference to {_uri!r}", "malformed", second_reference(_uri, first=True))
refused(
    "a reference without URI",
    "malformed",
    lambda _: edited(c.good(), "<ds:Reference URI=", "<ds:Reference Id="),
)
refused(
    "a reference to a Manifest",
    "malformed",
    lambda _: (
        lambda inner: c.response(
            c.put(
                inner,
                detached(inner).replace(
                    "</ds:Signature>",
                    "<ds:Manifest>"
                    + c.reference("file:///etc/passwd", b"")
                    + "</ds:Manifest></ds:Signature>",
                ),
            )
        )
    )(c.assertion()),
)
refused(
    "a hundred references",
    "malformed",
    lambda _: (
        lambda inner: c.response(
            c.put(inner, c.signature(c.reference(f"#{c.id_of(inner)}", c.canonical(inner)) * 100))
        )
    )(c.assertion()),
)

# ── Transforms

XSLT = (
    '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0">'
    '<xsl:template match="/"><xsl:copy-of select="."/></xsl:template></xsl:stylesheet>'
)
_X = "http://www.w3.org/TR/1999/REC-xpath-19991116"
ODD_TRANSFORMS = {
    "none": "",
    "exclusive c14n alone": c.transforms(c.EXCLUSIVE),
    "both in the other order": c.transforms(c.EXCLUSIVE, c.ENVELOPED),
    "inclusive c14n": c.transforms(c.ENVELOPED, c.INCLUSIVE),
    "inclusive c14n 1.1": c.transforms(c.ENVELOPED, "http://www.w3.org/2006/12/xml-c14n11"),
    "exclusive c14n with comments": c.transforms(c.ENVELOPED, c.EXCLUSIVE + "WithComments"),
    "inclusive c14n with comments": c.transforms(c.ENVELOPED, c.INCLUSIVE + "#WithComments"),
    "a void algorithm": c.transforms(c.ENVELOPED, ""),
    "an unknown algorithm": c.transforms(c.ENVELOPED, "urn:x"),
    "enveloped twice": c.transforms(c.ENVELOPED, c.ENVELOPED),
    "c14n twice": c.transforms(c.ENVELOPED, c.EXCLUSIVE, c.EXCLUSIVE),
    "five hundred": c.transforms(c.ENVELOPED, *[c.EXCLUSIVE] * 500),
    "base64": c.transforms(c.ENVELOPED, f"{c.DS}base64"),
    "XPath": c.transform(c.ENVELOPED) + c.transform(_X, "<ds:XPath>//*</ds:XPath>"),
    "XPath first": c.transform(_X, "<ds:XPath>not(ancestor::x)</ds:XPath>") + c.transforms(),
    "XPath filter 2": c.transforms(c.ENVELOPED, "http://www.w3.org/2002/06/xmldsig-filter2"),
    "XPointer": c.transforms("http://www.w3.org/2001/04/xmldsig-more/xptr", c.ENVELOPED),
    "XSLT": c.transform(c.ENVELOPED)
    + c.transform("http://www.w3.org/TR/1999/REC-xslt-19991116", XSLT),
    "XSLT inside enveloped": c.transform(c.ENVELOPED, XSLT) + c.transform(c.EXCLUSIVE),
    "XSLT inside c14n": c.transform(c.ENVELOPED) + c.transform(c.EXCLUSIVE, XSLT),
    "decryption": c.transforms(c.ENVELOPED, "http://www.w3.org/2002/07/decrypt#XML"),
    "a relationship": c.transforms(
        c.ENVELOPED, "http://schemas.openxmlformats.org/package/2006/RelationshipTransform"
    ),
    "another element": c.transforms() + '<ds:Extra Algorithm="x"/>',
    "prefixes twice": c.transform(c.ENVELOPED)
    + c.transform(
        c.EXCLUSIVE, f'<e:InclusiveNamespaces xmlns:e="{c.EXCLUSIVE}" PrefixList="a"/>' * 2
    ),
    "forty prefixes": c.transform(c.ENVELOPED)
    + c.transform(
        c.EXCLUSIVE,
        f'<e:InclusiveNamespaces xmlns:e="{c.EXCLUSIVE}" PrefixList="{" ".join(["a"] * 40)}"/>',
    ),
}
for _what, _how in ODD_TRANSFORMS.items():
    refused(
        f"transforms: {_what}",
        "malformed",
        lambda _, how=_how: c.response(c.signed(c.assertion(), how=how)),
    )
refused(
    "no Transforms element",
    "malformed",
    lambda _: edited(c.good(), f"<ds:Transforms>{c.transforms()}</ds:Transforms>", ""),
)
refused(
    "two Transforms elements",
    "malformed",
    lambda _: edited(c.good(), "</ds:Transforms>", "</ds:Transforms><ds:Transforms/>"),
)
accepted(
    "enveloped alone, for a document without prefixes to lose",
    lambda _: _inclusive_is_the_same(),
)
accepted(
    "inclusive prefixes, as Okta lists them",
    lambda _: c.response(
        c.signed(
            c.assertion(),
            how=c.transform(c.ENVELOPED)
            + c.transform(
                c.EXCLUSIVE,
                f'<ec:InclusiveNamespaces xmlns:ec="{c.EXCLUSIVE}" PrefixList="xs"/>',
            ),
        )
    ),
)


def _inclusive_is_the_same() -> str:
    """Without c14n named, c14n 1.0 is meant; over a whole response both write the same."""
    whole = c.response(c.assertion().replace(f" {c.XMLNS}", "", 1))
    content = etree.tostring(etree.fromstring(whole), method="c14n")
    made = c.signature(c.reference(f"#{c.id_of(whole)}", content, how=c.transforms(c.ENVELOPED)))
    return c.put(whole, made)


def canonicalized(algorithm: str, inside: str = ""):
    element = (
        f'<ds:CanonicalizationMethod Algorithm="{algorithm}">{inside}</ds:CanonicalizationMethod>'
    )
    return lambda _: c.response(c.signed(c.assertion(), canonicalization=element))


for _what, _algorithm in {
    "inclusive": c.INCLUSIVE,
    "inclusive 1.1": "http://www.w3.org/2006/12/xml-c14n11",
    "inclusive with comments": c.INCLUSIVE + "#WithComments",
    "exclusive with comments": c.EXCLUSIVE + "WithComments",
    "void": "",
    "unknown": "urn:x",
    "minimal": f"{c.DS}minimal",
    "spelled in capitals": c.EXCLUSIVE.upper(),
}.items():
    refused(f"canonicalization: {_what}", "malformed", canonicalized(_algorithm))
refused(
    "canonicalization: none",
    "malformed",
    lambda _: c.response(c.signed(c.assertion(), canonicalization="")),
)
refused("canonicalization with XSLT", "malformed", canonicalized(c.EXCLUSIVE, XSLT))
refused(
    "canonicalization twice",
    "malformed",
    lambda _: c.response(
        c.signed(
            c.assertion(),
            canonicalization=f'<ds:CanonicalizationMethod Algorithm="{c.EXCLUSIVE}"/>' * 2,
        )
    ),
)

# ── Algorithms

for _method in ("rsa-md5", "rsa-sha1", "hmac-sha1", "hmac-sha256", "ecdsa-sha1", "dsa-sha1"):
    refused(
        f"signed by {_method}",
        "algorithm",
        lambda _, method=_method: c.response(
            c.signed(c.assertion(), method=method, value="AAAA")
            if method in {"ecdsa-sha1", "dsa-sha1", "rsa-md5"}
            else c.signed(c.assertion(), method=method)
        ),
    )
for _method in (
    "",
    "urn:x",
    "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
    "http://www.w3.org/2000/09/xmldsig#none",
    f"{c.MORE}RSA-SHA256",
    f" {c.MORE}rsa-sha256",
):
    refused(
        f"signed by {_method!r}",
        "algorithm",
        lambda _, method=_method: c.response(
            c.signed(c.assertion(), method="rsa-sha256").replace(c.METHODS["rsa-sha256"], method, 1)
        ),
    )
for _digest in ("md5", "sha1"):
    refused(
        f"digested by {_digest}",
        "algorithm",
        lambda _, digest=_digest: c.response(c.signed(c.assertion(), digest=digest)),
    )
refused(
    "SHA-1 in the second of two signatures",
    "algorithm",
    lambda _: c.signed(c.response(c.signed(c.assertion())), method="rsa-sha1"),
)
refused(
    "no SignatureMethod",
    "malformed",
    lambda _: edited(
        c.good(),
        f'<ds:SignatureMethod Algorithm="{c.METHODS["rsa-sha256"]}"></ds:SignatureMethod>',
        "",
    ),
)
refused(
    "a truncated output is asked for",
    "malformed",
    lambda _: c.response(
        c.signed(c.assertion(), method_inside="<ds:HMACOutputLength>8</ds:HMACOutputLength>")
    ),
)
refused(
    "the method is ECDSA, the key RSA",
    "signature",
    lambda _: c.response(
        c.signed(c.assertion()).replace(c.METHODS["rsa-sha256"], c.METHODS["ecdsa-sha256"], 1)
    ),
)
refused(
    "the method is SHA-512, the signature SHA-256",
    "signature",
    lambda _: c.response(
        c.signed(c.assertion()).replace(c.METHODS["rsa-sha256"], c.METHODS["rsa-sha512"], 1)
    ),
)
for _bits in ("sha384", "sha512"):
    accepted(
        f"signed and digested by {_bits}",
        lambda _, bits=_bits: c.response(
            c.signed(c.assertion(), method=f"rsa-{bits}", digest=bits)
        ),
    )

# ── Keys

refused(
    "a stranger's key, its certificate in KeyInfo",
    "signature",
    lambda _: c.response(c.signed(c.assertion(), by=signer.key("stranger"))),
)
refused(
    "a stranger's key, our certificate in KeyInfo",
    "signature",
    lambda _: c.response(
        c.signed(c.assertion(), by=signer.key("stranger"), key_info=c.x509(signer.key()))
    ),
)
for _what, _info in {
    "a KeyValue": lambda: (
        "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus>"
        "<ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>"
    ),
    "a KeyName": lambda: "<ds:KeyName>/etc/passwd</ds:KeyName>",
    "a KeyInfoReference": lambda: (
        '<k:KeyInfoReference xmlns:k="http://www.w3.org/2009/xmldsig11#" URI="#x"/>'
    ),
    "both certificates": lambda: c.x509(signer.key("stranger")) + c.x509(signer.key()),
}.items():
    refused(
        f"a stranger's key by {_what}",
        "signature",
        lambda _, info=_info: c.response(
            c.signed(c.assertion(), by=signer.key("stranger"), key_info=info())
        ),
    )
refused(
    "a stranger's key, a certificate of no known version",
    "signature",
    lambda _: c.response(
        c.signed(c.assertion(), by=signer.key("stranger"), key_info=_certificate_of_version(5))
    ),
)


def _certificate_of_version(number: int) -> str:
    """A certificate that parses, but for its version: the parser says so in a word of its own."""
    der = signer.key().certificate.public_bytes(Encoding.DER)
    odd = der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01" + bytes([number]), 1)
    assert odd != der
    text = base64.b64encode(odd).decode()
    return f"<ds:X509Data><ds:X509Certificate>{text}</ds:X509Certificate></ds:X509Data>"


for _what, _inside_key_info in {
    "a RetrievalMethod": '<ds:RetrievalMethod URI="file:///etc/passwd"/>',
    "a RetrievalMethod with transforms": '<ds:RetrievalMethod URI="#x"><ds:Transforms>'
    + c.transform("http://www.w3.org/TR/1999/REC-xslt-19991116", XSLT)
    + "</ds:Transforms></ds:RetrievalMethod>",
}.items():
    refused(
        f"KeyInfo with {_what}",
        "malformed",
        lambda _, info=_inside_key_info: c.response(c.signed(c.assertion(), key_info=info)),
    )
refused(
    "KeyInfo with an encrypted key and a CipherReference",
    "encrypted",
    lambda _: c.response(
        c.signed(
            c.assertion(),
            key_info=f'<e:EncryptedKey xmlns:e="{c.ENC}"><e:CipherData><e:CipherReference '
            'URI="file:///etc/passwd"/></e:CipherData></e:EncryptedKey>',
        )
    ),
)
accepted(
    "no KeyInfo at all",
    lambda _: c.response(c.signed(c.assertion(), key_info="")),
)
accepted(
    "a stranger's certificate beside a good signature",
    lambda _: c.response(c.signed(c.assertion(), key_info=c.x509(signer.key("stranger")))),
)

# ── Encrypted

for _element, _xml in {
    "EncryptedAssertion": lambda: c.response(
        f"<saml:EncryptedAssertion>{_encrypted()}</saml:EncryptedAssertion>"
    ),
    "EncryptedAssertion beside a good one": lambda: c.response(
        c.signed(c.assertion()),
        f"<saml:EncryptedAssertion>{_encrypted()}</saml:EncryptedAssertion>",
    ),
    "EncryptedID": lambda: c.good(
        subject_xml=c.subject(f"<saml:EncryptedID>{_encrypted()}</saml:EncryptedID>")
    ),
    "EncryptedAttribute": lambda: c.good(
        attributes_xml=c.attributes(
            f"<saml:EncryptedAttribute>{_encrypted()}</saml:EncryptedAttribute>"
        )
    ),
}.items():
    refused(_element, "encrypted", lambda _, xml=_xml: xml())


def _encrypted() -> str:
    return (
        f'<e:EncryptedData xmlns:e="{c.ENC}"><e:CipherData><e:CipherReference '
        'URI="file:///etc/passwd"/></e:CipherData></e:EncryptedData>'
    )


# ── Text that is more than text

SPLITS = {
    "a comment": ("<!-- x -->", True),
    "an empty comment": ("<!---->", True),
    "a processing instruction": ("<?x y?>", True),
    "an element": ("<x/>", False),
    "an element with text": (f"<saml:Issuer>{c.ISSUER}</saml:Issuer>", False),
}


def split(place: str, inserted: str):
    """Insert into the text of an element before signing: what the reader joins, c14n joins."""

    def craft(_):
        value = {
            "NameID": f"bob{inserted}@corp.example",
            "AttributeValue": f"bob{inserted}@corp.example",
            "Audience": contract.entity_id()[:9] + inserted + contract.entity_id()[9:],
            "Issuer": c.ISSUER[:9] + inserted + c.ISSUER[9:],
        }[place]
        return c.response(
            c.signed(
                {
                    "NameID": lambda: c.assertion(
                        subject_xml=c.subject(c.name_id(value)), attributes_xml=""
                    ),
                    "AttributeValue": lambda: c.about(value),
                    "Audience": lambda: c.assertion(
                        conditions_xml=c.conditions(c.restriction(value))
                    ),
                    "Issuer": lambda: c.assertion(issuer=value),
                }[place]()
            )
        )

    return craft


for _place in ("NameID", "AttributeValue", "Audience", "Issuer"):
    for _what, (_inserted, _harmless) in SPLITS.items():
        if _harmless:
            accepted(f"{_what} in {_place}", split(_place, _inserted))
        else:
            refused(f"{_what} in {_place}", "malformed", split(_place, _inserted))
refused(
    "a comment cuts a longer address",
    "domain",
    lambda _: c.response(c.signed(c.about("bob@corp.example<!---->.evil.example"))),
)
refused(
    "a comment cuts a longer NameID",
    "domain",
    lambda _: c.response(
        c.signed(c.about(None, c.name_id("bob@corp.example<!-- x -->.evil.example")))
    ),
)
refused(
    "an instruction cuts a longer audience",
    "audience",
    lambda _: c.good(
        conditions_xml=c.conditions(c.restriction(contract.entity_id() + "<?x?>.evil.example"))
    ),
)
refused(
    "an address altered by a comment that hides a letter",
    "signature",
    lambda _: edited(c.good(), ">bob@corp", "><!--b-->ob@corp"),
)
accepted(
    "CDATA around the address",
    lambda _: edited(c.good(), f">{c.ADDRESS}<", f"><![CDATA[{c.ADDRESS}]]><"),
)
accepted("CDATA in the middle", lambda _: edited(c.good(), ">bob@", "><![CDATA[b]]>ob@"))
accepted("character references", lambda _: edited(c.good(), ">bob@", ">&#98;&#x6f;b&#64;"))
accepted("comments before and after", lambda _: f"<!-- a -->{c.good()}<!-- b --><?c?>")
accepted(
    "a comment in the signature",
    lambda _: edited(c.good(), "<ds:SignedInfo", "<!-- x --><ds:SignedInfo"),
)
refused(
    "CDATA with markup in it is text",
    "no_address",
    lambda _: c.response(c.signed(c.about("<![CDATA[<x>bob@corp.example</x>]]>"))),
)

# ── Namespaces

accepted(
    "other prefixes",
    lambda _: _renamed(c.assertion(), "q"),
)


def _renamed(inner: str, prefix: str) -> str:
    inner = inner.replace("saml:", f"{prefix}:").replace("xmlns:saml", f"xmlns:{prefix}")
    made = c.signature(c.reference(f"#{c.id_of(inner)}", c.canonical(inner)))
    end = inner.index(f"</{prefix}:Issuer>") + len(f"</{prefix}:Issuer>")
    return c.response(inner[:end] + made + inner[end:])


def _default_namespace(_):
    inner = c.assertion().replace("saml:", "").replace("xmlns:saml", "xmlns")
    inner = inner.replace(c.XMLNS.replace("saml:", ""), f'xmlns="{c.SAML}"')
    inner = (
        inner.replace("<Assertion ", f'<Assertion xmlns="{c.SAML}" ', 1)
        if "xmlns=" not in inner
        else inner
    )
    made = c.signature(c.reference(f"#{c.id_of(inner)}", c.canonical(inner)))
    end = inner.index("</Issuer>") + len("</Issuer>")
    return c.response(inner[:end] + made + inner[end:])


accepted("the default namespace", _default_namespace)
accepted(
    "unused namespaces around the assertion",
    lambda _: edited(
        c.good(), "<samlp:Response ", '<samlp:Response xmlns:a="urn:a" xmlns:b="urn:b" '
    ),
)
accepted(
    "the response's own prefix means something else inside",
    lambda _: c.good(advice='<samlp:x xmlns:samlp="urn:x"/>'),
)
refused(
    "a namespace taken away",
    "malformed",
    lambda _: edited(c.good(), f"<saml:Assertion {c.XMLNS}", '<saml:Assertion xmlns:saml="urn:x"'),
)
refused(
    "an undeclared prefix", "malformed", lambda _: edited(c.good(), "<saml:Subject>", "<q:Subject>")
)
refused("SAML 1.1", "malformed", lambda _: c.good().replace("SAML:2.0", "SAML:1.0"))
refused(
    "a relative namespace",
    "signature",
    lambda _: edited(
        c.good(),
        "</saml:Conditions>",
        '</saml:Conditions><saml:Advice><x xmlns="relative/path"/></saml:Advice>',
    ),
)
for _root in ("AuthnRequest", "LogoutResponse", "ArtifactResponse", "response"):
    refused(
        f"a {_root} instead of a Response",
        "malformed",
        lambda _, root=_root: c.good().replace("samlp:Response", f"samlp:{root}"),
    )
refused("an assertion by itself", "malformed", lambda _: c.signed(c.assertion()))
refused(
    "a response in an envelope",
    "malformed",
    lambda _: f'<s:Envelope xmlns:s="urn:s"><s:Body>{c.good()}</s:Body></s:Envelope>',
)
refused("the identity provider's signed metadata", "malformed", lambda _: _metadata())


def _metadata() -> str:
    xml = (
        f'<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" {c.XMLNS} ID="_m" '
        f'entityID="{c.ISSUER}"><saml:Issuer/></md:EntityDescriptor>'
    )
    return c.put(xml, detached(xml)).replace("<saml:Issuer/>", c.assertion())


# ── Types and hints of schemas

XS = (
    'xmlns:xs="http://www.w3.org/2001/XMLSchema" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)
for _what, _hint in {
    "where the schema is": f'xsi:schemaLocation="{c.SAML} http://127.0.0.1:1/x.xsd"',
    "a schema without namespace": 'xsi:noNamespaceSchemaLocation="file:///etc/passwd"',
    "its own type": 'xsi:type="saml:AssertionType"',
}.items():
    accepted(f"an assertion that says {_what}", lambda _, hint=_hint: c.good(more=f" {XS} {hint}"))
for _what, _given in {
    "another type": 'xsi:type="saml:SubjectType"',
    "a type nobody knows": 'xsi:type="x:y" xmlns:x="urn:x"',
    "another base": 'xml:base="http://evil.example/"',
}.items():
    refused(
        f"an assertion that says {_what}",
        "malformed",
        lambda _, given=_given: c.good(more=f" {XS} {given}"),
    )
refused(
    "a condition under the name of its type",
    "malformed",
    lambda _: c.good(
        conditions_xml=c.conditions(
            c.restriction(contract.entity_id()),
            inside=f'<saml:Condition {XS} xsi:type="saml:AudienceRestrictionType"><saml:Audience>'
            "https://other.example</saml:Audience></saml:Condition>",
        )
    ),
)
refused(
    "a value that is not of its type",
    "malformed",
    lambda _: c.good(
        attributes_xml=c.attributes(
            c.attribute("email", c.ADDRESS),
            f'<saml:Attribute Name="n"><saml:AttributeValue {XS} xsi:type="xs:boolean">maybe'
            "</saml:AttributeValue></saml:Attribute>",
        )
    ),
)

# ── Documents: types, entities, encodings

DOCTYPE = '<!DOCTYPE r [<!ENTITY a "bob@corp.example">]>'
for _what, _write in {
    "a DOCTYPE": lambda xml: "<!DOCTYPE r>" + xml,
    "an entity": lambda xml: DOCTYPE + xml.replace(c.ADDRESS, "&a;"),
    "an external entity": lambda xml: (
        '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + xml.replace(c.ADDRESS, "&a;")
    ),
    "a parameter entity": lambda xml: (
        '<!DOCTYPE r [<!ENTITY % a SYSTEM "http://127.0.0.1:1/"> %a;]>' + xml
    ),
    "a billion laughs": lambda xml: (
        '<!DOCTYPE r [<!ENTITY a0 "ha">'
        + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
        + "]>"
        + xml.replace(c.ADDRESS, "&a9;")
    ),
    "a default attribute": lambda xml: '<!DOCTYPE r [<!ATTLIST x ID CDATA "_x">]>' + xml,
    "an external subset": lambda xml: '<!DOCTYPE r SYSTEM "http://127.0.0.1:1/">' + xml,
    "a DOCTYPE after a comment": lambda xml: "<!-- x --><!DOCTYPE r>" + xml,
    "an undeclared entity": lambda xml: xml.replace("bob@", "&b;"),
    "two roots": lambda xml: xml + xml,
    "text after the root": lambda xml: xml + "x",
    "no end": lambda xml: xml[:-20],
    "a NUL": lambda xml: xml.replace("bob@", "bob\x00@"),
    "a NUL as a character reference": lambda xml: xml.replace("bob@", "bob&#0;@"),
    "a control character": lambda xml: xml.replace("bob@", "bob\x08@"),
    "a lone surrogate as a reference": lambda xml: xml.replace("bob@", "&#xD800;@"),
    "XML 1.1's control characters": lambda xml: (
        "<?xml version='1.1'?>" + xml.replace("bob@", "bob&#1;@")
    ),
    "space before the declaration": lambda xml: " <?xml version='1.0'?>" + xml,
    "an HTML page": lambda xml: "<!doctype html><html><body><p>Error</body></html>",
    "JSON": lambda xml: json.dumps({"SAMLResponse": xml}),
    "nothing": lambda xml: "",
    "white space": lambda xml: " \n ",
}.items():
    refused(f"document: {_what}", "malformed", lambda _, write=_write: write(c.good()))

for _encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "cp037"):
    for _declared in (False, True):
        refused(
            f"written in {_encoding}{', declared' if _declared else ''}",
            "malformed",
            lambda _, encoding=_encoding, declared=_declared: (
                (
                    f'<?xml version="1.0" encoding="{encoding[:6]}"?>'
                    if declared
                    else '<?xml version="1.0"?>'
                )
                + c.good()
            ).encode(encoding),
        )
for _encoding in ("utf-16-le", "utf-16-be"):
    refused(
        f"a DOCTYPE written in {_encoding}",
        "malformed",
        lambda _, encoding=_encoding: (
            '<?xml version="1.0"?>' + DOCTYPE + c.good().replace(c.ADDRESS, "&a;")
        ).encode(encoding),
    )
for _encoding in ("UTF-7", "UTF-16", "ISO-8859-1", "windows-1252", "US-ASCII", "x", "", "UTF-8 "):
    refused(
        f"declared as {_encoding!r}",
        "malformed",
        lambda _, encoding=_encoding: f'<?xml version="1.0" encoding="{encoding}"?>{c.good()}',
    )
refused(
    "declared twice",
    "malformed",
    lambda _: f'<?xml version="1.0" encoding="UTF-8" encoding="UTF-7"?>{c.good()}',
)
refused(
    "declared in other quotes, over lines",
    "malformed",
    lambda _: f"<?xml\n\tversion = '1.0'\n\tencoding\n=\n'latin1'\n?>{c.good()}",
)
refused(
    "declared behind a byte order mark",
    "malformed",
    lambda _: b"\xef\xbb\xbf" + f'<?xml version="1.0" encoding="latin1"?>{c.good()}'.encode(),
)
refused("two byte order marks", "malformed", lambda _: b"\xef\xbb\xbf" * 2 + c.good().encode())
for _what, _bytes in {
    "an overlong letter": b"\xc1\xa2",
    "a lone surrogate": b"\xed\xa0\x80",
    "half a letter": b"\xe2\x82",
    "Latin-1": b"\xe9",
    "beyond Unicode": b"\xf4\x90\x80\x80",
}.items():
    refused(
        f"broken UTF-8: {_what}",
        "malformed",
        lambda _, broken=_bytes: c.good().encode().replace(b">bob@", b">" + broken + b"bob@", 1),
    )
for _what, _write in {
    "a byte order mark": lambda xml: b"\xef\xbb\xbf" + xml.encode(),
    "a declaration without encoding": lambda xml: b"<?xml version='1.0'?>" + xml.encode(),
    "utf-8 in small letters": lambda xml: b"<?xml version='1.0' encoding='utf-8'?>" + xml.encode(),
    "a byte order mark and a declaration": lambda xml: (
        b'\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8"?>\r\n' + xml.encode()
    ),
    "standalone": lambda xml: (
        b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>' + xml.encode()
    ),
    "line ends after it": lambda xml: xml.encode() + b"\r\n\r\n",
}.items():
    accepted(f"document with {_what}", lambda _, write=_write: write(c.good()))

# ── Cost

for _what, _inside in {
    "deep": "<b>" * 60 + "</b>" * 60,
    "many elements": "<b/>" * 8000,
    "many attributes": "<b " + " ".join(f'a{n}="1"' for n in range(60)) + "/>",
    "attributes at each of many elements": '<b a="" b="" c="" d="" e="" f=""/>' * 1500,
    "many namespaces": "<b " + " ".join(f'xmlns:n{n}="u:{n}"' for n in range(60)) + "/>",
    "namespaces nested": "".join(
        f"<b {' '.join(f'xmlns:n{n}x{m}={chr(34)}u:{chr(34)}' for m in range(5))}>"
        for n in range(15)
    )
    + "</b>" * 15,
}.items():
    refused(
        f"costly: {_what}",
        "malformed",
        lambda _, inside=_inside: c.good(advice=f'<q xmlns="urn:q">{inside}</q>'),
    )
for _what, _namespaces in {
    "a namespace of 90 kB at each element": f'xmlns:n="urn:{"u" * 90_000}"',
    "such a one in other quotes": f"xmlns:n = 'urn:{'u' * 90_000}'",
    "such a one behind line ends": f'\n  xmlns:n\n=\n"urn:{"u" * 90_000}"',
    "such a one behind character references": f'xmlns:n="&#117;rn:{"&#117;" * 20_000}"',
    "thirty namespaces of 2 kB": " ".join(
        f'xmlns:n{"m" * n}="urn:{"u" * 2000}:{n}"' for n in range(30)
    ),
    "the default namespace of 90 kB": f'xmlns:n="urn:n" xmlns="urn:{"u" * 90_000}"',
}.items():
    refused(
        f"costly: {_what}",
        "malformed",
        lambda _, namespaces=_namespaces: c.good(advice=f"<q {namespaces}>{'<n:b/>' * 1000}</q>"),
    )
refused(
    "costly: a long prefix that hides a long namespace",
    "malformed",
    lambda _: c.good(advice=f'<{"p" * 70}:q xmlns:{"p" * 70}="urn:{"u" * 90_000}"/>'),
)
accepted(
    "a namespace of 256 letters",
    lambda _: c.good(advice=f'<n:q xmlns:n="urn:{"u" * 252}"><n:b/></n:q>'),
)
accepted(
    "text about long namespaces",
    lambda _: c.good(
        attributes_xml=c.attributes(
            c.attribute("email", c.ADDRESS),
            c.attribute("about", "xmlns:x=&quot;" + "u" * 300, "see (xmlns=" + "v" * 300),
        )
    ),
)
refused(
    "costly: deeper than libxml2 goes",
    "malformed",
    lambda _: edited(c.good(), "<saml:Conditions", "<b>" * 400 + "</b>" * 400 + "<saml:Conditions"),
)
accepted(
    "eight hundred groups, each with its type",
    lambda _: c.good(
        attributes_xml=c.attributes(
            c.attribute("email", c.ADDRESS),
            '<saml:Attribute Name="groups">'
            + f'<saml:AttributeValue {XS} xsi:type="xs:string">A group</saml:AttributeValue>' * 800
            + "</saml:Attribute>",
        )
    ),
)
accepted("an element ten deep", lambda _: c.good(advice="<b xmlns='urn:b'>" * 10 + "</b>" * 10))
accepted("extensions of moderate size", lambda _: c.good(advice='<b xmlns="urn:b"/>' * 200))

# ── The form

GOOD = c.good


def _field(value) -> Form:
    return Form({"SAMLResponse": value})


def _urlencoded(
    body: str | bytes, content_type="application/x-www-form-urlencoded", **more
) -> Form:
    return Form(body, content_type=content_type, **more)


for _what, _posted in {
    "no field": lambda _: Form({}),
    "an empty field": lambda _: _field(""),
    "two fields": lambda _: Form({"SAMLResponse": [c.encode(GOOD()), c.encode(GOOD())]}),
    "the same field twice": lambda _: Form({"SAMLResponse": [c.encode(GOOD())] * 2}),
    "a field in another case": lambda _: Form({"samlresponse": c.encode(GOOD())}),
    "an array": lambda _: Form({"SAMLResponse[]": c.encode(GOOD())}),
    "the field in the query": lambda _: Form(
        {}, url=f"{REPLY}?{urlencode({'SAMLResponse': c.encode(GOOD())})}"
    ),
    "XML without base64": lambda _: _field(GOOD()),
    "base64 of base64": lambda _: c.encode(GOOD()),
    "base64 with garbage": lambda _: _field("!" + c.encode(GOOD())),
    "base64 with garbage inside": lambda _: _field(with_extra(c.encode(GOOD()), "*")),
    "base64 with a percent sign": lambda _: _field(with_extra(c.encode(GOOD()), "%0A")),
    "base64 with a no-break space": lambda _: _field(with_extra(c.encode(GOOD()), "\u00a0")),
    "base64 with an ideographic space": lambda _: _field(with_extra(c.encode(GOOD()), "\u3000")),
    "base64 with a file separator": lambda _: _field(with_extra(c.encode(GOOD()), "\x1c")),
    "base64 with a zero width space": lambda _: _field(with_extra(c.encode(GOOD()), "\u200b")),
    "base64 with padding inside": lambda _: _field(with_extra(c.encode(GOOD()), "=")),
    "base64 cut short": lambda _: _field(c.encode(GOOD()).rstrip("=")[:-3]),
    "base64 with a NUL": lambda _: _field(with_extra(c.encode(GOOD()), "\x00")),
    "base64 that is URL-safe": lambda _: _field(
        base64.urlsafe_b64encode(b"\xfb\xff\xfe" + GOOD().encode()).decode()
    ),
    "deflated": lambda _: zlib.compress(GOOD().encode())[2:-4],
    "compressed by zlib": lambda _: zlib.compress(GOOD().encode()),
    "a bomb, deflated": lambda _: zlib.compress(b" " * 5_000_000),
    "257 kB": lambda _: _field("A" * 263_000),
    "300 kB of a good message": lambda _: GOOD() + " " * 300_000,
    "3 MB of a body": lambda _: Form({"SAMLResponse": "A" * 3_000_000}),
    "3 MB beside a good field": lambda _: Form(
        {"SAMLResponse": c.encode(GOOD()), "x": "A" * 3_000_000}
    ),
    "two thousand fields": lambda _: Form(
        {"SAMLResponse": c.encode(GOOD())} | {f"f{n}": "" for n in range(2000)}
    ),
    "a JSON body": lambda _: _urlencoded(
        json.dumps({"SAMLResponse": c.encode(GOOD())}), "application/json"
    ),
    "an XML body": lambda _: _urlencoded(GOOD(), "application/xml"),
    "a text body": lambda _: _urlencoded(
        urlencode({"SAMLResponse": c.encode(GOOD())}), "text/plain"
    ),
    "a form in another charset": lambda _: _urlencoded(
        urlencode({"SAMLResponse": c.encode(GOOD())}),
        "application/x-www-form-urlencoded; charset=utf-16",
    ),
    "a broken multipart": lambda _: _urlencoded(
        b"--x\r\nrubbish", "multipart/form-data; boundary=x"
    ),
    "a multipart without boundary": lambda _: _urlencoded(b"x", "multipart/form-data"),
    "a file": lambda _: _urlencoded(
        b'--x\r\nContent-Disposition: form-data; name="SAMLResponse"; filename="a"\r\n\r\n'
        + c.encode(GOOD()).encode()
        + b"\r\n--x--\r\n",
        "multipart/form-data; boundary=x",
    ),
    "bytes that are no UTF-8": lambda _: _urlencoded(b"SAMLResponse=%ff%fe%00"),
    "a surrogate": lambda _: _urlencoded(b"SAMLResponse=%ed%a0%80"),
}.items():
    refused(f"form: {_what}", "malformed", _posted)


def with_extra(text: str, extra: str) -> str:
    return text[:100] + extra + text[100:]


accepted("base64 in lines", lambda _: _field(base64.encodebytes(GOOD().encode()).decode()))
accepted(
    "base64 with white space anywhere",
    lambda _: _field(" \t\r\n" + with_extra(c.encode(GOOD()), " \r\n\t ") + "\n\n"),
)
accepted(
    "an urlencoded form",
    lambda _: _urlencoded(urlencode({"SAMLResponse": c.encode(GOOD()), "x": "y"})),
)
accepted(
    "an urlencoded form that names UTF-8",
    lambda _: _urlencoded(
        urlencode({"SAMLResponse": c.encode(GOOD())}),
        "application/x-www-form-urlencoded; charset=UTF-8",
    ),
)
