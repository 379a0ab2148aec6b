"""Sign-ins by password and TOTP with django-allauth and its mfa: python -m … ROUNDS ROUNDS."""

import base64
import json
import os
import statistics
import sys
import time

import django
import psycopg2
from psycopg2.extensions import make_dsn

PASSWORD = "correct horse battery"
CHEAP = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def make_database() -> None:
    """A database beside the bench's own, on the same server."""
    connection = psycopg2.connect(make_dsn(os.environ["DATABASE_URL"]))
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("DROP DATABASE IF EXISTS bench_peer")
    cursor.execute("CREATE DATABASE bench_peer")
    connection.close()


def main(rounds: int, rounds_with_hash: int) -> None:
    make_database()
    django.setup()

    from allauth.account.models import EmailAddress  # noqa: PLC0415  # after setup
    from allauth.mfa.adapter import get_adapter  # noqa: PLC0415
    from allauth.mfa.models import Authenticator  # noqa: PLC0415
    from django.contrib.auth.models import User  # noqa: PLC0415
    from django.core.cache import cache  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415
    from django.test import Client, override_settings  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415
    from django_otp.oath import totp  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    user = User.objects.create_user("pat", "pat@corp.example", PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    secret = base64.b32encode(b"12345678901234567890").decode()
    Authenticator.objects.create(
        user=user,
        type=Authenticator.Type.TOTP,
        data={"secret": get_adapter().encrypt(secret)},
    )

    client = Client()

    def sign_in() -> int:
        client.cookies.clear()
        client.get("/accounts/login/")
        client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
        client.get("/accounts/2fa/authenticate/")
        code = f"{totp(base64.b32decode(secret)):06d}"
        done = client.post("/accounts/2fa/authenticate/", {"code": code})
        assert done.headers.get("Location") == "/done/", done.content.decode()[-1500:]
        return 4

    def measured(count: int) -> float:
        taken = []
        for number in range(-2, count):
            cache.clear()  # its used codes and limits
            begun = time.process_time()
            sign_in()
            if number >= 0:
                taken.append((time.process_time() - begun) * 1000)
        return statistics.median(taken)

    cache.clear()
    with CaptureQueriesContext(connection) as captured:
        requests = sign_in()
    asked = [query["sql"] for query in captured.captured_queries]
    queries = sum(not sql.startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")) for sql in asked)
    own = measured(rounds_with_hash)
    with override_settings(PASSWORD_HASHERS=CHEAP, ACCOUNT_RATE_LIMITS=False):
        user.set_password(PASSWORD)
        user.save()
        cheap = measured(rounds)
    print(json.dumps({"requests": requests, "queries": queries, "own": own, "cheap": cheap}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
