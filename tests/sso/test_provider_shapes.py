# ruff: noqa: E501  the XML is as the providers write it
"""Responses as each identity provider writes them: prefixes, order, types, white space, signatures.

The texts follow what the products send (names and values are ours); the signatures are made by
xmlsec in the place where the text asks for one.
"""

import base64

import pytest
from django.test import Client
from lxml import etree

from accounts.models import Membership
from sso import contract
from sso.models import LogEntry
from tests.sso import signer
from tests.sso.conftest import connect, follow, me, post, start, verify_domain
from tests.sso.signer import stamp, xmlsec

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("SSO-6", "SSO-7")]

P, A = "urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:2.0:assertion"
DS, C14N = "http://www.w3.org/2000/09/xmldsig#", "http://www.w3.org/2001/10/xml-exc-c14n#"
XS = 'xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
URI = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
BASIC = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
UNSPECIFIED = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"


def signature(of, prefix="ds:", *, prefixes="", method="rsa-sha256", digest="xmlenc#sha256"):
    """A signature that is still to be made: xmlsec fills in what is empty."""
    xmlns = f'xmlns:{prefix[:-1]}="{DS}"' if prefix else f'xmlns="{DS}"'
    listed = (
        f'<ec:InclusiveNamespaces xmlns:ec="{C14N}" PrefixList="{prefixes}"/>' if prefixes else ""
    )
    return f"""<{prefix}Signature {xmlns}><{prefix}SignedInfo><{prefix}CanonicalizationMethod Algorithm="{C14N}"/><{prefix}SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#{method}"/><{prefix}Reference URI="#{of}"><{prefix}Transforms><{prefix}Transform Algorithm="{DS}enveloped-signature"/><{prefix}Transform Algorithm="{C14N}">{listed}</{prefix}Transform></{prefix}Transforms><{prefix}DigestMethod Algorithm="http://www.w3.org/2001/04/{digest}"/><{prefix}DigestValue/></{prefix}Reference></{prefix}SignedInfo><{prefix}SignatureValue/><{prefix}KeyInfo><{prefix}X509Data><{prefix}X509Certificate/></{prefix}X509Data></{prefix}KeyInfo></{prefix}Signature>"""


OKTA = """<?xml version="1.0" encoding="UTF-8"?><saml2p:Response Destination="{acs}" ID="id1111111111" InResponseTo="{request}" IssueInstant="{now}.123Z" Version="2.0" xmlns:saml2p="{P}" {XS}><saml2:Issuer Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity" xmlns:saml2="{A}">{issuer}</saml2:Issuer>{response}<saml2p:Status xmlns:saml2p="{P}"><saml2p:StatusCode Value="{SUCCESS}"/></saml2p:Status><saml2:Assertion ID="id2222222222" IssueInstant="{now}.123Z" Version="2.0" xmlns:saml2="{A}" {XS}><saml2:Issuer Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity" xmlns:saml2="{A}">{issuer}</saml2:Issuer>{assertion}<saml2:Subject xmlns:saml2="{A}"><saml2:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified">bob@corp.example</saml2:NameID><saml2:SubjectConfirmation Method="{BEARER}"><saml2:SubjectConfirmationData InResponseTo="{request}" NotOnOrAfter="{later}.123Z" Recipient="{acs}"/></saml2:SubjectConfirmation></saml2:Subject><saml2:Conditions NotBefore="{before}.123Z" NotOnOrAfter="{later}.123Z" xmlns:saml2="{A}"><saml2:AudienceRestriction><saml2:Audience>{us}</saml2:Audience></saml2:AudienceRestriction></saml2:Conditions><saml2:AuthnStatement AuthnInstant="{now}.123Z" SessionIndex="{request}" xmlns:saml2="{A}"><saml2:AuthnContext><saml2:AuthnContextClassRef>{PASSWORD}</saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement><saml2:AttributeStatement xmlns:saml2="{A}"><saml2:Attribute Name="firstName" NameFormat="{UNSPECIFIED}"><saml2:AttributeValue {XS} xsi:type="xs:string">Bob</saml2:AttributeValue></saml2:Attribute><saml2:Attribute Name="lastName" NameFormat="{UNSPECIFIED}"><saml2:AttributeValue {XS} xsi:type="xs:string">Lee</saml2:AttributeValue></saml2:Attribute></saml2:AttributeStatement></saml2:Assertion></saml2p:Response>"""

ENTRA = """<samlp:Response ID="_r-3d5" Version="2.0" IssueInstant="{now}.482Z" Destination="{acs}" InResponseTo="{request}" xmlns:samlp="{P}"><Issuer xmlns="{A}">{issuer}</Issuer>{response}<samlp:Status><samlp:StatusCode Value="{SUCCESS}"/></samlp:Status><Assertion ID="_a-7c2" IssueInstant="{now}.478Z" Version="2.0" xmlns="{A}"><Issuer>{issuer}</Issuer>{assertion}<Subject><NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">bob_mail.example#EXT#@corp.onmicrosoft.com</NameID><SubjectConfirmation Method="{BEARER}"><SubjectConfirmationData InResponseTo="{request}" NotOnOrAfter="{later}.397Z" Recipient="{acs}"/></SubjectConfirmation></Subject><Conditions NotBefore="{before}.397Z" NotOnOrAfter="{later}.397Z"><AudienceRestriction><Audience>{us}</Audience></AudienceRestriction></Conditions><AttributeStatement><Attribute Name="http://schemas.microsoft.com/identity/claims/tenantid"><AttributeValue>c0ffee</AttributeValue></Attribute><Attribute Name="http://schemas.microsoft.com/claims/authnmethodsreferences"><AttributeValue>http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password</AttributeValue><AttributeValue>http://schemas.microsoft.com/claims/multipleauthn</AttributeValue></Attribute><Attribute Name="{CLAIMS}/givenname"><AttributeValue>Bob</AttributeValue></Attribute><Attribute Name="{CLAIMS}/surname"><AttributeValue>Lee</AttributeValue></Attribute><Attribute Name="{CLAIMS}/emailaddress"><AttributeValue>Bob@Corp.example</AttributeValue></Attribute><Attribute Name="{CLAIMS}/name"><AttributeValue>bob_mail.example#EXT#@corp.onmicrosoft.com</AttributeValue></Attribute></AttributeStatement><AuthnStatement AuthnInstant="{before}.123Z" SessionIndex="_a-7c2"><AuthnContext><AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</AuthnContextClassRef></AuthnContext></AuthnStatement></Assertion></samlp:Response>"""

ADFS = """<samlp:Response ID="_r-ad" Version="2.0" IssueInstant="{now}.4821234Z" Destination="{acs}" Consent="urn:oasis:names:tc:SAML:2.0:consent:unspecified" InResponseTo="{request}" xmlns:samlp="{P}"><Issuer xmlns="{A}">{issuer}</Issuer>{response}<samlp:Status><samlp:StatusCode Value="{SUCCESS}"/></samlp:Status><Assertion ID="_a-ad" IssueInstant="{now}.482Z" Version="2.0" xmlns="{A}"><Issuer>{issuer}</Issuer>{assertion}<Subject><SubjectConfirmation Method="{BEARER}"><SubjectConfirmationData InResponseTo="{request}" NotOnOrAfter="{later}.482Z" Recipient="{acs}"/></SubjectConfirmation></Subject><Conditions NotBefore="{now}.466Z" NotOnOrAfter="{later}.466Z"><AudienceRestriction><Audience>{us}</Audience></AudienceRestriction></Conditions><AttributeStatement><Attribute Name="{CLAIMS}/emailaddress" a:OriginalIssuer="{issuer}" xmlns:a="http://schemas.xmlsoap.org/ws/2009/09/identity/claims"><AttributeValue xmlns:tn="http://www.w3.org/2001/XMLSchema" b:type="tn:string" xmlns:b="http://www.w3.org/2001/XMLSchema-instance">bob@corp.example</AttributeValue></Attribute><Attribute Name="{CLAIMS}/givenname"><AttributeValue>Bob</AttributeValue></Attribute><Attribute Name="{CLAIMS}/surname"><AttributeValue>Lee</AttributeValue></Attribute></AttributeStatement><AuthnStatement AuthnInstant="{now}.419Z"><AuthnContext><AuthnContextClassRef>{PASSWORD}</AuthnContextClassRef></AuthnContext></AuthnStatement></Assertion></samlp:Response>"""

GOOGLE = """<?xml version="1.0" encoding="UTF-8" standalone="no"?><saml2p:Response xmlns:saml2p="{P}" Destination="{acs}" ID="_r9" InResponseTo="{request}" IssueInstant="{now}.600Z" Version="2.0"><saml2:Issuer xmlns:saml2="{A}">{issuer}</saml2:Issuer>{response}<saml2p:Status><saml2p:StatusCode Value="{SUCCESS}"/></saml2p:Status><saml2:Assertion xmlns:saml2="{A}" ID="_a9" IssueInstant="{now}.600Z" Version="2.0"><saml2:Issuer>{issuer}</saml2:Issuer>{assertion}<saml2:Subject><saml2:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified">bob@corp.example</saml2:NameID><saml2:SubjectConfirmation Method="{BEARER}"><saml2:SubjectConfirmationData InResponseTo="{request}" NotOnOrAfter="{later}.600Z" Recipient="{acs}"/></saml2:SubjectConfirmation></saml2:Subject><saml2:Conditions NotBefore="{before}.600Z" NotOnOrAfter="{later}.600Z"><saml2:AudienceRestriction><saml2:Audience>{us}</saml2:Audience></saml2:AudienceRestriction></saml2:Conditions><saml2:AttributeStatement><saml2:Attribute Name="firstName"><saml2:AttributeValue {XS} xsi:type="xs:anyType">Bob</saml2:AttributeValue></saml2:Attribute><saml2:Attribute Name="lastName"><saml2:AttributeValue {XS} xsi:type="xs:anyType">Lee</saml2:AttributeValue></saml2:Attribute><saml2:Attribute Name="phone"/></saml2:AttributeStatement><saml2:AuthnStatement AuthnInstant="{before}.000Z" SessionIndex="_a9"><saml2:AuthnContext><saml2:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified</saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement></saml2:Assertion></saml2p:Response>"""

ONELOGIN = """<samlp:Response xmlns:saml="{A}" xmlns:samlp="{P}" ID="R0a1b2c3d" Version="2.0" IssueInstant="{now}Z" Destination="{acs}" InResponseTo="{request}"><saml:Issuer>{issuer}</saml:Issuer>{response}<samlp:Status><samlp:StatusCode Value="{SUCCESS}"/></samlp:Status><saml:Assertion {XS} Version="2.0" ID="A4e5f6a7b" IssueInstant="{now}Z"><saml:Issuer>{issuer}</saml:Issuer>{assertion}<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">bob@corp.example</saml:NameID><saml:SubjectConfirmation Method="{BEARER}"><saml:SubjectConfirmationData NotOnOrAfter="{later}Z" Recipient="{acs}" InResponseTo="{request}"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="{before}Z" NotOnOrAfter="{later}Z"><saml:AudienceRestriction><saml:Audience>{us}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="{now}Z" SessionNotOnOrAfter="{tomorrow}Z" SessionIndex="_5c"><saml:AuthnContext><saml:AuthnContextClassRef>{PASSWORD}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement><saml:Attribute NameFormat="{BASIC}" Name="User.email"><saml:AttributeValue xsi:type="xs:string">bob@corp.example</saml:AttributeValue></saml:Attribute><saml:Attribute NameFormat="{BASIC}" Name="memberOf"><saml:AttributeValue xsi:type="xs:string"/></saml:Attribute><saml:Attribute NameFormat="{BASIC}" Name="User.LastName"><saml:AttributeValue xsi:type="xs:string">Lee</saml:AttributeValue></saml:Attribute><saml:Attribute NameFormat="{BASIC}" Name="User.FirstName"><saml:AttributeValue xsi:type="xs:string">Bob</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion></samlp:Response>"""

KEYCLOAK = """<samlp:Response xmlns:samlp="{P}" xmlns:saml="{A}" Destination="{acs}" ID="ID_r-0b" InResponseTo="{request}" IssueInstant="{now}.055Z" Version="2.0"><saml:Issuer>{issuer}</saml:Issuer>{response}<samlp:Status><samlp:StatusCode Value="{SUCCESS}"/></samlp:Status><saml:Assertion xmlns="{A}" ID="ID_a-1f" IssueInstant="{now}.054Z" Version="2.0"><saml:Issuer>{issuer}</saml:Issuer>{assertion}<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">G-1c8f-44</saml:NameID><saml:SubjectConfirmation Method="{BEARER}"><saml:SubjectConfirmationData InResponseTo="{request}" NotOnOrAfter="{later}.054Z" Recipient="{acs}"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="{before}.054Z" NotOnOrAfter="{later}.054Z"><saml:AudienceRestriction><saml:Audience>{us}</saml:Audience></saml:AudienceRestriction><saml:OneTimeUse/></saml:Conditions><saml:AuthnStatement AuthnInstant="{now}.055Z" SessionIndex="4a::9b" SessionNotOnOrAfter="{tomorrow}.055Z"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement><saml:Attribute FriendlyName="email" Name="urn:oid:0.9.2342.19200300.100.1.3" NameFormat="{URI}"><saml:AttributeValue {XS} xsi:type="xs:string">bob@corp.example</saml:AttributeValue></saml:Attribute><saml:Attribute FriendlyName="givenName" Name="urn:oid:2.5.4.42" NameFormat="{URI}"><saml:AttributeValue {XS} xsi:type="xs:string">Bob</saml:AttributeValue></saml:Attribute><saml:Attribute FriendlyName="surname" Name="urn:oid:2.5.4.4" NameFormat="{URI}"><saml:AttributeValue {XS} xsi:type="xs:string">Lee</saml:AttributeValue></saml:Attribute><saml:Attribute Name="Role" NameFormat="{BASIC}"><saml:AttributeValue {XS} xsi:type="xs:string">offline_access</saml:AttributeValue></saml:Attribute><saml:Attribute Name="Role" NameFormat="{BASIC}"><saml:AttributeValue {XS} xsi:type="xs:string">view-profile</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion></samlp:Response>"""

SHIBBOLETH = """<?xml version="1.0" encoding="UTF-8"?>
<saml2p:Response Destination="{acs}" ID="_r1b" InResponseTo="{request}" IssueInstant="{now}.731Z" Version="2.0" xmlns:saml2p="{P}">
    <saml2:Issuer xmlns:saml2="{A}">{issuer}</saml2:Issuer>
    {response}
    <saml2p:Status>
        <saml2p:StatusCode Value="{SUCCESS}"/>
    </saml2p:Status>
    <saml2:Assertion ID="_a2b" IssueInstant="{now}.731Z" Version="2.0" xmlns:saml2="{A}">
        <saml2:Issuer>{issuer}</saml2:Issuer>
        {assertion}
        <!-- the subject -->
        <saml2:Subject>
            <saml2:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient" NameQualifier="{issuer}" SPNameQualifier="{us}">AAdzZWNyZXQx7Q==</saml2:NameID>
            <saml2:SubjectConfirmation Method="{BEARER}">
                <saml2:SubjectConfirmationData Address="192.0.2.7" InResponseTo="{request}" NotOnOrAfter="{later}.754Z" Recipient="{acs}"/>
            </saml2:SubjectConfirmation>
        </saml2:Subject>
        <saml2:Conditions NotBefore="{now}.731Z" NotOnOrAfter="{later}.731Z">
            <saml2:AudienceRestriction>
                <saml2:Audience>{us}</saml2:Audience>
            </saml2:AudienceRestriction>
        </saml2:Conditions>
        <saml2:AuthnStatement AuthnInstant="{now}.636Z" SessionIndex="_5a">
            <saml2:SubjectLocality Address="192.0.2.7"/>
            <saml2:AuthnContext>
                <saml2:AuthnContextClassRef>{PASSWORD}</saml2:AuthnContextClassRef>
                <saml2:AuthenticatingAuthority>{issuer}</saml2:AuthenticatingAuthority>
            </saml2:AuthnContext>
        </saml2:AuthnStatement>
        <saml2:AttributeStatement>
            <saml2:Attribute FriendlyName="mail" Name="urn:oid:0.9.2342.19200300.100.1.3" NameFormat="{URI}" xmlns:x500="urn:oasis:names:tc:SAML:2.0:profiles:attribute:X500" x500:Encoding="LDAP">
                <saml2:AttributeValue {XS} xsi:type="xs:string">
                    bob@corp.example
                </saml2:AttributeValue>
            </saml2:Attribute>
        </saml2:AttributeStatement>
        <saml2:AttributeStatement>
            <saml2:Attribute FriendlyName="givenName" Name="urn:oid:2.5.4.42" NameFormat="{URI}"><saml2:AttributeValue>Bob</saml2:AttributeValue></saml2:Attribute>
            <saml2:Attribute FriendlyName="sn" Name="urn:oid:2.5.4.4" NameFormat="{URI}"><saml2:AttributeValue>Lee</saml2:AttributeValue></saml2:Attribute>
        </saml2:AttributeStatement>
    </saml2:Assertion>
</saml2p:Response>
"""

AUTH0 = """<samlp:Response xmlns:samlp="{P}" ID="_r0" InResponseTo="{request}" Version="2.0" IssueInstant="{now}Z" Destination="{acs}"><saml:Issuer xmlns:saml="{A}">{issuer}</saml:Issuer>{response}<samlp:Status><samlp:StatusCode Value="{SUCCESS}"/></samlp:Status><saml:Assertion xmlns:saml="{A}" Version="2.0" ID="_a0" IssueInstant="{now}.957Z"><saml:Issuer>{issuer}</saml:Issuer>{assertion}<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified">auth0|5f7</saml:NameID><saml:SubjectConfirmation Method="{BEARER}"><saml:SubjectConfirmationData NotOnOrAfter="{later}.957Z" Recipient="{acs}" InResponseTo="{request}"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="{now}.957Z" NotOnOrAfter="{later}.957Z"><saml:AudienceRestriction><saml:Audience>{us}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="{now}.957Z" SessionIndex="_7T"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement {XS}><saml:Attribute Name="{CLAIMS}/nameidentifier" NameFormat="{URI}"><saml:AttributeValue xsi:type="xs:string">auth0|5f7</saml:AttributeValue></saml:Attribute><saml:Attribute Name="{CLAIMS}/emailaddress" NameFormat="{URI}"><saml:AttributeValue xsi:type="xs:string">bob@corp.example</saml:AttributeValue></saml:Attribute><saml:Attribute Name="{CLAIMS}/name" NameFormat="{URI}"><saml:AttributeValue xsi:type="xs:string">bob@corp.example</saml:AttributeValue></saml:Attribute><saml:Attribute Name="{CLAIMS}/givenname" NameFormat="{URI}"><saml:AttributeValue xsi:type="xs:string">Bob</saml:AttributeValue></saml:Attribute><saml:Attribute Name="{CLAIMS}/surname" NameFormat="{URI}"><saml:AttributeValue xsi:type="xs:string">Lee</saml:AttributeValue></saml:Attribute><saml:Attribute Name="http://schemas.auth0.com/email_verified" NameFormat="{URI}"><saml:AttributeValue xsi:type="xs:boolean">true</saml:AttributeValue></saml:Attribute><saml:Attribute Name="http://schemas.auth0.com/logins" NameFormat="{URI}"><saml:AttributeValue xsi:type="xs:double">7</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion></samlp:Response>"""

# The text, and how the product signs: which elements, and how a signature is written there.
SHAPES = {
    "Okta": (OKTA, ("assertion", "response"), {"prefixes": "xs"}),
    "Okta, SHA-512": (OKTA, ("assertion",), {"prefixes": "xs", "method": "rsa-sha512", "digest": "xmlenc#sha512"}),
    "Entra ID": (ENTRA, ("assertion",), {"prefix": ""}),
    "Entra ID, both": (ENTRA, ("assertion", "response"), {"prefix": ""}),
    "AD FS": (ADFS, ("assertion",), {}),
    "AD FS, message": (ADFS, ("response",), {}),
    "Google": (GOOGLE, ("assertion",), {}),
    "Google, signed response": (GOOGLE, ("response",), {}),
    "OneLogin": (ONELOGIN, ("response",), {}),
    "OneLogin, assertion": (ONELOGIN, ("assertion",), {}),
    "Keycloak": (KEYCLOAK, ("assertion", "response"), {"prefix": "dsig:"}),
    "Shibboleth": (SHIBBOLETH, ("assertion", "response"), {"prefixes": "xs xsi #default saml2"}),
    "Auth0": (AUTH0, ("assertion",), {"prefix": ""}),
}  # fmt: skip


def written(name, request, *, ends="\n"):
    """The response in base64, answering `request`, or nobody's where it is ""."""
    text, signs, how = SHAPES[name]
    ids = {
        "response": text.partition(' ID="')[2].partition('"')[0],
        "assertion": text.partition("Assertion ")[2].partition('ID="')[2].partition('"')[0],
    }
    if not request:
        text = text.replace(' InResponseTo="{request}"', "")
    values = {key: value for key, value in globals().items() if isinstance(value, str)}
    xml = text.format(
        **values,
        acs=contract.reply_url(),
        us=contract.entity_id(),
        issuer="https://idp.example/metadata",
        request=request or "_5",
        now=stamp()[:-1],
        before=stamp(-300)[:-1],
        later=stamp(300)[:-1],
        tomorrow=stamp(36_000)[:-1],
        **{part: signature(ids[part], **how) if part in signs else "" for part in ids},
    )
    root = etree.fromstring(xml.encode())
    xmlsec.tree.add_ids(root, ["ID"])
    for part in signs:  # the last one is over the others
        _sign(root, ids[part])
    head = xml.partition("?>")[0] + "?>" if xml.startswith("<?xml") else ""
    made = head.encode() + etree.tostring(root)
    return base64.b64encode(made.replace(b"\n", ends.encode())).decode()


def _sign(root, of):
    [node] = (n for n in root.iter(f"{{{DS}}}Signature") if n.getparent().get("ID") == of)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(signer.key().private_pem, xmlsec.KeyFormat.PEM, None)
    context.key.load_cert_from_memory(signer.key().certificate_pem, xmlsec.KeyFormat.PEM)
    context.sign(node)


@pytest.fixture
def corp(acme):
    verify_domain(acme)
    connect(acme, idp_managed_access=True)
    return acme


@pytest.mark.parametrize("started", ["here", "there"])
@pytest.mark.parametrize("name", SHAPES)
def test_response_as_the_product_writes_it_signs_in(client, corp, name, started):
    asked = start(client, corp).id if started == "here" else ""

    response = post(written(name, asked))

    assert response.status_code == 303, LogEntry.objects.latest("pk").values
    follow(client, response)
    assert me(client)["email"] == "bob@corp.example"
    membership = Membership.objects.get(user__email="bob@corp.example")
    assert (membership.first_name, membership.last_name) == ("Bob", "Lee")


@pytest.mark.parametrize("name", ["Shibboleth", "Okta"])
def test_line_ends_on_the_way_do_not_matter(corp, name):
    """XML reads CR LF as a line end, base64 knows none."""
    encoded = written(name, "", ends="\r\n")
    in_lines = "\r\n".join(encoded[i : i + 76] for i in range(0, len(encoded), 76))

    assert post(in_lines, client=Client()).status_code == 303


@pytest.mark.parametrize("name", SHAPES)
def test_another_person_in_it_is_refused(corp, name):
    text = base64.b64decode(written(name, "")).replace(b"corp.example<", b"corp.examples<")
    text = text.replace(b">Bob<", b">Eve<")

    response = post(base64.b64encode(text).decode())

    assert response.status_code == 403
    assert LogEntry.objects.get().code == "signature"
