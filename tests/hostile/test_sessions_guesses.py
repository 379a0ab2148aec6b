"""Guessing passwords: exact bounds, the victim's counter, the victim's own browser."""

import pytest
from django.core.cache import cache
from django.test import Client

from tests.factories import PASSWORD, UserFactory

METHOD = "/sign-in/method/"
pytestmark = pytest.mark.django_db


def try_password(client, address, password):
    client.post("/sign-in/", {"email": address})
    return client.post(METHOD, {"password": password})


def is_in(client):
    return client.get("/me").status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.threat("S6")
def test_of_two_hundred_guesses_at_once_five_are_looked_at(run_threads, monkeypatch):
    user = UserFactory()
    looked_at = []

    def check(_user, raw):
        looked_at.append(raw)
        return False

    monkeypatch.setattr("accounts.models.User.check_password", check)
    clients = [Client(REMOTE_ADDR=f"192.0.2.{n}") for n in range(20)]
    for client in clients:
        client.post("/sign-in/", {"email": user.email})

    def guess(number):
        return [
            clients[number].post(METHOD, {"password": f"guess {number} {n}"}).status_code
            for n in range(10)
        ]

    run_threads(20, guess)

    assert len(looked_at) == 5


@pytest.mark.threat("S6")
def test_a_flood_of_other_keys_frees_no_counter(client):
    user = UserFactory()
    for n in range(6):
        try_password(client, user.email, f"wrong {n}")

    for n in range(500):
        cache.set(f"flood:{n}", n)
    answer = try_password(client, user.email, PASSWORD)

    assert "Too many tries" in answer.content.decode()
    assert not is_in(client)


@pytest.mark.threat("S7")
def test_signing_in_to_ones_own_account_in_between_frees_no_victim(client):
    victim, own = UserFactory(), UserFactory()
    for n in range(4):
        try_password(client, victim.email, f"wrong {n}")
    try_password(client, own.email, PASSWORD)
    client.post("/sign-out/")
    for n in range(2):
        try_password(client, victim.email, f"wrong again {n}")

    answer = try_password(client, victim.email, PASSWORD)

    assert "Too many tries" in answer.content.decode()


@pytest.mark.threat("S7")
def test_the_right_password_is_no_guess(client):
    user = UserFactory()

    for _ in range(8):
        try_password(client, user.email, PASSWORD)
        assert is_in(client)
        client.post("/sign-out/")


@pytest.mark.threat("S8")
def test_a_strangers_guesses_lock_out_neither_the_known_browser_nor_the_link(client):
    user = UserFactory()
    try_password(client, user.email, PASSWORD)
    client.post("/sign-out/")
    stranger = Client(REMOTE_ADDR="192.0.2.7")
    for n in range(8):
        try_password(stranger, user.email, f"wrong {n}")
    locked_out = try_password(Client(), user.email, PASSWORD)

    try_password(client, user.email, PASSWORD)
    fresh = Client()
    fresh.post("/sign-in/", {"email": user.email})
    link = fresh.post("/sign-in/link/")

    assert "Too many tries" in locked_out.content.decode()
    assert is_in(client)
    assert link.headers["Location"] == "/sign-in/link/sent/"


@pytest.mark.threat("S8")
def test_a_known_browser_has_a_bound_too_and_a_forged_cookie_none_of_its_own(client):
    user = UserFactory()
    try_password(client, user.email, PASSWORD)
    client.post("/sign-out/")
    for n in range(6):
        try_password(client, user.email, f"wrong {n}")
    known = try_password(client, user.email, PASSWORD)
    stranger = Client()
    for n in range(6):
        stranger.cookies["browser"] = f"forged:{n}:cookie"
        try_password(stranger, user.email, f"wrong {n}")
    forged = try_password(stranger, user.email, PASSWORD)

    assert "Too many tries" in known.content.decode()
    assert "Too many tries" in forged.content.decode()


@pytest.mark.threat("S6")
def test_one_network_address_guesses_at_many_accounts_in_bounds(client):
    for n in range(50):
        try_password(client, f"nobody{n}@corp.example", "wrong")

    answer = try_password(client, "nobody50@corp.example", "wrong")

    assert "Too many tries" in answer.content.decode()
    assert "Too many tries" not in (
        try_password(Client(REMOTE_ADDR="192.0.2.9"), "nobody@corp.example", "x").content.decode()
    )
