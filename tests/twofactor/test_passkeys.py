"""Passkeys, in Chromium with a virtual authenticator driven through its DevTools protocol."""

import json

import pytest
from django.urls import reverse
from django.utils import timezone
from django_otp_webauthn.models import WebAuthnCredential

from accounts.actor import Actor
from tests.factories import PASSWORD, MembershipFactory, OrganizationFactory
from tests.twofactor.support import first_factor, set_up_app
from twofactor.models import Enrolment
from twofactor.passkeys import passkeys_work
from twofactor.services import enrolment

browser_test = pytest.mark.django_db(transaction=True)


@pytest.fixture
def member(db):
    organization = OrganizationFactory(name="Acme", policy={"two_factor_required": True})
    return MembershipFactory(
        organization=organization,
        user__email="pat@corp.example",
        user__first_session_used_at=timezone.now(),
    ).user


@pytest.fixture
def site(live_server, settings):
    """The product at http://localhost:port: passkeys need a name."""
    settings.BASE_URL = settings.SSO_BASE_URL = live_server.url.replace("127.0.0.1", "localhost")
    return settings.BASE_URL


class Key:
    """A virtual authenticator in a tab; ``verifies`` is its fingerprint reader."""

    def __init__(self, page, *, verifies=True, resident=True):
        self.devtools = page.context.new_cdp_session(page)
        self.devtools.send("WebAuthn.enable")
        self.id = self.devtools.send(
            "WebAuthn.addVirtualAuthenticator",
            {
                "options": {
                    "protocol": "ctap2",
                    "transport": "internal" if resident else "usb",
                    "hasResidentKey": resident,
                    "hasUserVerification": verifies,
                    "isUserVerified": verifies,
                    "automaticPresenceSimulation": True,
                }
            },
        )["authenticatorId"]


def type_password(page, site, user):
    page.goto(f"{site}/sign-in/")
    page.get_by_label("Work email").fill(user.email)
    page.get_by_role("button", name="Continue", exact=True).click()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def set_up_a_passkey(page, site, user):
    type_password(page, site, user)
    page.get_by_label("Passkey or security key").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Make a passkey").click()
    page.get_by_label("I’ve saved these codes").check()
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(f"{site}/settings/organization/**")


def evidence(page, site):
    page.goto(f"{site}/me")
    return json.loads(page.inner_text("body")).get("evidence", [])


@browser_test
@pytest.mark.requirement("TFA-5", "TFA-13")
def test_a_passkey_is_set_up_and_asked_at_the_next_sign_in(page, site, member):
    Key(page)
    set_up_a_passkey(page, site, member)
    assert evidence(page, site) == ["password", "otp"]
    page.context.clear_cookies()

    type_password(page, site, member)
    page.get_by_role("button", name="Use my passkey").click()
    page.wait_for_url(f"{site}/settings/organization/**")

    assert evidence(page, site) == ["password", "otp"]
    member.refresh_from_db()
    assert member.has_second_factor
    assert Enrolment.objects.get().primary.startswith("otp_webauthn.webauthncredential/") or (
        "webauthncredential" in Enrolment.objects.get().primary
    )


@browser_test
@pytest.mark.requirement("TFA-13")
def test_a_passkey_that_verifies_the_person_is_both_factors(page, site, member):
    Key(page)
    set_up_a_passkey(page, site, member)
    page.context.clear_cookies()

    page.goto(f"{site}/sign-in/")
    page.get_by_role("link", name="Use a passkey").click()
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(f"{site}/settings/organization/**")

    assert evidence(page, site) == ["passkey", "otp"]


@browser_test
@pytest.mark.requirement("TFA-9")
def test_a_security_key_without_a_reader_is_a_second_factor_and_no_first_one(page, site, member):
    Key(page, verifies=False, resident=False)
    set_up_a_passkey(page, site, member)
    page.context.clear_cookies()

    page.goto(f"{site}/sign-in/passkey/")
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_text("The browser stopped").wait_for()
    type_password(page, site, member)
    page.get_by_role("button", name="Use my passkey").click()
    page.wait_for_url(f"{site}/settings/organization/**")

    assert evidence(page, site) == ["password", "otp"]


@browser_test
@pytest.mark.threat("F1")
def test_an_answer_works_once(page, site, member, client):
    Key(page)
    set_up_a_passkey(page, site, member)
    page.context.clear_cookies()
    type_password(page, site, member)
    sent = []
    page.on(
        "request", lambda request: sent.append(request.post_data) if request.post_data else None
    )
    page.get_by_role("button", name="Use my passkey").click()
    page.wait_for_url(f"{site}/settings/organization/**")
    from urllib.parse import parse_qs  # noqa: PLC0415

    answer = parse_qs(sent[-1])["credential"][0]

    first_factor(client, member)
    client.get(reverse("twofactor:challenge"))
    replayed = client.post(reverse("twofactor:challenge"), {"credential": answer})

    assert "That passkey didn’t work" in replayed.content.decode()
    assert client.get("/me").status_code == 401


@pytest.mark.django_db
@pytest.mark.threat("F2")
def test_what_is_no_passkey_is_counted_as_a_guess(client, member, settings):
    settings.BASE_URL = "http://localhost:8000"
    set_up_app(member)
    WebAuthnCredential.objects.create(
        user=member, credential_id=b"id", public_key=b"key", aaguid="0", sign_count=0
    )
    first_factor(client, member)
    url = reverse("twofactor:challenge_with", args=["passkey"])

    for answer in ("{}", "[]", "null", "x" * 30_000, '{"id": 5}', '{"rawId": "AA", "id": "AA"}'):
        client.get(url)
        page = client.post(url, {"credential": answer})
        assert page.status_code == 200

    assert Enrolment.objects.get().guesses >= 4
    assert client.get("/me").status_code == 401


@pytest.mark.django_db
def test_where_the_product_has_no_name_passkeys_are_not_offered(client, member, settings):
    settings.BASE_URL = "http://127.0.0.1:8000"
    first_factor(client, member)

    page = client.get(reverse("twofactor:set_up")).content.decode()

    assert not passkeys_work()
    assert "Passkey" not in page
    assert client.get(reverse("twofactor:set_up_passkey")).url == reverse("twofactor:set_up")
    assert client.get(reverse("twofactor:passkey_sign_in")).url == reverse("signin:address")


@pytest.mark.django_db
@pytest.mark.threat("F6")
def test_a_challenge_made_for_somebody_else_is_not_answered(rf, member):
    from django.contrib.sessions.backends.db import SessionStore  # noqa: PLC0415

    from tests.factories import UserFactory  # noqa: PLC0415
    from twofactor.passkeys import PasskeyRefused, registration, registration_options  # noqa: PLC0415

    request = rf.get("/")
    request.session = SessionStore()
    registration_options(request, member)

    with pytest.raises(PasskeyRefused):
        registration(request, UserFactory(), "{}")
    with pytest.raises(PasskeyRefused):  # spent by that
        enrolment.confirm_passkey(
            member, registration(request, member, "{}"), actor=Actor.person(member)
        )
