"""The OpenID provider deals with applications as Google does."""

import base64
import hashlib
import secrets
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from allauth.socialaccount.internal import jwtkit

from tests.loopback.clients import Answer, call
from tests.loopback.forms import Form
from tests.servers.launch import Server, running

CALLBACK = "http://127.0.0.1:8000/accounts/google/login/callback/"
GINA = "100000000000000000001"
VERIFIER = secrets.token_urlsafe(48)
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running("openid_provider") as server:
        yield server


@pytest.fixture(autouse=True)
def _defaults(server: Server) -> None:
    settings = {"claims": {}, "token_error": "", "seconds": 0}
    assert call("POST", f"{server.url}/settings", settings).status == 200


def client_id(server: Server) -> str:
    return str(server["environment"]["GOOGLE_CLIENT_ID"])


def authorize(server: Server, **changes: str) -> Answer:
    """Ask as allauth does: code, state, PKCE."""
    parameters = {
        "client_id": client_id(server),
        "redirect_uri": CALLBACK,
        "scope": "openid email profile",
        "response_type": "code",
        "state": "a state",
        "code_challenge": CHALLENGE.decode(),
        "code_challenge_method": "S256",
        **changes,
    }
    address = server["environment"]["GOOGLE_AUTHORIZE_URL"]
    return call("GET", f"{address}?{urlencode(parameters)}")


def pick(server: Server, sub: str = GINA, **changes: str) -> dict[str, str]:
    """Pick an account and return what the application's callback is told."""
    choice = Form(authorize(server, **changes).text)
    answer = call("POST", server.url + choice.action, form={**choice.fields, "sub": sub})
    assert answer.status == 302
    target = answer.headers["Location"]
    assert target.startswith(CALLBACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}


def exchange(server: Server, code: str, **changes: str) -> Answer:
    environment = server["environment"]
    form = {
        "client_id": environment["GOOGLE_CLIENT_ID"],
        "client_secret": environment["GOOGLE_CLIENT_SECRET"],
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        **changes,
    }
    return call("POST", environment["GOOGLE_ACCESS_TOKEN_URL"], form=form)


def id_token(server: Server, sub: str = GINA) -> str:
    return str(exchange(server, pick(server, sub)["code"]).json["id_token"])


def test_the_discovery_document_leads_to_every_endpoint(server):
    found = call("GET", f"{server.url}/.well-known/openid-configuration").json
    environment = server["environment"]

    assert found["issuer"] == environment["GOOGLE_ID_TOKEN_ISSUER"] == server.url
    assert found["authorization_endpoint"] == environment["GOOGLE_AUTHORIZE_URL"]
    assert found["token_endpoint"] == environment["GOOGLE_ACCESS_TOKEN_URL"]
    assert call("GET", found["jwks_uri"]).json["keys"][0]["alg"] == "RS256"


def test_the_page_names_the_application_and_each_account(server):
    page = authorize(server, login_hint="uwe@unverified.example").text

    assert "127.0.0.1:8000" in page
    assert page.index("uwe@unverified.example") < page.index("gina@gmail.example")


def test_an_id_token_is_signed_by_a_published_key(server):
    token = id_token(server)
    keys = jwt.PyJWKSet.from_dict(call("GET", f"{server.url}/oauth2/v3/certs").json)
    key = next(key for key in keys.keys if key.key_id == jwt.get_unverified_header(token)["kid"])

    claims = jwt.decode(
        token, key, algorithms=["RS256"], audience=client_id(server), issuer=server.url
    )

    assert (claims["sub"], claims["email"], claims["email_verified"]) == (
        GINA,
        "gina@gmail.example",
        True,
    )
    assert (claims["given_name"], claims["family_name"]) == ("Gina", "Grant")


def test_allauth_verifies_it_with_the_certificates(server):
    claims = jwtkit.verify_and_decode(
        credential=id_token(server),
        keys_url=server["environment"]["GOOGLE_CERTS_URL"],
        issuer=server.url,
        audience=client_id(server),
        lookup_kid=jwtkit.lookup_kid_pem_x509_certificate,
    )

    assert claims["sub"] == GINA


def test_both_forms_of_user_information_follow_the_access_token(server):
    token = exchange(server, pick(server)["code"]).json["access_token"]
    headers = {"Authorization": f"Bearer {token}"}

    old = call("GET", f"{server.url}/oauth2/v2/userinfo", headers=headers).json
    new = call("GET", f"{server.url}/v1/userinfo", headers=headers).json

    assert (old["id"], old["verified_email"]) == (new["sub"], new["email_verified"]) == (GINA, True)
    assert call("GET", f"{server.url}/v1/userinfo").status == 401


@pytest.mark.threat("S12")
def test_an_address_may_be_unverified_or_belong_to_somebody_new(server):
    other = {"email": "gina@gmail.example", "sub": "100000000000000000099"}
    assert call("POST", f"{server.url}/accounts", other).status == 201

    unverified = jwt.decode(
        id_token(server, "100000000000000000003"), options={"verify_signature": False}
    )
    somebody_new = jwt.decode(id_token(server, other["sub"]), options={"verify_signature": False})

    assert unverified["email_verified"] is False
    assert (somebody_new["email"], somebody_new["sub"]) == (other["email"], other["sub"])


def test_the_state_comes_back_with_a_code_or_a_cancellation(server):
    granted = pick(server, state="a state & more")
    cancelled = pick(server, sub="")

    assert granted["state"] == "a state & more"
    assert cancelled == {"error": "access_denied", "state": "a state"}


def test_a_nonce_comes_back_in_the_token(server):
    code = pick(server, nonce="n-1")["code"]
    token = exchange(server, code).json["id_token"]

    assert jwt.decode(token, options={"verify_signature": False})["nonce"] == "n-1"


def test_a_code_works_once(server):
    code = pick(server)["code"]

    assert exchange(server, code).status == 200
    assert exchange(server, code).json["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": "another" * 8}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"redirect_uri": CALLBACK + "x"}, "redirect_uri_mismatch"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "wrong"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"code": "4/none"}, "invalid_grant"),
    ],
)
def test_a_wrong_exchange_is_refused_in_google_s_words(server, changes, error):
    answer = exchange(server, **{"code": pick(server)["code"], **changes})

    assert answer.status in {400, 401}
    assert answer.json["error"] == error


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "another"},
        {"redirect_uri": "https://evil.example/"},
        {"response_type": "token"},
        {"scope": "openid drive"},
        {"code_challenge_method": "S1"},
    ],
)
def test_a_wrong_request_is_refused_on_the_spot(server, changes):
    answer = authorize(server, **changes)

    assert answer.status == 400
    assert "Access blocked" in answer.text


def test_claims_and_errors_are_given_on_demand(server):
    call("POST", f"{server.url}/settings", {"claims": {"aud": "another"}})
    claims = jwt.decode(id_token(server), options={"verify_signature": False})
    call("POST", f"{server.url}/settings", {"token_error": "invalid_grant"})

    assert claims["aud"] == "another"
    assert exchange(server, pick(server)["code"]).json["error"] == "invalid_grant"
    assert call("POST", f"{server.url}/settings", {"claim": {}}).status == 400
