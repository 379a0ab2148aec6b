"""What strangers try at sign-in, sign-up, reset, and with sessions; each beside what works."""

import datetime
import re

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth import hashers
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from post_office.models import Email

from accounts.models import User
from tests.factories import PASSWORD, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db
ADDRESS, METHOD, LINK = "/sign-in/", "/sign-in/method/", "/sign-in/link/"
RESET = "/sign-in/reset/"
NEW_PASSWORD = "seven green bicycles sing"
NOISE = re.compile(rb'csrfmiddlewaretoken" value="[^"]+"|nonce="[^"]+"|(known|alien)@corp\.example')


def is_in(client):
    return client.get("/me").status_code == 200


def sign_in_by_password(client, user, password=PASSWORD):
    client.post(ADDRESS, {"email": user.email})
    return client.post(METHOD, {"password": password})


def reset_link():
    text = Email.objects.order_by("-id")[0].message
    return re.search(r"/sign-in/reset/key/\S+", text).group()


def set_password_by(client, link, password=NEW_PASSWORD):
    form = client.get(link, follow=True).redirect_chain[-1][0]
    return client.post(form, {"password1": password})


# --- S3: known or unknown


@pytest.fixture
def hashed(monkeypatch):
    """How often a password was hashed."""
    counted = []
    hasher = hashers.get_hasher().__class__
    real = hasher.encode

    def encode(self, *args):
        counted.append(1)
        return real(self, *args)

    monkeypatch.setattr(hasher, "encode", encode)
    return counted


STEPS: dict[str, list[tuple[str, dict[str, str] | None]]] = {
    "address": [(ADDRESS, {"email": "{}"}), (METHOD, None)],
    "password": [(ADDRESS, {"email": "{}"}), (METHOD, {"password": "wrong password"})],
    "link": [(ADDRESS, {"email": "{}"}), (LINK, {}), ("/sign-in/link/sent/", None)],
    "reset": [(RESET, {"email": "{}"}), ("/sign-in/reset/sent/", None)],
}


@pytest.mark.threat("S3")
@pytest.mark.parametrize("path", sorted(STEPS))
def test_known_and_unknown_addresses_get_the_same_bytes_queries_and_hashes(path, hashed):
    UserFactory(email="known@corp.example")
    seen: dict[str, tuple[list[tuple[int, bytes]], list[int], int]] = {}

    for address in ("known@corp.example", "alien@corp.example"):
        client = Client()
        answers: list[tuple[int, bytes]] = []
        queries: list[int] = []
        before = len(hashed)
        for url, data in STEPS[path]:
            with CaptureQueriesContext(connection) as captured:
                if data is None:
                    answer = client.get(url)
                else:
                    answer = client.post(url, {k: v.format(address) for k, v in data.items()})
            answers.append((answer.status_code, NOISE.sub(b"", answer.content)))
            queries.append(
                len([q for q in captured.captured_queries if "SAVEPOINT" not in q["sql"]])
            )
        seen[address] = (answers, queries, len(hashed) - before)

    known, unknown = seen["known@corp.example"], seen["alien@corp.example"]
    assert known[0] == unknown[0]
    assert known[1] == unknown[1]
    assert known[2] == unknown[2]


@pytest.mark.threat("S3")
@pytest.mark.parametrize("more", [{"password1": NEW_PASSWORD}, {"by": "link"}])
def test_sign_up_answers_the_same_and_hashes_as_often_for_an_address_that_has_an_account(
    hashed, more
):
    UserFactory(email="known@corp.example")
    seen = []

    for address in ("known@corp.example", "alien@corp.example"):
        client, before = Client(), len(hashed)
        client.post("/sign-up/", {"email": address, **more})
        page = client.get("/sign-up/verify/")
        seen.append((page.status_code, NOISE.sub(b"", page.content), len(hashed) - before))

    assert seen[0] == seen[1]
    assert Email.objects.filter(to="known@corp.example").get().subject.startswith("You already")


# --- S4, S10: mailed links


@pytest.mark.threat("S4")
def test_a_forged_host_is_in_no_mailed_link(client):
    UserFactory(email="known@corp.example")

    refused = client.post(RESET, {"email": "known@corp.example"}, HTTP_HOST="evil.example")
    client.post(RESET, {"email": "known@corp.example"}, HTTP_X_FORWARDED_HOST="evil.example")

    assert refused.status_code == 400
    mail = Email.objects.get()
    assert "evil.example" not in mail.message + mail.html_message
    assert f"{settings.BASE_URL}/sign-in/reset/key/" in mail.message


@pytest.mark.threat("S10", "S21")
@pytest.mark.parametrize(
    "typed",
    [
        {"email": ["attacker@evil.example", "known@corp.example"]},
        {"email": ["known@corp.example"], "email[]": ["attacker@evil.example"]},
        {"email": ["KNOWN@CORP.EXAMPLE "]},
    ],
)
def test_a_reset_mails_the_stored_address_and_no_other(client, typed):
    UserFactory(email="known@corp.example")

    client.post(RESET, typed)

    assert [mail.to for mail in Email.objects.all()] == [["known@corp.example"]]


@pytest.mark.threat("S10", "S21")
@pytest.mark.parametrize(
    "typed",
    [
        "\u212anown@corp.example",  # Kelvin sign
        "known@corp.e\u017fample",  # long s
        "\uff4bnown@corp.example",  # full width
        '"known"@corp.example',
        "known@corp.example\x00",
        "known@corp.example, attacker@evil.example",
    ],
)
def test_a_look_alike_of_an_address_resets_nothing(client, typed):
    UserFactory(email="known@corp.example")

    client.post(RESET, {"email": typed})

    assert not Email.objects.exists()


# --- S1, S11: reset


@pytest.mark.requirement("ACC-1")
@pytest.mark.threat("S1", "S16")
def test_a_reset_sets_the_password_signs_nobody_in_and_ends_all_sessions(client):
    user = UserFactory()
    elsewhere = Client()
    sign_in_by_password(elsewhere, user)
    client.post(RESET, {"email": user.email})

    link = reset_link()
    scanner = Client().get(link)
    set_password_by(client, link)

    user.refresh_from_db()
    assert scanner.status_code == 302
    assert user.check_password(NEW_PASSWORD)
    assert not is_in(client)
    assert not is_in(elsewhere)
    sign_in_by_password(client, user, NEW_PASSWORD)
    assert is_in(client)


@pytest.mark.threat("S9", "S10")
@pytest.mark.parametrize("end", ["used", "password changed", "an hour later", "guessed"])
def test_a_reset_link_that_is_over_changes_nothing(client, end):
    user = UserFactory()
    client.post(RESET, {"email": user.email})
    link = reset_link()
    later = timezone.now()
    if end == "used":
        set_password_by(Client(), link, "another phrase entirely")
    elif end == "password changed":
        user.set_password("another phrase entirely")
        user.save()
    elif end == "guessed":
        link = link[:-6] + "abcde/"
    else:
        later += datetime.timedelta(hours=1, seconds=1)
    before = User.objects.get().password

    with time_machine.travel(later, tick=False):
        answer = client.get(link, follow=True)

    assert b"This link is over" in answer.content
    assert User.objects.get().password == before


@pytest.mark.threat("S11")
def test_a_reset_takes_an_account_never_verified_from_the_stranger_who_made_it(client):
    stranger = Client()
    stranger.post("/sign-up/", {"email": "victim@corp.example", "password1": PASSWORD})
    client.post(RESET, {"email": "victim@corp.example"})

    set_password_by(client, reset_link())

    sign_in_by_password(stranger, User.objects.get())
    assert not is_in(stranger)
    sign_in_by_password(client, User.objects.get(), NEW_PASSWORD)
    assert is_in(client)
    assert User.objects.get().has_verified_email


@pytest.mark.threat("S1")
def test_a_reset_does_not_open_what_a_second_factor_guards(client):
    user = UserFactory(two_factor_set_at=timezone.now())
    client.post(RESET, {"email": user.email})
    set_password_by(client, reset_link())

    sign_in_by_password(client, user, NEW_PASSWORD)

    assert not is_in(client)


# --- S2: steps


@pytest.mark.threat("S2")
@pytest.mark.parametrize(
    "url", ["/sign-in/next/", "/sign-in/link/sent/", "/sign-up/verify/", METHOD, "/sign-in/link/"]
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_later_step_opened_first_leads_back_to_the_first(client, url, method):
    answer = getattr(client, method)(url)

    assert answer.status_code in {302, 405}
    assert not is_in(client)


# --- S16: the end of a session


@pytest.mark.requirement("ACC-4")
@pytest.mark.threat("S16")
@pytest.mark.parametrize(
    ("away", "still_in"),
    [
        (datetime.timedelta(hours=23), True),
        (datetime.timedelta(hours=24, seconds=1), False),
    ],
)
def test_a_session_ends_after_24_idle_hours(client, away, still_in):
    user = UserFactory()
    start = timezone.now()
    with time_machine.travel(start, tick=False):
        sign_in_by_password(client, user)
        is_in(client)

    with time_machine.travel(start + away, tick=False):
        assert is_in(client) is still_in


@pytest.mark.requirement("ACC-4")
@pytest.mark.threat("S16")
def test_a_session_in_daily_use_ends_after_14_days(client):
    user = UserFactory()
    start = timezone.now()
    with time_machine.travel(start, tick=False):
        sign_in_by_password(client, user)
    seen = []

    for hours in range(0, 15 * 24, 20):
        with time_machine.travel(start + datetime.timedelta(hours=hours), tick=False):
            seen.append(is_in(client))

    assert seen == [hours < 14 * 24 for hours in range(0, 15 * 24, 20)]


@pytest.mark.threat("S16")
def test_a_cookie_kept_from_before_signing_out_opens_nothing_and_pages_are_not_stored(client):
    member = MembershipFactory()
    sign_in_by_password(client, member.user)
    page = reverse("organizations:overview", args=[member.organization.public_id])
    shown = client.get(page)
    kept = client.cookies[settings.SESSION_COOKIE_NAME].value

    client.post("/sign-out/")
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = kept

    assert "no-store" in shown.headers["Cache-Control"]
    assert not is_in(thief)


# --- S18, S20: requests


@pytest.mark.threat("S18")
def test_a_foreign_page_can_neither_post_nor_frame():
    strict = Client(enforce_csrf_checks=True)

    answer = strict.post(
        ADDRESS, {"email": "a@corp.example"}, headers={"origin": "https://evil.example"}
    )
    page = strict.get(ADDRESS)

    assert answer.status_code == 403
    assert page.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


@pytest.mark.threat("S20")
@pytest.mark.parametrize(
    "data",
    [
        {"password": "x" * 1_100_000},
        {"password": "nul\x00inside"},
        {f"field{n}": "x" for n in range(2000)},
    ],
)
def test_what_no_form_sends_is_refused_without_an_error(data):
    client = Client(raise_request_exception=False)
    client.post(ADDRESS, {"email": "a@corp.example"})

    assert client.post(METHOD, data).status_code in {200, 400, 413}


@pytest.mark.threat("S20")
@pytest.mark.parametrize(
    "path", ["/%ff%fe/", "/invitation/%00/", "/p/%c3%28/", "/sign-in/?next=%ff"]
)
def test_a_path_of_rubbish_is_no_error_of_ours(path):
    assert Client(raise_request_exception=False).get(path).status_code < 500


@pytest.mark.threat("S20")
def test_a_password_is_kept_exactly_as_typed(client):
    user = UserFactory(password="  ünï correct horse  ")

    sign_in_by_password(client, user, "ünï correct horse")
    trimmed = is_in(client)
    sign_in_by_password(client, user, "  ünï correct horse  ")

    assert not trimmed
    assert is_in(client)


@pytest.mark.threat("S21")
def test_one_mailbox_is_one_account_whatever_the_case(client):
    for spelling in ("new@corp.example", "NEW@corp.example", " New@Corp.Example "):
        Client().post("/sign-up/", {"email": spelling, "password1": NEW_PASSWORD})

    assert User.objects.count() == 1
