"""The second identity provider's answers, made by samlify, are accepted by python3-saml."""

import base64
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser

from tests.loopback.clients import call
from tests.loopback.forms import Form
from tests.loopback.service_provider import ACS, ENTITY_ID, service_provider
from tests.servers.launch import Server, running

ZOE = "zoe.mueller@corp.example"
MAIL, GIVEN_NAME, SURNAME = (
    "urn:oid:0.9.2342.19200300.100.1.3",
    "urn:oid:2.5.4.42",
    "urn:oid:2.5.4.4",
)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running("second_identity_provider", "--sp", f"{ENTITY_ID}={ACS}") as server:
        yield server


def sign_in(server: Server, person: str = ZOE):
    """Sign in from the service provider; return its verdict and what came back."""
    request = service_provider(server)
    choice = Form(call("GET", request.login(return_to="token", set_nameid_policy=False)).text)
    fields = {**choice.fields, "user": person}
    form = Form(call("POST", server.url + choice.action, form=fields).text)
    answer = service_provider(server, form.fields)
    answer.process_response(request_id=request.get_last_request_id())
    return answer, form


@pytest.mark.parametrize("sign", ["response", "assertion", "both"])
def test_a_sign_in_from_the_application_is_accepted(server, sign):
    assert call("POST", f"{server.url}/settings", {"sign": sign}).status == 200

    answer, form = sign_in(server)

    assert answer.get_errors() == [], answer.get_last_error_reason()
    assert answer.get_nameid() == ZOE
    assert [answer.get_attribute(name) for name in (MAIL, GIVEN_NAME, SURNAME)] == [
        [ZOE],
        ["Zoë"],
        ["Müller"],
    ]
    assert (form.action, form.fields["RelayState"]) == (ACS, "token")


def test_a_start_at_the_provider_answers_no_request(server):
    query = urlencode({"user": ZOE, "RelayState": "/home/"})

    form = Form(call("GET", f"{server.url}/start?{query}").text)
    answer = service_provider(server, form.fields)
    answer.process_response()

    assert answer.is_authenticated()
    assert b"InResponseTo" not in base64.b64decode(form.fields["SAMLResponse"])


def test_an_altered_response_is_refused(server):
    _, form = sign_in(server)
    altered = base64.b64decode(form.fields["SAMLResponse"]).replace(
        b"zoe.mueller@", b"ann.archer1@"
    )

    answer = service_provider(server, {"SAMLResponse": base64.b64encode(altered).decode()})
    answer.process_response()

    assert not answer.is_authenticated()


def test_its_metadata_is_read(server):
    metadata = call("GET", f"{server.url}/metadata").text

    read = OneLogin_Saml2_IdPMetadataParser.parse(metadata)["idp"]

    assert read["entityId"] == server["entity_id"]
    assert read["singleSignOnService"]["url"] == server["sign_in_url"]
    assert "x509cert" in read


def test_people_and_service_providers_may_come_later(server):
    acs = "https://late.example/acs"
    call("POST", f"{server.url}/users", {"email": "new@corp.example", "first_name": "<b>"})
    call("POST", f"{server.url}/service-providers", {"entity_id": "https://late", "acs": acs})

    page = call("GET", f"{server.url}/start?user=new@corp.example&sp={quote('https://late')}")

    assert Form(page.text).action == acs
    assert "<b>" not in call("GET", f"{server.url}/").text


@pytest.mark.parametrize(
    ("path", "status"),
    [("/nowhere", 404), ("/start?user=nobody@x", 404), ("/sso?SAMLRequest=x", 400)],
)
def test_what_it_cannot_answer_gets_a_page_that_says_so(server, path, status):
    answer = call("GET", server.url + path)

    assert answer.status == status
    assert "<h1>" in answer.text


def test_a_new_certificate_signs_and_the_process_ends_cleanly():
    with running("second_identity_provider", "--sp", f"{ENTITY_ID}={ACS}") as server:
        old = call("GET", f"{server.url}/certificate.pem").text
        rolled = call("POST", f"{server.url}/roll").json["certificate"]
        answer, _ = sign_in(server)

        assert rolled == call("GET", f"{server.url}/certificate.pem").text != old
        assert answer.is_authenticated()
        assert server.stop() == 0
