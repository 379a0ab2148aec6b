"""The sweep of domains, beside bare dnspython on the same nsd

A million claims take CLAIMS=1000000 and some twenty minutes; the default asks a part of them. The
database is the tests' own, in whose place a durable one adds a flush to each batch of a thousand.
"""

import asyncio
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dns.asyncquery
import dns.message
from django.db import connection, transaction
from django.test import override_settings

from domains import sweep
from tests.bench.report import Report
from tests.factories import OrganizationFactory
from tests.servers.launch import ROOT
from tests.support.services import free_port

ZONE = "bench.example"
IN_FLIGHT = 200
CLAIMS = int(os.environ.get("CLAIMS", "20000"))  # in the zone, all of them due
ROWS = int(os.environ.get("ROWS", "1000000"))  # for the lease, most of them not due
ROUNDS = 3


def run(report: Report) -> None:
    fill(CLAIMS)
    with name_server(CLAIMS) as port, override_settings(DNS_RESOLVERS=[f"127.0.0.1:{port}"]):
        os.environ["DNS_RESOLVERS"] = f"127.0.0.1:{port}"  # for the workers
        rates(report, port)
        memory(report)
        two_workers(report)
    lease(report)


def rates(report: Report, port: int) -> None:
    bare, swept = [], []
    for _round in range(ROUNDS):
        bare.append(bare_rate(port))
        swept.append(sweep_rate())
    ratio = statistics.median(mine / its for mine, its in zip(swept, bare, strict=True))
    rate = statistics.median(swept)
    report.add("bare dnspython", statistics.median(bare), "answers/s")
    report.add("sweep with the database", rate, "checks/s", at_least=1_100)
    report.add("the same to bare, of each round", ratio, "×", at_least=0.7)
    report.add("a million claims at that rate", 1e6 / rate / 60, "minutes", at_most=15)


def bare_rate(port: int) -> float:
    """Answers a second of dnspython alone: the same questions, no verdict, no database."""
    count = min(CLAIMS, 5_000)

    async def ask_all() -> None:
        slots = asyncio.Semaphore(IN_FLIGHT)

        async def ask(number: int) -> None:
            async with slots:
                question = dns.message.make_query(f"d{number}.{ZONE}", "TXT", use_edns=0)
                await dns.asyncquery.udp(
                    question, "127.0.0.1", 5, port, ignore_errors=True, ignore_unexpected=True
                )

        await asyncio.gather(*(ask(number) for number in range(count)))

    started = time.perf_counter()
    asyncio.run(ask_all())
    return count / (time.perf_counter() - started)


def sweep_rate() -> float:
    """Checks a second, leasing, judging, history and write-back included."""
    make_due()
    started = time.perf_counter()
    swept = sweep.sweep(seconds=3_600)
    seconds = time.perf_counter() - started
    assert swept.verdicts == {"present": CLAIMS}, swept
    assert swept.written == CLAIMS, swept
    return CLAIMS / seconds


def memory(report: Report) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sweep_rate()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    report.add(f"memory grown by {CLAIMS:,} more", grown / 1024, "MiB", at_most=20)


def two_workers(report: Report) -> None:
    """One process and two, each started and warmed before the clock runs.

    Where nsd, PostgreSQL and others leave too few cores for both, the rate says nothing of the
    workers: the CPU that a check costs them does, for it rises where one is in the other's way.
    """
    ones, twos = [], []
    for _round in range(ROUNDS):
        ones.append(rate_of_processes(1))
        twos.append(rate_of_processes(2))
    one, cpu_of_one = map(statistics.median, zip(*ones, strict=True))
    two, cpu_of_two = map(statistics.median, zip(*twos, strict=True))
    ratio = statistics.median(more / less for (more, _), (less, _) in zip(twos, ones, strict=True))
    report.add("one worker process", one, "checks/s")
    report.add(f"two, nsd and PostgreSQL on {os.cpu_count()} cores", two, "checks/s")
    report.add("two to one, of each round", ratio, "×", at_least=1.8)
    report.add("a worker's CPU for a check, of one worker", cpu_of_one, "µs")
    report.add("the same of two", cpu_of_two, "µs", floor=cpu_of_one, at_most=1.11)


def lease(report: Report) -> None:
    grow(10_000)
    small = lease_milliseconds()
    grow(ROWS)
    report.add("lease 1,000 of 10,000 rows", small)
    large = lease_milliseconds()
    report.add(f"lease 1,000 of {ROWS:,} rows", large, floor=small, at_most=1.5)


def rate_of_processes(count: int) -> tuple[float, float]:
    """Checks a second, and the CPU of the workers for each in microseconds."""
    script = (
        "import django, sys, time; django.setup()\n"
        "from domains.sweep import sweep\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "before = time.process_time()\n"
        "print(sweep(seconds=3600).written, time.process_time() - before, flush=True)"
    )
    make_due()
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", script],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    for worker in workers:
        assert worker.stdout
        worker.stdout.readline()
    started = time.perf_counter()
    for worker in workers:
        assert worker.stdin
        worker.stdin.write("go\n")
        worker.stdin.flush()
    told = [worker.communicate()[0].split() for worker in workers]
    seconds = time.perf_counter() - started
    assert sum(int(written) for written, _ in told) == CLAIMS, told
    return CLAIMS / seconds, sum(float(cpu) for _, cpu in told) * 1e6 / CLAIMS


def lease_milliseconds() -> float:
    """Leasing 1,000 due rows of many, undone each time."""
    execute("UPDATE domains_domainclaim SET next_check_at = now() + interval '1 day'")
    execute(
        "UPDATE domains_domainclaim SET next_check_at = now() - interval '1 second'"
        " WHERE id IN (SELECT id FROM domains_domainclaim ORDER BY md5(domain) LIMIT 5000)"
    )
    execute("VACUUM ANALYZE domains_domainclaim")
    times = []
    for _ in range(15):
        with transaction.atomic():
            started = time.perf_counter()
            leased = sweep.lease_due(uuid.uuid4(), limit=1_000)
            times.append((time.perf_counter() - started) * 1_000)
            assert len(leased) == 1_000
            transaction.set_rollback(True)
    return statistics.median(times)


# ── The world around


@contextmanager
def name_server(names: int) -> Iterator[int]:
    """nsd with one zone: a TXT record of ours and two of others at each name."""
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="orgsecurity-bench-"))
    write_zone(folder / "zone", names)
    (folder / "nsd.conf").write_text(CONFIGURATION.format(port=port, folder=folder, zone=ZONE))
    server = subprocess.Popen(["nsd", "-d", "-c", folder / "nsd.conf"])
    try:
        wait_for(port, server)
        yield port
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


CONFIGURATION = """
server:
  ip-address: 127.0.0.1@{port}
  zonesdir: "{folder}"
  pidfile: ""
  username: ""
  chroot: ""
  database: ""
  logfile: "{folder}/nsd.log"
  xfrdfile: "{folder}/xfrd"
  zonelistfile: "{folder}/zones"
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: {zone}
  zonefile: zone
"""


def write_zone(path: Path, names: int) -> None:
    with path.open("w") as zone:
        zone.write(f"$ORIGIN {ZONE}.\n$TTL 300\n@ SOA ns hostmaster 1 3600 600 86400 60\n")
        zone.write("@ NS ns\nns A 127.0.0.1\n")
        for number in range(names):
            zone.write(f'd{number} TXT "v=spf1 -all"\nd{number} TXT "other=1"\n')
            zone.write(f'd{number} TXT "orgsecurity-domain-verify={number:032x}"\n')


def wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    question = dns.message.make_query(f"d0.{ZONE}", "TXT")

    async def answered() -> bool:
        answer = await dns.asyncquery.udp(question, "127.0.0.1", 0.5, port)
        return bool(answer.answer)

    give_up_at = time.monotonic() + 120
    while time.monotonic() < give_up_at and server.poll() is None:
        try:
            if asyncio.run(answered()):
                return
        except (OSError, dns.exception.DNSException):
            time.sleep(0.2)
    raise RuntimeError("nsd did not start")


def fill(claims: int) -> None:
    """Verified claims, one a name of the zone."""
    OrganizationFactory()
    insert(0, claims)


def grow(rows: int) -> None:
    """Claims that are not due, up to ``rows`` in all."""
    present = execute("SELECT count(*) FROM domains_domainclaim")[0][0]
    insert(present, rows)
    execute("VACUUM ANALYZE domains_domainclaim")


def insert(first: int, last: int) -> None:
    execute(
        "INSERT INTO domains_domainclaim (public_id, organization_id, domain, token, state,"
        " claimed_at, changed_at, absent_days, last_absent_day, reminders, next_check_at,"
        " last_verdict, last_finding, last_facts, zone, name_servers)"
        " SELECT 'clm_' || n, (SELECT min(id) FROM accounts_organization), 'd' || n || %s,"
        " lpad(to_hex(n), 32, '0'), 'verified', now(), now(), 0, 0, 0,"
        " now() + interval '1 day' * random(), '', '', '{}', '', '{}'"
        " FROM generate_series(%s, %s) AS n",
        [f".{ZONE}", first, last - 1],
    )


def make_due() -> None:
    execute("UPDATE domains_domainclaim SET next_check_at = now() - interval '1 second' * random()")
    execute("TRUNCATE domains_domaincheck")
    execute("VACUUM ANALYZE domains_domainclaim")


def execute(statement: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []
