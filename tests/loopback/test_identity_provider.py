"""The identity provider's answers, read by python3-saml: the library that the product uses."""

import base64
import html
import re
import zlib
from collections.abc import Iterator
from itertools import product
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from tests.loopback.clients import Answer, call
from tests.loopback.forms import Form
from tests.loopback.service_provider import ACS, ENTITY_ID, service_provider
from tests.servers.identity_provider.keys import Keys
from tests.servers.identity_provider.people import Directory, Person
from tests.servers.launch import ROOT, Server, running

BOB = "bob@corp.example"
USERS = ROOT / "tests" / "servers" / "identity_provider" / "users.toml"
DEFAULTS = {"flavour": "okta", "sign": None, "encrypt": False, "sha1": False, "skew": 0}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running("identity_provider", "--sp", f"{ENTITY_ID}={ACS}") as server:
        yield server


@pytest.fixture(autouse=True)
def _defaults(server: Server) -> None:
    configure(server)


def configure(server: Server, **settings: object) -> None:
    assert call("POST", f"{server.url}/settings", {**DEFAULTS, **settings}).status == 200


def pick(server: Server, page: Answer, person: str) -> Form:
    """Choose a person on the sign-in page and return the form for the service provider."""
    choice = Form(page.text)
    answer = call("POST", server.url + choice.action, form={**choice.fields, "user": person})
    assert answer.status == 200
    return Form(answer.text)


def sign_in(server: Server, person: str = BOB, binding: str = "redirect"):
    """Sign in from the service provider; return its verdict and what came back."""
    request = service_provider(server)
    url = request.login(return_to="token", set_nameid_policy=False)
    if binding == "redirect":
        page = call("GET", url)
    else:
        deflated = parse_qs(urlsplit(url).query)["SAMLRequest"][0]
        inflated = zlib.decompress(base64.b64decode(deflated), -15)
        message = base64.b64encode(inflated).decode()
        page = call(
            "POST",
            server["sign_in_url"],
            form={"SAMLRequest": message, "RelayState": "token"},
        )
    form = pick(server, page, person)
    answer = service_provider(server, form.fields)
    answer.process_response(request_id=request.get_last_request_id())
    return answer, form


def start(server: Server):
    """Start at the identity provider; return the service provider's verdict and the form."""
    query = urlencode({"user": BOB, "RelayState": "token"})
    form = Form(call("GET", f"{server.url}/start?{query}").text)
    answer = service_provider(server, form.fields)
    answer.process_response()
    return answer, form


FLAVOURS = {
    "okta": ("email", "firstName"),
    "entra": (
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
    ),
    "onelogin": ("User.email", "User.FirstName"),
    "google": ("email", "firstName"),
}


@pytest.mark.parametrize(
    ("flavour", "sign", "way"),
    list(product(FLAVOURS, ["response", "assertion", "both"], ["redirect", "post", "start"])),
)
def test_every_flavour_is_accepted_in_every_way(server, flavour, sign, way):
    configure(server, flavour=flavour, sign=sign)
    address, first_name = FLAVOURS[flavour]

    answer, form = start(server) if way == "start" else sign_in(server, BOB, way)

    assert answer.get_errors() == [], answer.get_last_error_reason()
    assert answer.get_attribute(address) == [BOB]
    assert answer.get_attribute(first_name) == ["Bob"]
    assert (form.action, form.fields["RelayState"]) == (ACS, "token")


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_names_arrive_in_their_own_letters(server, flavour):
    configure(server, flavour=flavour)

    answer, _ = sign_in(server, "zoe.mueller@corp.example")

    assert ["Zoë"] in answer.get_attributes().values()
    assert ["Müller"] in answer.get_attributes().values()


def test_the_name_id_is_the_user_principal_name_in_entra(server):
    configure(server, flavour="entra")

    answer, _ = sign_in(server, "Carol@Corp.Example")

    assert answer.get_nameid() == "carol@corp.onmicrosoft.example"


def test_cancelled_is_said_as_a_status(server):
    answer, form = sign_in(server, person="")

    assert "AuthnFailed" in base64.b64decode(form.fields["SAMLResponse"]).decode()
    assert not answer.is_authenticated()


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"sign": "none"}, "No Signature found"),
        ({"sha1": True}, "Deprecated signature algorithm"),
        ({"skew": -7200}, "expired|too old|NotOnOrAfter"),
        ({"skew": 7200}, "not yet valid|NotBefore|early"),
    ],
)
def test_what_a_service_provider_must_refuse_is_sent_on_demand(server, settings, reason):
    configure(server, **settings)

    answer, _ = sign_in(server)

    assert not answer.is_authenticated()
    assert re.search(reason, answer.get_last_error_reason(), re.IGNORECASE)


def test_an_altered_response_is_refused(server):
    _, form = sign_in(server)
    altered = base64.b64decode(form.fields["SAMLResponse"]).replace(b"bob@corp", b"ann@corp")

    answer = service_provider(server, {"SAMLResponse": base64.b64encode(altered).decode()})
    answer.process_response()

    assert not answer.is_authenticated()


def test_added_people_sign_in_with_what_was_given(server):
    frank = {
        "email": "frank@corp.example",
        "name_id": "persistent-7",
        "attributes": {"mail": ["frank@corp.example", "f@corp.example"]},
    }
    assert call("POST", f"{server.url}/users", frank).status == 200

    answer, _ = sign_in(server, "frank@corp.example")

    assert answer.get_nameid() == "persistent-7"
    assert answer.get_nameid_format().endswith("persistent")
    assert answer.get_attribute("mail") == ["frank@corp.example", "f@corp.example"]


def test_a_person_is_added_by_the_page_too(server):
    url = service_provider(server).login()
    ticket = Form(call("GET", url).text).fields["ticket"]
    person = {"email": "grace@corp.example", "first_name": "Grace", "groups": "a, b"}

    back = call(
        "POST", f"{server.url}/forms/people", form={**person, "back": f"/pick?ticket={ticket}"}
    )
    page = call("GET", server.url + back.headers["Location"])

    assert "grace@corp.example" in page.text
    users = call("GET", f"{server.url}/users").json
    assert next(u for u in users if u["email"] == "grace@corp.example")["groups"] == ["a", "b"]


def test_a_name_with_markup_stays_text(server):
    call("POST", f"{server.url}/users", {"email": "x@corp.example", "first_name": "<b>X"})

    page = call("GET", f"{server.url}/").text

    assert html.escape("<b>X") in page
    assert "<b>X" not in page


def test_its_metadata_is_read_by_the_product_s_library(server):
    metadata = call("GET", f"{server.url}/metadata").text
    certificate = x509.load_pem_x509_certificate(
        call("GET", f"{server.url}/certificate.pem").text.encode()
    )

    read = OneLogin_Saml2_IdPMetadataParser.parse(metadata)["idp"]

    assert read["entityId"] == server["entity_id"]
    assert read["singleSignOnService"]["url"] == server["sign_in_url"]
    assert base64.b64decode(read["x509cert"]) == certificate.public_bytes(Encoding.DER)


def test_a_certificate_is_announced_before_it_signs(server):
    old = call("GET", f"{server.url}/certificate.pem").text
    announced = call("POST", f"{server.url}/roll?stage=1").json["certificate"]
    metadata = call("GET", f"{server.url}/metadata").text
    still, _ = sign_in(server)
    rolled = call("POST", f"{server.url}/roll").json["certificate"]
    then, _ = sign_in(server)

    assert call("GET", f"{server.url}/certificate.pem").text == rolled == announced != old
    assert metadata.count("X509Certificate>") == 4  # two of them, opened and closed
    assert still.is_authenticated()
    assert then.is_authenticated()


def test_keys_and_people_outlive_the_process(tmp_path):
    def started() -> tuple[str, Directory]:
        certificate = Keys(tmp_path).certificate("now").read_text()
        return certificate, Directory(USERS, tmp_path / "users.json")

    certificate, people = started()
    people.put(Person("later@corp.example"))
    certificate_then, people_then = started()

    assert certificate_then == certificate
    assert people_then["later@corp.example"].upn == "later@corp.example"
    assert {person.email for person in people_then} >= {BOB, "later@corp.example"}


def test_a_service_provider_may_come_later_and_have_several_addresses(server):
    entity_id = "https://late.example/"
    for acs in ("https://late.example/acs", "https://late.example/acs?org_id=org_1&x=1"):
        known = call(
            "POST", f"{server.url}/service-providers", {"entity_id": entity_id, "acs": acs}
        )
        assert entity_id in known.json["service_providers"]

    plain = Form(call("GET", f"{server.url}/start?user={BOB}&sp={quote(entity_id)}").text)
    chosen = Form(
        call("GET", f"{server.url}/start?user={BOB}&sp={quote(entity_id)}&acs={quote(acs)}").text
    )

    assert (plain.action, chosen.action) == ("https://late.example/acs", acs)


@pytest.fixture(scope="module")
def signing_pair(tmp_path_factory) -> Keys:
    return Keys(tmp_path_factory.mktemp("sp"))


@pytest.fixture(scope="module")
def strict_server(tmp_path_factory, signing_pair: Keys) -> Iterator[Server]:
    """An identity provider that wants signed requests, and has an encryption certificate."""
    certificate = signing_pair.certificate("now").read_text()
    metadata = OneLogin_Saml2_Settings(
        {
            "strict": True,
            "sp": {
                "entityId": ENTITY_ID,
                "assertionConsumerService": {"url": ACS},
                "x509cert": certificate,
                "privateKey": signing_pair.key("now").read_text(),
            },
            "security": {"authnRequestsSigned": True, "wantAssertionsEncrypted": True},
        },
        sp_validation_only=True,
    ).get_sp_metadata()
    source = tmp_path_factory.mktemp("metadata") / "sp.xml"
    source.write_bytes(metadata if isinstance(metadata, bytes) else metadata.encode())
    with running(
        "identity_provider", "--sp-metadata", str(source), "--want-signed-requests"
    ) as server:
        yield server


def signed_request(server: Server, keys: Keys) -> str:
    auth = service_provider(server)
    settings = auth.get_settings()
    settings._sp |= {
        "privateKey": keys.key("now").read_text(),
        "x509cert": keys.certificate("now").read_text(),
    }
    settings._security |= {"authnRequestsSigned": True}
    return auth.login(return_to="token")


def test_signed_requests_are_verified(strict_server, signing_pair):
    url = signed_request(strict_server, signing_pair)

    assert call("GET", url).status == 200
    assert call("GET", url.replace("RelayState=token", "RelayState=other")).status == 400
    assert call("GET", service_provider(strict_server).login()).status == 400


def test_a_request_signed_inside_is_verified_by_post(strict_server, signing_pair):
    auth = service_provider(strict_server)
    auth.login()
    signed = OneLogin_Saml2_Utils.add_sign(
        auth.get_last_request_xml(),
        signing_pair.key("now").read_text(),
        signing_pair.certificate("now").read_text(),
        sign_algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        digest_algorithm="http://www.w3.org/2001/04/xmlenc#sha256",
    )
    altered = signed.replace(b"HTTP-POST", b"HTTP-Artifact")

    def post(message: bytes) -> Answer:
        form = {"SAMLRequest": base64.b64encode(message).decode(), "RelayState": ""}
        return call("POST", strict_server["sign_in_url"], form=form)

    assert post(signed).status == 200
    assert post(altered).status == 400
    assert "not signed correctly" in post(altered).text


def test_an_assertion_is_encrypted_for_the_service_provider(strict_server, signing_pair):
    configure(strict_server, encrypt=True, sign="response")

    page = call("GET", signed_request(strict_server, signing_pair))
    message = base64.b64decode(pick(strict_server, page, BOB).fields["SAMLResponse"])

    assert b"EncryptedAssertion" in message
    assert BOB.encode() not in message


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/start?user=nobody@corp.example", 404),
        ("GET", "/sso?SAMLRequest=rubbish", 400),
        ("GET", "/next.pem", 404),
        ("GET", "/pick?ticket=none", 404),
    ],
)
def test_what_it_cannot_answer_gets_a_page_that_says_so(server, method, path, status):
    answer = call(method, server.url + path)

    assert answer.status == status
    assert "<h1>" in answer.text


def test_unknown_settings_and_fields_are_refused(server):
    assert call("POST", f"{server.url}/settings", {"flavor": "okta"}).status == 400
    assert call("POST", f"{server.url}/users", {"email": "a@b.example", "nick": "a"}).status == 400
