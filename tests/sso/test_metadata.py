# ruff: noqa: E501  the XML reads better whole
"""Metadata files of identity providers, and our own."""

import base64
import datetime as dt

import pytest
from cryptography.hazmat.primitives import serialization
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser
from onelogin.saml2.settings import OneLogin_Saml2_Settings

from sso.saml.certificates import pin
from sso.saml.metadata import MetadataRefused, read_metadata
from sso.saml.service_provider import ServiceProvider, metadata
from tests.sso import signer

pytestmark = pytest.mark.requirement("SSO-3")

NOW = dt.datetime.now(dt.UTC)
KEY = signer.key("one")
BINDING = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-"


def body(key=KEY):
    return base64.b64encode(key.certificate.public_bytes(serialization.Encoding.DER)).decode()


def descriptor(entity_id="https://idp.example/x", services=None, keys=None):
    services = services or [
        ("POST", "https://idp.example/post"),
        ("Redirect", "https://idp.example/r?a=1&amp;b=2"),
    ]
    keys = [("signing", body())] if keys is None else keys
    return (
        f'<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="{signer.DS}" '
        f'entityID="{entity_id}"><md:IDPSSODescriptor protocolSupportEnumeration="{signer.SAMLP}">'
        + "".join(
            f"<md:KeyDescriptor{f' use={chr(34)}{use}{chr(34)}' if use else ''}><ds:KeyInfo><ds:X509Data>"
            f"<ds:X509Certificate>{text}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
            for use, text in keys
        )
        + "".join(
            f'<md:SingleSignOnService Binding="{BINDING}{name}" Location="{url}"/>'
            for name, url in services
        )
        + "</md:IDPSSODescriptor></md:EntityDescriptor>"
    )


def read(text, **options):
    return read_metadata(text.encode(), at=NOW, **options)


def test_metadata_gives_the_three_values():
    [provider] = read(descriptor())

    assert provider.issuer == "https://idp.example/x"
    assert (provider.sign_in_url, provider.binding) == ("https://idp.example/r?a=1&b=2", "redirect")
    assert provider.certificates == (pin(KEY.certificate),)


def test_post_binding_is_taken_where_there_is_no_other():
    [provider] = read(
        descriptor(services=[("SOAP", "https://x.example"), ("POST", "https://p.example/")])
    )

    assert (provider.sign_in_url, provider.binding) == ("https://p.example/", "post")


def test_every_signing_key_is_taken_and_none_for_encryption():
    keys = [
        ("signing", body()),
        (None, body(signer.key("two"))),
        ("encryption", body(signer.key("three"))),
    ]

    [provider] = read(descriptor(keys=keys))

    assert provider.certificates == (pin(KEY.certificate), pin(signer.key("two").certificate))


def test_expired_key_is_told_and_the_others_are_taken():
    [provider] = read(
        descriptor(
            keys=[("signing", body(signer.key("past", start=-9, end=-1))), ("signing", body())]
        )
    )

    assert provider.certificates == (pin(KEY.certificate),)
    assert "expired" in provider.skipped[0]


def test_file_with_several_identity_providers_lets_the_admin_choose():
    text = (
        '<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">'
        + descriptor("https://a.example/")
        + descriptor("https://b.example/")
        + '<md:EntityDescriptor entityID="https://sp.example/"><md:SPSSODescriptor/></md:EntityDescriptor>'
        + "</md:EntitiesDescriptor>"
    )

    assert [p.issuer for p in read(text)] == ["https://a.example/", "https://b.example/"]


@pytest.mark.threat("O2", "O3")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("https://idp.example/metadata", "never fetch"),
        ("<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>", "document type"),
        ("x" * (1024 * 1024 + 1), "1 MB"),
        ("not xml", "no metadata"),
        ("<html/>", "no SAML metadata"),
        (
            '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"/>',
            "no identity provider",
        ),
        (descriptor(keys=[]), "no certificate"),
        (descriptor(keys=[("encryption", body())]), "no certificate"),
        (descriptor(services=[("SOAP", "https://x.example")]), "no sign-in URL"),
        (descriptor(services=[("Redirect", "http://x.example/sso")]), "https"),
        (descriptor(services=[("Redirect", "javascript:alert(1)")]), "sign-in URL"),
        (descriptor(entity_id=""), "Issuer"),
    ],
    ids=lambda value: value[:30],
)
def test_what_is_no_usable_metadata_is_refused_with_its_sentence(text, words):
    with pytest.raises(MetadataRefused) as caught:
        read(text)

    assert words in caught.value.sentence


def test_http_on_loopback_is_for_development_only():
    text = descriptor(services=[("Redirect", "http://localhost:9000/sso")])

    [provider] = read(text, allow_loopback=True)

    assert provider.sign_in_url == "http://localhost:9000/sso"
    with pytest.raises(MetadataRefused):
        read(text)


@pytest.mark.requirement("SSO-2")
def test_our_own_metadata_is_valid_and_asks_for_no_encryption():
    text = metadata(
        ServiceProvider(
            "https://app.example/security/sso/v2/authorize/", "https://sso.example/sso/saml2"
        ),
        (KEY.certificate_pem.decode(),),
    )

    settings = OneLogin_Saml2_Settings(
        {"sp": {"entityId": "x", "assertionConsumerService": {"url": "https://x.example"}}},
        sp_validation_only=True,
    )
    assert settings.validate_metadata(text) == []
    assert 'use="encryption"' not in text
    assert 'use="signing"' in text
    assert 'Location="https://sso.example/sso/saml2"' in text


def test_our_reading_agrees_with_the_library():
    parsed = OneLogin_Saml2_IdPMetadataParser.parse(descriptor())["idp"]

    [provider] = read(descriptor())

    assert parsed["entityId"] == provider.issuer
    assert parsed["singleSignOnService"]["url"] == provider.sign_in_url
