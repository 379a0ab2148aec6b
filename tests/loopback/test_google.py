"""The product and Google's stand-in: who gets in by a Google account, and who does not."""

from collections.abc import Iterator, Mapping
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.google.views import GoogleOAuth2Adapter
from django.test import Client

from accounts.models import Plan, SecurityPolicy, User
from domains.states import State
from tests.domains.factories import ClaimFactory
from tests.factories import OrganizationFactory, UserFactory
from tests.loopback.clients import call
from tests.loopback.forms import Form
from tests.servers.launch import Server, running

pytestmark = pytest.mark.django_db

GINA = {"sub": "1001", "email": "gina@gmail.example", "given_name": "Gina", "family_name": "Grant"}


@pytest.fixture(scope="module")
def openid_provider() -> Iterator[Server]:
    with running("openid_provider") as server:
        yield server


@pytest.fixture
def client() -> Client:
    """A browser of the product's own address: Google answers no other."""
    return new_browser()


def new_browser() -> Client:
    return Client(headers={"host": "127.0.0.1:8000"})


@pytest.fixture
def google(openid_provider: Server, settings, monkeypatch) -> Server:
    """The stand-in, in Google's place: what the environment says in a process of its own."""
    environment = openid_provider["environment"]
    for attribute, variable in {
        "access_token_url": "GOOGLE_ACCESS_TOKEN_URL",
        "authorize_url": "GOOGLE_AUTHORIZE_URL",
        "id_token_issuer": "GOOGLE_ID_TOKEN_ISSUER",
        "identity_url": "GOOGLE_IDENTITY_URL",
    }.items():
        monkeypatch.setattr(GoogleOAuth2Adapter, attribute, environment[variable])
    monkeypatch.setattr(
        "allauth.socialaccount.providers.google.views.ID_TOKEN_ISSUER",
        environment["GOOGLE_ID_TOKEN_ISSUER"],
    )
    app = {
        "client_id": environment["GOOGLE_CLIENT_ID"],
        "secret": environment["GOOGLE_CLIENT_SECRET"],
    }
    configured = {**settings.SOCIALACCOUNT_PROVIDERS["google"], "APPS": [app]}
    settings.SOCIALACCOUNT_PROVIDERS = {"google": configured}
    settings.GOOGLE_ENABLED = True
    call("POST", f"{openid_provider.url}/settings", {"claims": {}, "token_error": ""})
    return openid_provider


def set_out(client: Client) -> str:
    """Press "Continue with Google"; return Google's address."""
    answer = client.get("/sign-in/google/")
    assert answer.status_code == 302
    return str(answer["Location"])


def pick(google: Server, address: str, account: Mapping[str, object]) -> str:
    """Pick an account at Google; return where the browser is sent, as a path with its query."""
    assert call("POST", f"{google.url}/accounts", account).status == 201
    return press(google, address, str(account["sub"]))


def press(google: Server, address: str, sub: str) -> str:
    """Press the button of an account, or Cancel where there is none of this `sub`."""
    choice = Form(call("GET", address).text)
    answer = call("POST", google.url + choice.action, form={**choice.fields, "sub": sub})
    assert answer.status == 302
    target = urlsplit(answer.headers["Location"])
    return f"{target.path}?{target.query}"


def sign_in(client: Client, google: Server, account: Mapping[str, object]):
    return client.get(pick(google, set_out(client), account), follow=True)


def is_signed_in(client: Client) -> bool:
    return client.get("/me").status_code == 200


def test_the_product_asks_with_state_and_proof_key(google, client):
    asked = parse_qs(urlsplit(set_out(client)).query)

    assert asked["code_challenge_method"] == ["S256"]
    assert asked["state"]
    assert set(asked["scope"][0].split()) == {"openid", "email", "profile"}


def test_a_newcomer_gets_an_account_with_a_verified_address(google, client):
    sign_in(client, google, GINA)

    me = client.get("/me").json()
    assert me["email"] == GINA["email"]
    assert me["evidence"] == ["google"]
    assert User.objects.get(email=GINA["email"]).has_verified_email


def test_the_same_google_account_comes_back_to_the_same_person(google, client):
    sign_in(client, google, GINA)
    sign_in(new_browser(), google, {**GINA, "email": "gina.grant@gmail.example"})

    assert User.objects.count() == 1
    assert SocialAccount.objects.get().uid == GINA["sub"]


@pytest.mark.threat("S12")
@pytest.mark.parametrize("sub", ["2002", "2003"])
def test_an_address_that_is_somebody_s_is_never_linked(google, client, sub):
    UserFactory(email="gina@gmail.example")

    page = sign_in(client, google, {**GINA, "sub": sub})

    assert not is_signed_in(client)
    assert not SocialAccount.objects.exists()
    assert "Google isn’t connected yet" in page.content.decode()


@pytest.mark.requirement("IDP-2")
def test_a_newcomer_of_a_managed_domain_is_sent_to_its_single_sign_on(google, client):
    acme = OrganizationFactory(name="Acme", plan=Plan.ENTERPRISE)
    SecurityPolicy.objects.filter(organization=acme).update(
        sso_enabled=True, idp_managed_access=True
    )
    ClaimFactory(organization=acme, domain="gmail.example", state=State.VERIFIED)

    page = sign_in(client, google, GINA).content.decode()

    assert "Acme signs in with single sign-on." in page
    assert "Continue with single sign-on" in page
    assert not User.objects.filter(email=GINA["email"]).exists()


@pytest.mark.threat("S12")
def test_an_unverified_address_opens_nothing(google, client):
    page = sign_in(client, google, {**GINA, "sub": "3003", "email_verified": False})

    assert not is_signed_in(client)
    assert not User.objects.exists()
    assert "hasn’t verified your address" in page.content.decode()


@pytest.mark.threat("S13")
@pytest.mark.parametrize("other_browser", [True, False])
def test_an_answer_is_taken_by_the_browser_that_asked(google, client, other_browser):
    answer = pick(google, set_out(client), GINA)
    browser = new_browser() if other_browser else client

    page = browser.get(answer, follow=True).content.decode()

    assert is_signed_in(browser) is not other_browser
    assert ("Nobody was signed in" in page) is other_browser


@pytest.mark.threat("S13")
@pytest.mark.parametrize("change", ["state=&", "state=guessed&"])
def test_an_answer_without_its_state_is_refused(google, client, change):
    answer = pick(google, set_out(client), GINA)
    path, _, query = answer.partition("?")
    code = parse_qs(query)["code"][0]

    page = client.get(f"{path}?{change}code={code}", follow=True)

    assert not is_signed_in(client)
    assert "Nobody was signed in" in page.content.decode()


@pytest.mark.parametrize(
    "settings_of_google",
    [
        {"claims": {"aud": "another"}},
        {"claims": {"iss": "https://evil.example"}},
        {"claims": {"exp": 1}},
        {"token_error": "invalid_grant"},
        {"token_error": "500"},
    ],
)
def test_what_google_would_not_say_is_refused_with_a_page(google, client, settings_of_google):
    call("POST", f"{google.url}/settings", settings_of_google)

    page = sign_in(client, google, GINA)

    assert not is_signed_in(client)
    assert "Nobody was signed in" in page.content.decode()


def test_a_cancelled_sign_in_says_so(google, client):
    page = client.get(press(google, set_out(client), ""), follow=True)

    assert not is_signed_in(client)
    assert "You stopped at Google" in page.content.decode()


@pytest.mark.parametrize("address", ["/sign-in/google/", "/sign-in/google/callback/"])
def test_without_google_the_way_to_it_is_not_there(client, settings, address):
    settings.GOOGLE_ENABLED = False

    assert client.get(address).status_code == 404
