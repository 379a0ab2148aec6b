"""Where a sign-in lands, what a request looks like, and which URLs are taken."""

import base64
import zlib
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import etree

from sso.saml.identity_providers import Kind, recognise
from sso.saml.landing import safe_path
from sso.saml.service_provider import IdentityProvider, ServiceProvider, SigningKey, start
from sso.saml.urls import UrlRefused, check_issuer, check_sign_in_url
from tests.sso import signer

SP = ServiceProvider(
    "https://app.example/security/sso/v2/authorize/", "https://sso.example/sso/saml2"
)


@pytest.mark.parametrize("path", ["/", "/home/", "/p/proj_1/?tab=2#x", "/settings/profile/"])
def test_path_of_this_site_is_a_landing(path):
    assert safe_path(path) == path


@pytest.mark.threat("S17")
@pytest.mark.parametrize(
    "candidate",
    [
        None,
        "",
        "home",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/x\r\nSet-Cookie: a=b",
        "/x\x00",
        "/" + "x" * 500,
        "/\u202e",
    ],
)
def test_anything_else_is_none(candidate):
    assert safe_path(candidate) == ""


def provider(url="https://idp.example/sso"):
    return IdentityProvider(
        "conn_1", "1", "https://idp.example/", url, (signer.key().certificate_pem.decode(),)
    )


def parse(url):
    query = parse_qs(urlsplit(url).query)
    xml = zlib.decompress(base64.b64decode(query["SAMLRequest"][0]), -15)
    return query, etree.fromstring(xml)


@pytest.mark.requirement("SSO-6")
def test_request_names_us_and_demands_nothing_that_breaks_an_identity_provider():
    request = start(provider("https://idp.example/sso?a=1&b=2"), SP, "token")

    query, root = parse(request.url)
    assert request.url.startswith("https://idp.example/sso?a=1&b=2&SAMLRequest=")
    assert query["RelayState"] == ["token"]
    assert root.get("ID") == request.id
    assert request.id.startswith("_")
    assert root.get("Destination") == "https://idp.example/sso?a=1&b=2"
    assert root.get("AssertionConsumerServiceURL") == SP.acs_url
    assert root.findtext(f"{{{signer.SAML}}}Issuer") == SP.entity_id
    assert root.find(f"{{{signer.SAMLP}}}NameIDPolicy") is None
    assert root.find(f"{{{signer.SAMLP}}}RequestedAuthnContext") is None


def test_signed_request_carries_a_signature_over_the_query():
    key = signer.key("sp")
    request = start(
        provider(),
        SP,
        "token",
        signing_key=SigningKey(key.private_pem.decode(), key.certificate_pem.decode()),
    )

    query, _ = parse(request.url)
    assert query["SigAlg"] == ["http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"]
    parts = request.url.split("?", 1)[1].split("&")
    signed = "&".join(part for part in parts if not part.startswith("Signature="))
    signature = base64.b64decode(query["Signature"][0])
    verify(key, signature, signed.encode())


def verify(key, signature, data):
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import padding  # noqa: PLC0415

    key.certificate.public_key().verify(signature, data, padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://www.okta.com/exk1", Kind.OKTA),
        ("https://acme.okta.com/app/x/sso/saml", Kind.OKTA),
        ("https://sts.windows.net/tenant/", Kind.ENTRA),
        ("https://app.onelogin.com/saml/metadata/1", Kind.ONELOGIN),
        ("https://accounts.google.com/o/saml2?idpid=C1", Kind.GOOGLE),
        ("http://fs.corp.example/adfs/services/trust", Kind.ADFS),
        ("https://sso.corp.example/realms/main", Kind.KEYCLOAK),
        ("https://notokta.com/", Kind.OTHER),
        ("urn:x", Kind.OTHER),
        ("https://[broken", Kind.OTHER),
    ],
)
def test_identity_provider_is_recognised_by_its_urls(url, kind):
    assert recognise(url) is kind


@pytest.mark.requirement("SSO-3")
@pytest.mark.parametrize(
    "url",
    [
        "",
        "idp.example/sso",
        "http://idp.example/sso",
        "http://127.0.0.1/sso",
        "https://",
        "ftp://x.example",
        "https://user:secret@idp.example/",
        "https://idp.example/ sso",
        "https://idp.example/#x",
        "https://idp.example:99999/",
        "javascript:alert(1)",
        "https://exämple.example/",
        "https://x\\y",
        # Hosts that the library refuses in its settings: a sign-in would begin with a fault.
        "https://idp.example:/sso",
        "https://-x.example/",
        f"https://{'a' * 64}.example/",
        "https://a-.example/",
    ],
)
def test_sign_in_url_must_be_https(url):
    with pytest.raises(UrlRefused):
        check_sign_in_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://idp_internal.corp.example/sso",
        "https://idp/sso",
        "https://10.0.0.1:8443/sso?a=1&b=2",
        "https://[2001:db8::1]/sso",
        "https://xn--bcher-kva.example/a;b=c,d",
        "HTTPS://IDP.example?x='y'",
    ],
)
def test_sign_in_url_of_any_host_is_taken(url):
    assert check_sign_in_url(url) == url


def test_loopback_is_allowed_only_where_asked():
    assert check_sign_in_url("http://localhost:9000/sso", allow_loopback=True)
    with pytest.raises(UrlRefused):
        check_sign_in_url("http://idp.example/sso", allow_loopback=True)


def test_issuer_is_kept_exactly_but_for_space_around_it():
    assert check_issuer(" https://sts.windows.net/tenant/ \n") == "https://sts.windows.net/tenant/"
    assert check_issuer("urn:corp:idp") == "urn:corp:idp"
    for wrong in ("", "corp", "https://a b", "https://" + "x" * 1024):
        with pytest.raises(UrlRefused):
            check_issuer(wrong)
