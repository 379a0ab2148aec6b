"""Every way to a session, and the one challenge that each of them meets (S1, TFA-13)."""

import ast
import re
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from allauth.core.context import request_context
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import complete_social_login
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_logged_in
from django.contrib.messages.storage.fallback import FallbackStorage
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone
from post_office.models import Email

from accounts.models import User
from accounts.signin import flow
from accounts.signin.evidence import Proof
from tests.factories import PASSWORD, MembershipFactory, UserFactory
from tests.twofactor.support import (
    cheap_recovery_codes,
    evidence_in,
    first_factor,
    set_up_app,
)

pytestmark = [pytest.mark.django_db, pytest.mark.threat("S1"), pytest.mark.requirement("TFA-13")]
__all__ = ["cheap_recovery_codes"]  # an autouse fixture
CHALLENGE = "/sign-in/two-factor/"
APPS = ("accounts", "domains", "twofactor", "sso", "scim", "discoverability", "orgsecurity")
HOUSE = Path(__file__).resolve().parents[2]


@pytest.fixture
def pat():
    user = UserFactory(email="pat@corp.example", first_session_used_at=timezone.now())
    user.phone, user.codes = set_up_app(user)
    return user


@pytest.fixture(autouse=True)
def logged_in():
    """Who was logged in by Django while the test ran: nobody without the factor."""
    seen = []

    def note(sender, user, **_):
        seen.append(user)

    user_logged_in.connect(note)
    yield seen
    user_logged_in.disconnect(note)


def passes_only_by_the_code(client, user, answer, seen):
    """Assert that the challenge is open, that nothing leads around it, and that the code does."""
    assert answer.url == CHALLENGE
    for url in ("/home/", "/sign-in/next/", "/settings/profile/", "/me"):
        client.get(url)
        client.post(url)
    assert seen == []
    assert evidence_in(client) == []
    client.post(CHALLENGE, {"code": user.phone.code()})
    assert seen == [user]
    return evidence_in(client)


def test_by_password(client, pat, logged_in):
    shown = passes_only_by_the_code(client, pat, first_factor(client, pat), logged_in)

    assert shown == ["password", "otp"]


def test_by_magic_link(client, pat, logged_in):
    client.post("/sign-in/", {"email": pat.email})
    client.post("/sign-in/link/")
    code = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}", Email.objects.latest("id").message).group()
    answer = client.post("/sign-in/link/sent/", {"code": code})

    assert passes_only_by_the_code(client, pat, answer, logged_in) == ["magic_link", "otp"]


def test_by_google(client, pat, logged_in, settings):
    settings.SOCIALACCOUNT_PROVIDERS = {"google": {"APPS": [{"client_id": "c", "secret": "s"}]}}
    SocialAccount.objects.create(user=pat, provider="google", uid="sub of pat")
    client.get("/sign-in/")

    with a_request(client) as request:
        answer = complete_social_login(
            request,
            SocialLogin(
                user=User(email=pat.email),
                account=SocialAccount(provider="google", uid="sub of pat"),
                provider=get_adapter().get_provider(request, "google"),
            ),
        )

    assert passes_only_by_the_code(client, pat, answer, logged_in) == ["google", "otp"]


def test_by_password_reset_which_signs_nobody_in(client, pat, logged_in):
    client.post(reverse("account_reset_password"), {"email": pat.email})
    link = re.search(r"/sign-in/reset/key/\S+/", Email.objects.latest("id").message).group()
    form = client.get(link)
    client.post(
        form.url, {"password1": "another horse battery", "password2": "another horse battery"}
    )

    assert logged_in == []
    assert evidence_in(client) == []
    pat.refresh_from_db()
    assert pat.has_second_factor
    answer = first_factor(client, pat, "another horse battery")
    assert passes_only_by_the_code(client, pat, answer, logged_in) == ["password", "otp"]


def test_by_the_door_that_other_apps_use(client, pat, logged_in):
    client.get("/sign-in/")

    with a_request(client) as request:
        answer = flow.begin(request, pat, Proof.now("google"), next_url="/settings/profile/")

    assert passes_only_by_the_code(client, pat, answer, logged_in) == ["google", "otp"]


def test_by_an_invitation_which_needs_a_session(client, pat, acme, logged_in):
    from accounts.actor import Actor  # noqa: PLC0415
    from accounts.organizations.invitations import invite  # noqa: PLC0415

    invite(acme, pat.email, role="member", actor=Actor.person(acme.owner))
    mail = Email.objects.latest("id").message
    link = re.search(r"http://127.0.0.1:8000(/\S+)", mail).group(1)
    client.get(link)
    client.post(link)

    assert logged_in == []
    answer = first_factor(client, pat)
    assert passes_only_by_the_code(client, pat, answer, logged_in) == ["password", "otp"]


def test_by_a_step_up_in_an_open_session(client, pat, acme, sign_in, logged_in):
    MembershipFactory(organization=acme, user=pat)
    sign_in(client, pat, "password")  # opened before the method was set
    page = reverse("organizations:overview", args=[acme.public_id])

    assert client.get(page).url == CHALLENGE
    client.post(CHALLENGE, {"code": "000000"})
    assert client.get(page).url == CHALLENGE
    client.post(CHALLENGE, {"code": pat.phone.code()})
    assert client.get(page).status_code == 200


def test_single_sign_on_is_not_asked_for_a_factor_of_our_own(client, pat, acme, logged_in):
    MembershipFactory(organization=acme, user=pat)
    acme.policy.sso_enabled = True
    acme.policy.save()
    client.get("/sign-in/")

    with a_request(client) as request:
        proof = Proof.now("saml", connection="conn_1", organization=acme.public_id)
        flow.begin(request, pat, proof)

    assert logged_in == [pat]
    assert evidence_in(client) == ["saml:conn_1"]
    # And it opens that organization alone: one's own pages ask for more (ACC-7).
    assert client.get(reverse("twofactor:change")).url.startswith("/sign-in/?")


def test_by_the_operators_page(client, pat, logged_in):
    pat.is_staff = True
    pat.save()
    url = reverse("otpadmin:login") if _has("otpadmin") else reverse("admin:login")
    client.post(url, {"username": pat.email, "password": PASSWORD, "otp_token": ""})

    assert logged_in == []
    assert evidence_in(client) == []


def test_an_operator_who_passed_the_challenge_opens_the_operators_pages(client, pat, logged_in):
    pat.is_staff = pat.is_superuser = True
    pat.save()
    first_factor(client, pat)
    client.post(CHALLENGE, {"code": pat.phone.code()})

    assert client.get("/operators/").status_code == 200


def test_there_is_no_other_call_that_logs_somebody_in():
    """A new one must come through accounts.signin, or say here why not."""
    found = set()
    for app in (
        "accounts",
        "domains",
        "twofactor",
        "sso",
        "scim",
        "discoverability",
        "orgsecurity",
    ):
        for path in (HOUSE / app).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ImportFrom) and node.module in {
                    "django.contrib.auth",
                    "allauth.account.internal.flows.login",
                }:
                    found |= {
                        (str(path.relative_to(HOUSE)), name.name)
                        for name in node.names
                        if name.name in {"login", "perform_login", "resume_login"}
                    }

    assert found == {
        ("accounts/signin/stage.py", "perform_login"),
        ("accounts/signin/stage.py", "resume_login"),
    }


@contextmanager
def a_request(client):
    """A request in the client's own session, as a view would get it."""
    request: Any = RequestFactory().get("/")
    request.session = client.session
    request.user = AnonymousUser()
    request.client_address, request.id = "127.0.0.1", "test"
    request._messages = FallbackStorage(request)
    with request_context(request):
        yield request
    request.session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = request.session.session_key


def _has(namespace):
    from django.urls import NoReverseMatch  # noqa: PLC0415

    try:
        reverse(f"{namespace}:login")
    except NoReverseMatch:
        return False
    return True
