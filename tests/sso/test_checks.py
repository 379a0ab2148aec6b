# ruff: noqa: E501  the XML reads better whole
"""Messages judged without a database: each check refuses what it is for, and nothing else."""

import base64
import datetime as dt

import pytest
from lxml import etree

from sso.saml import checks, preflight, signature
from sso.saml.certificates import pin
from sso.saml.identity_providers import Kind
from sso.saml.reasons import REASONS, Refused, field_name, sentence
from sso.saml.service_provider import ServiceProvider
from tests.sso import signer
from tests.sso.signer import Answer

pytestmark = pytest.mark.requirement("SSO-11")

SP = ServiceProvider("http://testserver/security/sso/v2/authorize/", "http://testserver/sso/saml2")


def connection(*keys, issuer="https://idp.example/metadata"):
    return checks.Connection(
        public_id="conn_test",
        version="1",
        issuer=issuer,
        sign_in_url="https://idp.example/sso?a=1&b=2",
        certificates=tuple(pin(k.certificate) for k in keys or (signer.key(),)),
    )


def judge(answer, *, to=None, now=None):
    """The examination of an accepted message; Refused otherwise."""
    message = preflight.read([answer if isinstance(answer, str) else answer.encoded()])
    examination = checks.Examination(
        message, to or connection(), SP, now or dt.datetime.now(dt.UTC)
    )
    checks.examine(examination)
    return examination


def refusal(answer, **options):
    with pytest.raises(Refused) as caught:
        judge(answer, **options)
    return caught.value


@pytest.mark.parametrize("sign", ["assertion", "response", "both"])
@pytest.mark.parametrize(
    ("kind", "method", "digest"),
    [
        ("rsa2048", "rsa-sha256", "sha256"),
        ("rsa2048", "rsa-sha384", "sha384"),
        ("rsa2048", "rsa-sha512", "sha512"),
        ("p256", "ecdsa-sha256", "sha256"),
        ("p384", "ecdsa-sha384", "sha384"),
    ],
)
def test_signed_message_is_accepted(sign, kind, method, digest):
    key = signer.key(kind, kind=kind)
    answer = Answer(sign=sign, key=key, signature_method=method, digest=digest)

    examination = judge(answer, to=connection(key))

    assert examination.address == "bob@corp.example"
    assert examination.certificate == pin(key.certificate)


@pytest.mark.parametrize(
    "changes",
    [
        {"response_issuer": None},
        {"destination": None},
        {"in_response_to": "_request"},
        {"in_response_to": "_request", "confirmation_in_response_to": None},
        {"not_before": None, "not_on_or_after": None},
        {"not_before": 100, "issued": 100},
        {"not_on_or_after": -100},
        {"session_until": 3600},
        {"session_index": None},
        {"name_id": None},
        {"name_id": "u-17", "name_id_format": signer.PERSISTENT},
        {"email": None, "name_id_format": None},
        {"email": None, "name_id_format": signer.UNSPECIFIED},
        {"email": " Bob@Corp.Example\t\n"},
        {"email": None, "attributes": {"urn:oid:0.9.2342.19200300.100.1.3": ["bob@corp.example"]}},
        {"attributes": {"mail": ["BOB@corp.example"], "Role": ["a", "b"]}},
        {"attributes": {}},
    ],
    ids=str,
)
def test_what_identity_providers_really_send_is_accepted(changes):
    assert judge(Answer(**changes)).address == "bob@corp.example"


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("status", {"status": "Responder"}),
        ("malformed", {"sign": "none"}),
        ("unknown_issuer", {"issuer": "https://idp.example/metadata/"}),
        ("unknown_issuer", {"issuer": "", "response_issuer": ""}),
        ("unknown_issuer", {"response_issuer": "https://evil.example"}),
        ("malformed", {"issuer": None}),
        ("algorithm", {"signature_method": "rsa-sha1"}),
        ("algorithm", {"digest": "sha1"}),
        ("audience", {"audiences": []}),
        ("audience", {"audiences": [["https://other.example"]]}),
        ("audience", {"audiences": [[SP.entity_id], ["https://other.example"]]}),
        ("audience", {"audiences": [[SP.entity_id + "x"]]}),
        ("audience", {"audiences": [[SP.entity_id[:-1]]]}),
        ("recipient", {"recipient": None}),
        ("recipient", {"recipient": SP.acs_url + "/"}),
        ("recipient", {"recipient": "https://evil.example/?" + SP.acs_url}),
        ("destination", {"destination": SP.acs_url + "/more"}),
        ("destination", {"destination": "https://evil.example"}),
        ("destination", {"destination": ""}),
        ("destination", {"destination": None, "sign": "response"}),
        ("not_yet_valid", {"not_before": 130}),
        ("not_yet_valid", {"issued": 130}),
        ("expired", {"not_on_or_after": -130}),
        ("expired", {"confirmation_until": -130}),
        ("expired", {"confirmation_until": -60}),
        ("expired", {"confirmation_until": None}),
        ("expired", {"confirmation_until": 25 * 3600}),
        ("expired", {"not_on_or_after": 25 * 3600}),
        ("expired", {"issued": -3700}),
        ("expired", {"session_until": -1}),
        ("no_address", {"email": None, "name_id": None}),
        ("no_address", {"email": None, "name_id": "17", "name_id_format": signer.UNSPECIFIED}),
        ("no_address", {"email": None, "name_id_format": signer.PERSISTENT}),
        ("no_address", {"email": "bob"}),
        ("no_address", {"email": "\u212aob@corp.example"}),
        ("no_address", {"email": '"x@corp.example"@evil.example'}),
        ("two_addresses", {"attributes": {"mail": ["ann@corp.example"]}}),
        ("two_addresses", {"email": None, "attributes": {"email": ["a@b.example", "c@b.example"]}}),
        ("two_addresses", {"attributes": {"Email": ["bob"]}}),
        ("malformed", {"in_response_to": "_1", "confirmation_in_response_to": "_2"}),
        ("malformed", {"assertion_id": "_same", "response_id": "_same"}),
        ("malformed", {"response_id": "1 digit"}),
    ],
    ids=str,
)
def test_message_is_refused_with_its_reason(code, changes):
    caught = refusal(Answer(**changes))

    assert caught.code == code
    assert "%(" not in sentence(code, caught.values)
    assert "—" not in sentence(code, caught.values)


def test_altered_message_is_refused():
    xml = Answer().xml().replace(b"bob@corp.example", b"ann@corp.example")

    assert refusal(signer.encode(xml)).code == "signature"


def test_altered_response_around_a_signed_assertion_does_not_matter_where_nothing_is_read():
    xml = Answer().xml().replace(b'IssueInstant="', b'Consent="urn:x" IssueInstant="', 1)

    assert judge(signer.encode(xml)).address == "bob@corp.example"


def test_foreign_certificate_is_named_to_the_admin():
    stranger = signer.key("stranger")

    caught = refusal(Answer(key=stranger))

    assert caught.code == "signature"
    assert pin(stranger.certificate).fingerprint[:2].upper() in caught.values["found"]


def test_second_certificate_verifies_as_well_as_the_first():
    old, new = signer.key("old"), signer.key("new")

    examination = judge(Answer(key=new, sign="both"), to=connection(old, new))

    assert examination.certificate.fingerprint == pin(new.certificate).fingerprint


def test_expired_certificate_no_longer_verifies_and_is_named():
    expired = signer.key("expired", start=-30, end=-2)

    caught = refusal(Answer(key=expired), to=connection(expired))

    assert caught.code == "certificate_expired"


def test_certificate_in_the_message_is_never_believed():
    assert refusal(Answer(key=signer.key("stranger")), to=connection()).code == "signature"


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ([], "no SAMLResponse"),
        (["a", "b"], "several"),
        (["A" * (256 * 1024 + 4)], "larger"),
        (["%%%"], "base64"),
        ([base64.b64encode(b"\xff\xfe<\x00").decode()], "UTF-8"),
        ([signer.encode("<!DOCTYPE x><x/>")], "document type"),
        ([signer.encode('<?xml version="1.0" encoding="UTF-7"?><x/>')], "declared"),
        ([signer.encode("<html><p>Error</html>")], "well-formed"),
        ([signer.encode("<html/>")], "not a SAML"),
        ([signer.encode("")], "well-formed"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_unreadable_message_is_refused_before_the_library(fields, detail):
    with pytest.raises(Refused) as caught:
        preflight.read(fields)

    assert caught.value.code == "malformed"
    assert detail in caught.value.values["detail"]


def edit(answer, change):
    root = etree.fromstring(answer.xml())
    change(root)
    return signer.encode(etree.tostring(root))


def find(root, path):
    return root.find(path, signer.NS)


def add_inside(path, tag, **attributes):
    def change(root):
        etree.SubElement(find(root, path), tag, **attributes)

    return change


def put(path, name, value):
    def change(root):
        find(root, path).set(name, value)

    return change


def before_signing(change, **changes):
    """A message whose tree is changed before it is signed: what an odd provider might send."""
    made = Answer(**changes)
    root = etree.fromstring(made._text())
    change(root)
    signer.sign_tree(root, made)
    return root


def insert(path, position, xml):
    def change(root):
        find(root, path).insert(position, etree.fromstring(xml))

    return change


SUBJECT = "saml:Assertion/saml:Subject"
CONDITIONS = "saml:Assertion/saml:Conditions"
OTHER_CONFIRMATION = (
    f'<saml:SubjectConfirmation xmlns:saml="{signer.SAML}" Method="{{}}"><saml:SubjectConfirmationData'
    ' Recipient="https://other.example" NotOnOrAfter="2020-01-01T00:00:00Z"/></saml:SubjectConfirmation>'
)
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
HOLDER = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"


@pytest.mark.parametrize(
    "change",
    [
        insert(CONDITIONS, 1, f'<saml:OneTimeUse xmlns:saml="{signer.SAML}"/>'),
        insert(CONDITIONS, 1, f'<saml:ProxyRestriction xmlns:saml="{signer.SAML}" Count="1"/>'),
        insert(SUBJECT, 1, OTHER_CONFIRMATION.format(BEARER)),
        insert(SUBJECT, 1, OTHER_CONFIRMATION.format(HOLDER)),
        insert(
            "samlp:Status",
            1,
            f'<samlp:StatusMessage xmlns:samlp="{signer.SAMLP}">ok</samlp:StatusMessage>',
        ),
        put(".", "Consent", "urn:oasis:names:tc:SAML:2.0:consent:obtained"),
        put("saml:Assertion/saml:AttributeStatement/saml:Attribute", "FriendlyName", "mail"),
        put(f"{SUBJECT}/saml:NameID", "SPNameQualifier", SP.entity_id),
        put(
            "saml:Assertion/saml:Issuer",
            "Format",
            "urn:oasis:names:tc:SAML:2.0:nameid-format:entity",
        ),
        put(
            "saml:Assertion",
            "IssueInstant",
            dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.1234567Z"),
        ),
    ],
)
@pytest.mark.parametrize("sign", ["assertion", "both"])
def test_permitted_variety_is_accepted(change, sign):
    root = before_signing(change, sign=sign)

    assert judge(signer.encode(etree.tostring(root))).address == "bob@corp.example"


@pytest.mark.parametrize(
    "write",
    [
        lambda xml: b"\xef\xbb\xbf" + xml,
        lambda xml: b"<?xml version='1.0' encoding='utf-8' standalone='yes'?>\n" + xml,
        lambda xml: xml.replace(b"<saml:Issuer>", b"<!-- a comment --><saml:Issuer>", 1),
        lambda xml: xml.replace(b"bob@corp", b"b<!---->ob@corp"),
        lambda xml: xml.replace(b">bob@corp.example<", b"><![CDATA[bob@corp.example]]><"),
        lambda xml: xml.replace(b"bob@corp", b"bob&#x40;corp"),
        lambda xml: xml + b"\n\n",
    ],
)
def test_spelling_of_the_xml_does_not_matter(write):
    assert judge(signer.encode(write(Answer().xml()))).address == "bob@corp.example"


def test_base64_may_be_broken_into_lines():
    encoded = base64.encodebytes(Answer().xml()).decode().replace("\n", "\r\n ")

    assert judge(encoded).address == "bob@corp.example"


def test_enveloped_transform_alone_is_enough(monkeypatch):
    monkeypatch.setattr(signer, "TRANSFORMS", (signer.xmlsec.Transform.ENVELOPED,))

    assert judge(Answer()).address == "bob@corp.example"


@pytest.mark.parametrize("instant", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_instants_at_the_ends_of_time_are_refused(instant):
    root = before_signing(put(CONDITIONS, "NotOnOrAfter", instant))

    assert refusal(signer.encode(etree.tostring(root))).code == "expired"


SIGNED = "saml:Assertion/ds:Signature/ds:SignedInfo"


@pytest.mark.parametrize(
    "change",
    [
        add_inside(
            f"{SIGNED}/ds:Reference/ds:Transforms", f"{{{signer.DS}}}Transform", Algorithm="x"
        ),
        add_inside(
            f"{SIGNED}/ds:Reference/ds:Transforms/ds:Transform",
            "{http://www.w3.org/1999/XSL/Transform}stylesheet",
        ),
        add_inside(SIGNED, f"{{{signer.DS}}}Reference", URI="file:///etc/passwd"),
        add_inside(f"{SIGNED}/ds:SignatureMethod", f"{{{signer.DS}}}HMACOutputLength"),
        add_inside("saml:Assertion/ds:Signature", f"{{{signer.DS}}}Object"),
        add_inside("saml:Assertion/ds:Signature/ds:KeyInfo", f"{{{signer.DS}}}RetrievalMethod"),
        add_inside("saml:Assertion/saml:Subject/saml:NameID", "x"),
        add_inside(
            "saml:Assertion/saml:AttributeStatement/saml:Attribute/saml:AttributeValue", "x"
        ),
        add_inside("saml:Assertion/saml:Conditions", f"{{{signer.SAML}}}Condition"),
        add_inside("samlp:Status", "{urn:x}Assertion"),
        add_inside("samlp:Status", f"{{{signer.SAML}}}Assertion"),
        put(f"{SIGNED}/ds:Reference", "URI", ""),
        put(f"{SIGNED}/ds:Reference", "URI", "#other"),
        put(
            f"{SIGNED}/ds:CanonicalizationMethod",
            "Algorithm",
            "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        ),
        put("saml:Assertion", "Version", "1.1"),
        put(".", "Version", "1.1"),
        put("saml:Assertion/saml:AuthnStatement", "SessionNotOnOrAfter", "tomorrow"),
        put("saml:Assertion/saml:Subject", "{http://www.w3.org/XML/1998/namespace}id", "_r"),
    ],
)
def test_odd_shape_is_refused_before_anything_is_computed_from_it(change, monkeypatch):
    monkeypatch.setattr(signature, "verifying", lambda *_: pytest.fail("too late"))

    assert refusal(edit(Answer(response_id="_r"), change)).code == "malformed"


def stuffed(inside, where="<saml:AuthnStatement"):
    advice = f"<saml:Advice>{inside}</saml:Advice>{where}".encode()
    return signer.encode(Answer().xml().replace(where.encode(), advice, 1))


@pytest.mark.parametrize(
    "inside",
    [
        "<b>" * 30 + "</b>" * 30,
        "<b/>" * 7000,
        "<b " + " ".join(f'a{n}=""' for n in range(50)) + "/>",
        "<b " + " ".join(f'xmlns:n{n}="u:{n}"' for n in range(50)) + "/>",
    ],
    ids=["depth", "elements", "attributes", "namespaces"],
)
def test_message_that_only_costs_is_refused_before_canonicalization(inside, monkeypatch):
    monkeypatch.setattr(signature, "verifying", lambda *_: pytest.fail("too late"))

    assert refusal(stuffed(inside)).code == "malformed"


def test_encrypted_assertion_is_refused_with_its_own_sentence():
    caught = refusal(edit(Answer(), add_inside(".", f"{{{signer.SAML}}}EncryptedAssertion")))

    assert caught.code == "encrypted"


def test_hmac_with_the_public_key_is_an_algorithm_off_the_list():
    change = put(
        f"{SIGNED}/ds:SignatureMethod",
        "Algorithm",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
    )

    assert refusal(edit(Answer(), change)).code == "algorithm"


@pytest.mark.requirement("SSO-10")
def test_report_runs_every_check_of_a_message_that_fails_several():
    message = preflight.read([Answer(audiences=[["x"]], recipient="y", email="nobody").encoded()])
    examination = checks.Examination(message, connection(), SP, dt.datetime.now(dt.UTC))

    findings = checks.collect(examination)

    assert [f.check for f in findings] == [c.name for c in checks.CHECKS]
    assert [f.code for f in findings if f.code][:2] == ["audience", "recipient"]
    assert findings[-1].code == "no_address"


def test_no_reason_is_without_words_for_every_identity_provider():
    for code, reason in REASONS.items():
        assert sentence(code, {})
        assert not reason.fields or field_name(code, Kind.OTHER)
