"""The sweep with many claims, many workers, and workers that die."""

import random
import time
import uuid
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from post_office.models import Email

from accounts.actor import Actor
from accounts.models import AuditEvent
from domains import metrics, moves, services, sweep, tasks
from domains.examination import examine_all
from domains.models import DomainCheck, DomainClaim
from domains.resolver import Panel, Resolver, run
from domains.states import State
from tests.domains.factories import ClaimFactory
from tests.domains.sweeping import workers

SOON = timedelta(seconds=1)


def make_claims(count, organization, **values):
    """``count`` due claims of one organization."""
    return DomainClaim.objects.bulk_create(
        DomainClaim(organization=organization, domain=f"corp{number}.example", **values)
        for number in range(count)
    )


def publish(dns, claims):
    dns.publish_all({claim.domain: claim.txt_value for claim in claims})


@pytest.mark.django_db
@pytest.mark.requirement("DOM-3")
def test_a_claim_is_verified_without_anybody_touching_anything(acme, dns):
    claim = ClaimFactory(organization=acme, domain="corp.example")
    dns.publish("corp.example", claim.txt_value)

    tasks.sweep()

    claim.refresh_from_db()
    assert claim.state == State.VERIFIED
    assert timedelta(hours=22) < claim.next_check_at - timezone.now() < timedelta(hours=26)
    assert (claim.lease, claim.leased_until) == (None, None)


@pytest.mark.django_db
@pytest.mark.requirement("DOM-8")
def test_what_stays_as_it_is_is_written_in_bulk_with_its_history(acme, dns, panel):
    claims = make_claims(30, acme)
    for claim in claims[:3]:
        dns.fail(claim.domain, "servfail")
    dns.publish(claims[3].domain, "orgsecurity-domain-verify=" + claims[4].token)

    swept = sweep.sweep(panel, batch=100)

    assert (swept.leased, swept.written, swept.moved) == (30, 30, 0)
    assert swept.verdicts == {"absent": 27, "no_answer": 3}
    found = Counter(DomainClaim.objects.values_list("last_finding", flat=True))
    assert found == {"no_such_domain": 26, "no_answer": 3, "old_token": 1}
    assert DomainCheck.objects.count() == 30
    check = claims[3].checks.get()
    claims[3].refresh_from_db()
    assert (check.verdict, check.state) == ("absent", "pending")
    assert check.next_check_at == claims[3].next_check_at > timezone.now()
    assert check.details["looks"][0]["records"] == [claims[4].txt_value]


@pytest.mark.django_db
def test_what_is_not_due_or_removed_or_leased_is_left_alone(acme, dns, panel):
    later = timezone.now() + timedelta(hours=1)
    ClaimFactory(organization=acme, domain="a.not-yet.example", next_check_at=later)
    ClaimFactory(organization=acme, domain="b.not-yet.example", state=State.REMOVED)
    ClaimFactory(organization=acme, domain="c.not-yet.example", leased_until=later)

    assert sweep.sweep(panel).leased == 0
    assert not [question for question in dns.questions() if "not-yet" in question]


@pytest.mark.django_db
def test_a_late_worker_whose_lease_is_gone_writes_nothing(acme, dns, panel):
    claim = ClaimFactory(organization=acme, domain="corp.example")
    dns.publish("corp.example", claim.txt_value)
    stale = uuid.uuid4()
    examinations = [run(examine_all(panel, sweep.lease_due(stale, limit=10)))[0]]
    DomainClaim.objects.update(lease=uuid.uuid4())

    assert sweep.write_back(examinations, stale) == (0, 0)
    assert DomainCheck.objects.count() == AuditEvent.objects.count() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.requirement("DOM-5")
@pytest.mark.threat("D5")
def test_two_tenants_who_prove_a_domain_at_one_instant_are_one_holder(dns, run_threads):
    claims = [ClaimFactory(domain="corp.example") for _ in range(4)]
    dns.publish("corp.example", *(claim.txt_value for claim in claims))
    organizations = {claim.pk: claim.organization for claim in claims}

    outcomes = run_threads(4, lambda number: services.check_now(claims[number]))

    states = Counter(claim.state for claim in outcomes)
    assert states == {State.VERIFIED: 1, State.PENDING: 3}
    assert Counter(claim.last_finding for claim in outcomes) == {"found": 1, "elsewhere": 3}
    winner = next(claim for claim in outcomes if claim.state == State.VERIFIED)
    assert services.owner_of("corp.example") == organizations[winner.pk]


@pytest.mark.django_db(transaction=True)
@pytest.mark.threat("D5")
def test_a_removal_beside_a_verdict_ends_removed_or_verified_never_between(dns, run_threads):
    for number in range(8):
        claim = ClaimFactory(domain=f"corp{number}.example")
        dns.publish(claim.domain, claim.txt_value)
        actions = [
            lambda claim=claim: services.check_now(claim),
            lambda claim=claim: services.remove(claim, actor=Actor.system("tests")),
        ]

        run_threads(2, lambda number, actions=actions: actions[number]())

        stored = DomainClaim.objects.get(pk=claim.pk)
        assert stored.state == State.REMOVED
        assert services.owner_of(claim.domain) is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.requirement("DOM-8")
def test_a_domain_claimed_twice_at_one_instant_is_one_claim_with_one_token(acme, run_threads):
    actor = Actor.person(acme.owner)

    made = run_threads(6, lambda _number: services.claim(acme, "corp.example", actor=actor))

    assert {claim.token for claim in made} == {DomainClaim.objects.get().token}
    assert AuditEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_four_workers_share_the_claims_and_look_at_each_once(acme, dns, run_threads):
    claims = make_claims(200, acme)
    publish(dns, claims[:100])

    def work(_number):
        return sweep.sweep(Panel([Resolver.parse(dns.address)]), batch=20, seconds=50).written

    written = run_threads(4, work)

    assert sum(written) == 200
    checks = Counter(DomainCheck.objects.values_list("claim_id", flat=True))
    assert len(checks) == 200
    assert set(checks.values()) == {1}
    assert DomainClaim.objects.filter(state=State.VERIFIED).count() == 100


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.django_db(transaction=True)
@pytest.mark.threat("A8")
def test_a_worker_killed_twenty_times_in_a_batch_loses_and_doubles_nothing(acme, dns):
    claims = make_claims(300, acme)
    publish(dns, claims)
    dns.fail("*", "delay", seconds=0.1)
    dice = random.Random(20)

    with workers(database_url(), dns.address, batch=60, lease=0.5) as started:
        for _round in range(20):
            worker = started.start()
            time.sleep(dice.uniform(0.05, 0.7))
            started.kill(worker)
    killed_in_a_batch = DomainClaim.objects.exclude(lease=None).count()
    dns.heal()
    time.sleep(0.5)  # the last lease
    # Not all at once: what waits here is the stand-in of the name server.
    sweep.sweep(Panel([Resolver.parse(dns.address)]), batch=25, seconds=60)

    assert killed_in_a_batch
    assert DomainClaim.objects.filter(state=State.VERIFIED, lease=None).count() == 300
    for done in (
        Counter(DomainCheck.objects.values_list("claim_id", flat=True)),
        Counter(AuditEvent.objects.values_list("target_id", flat=True)),
        Counter(Email.objects.values_list("subject", flat=True)),
    ):
        assert len(done) == 300
        assert set(done.values()) == {1}


def database_url():
    parameters = connection.get_connection_params()
    return f"postgres://{parameters['user']}@/{parameters['dbname']}?host={parameters['host']}"


# ── Operations


@pytest.mark.django_db
def test_metrics_say_what_is_due_and_how_late(acme):
    now = timezone.now()
    ClaimFactory(organization=acme, next_check_at=now - timedelta(minutes=5))
    ClaimFactory(organization=acme, next_check_at=now - timedelta(seconds=5))
    ClaimFactory(organization=acme, next_check_at=now + timedelta(hours=1))
    ClaimFactory(organization=acme, next_check_at=now, state=State.REMOVED)

    values = {family.name: family.samples[0].value for family in metrics.Waiting().collect()}

    assert values["domain_checks_due"] == 2
    assert values["domain_checks_overdue"] == 1
    assert 299 < values["domain_checks_oldest_seconds"] < 310


@pytest.mark.django_db
def test_metrics_are_scraped_with_the_looks_of_the_last_hour(client, acme, dns, settings):
    settings.METRICS_TOKEN = "scraper"
    ClaimFactory(organization=acme)
    tasks.sweep()

    page = client.get("/metrics", headers={"Authorization": "Bearer scraper"}).content.decode()

    assert 'domain_checks_last_hour{verdict="absent"} 1.0' in page
    assert "domain_checks_due 0.0" in page


@pytest.mark.django_db
def test_one_claim_that_can_not_be_written_keeps_no_other_of_its_batch(
    acme, dns, panel, monkeypatch
):
    claims = make_claims(3, acme)
    publish(dns, claims)
    verify = moves.verify

    def failing(claim, **values):
        if claim.domain == claims[1].domain:
            raise RuntimeError
        return verify(claim, **values)

    monkeypatch.setitem(moves._MOVES, "verify", failing)

    swept = sweep.sweep(panel)

    assert (swept.leased, swept.moved) == (3, 2)
    assert services.verified_domains(acme) == {claims[0].domain, claims[2].domain}


@pytest.mark.django_db
@pytest.mark.requirement("DOM-8")
def test_history_is_kept_for_a_month_and_the_newest_always(acme):
    claim = ClaimFactory(organization=acme)
    now = timezone.now()
    common = {"verdict": "present", "finding": "found", "state": "verified", "next_check_at": now}
    DomainCheck.objects.bulk_create(
        DomainCheck(claim=claim, at=now - timedelta(days=days), **common) for days in range(25, 60)
    )

    tasks.forget_old_checks()

    ages = [(now - check.at).days for check in claim.checks.all()]
    assert ages == list(range(25, 35))


@pytest.mark.django_db
def test_the_sweep_finds_what_is_due_by_its_index(acme):
    later = timezone.now() + timedelta(days=1)
    make_claims(3000, acme, next_check_at=later)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE domains_domainclaim")
        now = timezone.now()
        values: dict[str, Any] = {"now": now, "until": now, "lease": uuid.uuid4(), "limit": 100}
        cursor.execute(f"EXPLAIN {sweep.LEASE}", values)
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "claim_due" in plan


@pytest.mark.django_db
def test_a_batch_is_written_without_comparing_each_row_with_each(acme):
    """After an ANALYZE between two sweeps the planner expects no lease at all: a second a batch."""
    claims = make_claims(3000, acme)
    texts = dict.fromkeys(("state", "verdict", "finding", "zone", "name_servers"), [""] * 1000)
    documents = dict.fromkeys(("facts", "details"), ["{}"] * 1000)
    numbers = dict.fromkeys(("absent_days", "last_absent_day"), [0] * 1000)
    times = dict.fromkeys(("at", "next_check_at"), [timezone.now()] * 1000)
    ids = [claim.pk for claim in claims[:1000]]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE domains_domainclaim")
        cursor.execute("SET LOCAL enable_hashjoin = off")  # among more rows it is the dearer one
        cursor.execute(
            f"EXPLAIN {sweep.WRITE_BACK}",
            {"id": ids, "lease": uuid.uuid4(), **texts, **documents, **numbers, **times},
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "Join Filter: ((given.id" not in plan, plan
