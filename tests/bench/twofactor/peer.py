"""Sign-ins by password and TOTP at a peer: python -m … NAME ROUNDS ROUNDS_WITH_HASH.

Limiters are left out where CPU is measured: allauth's are off, django-otp's throttle is written
with the used code.
"""

import base64
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import django
import psycopg2
from psycopg2.extensions import make_dsn

PASSWORD = "correct horse battery"
SEED = b"12345678901234567890"
CHEAP = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def make_database() -> None:
    """A database beside the bench's own, on the same server."""
    connection = psycopg2.connect(make_dsn(os.environ["DATABASE_URL"]))
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("DROP DATABASE IF EXISTS bench_peer")
    cursor.execute("CREATE DATABASE bench_peer")
    connection.close()


def code() -> str:
    from django_otp.oath import totp  # noqa: PLC0415  # after setup

    return f"{totp(SEED):06d}"


Peer = tuple[Callable[[], None], Callable[[Any], int]]


def allauth(user: Any) -> Peer:
    """django-allauth: address and password on one page, the code on another."""
    from allauth.account.models import EmailAddress  # noqa: PLC0415  # after setup
    from allauth.mfa.adapter import get_adapter  # noqa: PLC0415
    from allauth.mfa.models import Authenticator  # noqa: PLC0415
    from django.core.cache import cache  # noqa: PLC0415

    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    secret = get_adapter().encrypt(base64.b32encode(SEED).decode())
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": secret})

    def sign_in(client: Any) -> int:
        client.get("/accounts/login/")
        client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
        client.get("/accounts/2fa/authenticate/")
        done = client.post("/accounts/2fa/authenticate/", {"code": code()})
        assert done.headers.get("Location") == "/done/", done.content.decode()[-1500:]
        return 4

    return cache.clear, sign_in  # its used codes and limits are kept there


def two_factor_auth(user: Any) -> Peer:
    """django-two-factor-auth: a wizard of two steps on one page."""
    from django_otp.plugins.otp_totp.models import TOTPDevice  # noqa: PLC0415  # after setup

    device = TOTPDevice.objects.create(user=user, name="default", key=SEED.hex())

    def again() -> None:
        TOTPDevice.objects.filter(pk=device.pk).update(last_t=-1)

    def sign_in(client: Any) -> int:
        page = "/account/login/"
        client.get(page)
        typed = {"auth-username": user.username, "auth-password": PASSWORD}
        client.post(page, {**typed, "login_view-current_step": "auth"})
        done = client.post(page, {"token-otp_token": code(), "login_view-current_step": "token"})
        assert done.headers.get("Location") == "/done/", done.content.decode()[-1500:]
        return 3

    return again, sign_in


PEERS = {"allauth": allauth, "two_factor_auth": two_factor_auth}


def main(name: str, rounds: int, rounds_with_hash: int) -> None:
    make_database()
    django.setup()

    from django.contrib.auth.models import User  # noqa: PLC0415  # after setup
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415
    from django.test import Client, override_settings  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    user = User.objects.create_user("pat", "pat@corp.example", PASSWORD)
    again, sign_in = PEERS[name](user)
    client = Client()

    def measured(count: int) -> float:
        taken = []
        for number in range(-2, count):
            client.cookies.clear()
            again()
            begun = time.process_time()
            sign_in(client)
            if number >= 0:
                taken.append((time.process_time() - begun) * 1000)
        return statistics.median(taken)

    again()
    sign_in(client)
    client.cookies.clear()
    again()
    with CaptureQueriesContext(connection) as captured:
        requests = sign_in(client)
    asked = [query["sql"] for query in captured.captured_queries]
    queries = sum(not sql.startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")) for sql in asked)
    own = measured(rounds_with_hash)
    with override_settings(PASSWORD_HASHERS=CHEAP, ACCOUNT_RATE_LIMITS=False):
        user.set_password(PASSWORD)
        user.save()
        cheap = measured(rounds)
    print(json.dumps({"requests": requests, "queries": queries, "own": own, "cheap": cheap}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
