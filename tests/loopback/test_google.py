"""The product and Google's stand-in: who gets in by a Google account, and who does not."""

import datetime
import re
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.google.views import GoogleOAuth2Adapter
from django.test import Client
from django.utils import timezone
from post_office.models import Email

from accounts.models import AuditEvent, Plan, SecurityPolicy, User
from domains.states import State
from tests.domains.factories import ClaimFactory
from tests.factories import OrganizationFactory, UserFactory
from tests.loopback.clients import call
from tests.loopback.forms import Form
from tests.servers.launch import Server, running
from tests.support.signing_in import sign_in as sign_in_by

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


@pytest.mark.threat("V7")
def test_a_name_that_carries_a_link_is_left_out(google, client):
    sign_in(client, google, {**GINA, "given_name": "Read https://evil.example/x"})

    user = User.objects.get(email=GINA["email"])
    assert (user.first_name, user.last_name) == ("", "Grant")


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


# --- Connected in the profile


ANN = "ann@corp.example"
CODE = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}")


@pytest.fixture
def ann():
    return UserFactory(email=ANN, password=None)


def connect(client: Client, google: Server, account: Mapping[str, object]):
    """Press "Connect" in the profile, and pick an account at Google."""
    way = client.get("/settings/profile/google/")
    at_google = client.get(way["Location"])["Location"]
    return client.get(pick(google, at_google, account), follow=True)


def subjects_to(address: str) -> list[str]:
    return [mail.subject for mail in Email.objects.filter(to__icontains=address).order_by("pk")]


@pytest.mark.requirement("SET-4")
def test_google_is_connected_under_another_address_and_signs_in(google, client, ann, settings):
    sign_in_by(client, ann, "magic_link")

    page = connect(client, google, GINA)
    elsewhere = new_browser()
    sign_in(elsewhere, google, GINA)

    assert GINA["email"] in page.content.decode()
    assert elsewhere.get("/me").json()["email"] == ANN
    assert list(EmailAddress.objects.values_list("email", flat=True)) == [ANN]
    assert AuditEvent.objects.filter(event="user:google:connected").count() == 1
    assert subjects_to(ANN) == [f"Google was connected to your account at {settings.PRODUCT_NAME}"]


@pytest.mark.requirement("SET-4")
@pytest.mark.threat("S12")
def test_another_persons_google_account_is_not_connected(google, client, ann):
    sign_in(new_browser(), google, GINA)
    sign_in_by(client, ann, "magic_link")

    page = connect(client, google, GINA)

    assert "already connected to a different account" in page.content.decode()
    assert SocialAccount.objects.get().user.email == GINA["email"]
    assert subjects_to(ANN) == []


@pytest.mark.threat("S12")
def test_a_google_account_with_an_unverified_address_is_not_connected(google, client, ann):
    sign_in_by(client, ann, "magic_link")

    page = connect(client, google, {**GINA, "sub": "3003", "email_verified": False})

    assert "hasn’t verified your address" in page.content.decode()
    assert not SocialAccount.objects.exists()


@pytest.mark.requirement("ACC-7")
@pytest.mark.threat("O7")
@pytest.mark.parametrize(("method", "minutes_ago"), [("saml", 0), ("magic_link", 11)])
def test_only_fresh_evidence_of_ones_own_connects_google(google, client, ann, method, minutes_ago):
    at = timezone.now() - datetime.timedelta(minutes=minutes_ago)
    sign_in_by(client, ann, method, at=at, organization="org_x" if method == "saml" else "")

    by_profile = client.get("/settings/profile/google/")
    directly = client.get("/sign-in/google/?process=connect")

    assert by_profile["Location"].startswith("/sign-in/")
    assert directly["Location"].startswith("/sign-in/")


@pytest.mark.threat("S13")
def test_whoever_is_signed_in_when_google_answers_gets_nothing_of_anothers_wish(
    google, client, ann
):
    sign_in_by(client, ann, "magic_link")
    way = client.get("/settings/profile/google/")
    answer = pick(google, client.get(way["Location"])["Location"], GINA)
    other = new_browser()
    sign_in_by(other, UserFactory(), "magic_link")

    other.get(answer, follow=True)

    assert not SocialAccount.objects.exists()


@pytest.mark.requirement("SET-4")
def test_google_disconnected_opens_nothing_and_a_link_by_email_does(google, client, settings):
    sign_in(client, google, GINA)

    page = client.post("/settings/profile/google/", follow=True).content.decode()
    refused = new_browser()
    sign_in(refused, google, GINA)
    by_link = new_browser()
    by_link.post("/sign-in/", {"email": GINA["email"]})
    by_link.post("/sign-in/link/")
    mailed = Email.objects.latest("pk").message
    by_link.post("/sign-in/link/sent/", {"code": CODE.search(mailed).group()})

    assert "Google is disconnected." in page
    assert not SocialAccount.objects.exists()
    assert not is_signed_in(refused)
    assert by_link.get("/me").json()["email"] == GINA["email"]
    assert AuditEvent.objects.filter(event="user:google:disconnected").count() == 1
    assert f"Google was disconnected from your account at {settings.PRODUCT_NAME}" in subjects_to(
        GINA["email"]
    )


def test_a_cancelled_sign_in_says_so(google, client):
    page = client.get(press(google, set_out(client), ""), follow=True)

    assert not is_signed_in(client)
    assert "You stopped at Google" in page.content.decode()


@pytest.mark.parametrize("address", ["/sign-in/google/", "/sign-in/google/callback/"])
def test_without_google_the_way_to_it_is_not_there(client, settings, address):
    settings.GOOGLE_ENABLED = False

    assert client.get(address).status_code == 404
