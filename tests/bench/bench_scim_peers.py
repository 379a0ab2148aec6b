"""SCIM at 100,000 users, side by side with django-scim2 and django-scim2-server

The same durable PostgreSQL, the same granian with two workers of four threads, eight kept
connections, calls in turns. Ours is the product with production's settings: each request checks a
hashed token, the switch and the verified domains, counts against the limit (set out of reach),
writes its line of the request log, and a change its audit event, under the organization's lock. The
peers compare one token in memory, and do nothing of the rest.
"""

import json
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg2

from tests.bench.report import Report
from tests.bench.scim import population, servers
from tests.bench.scim.servers import Contestant, Load

SIZE = 100_000
DOMAIN = population.domain(SIZE)
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "2"))
SECONDS = 3
# How many times the better peer's requests a second.
GOALS = {"filter": 2.0, "GET": 1.0, "list": 1.0, "deep": 2.0, "PATCH": 1.0, "POST": 1.0}
IMPORTED = 10_000
STARTED = int(time.time()) % 1_000_000 * 1_000_000  # new names, also in a cluster that was kept
# django-scim2 reads all users for each list: eight of them would be at work for half a minute.
ONE_BY_ONE = {("django_scim2", "list"), ("django_scim2", "deep")}

_FILL_DJANGO_SCIM2 = """
INSERT INTO peer_user (username, scim_username, scim_id, scim_external_id, email, first_name,
        last_name, password, is_superuser, is_staff, is_active, date_joined)
    SELECT 'user' || n || '@{0}', 'user' || n || '@{0}', n::text, 'ext-' || n,
        'user' || n || '@{0}', 'User', 'N' || n, '!', false, false, true, now()
    FROM generate_series(1, {1}) n
"""
_FILL_DJANGO_SCIM2_SERVER = """
WITH people AS (
    INSERT INTO auth_user (username, email, first_name, last_name, password, is_superuser,
            is_staff, is_active, date_joined)
        SELECT 'user' || n || '@{0}', 'user' || n || '@{0}', 'User', 'N' || n, '!', false, false,
            true, now()
        FROM generate_series(1, {1}) n RETURNING id, username
)
INSERT INTO django_scim2_server_scimuser (id, user_id, external_id, scim_username, active, created,
        last_modified)
    SELECT ('00000000-0000-4000-8000-' || lpad(to_hex(
            row_number() OVER (ORDER BY id)), 12, '0'))::uuid,
        id, 'ext-' || id, username, true, now(), now()
    FROM people
"""


def run(report: Report) -> None:
    servers.install_peers()
    with contestants() as (ours, *peers):
        for one in (ours, *peers):
            check(one)
        for call, goal in GOALS.items():
            taken = in_turns(call, [ours, *peers])
            better = max(_median(taken[peer.name]) for peer in peers)
            for peer in peers:
                report.add(f"{call}: {peer.name}", _median(taken[peer.name]), "req/s")
            report.add(
                f"{call}: ours", _median(taken[ours.name]), "req/s", floor=better, at_least=goal
            )
            report.add(f"{call}: ours, p99", statistics.median(one.p99 for one in taken[ours.name]))
        first_import(report, ours)


def in_turns(call: str, them: list[Contestant]) -> dict[str, list[Load]]:
    """Load each once a round; people change so that no two rounds make the same ones."""
    taken: dict[str, list[Load]] = {one.name: [] for one in them}
    for number in range(ROUNDS):
        for one in them:
            if (one.name, call) in ONE_BY_ONE:
                taken[one.name].append(one_by_one(one, call))
                continue
            first = STARTED + number * 100_000 if call == "POST" else number * 10_000
            servers.load(one, call, seconds=1, first=first + 50_000)  # warms
            taken[one.name].append(servers.load(one, call, seconds=SECONDS, first=first))
    return taken


def one_by_one(one: Contestant, call: str) -> Load:
    """Time one request alone; the best that two workers could do is two at a time."""
    began = time.perf_counter()
    one.ask(f"/Users?startIndex={1 if call == 'list' else one.size - 150}&count=100")
    seconds = time.perf_counter() - began
    return Load(2 / seconds, seconds * 1000, seconds * 1000)


def _median(loads: list[Load]) -> float:
    return statistics.median(one.requests_a_second for one in loads)


def check(one: Contestant) -> None:
    """See that each answers what it was asked, before it is asked for speed."""
    name = f"user7@{DOMAIN}"
    [found] = one.ask(f"/Users?filter=userName%20eq%20%22{name}%22")["Resources"]
    assert found["userName"] == name, found
    assert one.ask(f"/Users/{one.id_format % 7}")["id"] == one.id_format % 7
    for start in (1, one.size - 150):
        page = one.ask(f"/Users?startIndex={start}&count=100")
        assert page["totalResults"] >= one.size, page["totalResults"]
        assert len(page["Resources"]) == 100, len(page["Resources"])


def first_import(report: Report, ours: Contestant) -> None:
    """Time Okta's import of 10,000 users, and Entra's nightly cycle over as many."""
    okta = servers.replay(ours, "okta", first=STARTED + 900_000, most=2 * IMPORTED)
    report.add(f"Okta imports {IMPORTED:,} users: look up, create", okta, "s")
    entra = servers.replay(ours, "entra", first=STARTED, most=IMPORTED * 21 // 20)
    report.add(f"Entra's cycle over {IMPORTED:,}, one in 20 changed", entra, "s")


# ── The three ───────────────────────────────────────────────────────────────────────────────────


@contextmanager
def contestants() -> Iterator[list[Contestant]]:
    """Serve all three: ours first."""
    with ExitStack() as stack:
        server = stack.enter_context(servers.database_server())
        databases = {
            name: server.url(name) for name in ("ours", "django_scim2", "django_scim2_server")
        }
        for name in databases:
            server.ensure_database(name)
        token = fill_ours(databases["ours"])
        fill_peer("django_scim2", databases["django_scim2"], _FILL_DJANGO_SCIM2)
        fill_peer(
            "django_scim2_server", databases["django_scim2_server"], _FILL_DJANGO_SCIM2_SERVER
        )
        url = stack.enter_context(
            servers.serving(
                "orgsecurity.wsgi:application",
                {**servers.PRODUCTION, "DATABASE_URL": databases["ours"]},
            )
        )
        id_format = population.resource_id(SIZE, 0)[:-12] + "%012d"
        them = [Contestant("ours", url, "/api/app/scim/v2", token, id_format, SIZE, DOMAIN)]
        for name, peers_format in (
            ("django_scim2", "%d"),
            ("django_scim2_server", "00000000-0000-4000-8000-%012x"),
        ):
            environment = servers.peer_environment(name, databases[name])
            url = stack.enter_context(
                servers.serving("tests.bench.scim.wsgi:application", environment)
            )
            them.append(
                Contestant(name, url, "/scim/v2", servers.TOKEN, peers_format, SIZE, DOMAIN)
            )
        yield them


def fill_ours(database: str) -> str:
    """Migrate and fill; a kept cluster has its token in a table of the bench."""
    with _cursor(database) as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bench (token text)")
        cursor.execute("SELECT token FROM bench")
        known = cursor.fetchone()
        environment = {"DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "tests.bench.settings"}
        servers.run(["orgsecurity.launcher.prepare", "--no-demo"], environment)
        if known:
            return str(known[0])
        filled = servers.run(["tests.bench.scim.population", str(SIZE)], environment)
        token = json.loads(filled.splitlines()[-1])[str(SIZE)]
        cursor.execute("INSERT INTO bench VALUES (%s)", [token])
        return str(token)


def fill_peer(name: str, database: str, statement: str) -> None:
    with _cursor(database) as cursor:
        cursor.execute("SELECT to_regclass('auth_group') IS NOT NULL")
        if cursor.fetchone()[0]:
            return
        servers.run(
            ["django", "migrate", "--run-syncdb", "-v0"], servers.peer_environment(name, database)
        )
        cursor.execute(statement.format(DOMAIN, SIZE))
        cursor.execute("VACUUM ANALYZE")


@contextmanager
def _cursor(database: str) -> Iterator["psycopg2.extensions.cursor"]:
    connection = psycopg2.connect(database)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()
