"""Signing up and in, through the pages, over allauth's stages and ours."""

import re
import threading

import pytest
from django.test import Client
from django.urls import reverse
from post_office.models import Email

from accounts.models import AuditEvent, User
from tests.factories import PASSWORD, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db

METHOD, LINK = "/sign-in/method/", "/sign-in/link/sent/"


def type_address(client: Client, address: str, **query: str) -> None:
    if query:
        client.get("/sign-in/", query)
    response = client.post("/sign-in/", {"email": address})
    assert response.headers["Location"] == METHOD


def code_of_the_newest_mail() -> str:
    mail = Email.objects.order_by("-id")[0]
    return re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}", mail.message).group()


def evidence_of(client: Client) -> list[str] | None:
    response = client.get("/me")
    return response.json()["evidence"] if response.status_code == 200 else None


@pytest.mark.requirement("ACC-1")
def test_somebody_signs_up_verifies_the_address_and_is_signed_in(client):
    client.post("/sign-up/", {"email": "Ann@Corp.example", "password1": PASSWORD})
    assert evidence_of(client) is None
    code = code_of_the_newest_mail()
    assert b"Verify" in client.get("/sign-up/verify/", {"code": code}).content
    assert evidence_of(client) is None

    client.post("/sign-up/verify/", {"code": code})

    assert client.get("/me").json() == {
        "email": "ann@corp.example",
        "evidence": ["password"],
        "organizations": [],
    }
    assert User.objects.get().has_verified_email


@pytest.mark.requirement("ACC-1", "TFA-2")
def test_somebody_signs_up_by_a_mailed_link_and_has_no_password(client):
    asked = client.post("/sign-up/", {"email": "ann@corp.example", "by": "link"}, follow=True)
    code = code_of_the_newest_mail()
    assert "We sent a link and a code to ann@corp.example" in asked.content.decode()
    assert evidence_of(client) is None

    client.post("/sign-up/verify/", {"code": code})

    assert evidence_of(client) == ["magic_link"]
    ann = User.objects.get()
    assert ann.has_verified_email
    assert not ann.has_usable_password()


@pytest.mark.requirement("ACC-1")
def test_what_stands_in_the_password_field_counts_for_nothing_beside_a_link(client):
    client.post("/sign-up/", {"email": "ann@corp.example", "password1": "short", "by": "link"})

    assert not User.objects.get().has_usable_password()


@pytest.mark.requirement("ACC-1")
def test_the_sign_up_page_offers_password_link_and_google(client, settings):
    settings.GOOGLE_ENABLED = True

    page = client.get("/sign-up/").content.decode()

    assert all(way in page for way in ("Password", "Email me a link", "Continue with Google"))


@pytest.mark.requirement("ACC-1")
def test_a_wrong_code_verifies_nothing(client):
    client.post("/sign-up/", {"email": "ann@corp.example", "password1": PASSWORD})

    client.post("/sign-up/verify/", {"code": "AAAA-AAAA"})

    assert evidence_of(client) is None
    assert not User.objects.get().has_verified_email


@pytest.mark.requirement("ACC-1")
def test_a_member_signs_in_by_password_and_lands_where_they_wanted(client):
    member = MembershipFactory()
    page = reverse("organizations:overview", args=[member.organization.public_id])
    type_address(client, member.user.email, next=page)

    response = client.post(METHOD, {"password": PASSWORD})

    assert response.headers["Location"] == page
    assert evidence_of(client) == ["password"]
    assert AuditEvent.objects.filter(event="user:session:signed_in").count() == 1


@pytest.mark.requirement("ACC-1")
def test_a_wrong_password_says_so_and_opens_nothing(client):
    user = UserFactory()
    type_address(client, user.email)

    response = client.post(METHOD, {"password": "not it"})

    assert "That email and password don" in response.content.decode()
    assert evidence_of(client) is None
    assert AuditEvent.objects.get().event == "user:session:sign_in_failed"


@pytest.mark.requirement("ACC-1")
@pytest.mark.threat("S1")
def test_an_address_never_verified_is_verified_before_the_password_opens_anything(client):
    user = UserFactory(verified=False)
    type_address(client, user.email)

    response = client.post(METHOD, {"password": PASSWORD})

    assert response.headers["Location"] == reverse("account_email_verification_sent")
    assert evidence_of(client) is None


@pytest.mark.requirement("ACC-1")
@pytest.mark.threat("S9")
def test_a_magic_link_opens_a_page_whose_button_signs_in(client):
    user = UserFactory(password=None)
    type_address(client, user.email)
    client.post("/sign-in/link/")
    code = code_of_the_newest_mail()

    page = client.get(LINK, {"code": code})
    before = evidence_of(client)
    client.post(LINK, {"code": code})

    assert b"Sign in" in page.content
    assert before is None
    assert evidence_of(client) == ["magic_link"]


@pytest.mark.threat("S9")
def test_a_magic_link_means_nothing_in_another_browser(client):
    user = UserFactory()
    type_address(client, user.email)
    client.post("/sign-in/link/")
    other = Client()

    response = other.post(LINK, {"code": code_of_the_newest_mail()})

    assert response.status_code == 302
    assert evidence_of(other) is None


@pytest.mark.threat("S9")
def test_a_magic_link_works_once(client):
    user = UserFactory()
    type_address(client, user.email)
    client.post("/sign-in/link/")
    code = code_of_the_newest_mail()
    client.post(LINK, {"code": code})
    client.post("/sign-out/")

    client.post(LINK, {"code": code})

    assert evidence_of(client) is None


@pytest.mark.threat("S11")
def test_an_account_a_stranger_made_changes_hands_with_the_magic_link(client):
    stranger, victim = Client(), client
    stranger.post("/sign-up/", {"email": "victim@corp.example", "password1": PASSWORD})
    type_address(victim, "victim@corp.example")
    victim.post("/sign-in/link/")

    victim.post(LINK, {"code": code_of_the_newest_mail()})

    assert evidence_of(victim) == ["magic_link"]
    account = User.objects.get()
    assert account.has_verified_email
    assert not account.has_usable_password()
    type_address(stranger, "victim@corp.example")
    stranger.post(METHOD, {"password": PASSWORD})
    assert evidence_of(stranger) is None


@pytest.mark.threat("S11")
def test_a_verified_account_keeps_its_password_when_a_magic_link_is_used(client):
    user = UserFactory()
    type_address(client, user.email)
    client.post("/sign-in/link/")

    client.post(LINK, {"code": code_of_the_newest_mail()})

    user.refresh_from_db()
    assert user.check_password(PASSWORD)


@pytest.mark.threat("S15")
def test_the_session_has_a_new_id_after_sign_in_and_after_a_step_up(client):
    user = UserFactory()
    type_address(client, user.email)
    planted = client.session.session_key
    client.post(METHOD, {"password": PASSWORD})
    opened = client.session.session_key
    client.get("/sign-in/", {"next": "/home/"})

    client.post(METHOD, {"password": PASSWORD})

    assert len({planted, opened, client.session.session_key}) == 3
    assert evidence_of(client) == ["password"]


@pytest.mark.requirement("ACC-7")
def test_proving_more_adds_to_what_the_session_holds(client, sign_in):
    user = UserFactory()
    sign_in(client, user, "saml", connection="conn_a", organization="org_a")
    client.get("/sign-in/", {"next": "/home/"})

    client.post(METHOD, {"password": PASSWORD})

    assert sorted(evidence_of(client) or []) == ["password", "saml:conn_a"]


@pytest.mark.threat("S17")
@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/%0d%0ax",
    ],
)
def test_a_next_that_leaves_the_product_is_forgotten(client, target):
    user = UserFactory()
    type_address(client, user.email, next=target)

    response = client.post(METHOD, {"password": PASSWORD})

    assert response.headers["Location"] in {"/home/", "/%0d%0ax"}


@pytest.mark.threat("S16")
def test_after_signing_out_the_session_opens_nothing(client):
    member = MembershipFactory()
    type_address(client, member.user.email)
    client.post(METHOD, {"password": PASSWORD})
    page = reverse("organizations:overview", args=[member.organization.public_id])
    opened = client.get(page)

    client.post("/sign-out/")

    assert opened.status_code == 200
    assert "no-store" in opened.headers["Cache-Control"]
    assert client.get(page).status_code == 302


@pytest.mark.threat("S3")
def test_known_and_unknown_addresses_meet_the_same_page(client):
    known, other = UserFactory(email="known@corp.example"), Client()
    type_address(client, known.email)
    type_address(other, "nobod@corp.example")

    mine, theirs = (
        re.sub(r"known@|nobod@|(csrfmiddlewaretoken\" value=|nonce=)\"[^\"]+\"", "", page)
        for page in (c.get(METHOD).content.decode() for c in (client, other))
    )

    assert mine == theirs


@pytest.mark.requirement("TFA-4")
@pytest.mark.threat("F5")
@pytest.mark.django_db(transaction=True)
def test_of_two_first_sign_ins_at_once_one_is_the_first(run_threads):
    user = UserFactory()
    clients = [Client(), Client()]
    for client in clients:
        type_address(client, user.email)
    together = threading.Barrier(2)

    def enter(number: int) -> None:
        together.wait()
        clients[number].post(METHOD, {"password": PASSWORD})

    run_threads(2, enter)

    exempt = ["first_session_until" in c.session["evidence"] for c in clients]
    assert sorted(exempt) == [False, True]
