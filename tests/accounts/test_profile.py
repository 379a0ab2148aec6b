"""Your profile: name, address, password, sessions."""

import datetime
import re

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from post_office.models import Email

from accounts.models import AuditEvent, User
from accounts.organizations.context import entries_of
from tests.factories import PASSWORD, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db
NEW_PASSWORD = "seven green bicycles sing"
CODE = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}")


def code_sent_to(address):
    return CODE.search(
        Email.objects.filter(to__icontains=address).order_by("-id")[0].message
    ).group()


def subjects_to(address):
    return [mail.subject for mail in Email.objects.filter(to__icontains=address).order_by("id")]


def sign_in_by_password(client, user, password=PASSWORD):
    client.post("/sign-in/", {"email": user.email})
    client.post("/sign-in/method/", {"password": password})
    return client


@pytest.fixture
def user():
    return UserFactory(email="ann@corp.example")


@pytest.mark.requirement("SET-4")
def test_the_profile_has_a_card_for_each_topic(client, user, sign_in):
    sign_in(client, user)

    text = client.get("/settings/profile/").content.decode()

    for word in ("Name", "Email address", "Password", "Open sessions"):
        assert word in text


@pytest.mark.requirement("SET-4")
def test_the_memberships_are_looked_up_once_for_all_cards_and_the_menu(client, user, sign_in):
    member = MembershipFactory(user=user)
    sign_in(client, user)

    with CaptureQueriesContext(connection) as asked:
        text = client.get("/settings/profile/").content.decode()

    statements = [query["sql"] for query in asked]
    assert text.count(member.organization.public_id) == 3  # in the menu, its title, "Leave"
    assert sum("ours_entries" in sql and "EXECUTE" in sql for sql in statements) == 1


def test_who_signs_in_during_a_request_is_shown_their_own_memberships(user, rf):
    one, other = MembershipFactory(user=user), MembershipFactory()
    request = rf.get("/")
    request.user = one.user
    before = entries_of(request)

    request.user = other.user

    assert [entry.membership for entry in before] == [one]
    assert [entry.membership for entry in entries_of(request)] == [other]


@pytest.mark.requirement("SET-4")
def test_addresses_that_wait_and_google_are_the_persons_own(client, user, sign_in):
    stranger = UserFactory()
    for person, address, verified in (
        (user, "given@other.example", False),
        (user, "confirmed@other.example", True),
        (stranger, "strangers@other.example", False),
    ):
        EmailAddress.objects.create(user=person, email=address, verified=verified)
    EmailAddress.objects.filter(user=user, primary=True).update(
        email="ANN@corp.example", verified=False
    )
    for person, provider, address in (
        (user, "other", "ann@elsewhere.example"),
        (user, "google", "ann@gmail.example"),
        (stranger, "google", "stranger@gmail.example"),
    ):
        SocialAccount.objects.create(
            user=person, provider=provider, uid=address, extra_data={"email": address}
        )
    sign_in(client, user)

    text = client.get("/settings/profile/").content.decode()

    shown = re.findall(r"[a-zA-Z]+@(?:other|gmail|elsewhere)\.example", text)
    assert set(shown) == {"given@other.example", "ann@gmail.example"}
    assert text.count("Given by your organization") == 1


@pytest.mark.requirement("SET-4")
def test_the_name_is_changed(client, user, sign_in):
    sign_in(client, user)

    client.post("/settings/profile/name/", {"first_name": "Änne", "last_name": "O'Neil"})
    client.post("/settings/profile/name/", {"first_name": "see https://evil.example/x"})

    user.refresh_from_db()
    assert user.display_name == "Änne O'Neil"
    assert AuditEvent.objects.filter(event="user:name:changed").count() == 1


@pytest.mark.requirement("SET-4")
@pytest.mark.parametrize(("typed", "kept"), [("Europe/Oslo", "Europe/Oslo"), ("Mars/Base", "")])
def test_the_time_zone_is_one_of_those_there_are(client, user, sign_in, typed, kept):
    sign_in(client, user)

    client.post("/settings/profile/time-zone/", {"time_zone": typed})

    user.refresh_from_db()
    assert user.time_zone == kept


# --- The address


@pytest.mark.requirement("SET-4", "ACC-1")
def test_the_address_changes_when_the_new_one_is_proven_and_both_are_told(client, user, sign_in):
    sign_in(client, user)
    client.post("/settings/profile/email/", {"email": "New@Corp.example"})
    before = User.objects.get().email
    code = code_sent_to("new@corp.example")
    page = client.get("/settings/profile/email/confirm/", {"code": code})
    after_the_scanner = User.objects.get().email

    client.post("/settings/profile/email/confirm/", {"code": code})

    user.refresh_from_db()
    assert b"Use this address" in page.content
    assert (before, after_the_scanner, user.email) == (
        "ann@corp.example",
        "ann@corp.example",
        "new@corp.example",
    )
    assert user.has_verified_email
    assert [subject.split(" at ")[0] for subject in subjects_to("ann@corp.example")] == [
        "Somebody asked to change your address",
        "Your address",
    ]
    assert len(subjects_to("new@corp.example")) == 2


@pytest.mark.threat("S14")
def test_a_wrong_code_changes_no_address_and_three_end_it(client, user, sign_in):
    sign_in(client, user)
    client.post("/settings/profile/email/", {"email": "new@corp.example"})
    code = code_sent_to("new@corp.example")

    for _ in range(3):
        client.post("/settings/profile/email/confirm/", {"code": "AAAA-AAAA"})
    client.post("/settings/profile/email/confirm/", {"code": code})

    assert User.objects.get().email == "ann@corp.example"


@pytest.mark.threat("S14")
def test_an_older_link_or_another_browser_changes_no_address(client, user, sign_in):
    sign_in(client, user)
    client.post("/settings/profile/email/", {"email": "first@corp.example"})
    older = code_sent_to("first@corp.example")
    client.post("/settings/profile/email/", {"email": "second@corp.example"})
    newer = code_sent_to("second@corp.example")
    other = sign_in(Client(), user)

    client.post("/settings/profile/email/confirm/", {"code": older})
    other.post("/settings/profile/email/confirm/", {"code": newer})

    assert User.objects.get().email == "ann@corp.example"


@pytest.mark.threat("T4", "S3")
def test_an_address_somebody_has_looks_as_any_other_and_is_never_given(client, user, sign_in):
    UserFactory(email="taken@corp.example")
    sign_in(client, user)

    taken = client.post("/settings/profile/email/", {"email": "taken@corp.example"}, follow=True)
    free = client.post("/settings/profile/email/", {"email": "afree@corp.example"}, follow=True)

    strip = re.compile(rb'(taken|afree)|csrfmiddlewaretoken" value="[^"]+"|nonce="[^"]+"')
    assert strip.sub(b"", taken.content) == strip.sub(b"", free.content)
    assert subjects_to("taken@corp.example")[0].startswith("You already have an account")
    assert User.objects.filter(email="taken@corp.example").count() == 1


@pytest.mark.requirement("ACC-7", "SCIM-5")
@pytest.mark.threat("O7")
@pytest.mark.parametrize("page", ["email/", "password/", "google/"])
def test_single_sign_on_alone_opens_nothing_that_changes_the_account(client, user, sign_in, page):
    sign_in(client, user, "saml", connection="conn_x", organization="org_x")

    response = client.get(f"/settings/profile/{page}")

    assert response.headers["Location"].startswith("/sign-in/?next=")


@pytest.mark.requirement("SCIM-5")
@pytest.mark.threat("O7", "S10")
def test_a_pending_address_given_by_an_organization_resets_no_password(client, user):
    EmailAddress.objects.create(user=user, email="attacker@evil.example", verified=False)

    client.post("/sign-in/reset/", {"email": "attacker@evil.example"})

    assert not Email.objects.exists()


# --- The password


@pytest.mark.requirement("SET-4")
@pytest.mark.threat("S16")
def test_changing_the_password_ends_the_other_sessions(client, user):
    sign_in_by_password(client, user)
    other = sign_in_by_password(Client(), user)
    assert other.get("/me").status_code == 200

    client.post("/settings/profile/password/", {"password": PASSWORD, "new_password": NEW_PASSWORD})

    assert client.get("/me").status_code == 200
    assert other.get("/me").status_code == 401
    user.refresh_from_db()
    assert user.check_password(NEW_PASSWORD)
    assert "was changed" in subjects_to(user.email)[-1]


@pytest.mark.requirement("SET-4")
@pytest.mark.parametrize(
    ("present", "new", "reason"),
    [
        ("wrong", NEW_PASSWORD, "your password. Nothing was changed."),
        (PASSWORD, "short", "too short"),
        (PASSWORD, "ann@corp.example", "too similar"),
        (PASSWORD, "password1234", "too common"),
        (PASSWORD, "Qwertyuiop1!", "easy to guess"),
        (PASSWORD, PASSWORD, "present password"),
        (PASSWORD, "x" * 129, "at most 128"),
        (PASSWORD, "nul\x00inside it", "Null characters"),
    ],
)
def test_a_password_that_will_not_do_is_refused_with_its_reason(client, user, present, new, reason):
    sign_in_by_password(client, user)

    response = client.post(
        "/settings/profile/password/", {"password": present, "new_password": new}
    )

    assert reason in response.content.decode()
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


@pytest.mark.requirement("SET-2", "TFA-2")
def test_setting_a_password_asks_for_a_magic_link_and_returns_with_the_input(client, sign_in, acme):
    owner = MembershipFactory(organization=acme, role="owner", user__password=None).user
    heir = MembershipFactory(organization=acme)
    sign_in(client, owner, "google", at=timezone.now() - datetime.timedelta(hours=1))
    confirmation = reverse("organizations:transfer", args=[acme.public_id, heir.public_id])
    text = client.get(confirmation).content.decode()
    way = re.search(r'formaction="([^"]+)"', text).group(1)

    to_password = client.post(way, {"note": "typed"})
    to_sign_in = client.get(to_password.headers["Location"])
    client.get(to_sign_in.headers["Location"])
    client.post("/sign-in/link/")
    back = client.post("/sign-in/link/sent/", {"code": code_sent_to(owner.email)})
    done = client.post(back.headers["Location"], {"new_password": NEW_PASSWORD})

    assert to_sign_in.headers["Location"].startswith("/sign-in/?next=")
    assert back.headers["Location"] == "/settings/profile/password/"
    assert done.headers["Location"] == confirmation
    assert b'name="password"' in client.get(confirmation).content
    assert b"formaction" not in client.get(confirmation).content


@pytest.mark.requirement("TFA-2")
def test_without_a_password_nothing_is_changed_by_a_confirmation(client, sign_in, acme):
    owner = MembershipFactory(organization=acme, role="owner", user__password=None).user
    heir = MembershipFactory(organization=acme)
    sign_in(client, owner, "magic_link")

    response = client.post(
        reverse("organizations:transfer", args=[acme.public_id, heir.public_id]), {"password": ""}
    )

    assert "Set a password first" in response.content.decode()
    heir.refresh_from_db()
    assert heir.role == "member"


# --- Sessions


@pytest.mark.requirement("ACC-4", "SET-4")
def test_sessions_are_listed_in_words_and_one_is_ended(client, user):
    sign_in_by_password(client, user)
    firefox = "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"
    other = sign_in_by_password(Client(headers={"user-agent": firefox}), user)

    text = client.get("/settings/profile/").content.decode()
    number = re.search(r'name="session" value="(\d+)"', text).group(1)
    client.post("/settings/profile/sessions/end/", {"session": number})

    assert "Firefox on Ubuntu" in text
    assert "with a password" in text
    assert other.get("/me").status_code == 401
    assert client.get("/me").status_code == 200
    assert AuditEvent.objects.filter(event="user:session:ended").count() == 1


@pytest.mark.requirement("ACC-4", "SET-4")
def test_the_session_that_reads_the_list_stands_in_it_once_though_nobody_noted_it(
    client, user, sign_in
):
    sign_in(client, user)

    pages = [client.get("/settings/profile/").content.decode() for _ in range(2)]

    assert [page.count("This one") for page in pages] == [1, 1]
    assert UserSession.objects.get().user == user


@pytest.mark.requirement("ACC-4")
@pytest.mark.threat("S16")
def test_a_session_that_opens_nothing_any_more_is_not_listed(client, user, sign_in):
    kept, ended, before_the_password = (sign_in_by_password(Client(), user) for _ in range(3))
    ended.session.delete()
    session = before_the_password.session
    session["_auth_user_hash"] = "of another password"
    session.save()
    sign_in_by_password(client, user)

    text = client.get("/settings/profile/").content.decode()

    assert UserSession.objects.filter(user=user).count() == 4
    assert kept.get("/me").status_code == 200
    assert text.count('name="session"') == 1


@pytest.mark.requirement("ACC-4")
def test_all_other_sessions_are_ended_also_after_a_step_up_gave_them_another_key(client, user):
    others = [sign_in_by_password(Client(), user) for _ in range(2)]
    others[0].get("/sign-in/", {"next": "/home/"})
    others[0].post("/sign-in/method/", {"password": PASSWORD})
    sign_in_by_password(client, user)

    client.post("/settings/profile/sessions/end/", {"others": "1"})

    assert [other.get("/me").status_code for other in others] == [401, 401]
    assert client.get("/me").status_code == 200


@pytest.mark.threat("T1")
def test_nobody_ends_a_strangers_session(client, user, sign_in):
    stranger = sign_in_by_password(Client(), UserFactory())
    sign_in(client, user)

    for number in range(1, 50):
        client.post("/settings/profile/sessions/end/", {"session": str(number)})
    client.post("/settings/profile/sessions/end/", {"session": "٣"})

    assert stranger.get("/me").status_code == 200
