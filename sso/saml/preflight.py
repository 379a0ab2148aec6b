"""Before the library sees a message, it has to be of the one shape that we accept.

xmlsec does whatever an unauthenticated message lists: 4 kB of XSLT cost 9 s of CPU, 2000
transforms 15 s, a second Reference opens files (all tried, no key needed). So what a message may
contain is decided here, before anything is computed from it, and every oddity is a Refused.

The order, each step before those that cost more or believe more: `decode` takes one field of
base64, UTF-8 without a document type; `parse` bounds names, reads the tree once, and bounds its
amounts; `inspect` asks for the status, the versions, IDs that are unique, one assertion, nothing
encrypted, signatures of one form over their own parents, and takes the values out.
"""

from __future__ import annotations

import base64
import binascii
import re
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from lxml import etree
from onelogin.saml2.xmlparser import fromstring

from sso.saml.attributes import ASCII_WHITESPACE, NameId
from sso.saml.instants import parse_instant
from sso.saml.message import BEARER, NS_DS, NS_SAML, NS_SAMLP, Confirmation, Message
from sso.saml.reasons import Refused

LARGEST: Final = 256 * 1024  # characters of base64
# Canonicalization is quadratic in each of these: 200 kB that abuse one cost 3 to 19 s (tried).
MOST_ATTRIBUTES: Final = 20  # of one element
MOST_NAMESPACES: Final = 24  # in scope of one element
DEEPEST: Final = 16  # elements inside one another
MOST_ELEMENTS: Final = 6000
MOST_ATTRIBUTES_IN_ALL: Final = 8000
MOST_PREFIXES: Final = 16  # in one InclusiveNamespaces
# Canonical XML writes a namespace again at each element that uses it: one of 90 kB, in a message of
# 130 kB, became 500 MB and a second for each certificate (tried).
LONGEST_NAMESPACE: Final = 256  # bytes

LONGEST_IDENTIFIER: Final = (
    256  # characters: Core 8.3.7, 8.3.8, of persistent and transient NameIDs
)
LONGEST_NAME_ID: Final = 1024  # characters, of the others

EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED: Final = NS_DS + "enveloped-signature"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_ENC = "http://www.w3.org/2001/04/xmlenc#"
SIGNATURE_ALGORITHMS: Final = frozenset(
    f"{_MORE}{key}-sha{bits}" for key in ("rsa", "ecdsa") for bits in (256, 384, 512)
)
DIGEST_ALGORITHMS: Final = frozenset({_ENC + "sha256", _MORE + "sha384", _ENC + "sha512"})
STATUS: Final = "urn:oasis:names:tc:SAML:2.0:status:"

# The parser's elements filter comments and the like in Python, of which it left none: libxml2's
# own iteration is the same, and ten times as fast.
_Plain: Any = etree._Element  # noqa: SLF001

_RESPONSE = f"{{{NS_SAMLP}}}Response"
_ASSERTION = f"{{{NS_SAML}}}Assertion"
_SIGNATURE = f"{{{NS_DS}}}Signature"
_INCLUSIVE = f"{{{EXCLUSIVE}}}InclusiveNamespaces"
_ENCRYPTED = frozenset(
    {
        f"{{{NS_SAML}}}EncryptedAssertion",
        f"{{{NS_SAML}}}EncryptedID",
        f"{{{NS_SAML}}}EncryptedAttribute",
        f"{{{NS_SAMLP}}}NewEncryptedID",
        f"{{{_ENC}}}EncryptedData",
        f"{{{_ENC}}}EncryptedKey",
    }
)
# ds:Object hides assertions, the others make xmlsec fetch what they name.
_FORBIDDEN = frozenset(f"{{{NS_DS}}}{name}" for name in ("Object", "Manifest", "RetrievalMethod"))
# lxml's .text stops at the first child.
_TEXT_ONLY = frozenset(
    f"{{{NS_SAML}}}{name}" for name in ("NameID", "AttributeValue", "Audience", "Issuer")
)
_SPECIAL = _ENCRYPTED | _FORBIDDEN | _TEXT_ONLY
_WITHOUT_SPACE = str.maketrans("", "", ASCII_WHITESPACE)
_ID_NAMES = frozenset({"ID", "Id", "id"})
_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,255}")
_DECLARATION = re.compile(rb"\s*<\?xml\s[^>]*?\?>")
_ENCODING = re.compile(rb"""\sencoding\s*=\s*["']([^"']*)["']""")
# A longer prefix is refused with it: it would hide its namespace from this expression.
_LONG_NAMESPACE = re.compile(
    rb"""\sxmlns(?::[^\s=]{65}|(?::[^\s=]{1,64})?\s*=\s*(?:"[^"]{%(over)d}|'[^']{%(over)d}))"""
    % {b"over": LONGEST_NAMESPACE + 1}
)
_CONDITIONS = frozenset(
    f"{{{NS_SAML}}}{name}" for name in ("AudienceRestriction", "OneTimeUse", "ProxyRestriction")
)


def read(fields: Sequence[str]) -> Message:
    """The message of a form's SAMLResponse fields; Refused if it is not exactly one good one."""
    xml = decode(fields)
    return inspect(parse(xml), xml)


def decode(fields: Sequence[str]) -> bytes:
    """The XML of the one SAMLResponse field."""
    if len(fields) != 1:
        raise _malformed("no SAMLResponse field" if not fields else "several SAMLResponse fields")
    [field] = fields
    if len(field) > LARGEST:
        raise _malformed(f"it is larger than {LARGEST // 1024} kB")
    try:
        xml = base64.b64decode(field.translate(_WITHOUT_SPACE).encode("ascii"), validate=True)
        text = xml.decode("utf-8")
    except (binascii.Error, UnicodeError):
        raise _malformed("it is not base64 of UTF-8 text") from None
    if "\x00" in text:
        # UTF-16 without a mark is valid UTF-8, full of NULs; the parser would recognise it.
        raise _malformed("it is not UTF-8 text")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise _malformed("it contains a document type declaration")
    declaration = _DECLARATION.match(xml.removeprefix(b"\xef\xbb\xbf"))
    encoding = _ENCODING.search(declaration[0]) if declaration else None
    if encoding is not None and encoding[1].lower() != b"utf-8":
        raise _malformed("it is not declared as UTF-8")
    return xml


def parse(xml: bytes) -> etree._Element:
    """The tree, by the library's own parser: there is one reading of a message, not two."""
    if _LONG_NAMESPACE.search(xml):
        raise _costly()
    try:
        root: etree._Element = fromstring(xml, forbid_dtd=True, forbid_entities=True)
    except (etree.XMLSyntaxError, ValueError):
        raise _malformed("it is not well-formed XML") from None
    _check_cost(xml, root)
    return root


# Whether a tree only costs; asked of libxml2, which is faster at it than a walk in Python.
_COSTLY: Final = (
    f"count(//*) > {MOST_ELEMENTS} or count(//@*) > {MOST_ATTRIBUTES_IN_ALL}"
    f" or boolean(//*[count(@*) > {MOST_ATTRIBUTES} or count(ancestor::*) >= {DEEPEST}])"
)


class _Kept(threading.local):
    def __init__(self) -> None:
        self.is_costly = etree.XPath(_COSTLY)


_kept = _Kept()


def _check_cost(xml: bytes, root: etree._Element) -> None:
    """Refuse what only costs: no identity provider comes near any of these bounds."""
    try:
        costly = bool(_kept.is_costly(root))
    except etree.XPathError:
        costly = True
    # Only a message with many declarations can have many in scope; counting scopes costs itself.
    if not costly and xml.count(b"xmlns") > MOST_NAMESPACES:
        costly = any(len(element.nsmap) > MOST_NAMESPACES for element in root.iter())
    if costly:
        raise _costly()


def inspect(root: etree._Element, xml: bytes) -> Message:
    """The values of a tree of the one shape that we accept; Refused for any other."""
    if root.tag != _RESPONSE:
        raise _malformed("it is not a SAML 2.0 Response")
    _check_status(root)
    if root.get("Version") != "2.0":
        raise _malformed("the Response's Version is not 2.0")
    signatures = _check_elements(root)
    assertion = _one(root, _ASSERTION, "Assertion as a child of the Response")
    if assertion.get("Version") != "2.0":
        raise _malformed("the Assertion's Version is not 2.0")
    for element in (root, assertion):
        if not _ID.fullmatch(element.get("ID", "")):
            raise _malformed("the Response or the Assertion has no proper ID")
    _check_signatures(signatures, root, assertion)
    return _message(root, assertion, signatures, xml)


def issuer_hint(fields: Sequence[str]) -> str:
    """Who a refused message says it is from, or "": for choosing a log, and for nothing else."""
    try:
        root = parse(decode(fields))
    except Refused:
        return ""
    issuer = root.find(_saml("Issuer"))
    if issuer is None:
        issuer = root.find(f"{_ASSERTION}/{_saml('Issuer')}")
    return (issuer.text or "")[:1024] if issuer is not None else ""


def _check_status(root: etree._Element) -> None:
    status = _one(root, f"{{{NS_SAMLP}}}Status", "Status")
    code = _one(status, f"{{{NS_SAMLP}}}StatusCode", "StatusCode")
    if code.get("Value") == STATUS + "Success":
        return
    codes = [code, *code.iterfind(f"{{{NS_SAMLP}}}StatusCode")]
    message = status.findtext(f"{{{NS_SAMLP}}}StatusMessage") or ""
    raise Refused(
        "status",
        status="/".join((c.get("Value") or "?").removeprefix(STATUS)[:100] for c in codes[:2]),
        message=f" ({message.strip()[:200]})" if message.strip() else "",
    )


def _check_elements(root: etree._Element) -> list[etree._Element]:
    """Walk the whole tree once; returns the signatures found anywhere in it."""
    ids: set[str] = set()
    signatures: list[etree._Element] = []
    alike = {"Response": 0, "Assertion": 0}
    for element in _Plain.iter(root):
        tag = element.tag
        local = tag.rpartition("}")[2]
        if tag in _SPECIAL:
            _check_special(element, local)
        if local in alike:
            alike[local] += 1
        if tag == _SIGNATURE:
            signatures.append(element)
        attributes: Any = element.items()
        for name, value in attributes:
            if name.rpartition("}")[2] in _ID_NAMES:
                if value.strip() in ids:
                    raise _malformed("two elements have the same ID")
                ids.add(value.strip())
    if alike["Response"] != 1 or alike["Assertion"] != 1:
        raise _malformed("it does not contain exactly one Assertion")
    return signatures


def _check_special(element: etree._Element, local: str) -> None:
    if element.tag in _ENCRYPTED:
        raise Refused("encrypted", found=local)
    if element.tag in _FORBIDDEN:
        raise _malformed(f"it contains a {local} element")
    if len(element):
        raise _malformed(f"there are elements inside {local}")


def _check_signatures(
    signatures: Sequence[etree._Element], root: etree._Element, assertion: etree._Element
) -> None:
    if not signatures:
        raise _malformed("it is not signed")
    parents = [signature.getparent() for signature in signatures]
    if any(parent is not root and parent is not assertion for parent in parents):
        raise _malformed("a Signature is neither the Response's nor the Assertion's")
    if len(parents) > 2 or (len(parents) == 2 and parents[0] is parents[1]):
        raise _malformed("there are several signatures on one element")
    for signature, parent in zip(signatures, parents, strict=True):
        _check_signature(signature, str(parent.get("ID")) if parent is not None else "")


def _check_signature(signature: etree._Element, signed_id: str) -> None:
    signed_info = _one(signature, _ds("SignedInfo"), "SignedInfo")
    _one(signature, _ds("SignatureValue"), "SignatureValue")
    _only(signature, {_ds("SignedInfo"), _ds("SignatureValue"), _ds("KeyInfo")})
    _only(signed_info, {_ds("CanonicalizationMethod"), _ds("SignatureMethod"), _ds("Reference")})

    canonicalization = _one(signed_info, _ds("CanonicalizationMethod"), "CanonicalizationMethod")
    if canonicalization.get("Algorithm") != EXCLUSIVE:
        raise _malformed("the signature is not canonicalized by exclusive c14n")
    _check_prefixes(canonicalization)
    reference = _one(signed_info, _ds("Reference"), "Reference")
    if reference.get("URI") != f"#{signed_id}":
        raise _malformed("a signature refers to something else than its own element")
    _only(reference, {_ds("Transforms"), _ds("DigestMethod"), _ds("DigestValue")})
    _one(reference, _ds("DigestValue"), "DigestValue")
    _check_transforms(_one(reference, _ds("Transforms"), "Transforms"))

    method = _one(signed_info, _ds("SignatureMethod"), "SignatureMethod")
    digest = _one(reference, _ds("DigestMethod"), "DigestMethod")
    for element, allowed in ((method, SIGNATURE_ALGORITHMS), (digest, DIGEST_ALGORITHMS)):
        algorithm = element.get("Algorithm") or ""
        if algorithm not in allowed:
            name = algorithm.rpartition("#")[2] or "no algorithm"
            raise Refused("algorithm", found=name.upper()[:100])
        if len(element):
            raise _malformed("a signature's algorithm has parameters")


def _check_transforms(transforms: etree._Element) -> None:
    found = list(transforms)
    _only(transforms, {_ds("Transform")})
    algorithms = [transform.get("Algorithm") for transform in found]
    if algorithms not in ([ENVELOPED], [ENVELOPED, EXCLUSIVE]):
        raise _malformed("a signature has other transforms than enveloped-signature, exc-c14n")
    if len(found[0]):
        raise _malformed("the enveloped-signature transform has parameters")
    for transform in found[1:]:
        _check_prefixes(transform)


def _check_prefixes(canonicalization: etree._Element) -> None:
    """Exclusive c14n may name prefixes to keep (Okta does); nothing else may be inside."""
    children = list(canonicalization)
    if len(children) > 1 or any(
        child.tag != _INCLUSIVE
        or len(child)
        or len(child.get("PrefixList", "").split()) > MOST_PREFIXES
        for child in children
    ):
        raise _malformed("a canonicalization has other parameters than a list of prefixes")


def _message(
    root: etree._Element,
    assertion: etree._Element,
    signatures: list[etree._Element],
    xml: bytes,
) -> Message:
    signatures = sorted(signatures, key=lambda signature: signature.getparent() is root)
    answered = {root.get("InResponseTo"), *_in_response_to(assertion)} - {None}
    if len(answered) > 1:
        raise _malformed("it answers several requests at once")
    if "" in answered:
        raise _malformed("it has an empty InResponseTo")
    subject = _one(assertion, _saml("Subject"), "Subject")
    name_ids = _children(subject, _saml("NameID"))
    if len(name_ids) > 1:
        raise _malformed("the Subject has several NameIDs")
    name_id = _name_id(name_ids[0]) if name_ids else None
    conditions = _one(assertion, _saml("Conditions"), "Conditions")
    _only(conditions, _CONDITIONS)
    authentication = _one(assertion, _saml("AuthnStatement"), "AuthnStatement")
    return Message(
        xml=xml,
        root=root,
        signatures=tuple(signatures),
        response_is_signed=any(signature.getparent() is root for signature in signatures),
        response_id=root.get("ID", ""),
        response_issuer=root.findtext(_saml("Issuer")),
        destination=root.get("Destination"),
        in_response_to=frozenset(str(request) for request in answered),
        assertion_id=assertion.get("ID", ""),
        issuer=_one(assertion, _saml("Issuer"), "Issuer in the Assertion").text or "",
        issue_instants=tuple(
            instant
            for element in (assertion, root)
            if (instant := _instant(element, "IssueInstant")) is not None
        ),
        name_id=name_id,
        name_id_qualifier=name_ids[0].get("SPNameQualifier", "") if name_ids else "",
        confirmations=tuple(_confirmations(subject)),
        not_before=_instant(conditions, "NotBefore"),
        not_on_or_after=_instant(conditions, "NotOnOrAfter"),
        audiences=tuple(
            tuple(audience.text or "" for audience in _children(restriction, _saml("Audience")))
            for restriction in _children(conditions, _saml("AudienceRestriction"))
        ),
        session_index=authentication.get("SessionIndex", "")[:255],
        session_not_on_or_after=_instant(authentication, "SessionNotOnOrAfter"),
        attributes=_attributes(assertion),
    )


def _confirmations(subject: etree._Element) -> Iterator[Confirmation]:
    for confirmation in _children(subject, _saml("SubjectConfirmation")):
        if confirmation.get("Method") != BEARER:
            continue
        for data in _children(confirmation, _saml("SubjectConfirmationData")):
            yield Confirmation(
                recipient=data.get("Recipient"),
                in_response_to=data.get("InResponseTo"),
                not_before=_instant(data, "NotBefore"),
                not_on_or_after=_instant(data, "NotOnOrAfter"),
            )


def _in_response_to(assertion: etree._Element) -> Iterator[str | None]:
    for data in _Plain.iter(assertion, _saml("SubjectConfirmationData")):
        yield data.get("InResponseTo")


def _name_id(element: etree._Element) -> NameId:
    # Unicode white space stays: it makes no address, and another persistent identifier.
    name_id = NameId((element.text or "").strip(ASCII_WHITESPACE), element.get("Format", ""))
    longest = LONGEST_IDENTIFIER if name_id.is_opaque else LONGEST_NAME_ID
    if len(name_id.value) > longest:
        raise _malformed(f"its NameID is longer than {longest} characters")
    return name_id


def _attributes(assertion: etree._Element) -> dict[str, tuple[str, ...]]:
    """Names may repeat (Keycloak's Role): their values are added up."""
    found: dict[str, tuple[str, ...]] = {}
    for statement in _children(assertion, _saml("AttributeStatement")):
        for attribute in _children(statement, _saml("Attribute")):
            name = attribute.get("Name", "")
            values = _children(attribute, _saml("AttributeValue"))
            found[name] = found.get(name, ()) + tuple(value.text or "" for value in values)
    return found


def _instant(element: etree._Element, name: str) -> datetime | None:
    text = element.get(name)
    if text is None:
        return None
    try:
        return parse_instant(text)
    except ValueError:
        raise _malformed(f"{name} is no instant in UTC") from None


def _children(parent: etree._Element, tag: str) -> list[Any]:
    return list(_Plain.iterchildren(parent, tag))


def _one(parent: etree._Element, tag: str, what: str) -> etree._Element:
    found = _children(parent, tag)
    if len(found) != 1:
        raise _malformed(f"it does not have exactly one {what}")
    element: etree._Element = found[0]
    return element


def _only(parent: etree._Element, allowed: set[str] | frozenset[str]) -> None:
    for child in _Plain.iterchildren(parent):
        if child.tag not in allowed:
            local = str(child.tag).rpartition("}")[2]
            raise _malformed(f"there is an unexpected element {local[:50]}")


def _saml(name: str) -> str:
    return f"{{{NS_SAML}}}{name}"


def _ds(name: str) -> str:
    return f"{{{NS_DS}}}{name}"


def _costly() -> Refused:
    return _malformed(
        "it is nested too deeply, or has too many elements or attributes, or too many or too long "
        "namespaces"
    )


def _malformed(detail: str) -> Refused:
    return Refused("malformed", detail=detail)
