"""A sign-in by password and authenticator app, as a browser does it, in process

Beside django-allauth with its mfa app and django-two-factor-auth, plain projects of their own in
other processes. Limiters are left out on both sides, in the count of queries and in the row of
the cheap hash. CPU is the process's own; "cheap hash" is MD5, so that the work around the password
is seen; "own hash" is what each project would use in production.
"""

import json
import os
import statistics
import subprocess
import sys
import time

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import User
from tests.bench.report import Report
from tests.bench.scim.servers import PEERS, install_peers
from tests.factories import PASSWORD, MembershipFactory, OrganizationFactory
from tests.support.database import PROJECT
from twofactor import totp
from twofactor.models import AuthenticatorDevice
from twofactor.services import enrolment

ROUNDS, ROUNDS_WITH_HASH = 40, 8
CHEAP = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Rows that count guesses: allauth keeps its own in a cache outside the database.
FRAMES = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
LIMITERS = ("accounts_counter", '"cache"', "guesses")


def run(report: Report) -> None:
    install_peers()
    allauth, other = peers_numbers("allauth"), peers_numbers("two_factor_auth")
    user = somebody()
    seed = AuthenticatorDevice.objects.get(user=user).seed

    requests, queries = counted(user, seed)
    with override_settings(PASSWORD_HASHERS=CHEAP, RATE_LIMITS=False):
        user.set_password(PASSWORD)
        user.save()
        cheap = cpu_milliseconds(user, seed, ROUNDS)
    user.set_password(PASSWORD)
    user.save()
    own = cpu_milliseconds(user, seed, ROUNDS_WITH_HASH)

    for name, peer in (("allauth + mfa", allauth), ("two-factor-auth", other)):
        report.add(f"requests: {name}", peer["requests"], "")
        report.add(f"queries: {name}", peer["queries"], "")
        report.add(f"CPU, cheap hash: {name}", peer["cheap"])
        report.add(f"CPU, own hash: {name}", peer["own"])
    dearer = {key: max(allauth[key], other[key]) for key in allauth}
    report.add("requests: here, address first", requests, "")
    report.add("queries: here", queries, "", at_most=dearer["queries"])
    report.add("CPU, cheap hash: here", cheap, floor=dearer["cheap"], at_most=1.0)
    cheaper_hash = min(allauth["own"], other["own"])
    report.add("CPU, own hash: here", own, floor=cheaper_hash, at_most=0.4)


def somebody() -> User:
    """A member with an authenticator app, in an organization that requires one."""
    organization = OrganizationFactory(policy={"two_factor_required": True})
    user = MembershipFactory(
        organization=organization, user__first_session_used_at=timezone.now()
    ).user
    pending = enrolment.begin_authenticator(user, f"bench {user.pk}")
    enrolment.confirm_authenticator(
        user,
        pending.key,
        totp.code_at(pending.seed, time.time()),
        actor=Actor.person(user),
    )
    enrolment.codes_saved(user)
    user.refresh_from_db()
    return user


def sign_in(client: Client, user: User, seed: str) -> int:
    """Go through the pages up to the open session; return how many requests it took.

    The browser was used before, as it mostly was: nobody gets a mail about a new one.
    """
    client.cookies.pop(settings.SESSION_COOKIE_NAME, None)
    client.get("/sign-in/")
    client.post("/sign-in/", {"email": user.email})
    client.get("/sign-in/method/")
    client.post("/sign-in/method/", {"password": PASSWORD})
    client.get("/sign-in/two-factor/")
    code = totp.code_at(seed, time.time())
    done = client.post("/sign-in/two-factor/", {"code": code})
    assert done.status_code == 302, done.content.decode()
    assert done.headers["Location"] == "/home/"
    return 6


def counted(user: User, seed: str) -> tuple[int, int]:
    client = Client()
    for _ in range(2):
        again(user)
        sign_in(client, user, seed)
    again(user)
    with CaptureQueriesContext(connection) as captured:
        requests = sign_in(client, user, seed)
    statements = [query["sql"] for query in captured.captured_queries]
    if os.environ.get("BENCH_STATEMENTS"):
        print("\n".join(statement[:160] for statement in statements))
    asked = [sql for sql in statements if not sql.startswith(FRAMES)]
    return requests, sum(not any(word in sql for word in LIMITERS) for sql in asked)


def cpu_milliseconds(user: User, seed: str, rounds: int) -> float:
    taken, client = [], Client()
    for number in range(-2, rounds):
        again(user)
        begun = time.process_time()
        sign_in(client, user, seed)
        if number >= 0:
            taken.append((time.process_time() - begun) * 1000)
    return statistics.median(taken)


def again(user: User) -> None:
    """Let the code of this step be taken once more; nobody has a hundred open sessions."""
    UserSession.objects.filter(user=user).delete()
    AuthenticatorDevice.objects.filter(user=user).update(last_step=-1)


def peers_numbers(name: str) -> dict[str, float]:
    """Measure a peer in a process of its own: two Djangos don't fit into one."""
    module = "tests.bench.twofactor"
    done = subprocess.run(
        [sys.executable, "-m", f"{module}.peer", name, str(ROUNDS), str(ROUNDS_WITH_HASH)],
        cwd=PROJECT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": f"{module}.{name}_settings",
            "PYTHONPATH": f"{PROJECT}{os.pathsep}{PEERS}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    numbers: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return numbers
