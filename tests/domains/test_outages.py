"""What happens while DNS or PostgreSQL is away: nothing is lost, no state changes."""

import os
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path

import environ
import pytest
from django.db import OperationalError, connection, connections

from accounts.models import AuditEvent
from domains import sweep
from domains.models import DomainCheck, DomainClaim
from domains.resolver import Panel, Resolver
from domains.states import State
from orgsecurity.launcher.postgres import NOT_DURABLE, EmbeddedPostgres
from tests.domains.dns import Dns
from tests.domains.factories import ClaimFactory
from tests.domains.sweeping import workers
from tests.factories import OrganizationFactory
from tests.servers.launch import start
from tests.support.database import TEMPLATE, copy_migrated_cluster

PATIENCE = 60  # seconds


@pytest.mark.django_db
@pytest.mark.requirement("DOM-4")
@pytest.mark.threat("A7")
def test_a_name_server_that_is_gone_moves_nothing_and_all_goes_on_when_it_is_back(acme, tmp_path):
    state = str(tmp_path / "zone.json")
    server = start("name_server", "--state", state)
    dns, port = Dns(server), server.port
    claims = {
        was: ClaimFactory(organization=acme, domain=f"{was}.example", state=was)
        for was in (State.PENDING, State.VERIFIED, State.GRACE, State.UNVERIFIED)
    }
    dns.publish_all({claim.domain: claim.txt_value for claim in claims.values()})
    panel = Panel([Resolver("127.0.0.1", port)])

    server.stop()
    assert sweep.sweep(panel).verdicts == {"no_answer": 4}
    for was, claim in claims.items():
        claim.refresh_from_db()
        assert claim.state == was

    server = start("name_server", "--state", state, "--port", str(port))
    try:
        DomainClaim.objects.update(next_check_at=claims[State.PENDING].claimed_at)
        assert sweep.sweep(panel).verdicts == {"present": 4}
    finally:
        server.stop()
    assert DomainClaim.objects.filter(state=State.VERIFIED).count() == 4


@pytest.mark.django_db
@pytest.mark.requirement("DOM-4")
def test_no_transaction_is_open_while_dns_is_asked(acme, dns, panel, monkeypatch):
    seen = []

    async def examine_all(_panel, subjects):
        # One block is the test's own; the sweep's would be a second.
        seen.append(len(connection.savepoint_ids))
        return []

    ClaimFactory(organization=acme)
    monkeypatch.setattr(sweep, "examine_all", examine_all)

    sweep.sweep(panel)

    assert seen == [0]


@pytest.fixture
def restartable(django_db_blocker):
    """A PostgreSQL of this test's own; Django's default connection goes there meanwhile."""
    folder = Path(tempfile.mkdtemp(prefix="orgsecurity-restart-"))
    folder.chmod(0o755)
    copy_migrated_cluster(folder / "pg")
    server = EmbeddedPostgres(
        folder / "pg", log=folder / "log", environment=os.environ, settings=NOT_DURABLE
    )
    server.start()
    url = server.url(TEMPLATE)
    before = dict(connections["default"].settings_dict)
    with django_db_blocker.unblock():
        connections["default"].close()
        connections["default"].settings_dict.update(environ.Env.db_url_config(url))
        try:
            yield server, url
        finally:
            connections["default"].close()
            connections["default"].settings_dict.update(before)
            server.stop()
            shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.threat("A8")
def test_postgresql_restarted_in_the_middle_of_a_sweep_loses_and_doubles_nothing(
    restartable, three_dns
):
    server, url = restartable
    dns = three_dns[0]
    organization = OrganizationFactory()
    claims = [ClaimFactory(organization=organization) for _ in range(200)]
    dns.publish_all({claim.domain: claim.txt_value for claim in claims})
    dns.fail("*", "delay", seconds=0.1)

    with workers(url, dns.address, batch=20, lease=1) as started:
        started.start()
        wait_until(lambda: DomainCheck.objects.count() > 40)
        server.stop()
        server.start()
        started.wait_for("failed OperationalError")
        wait_until(lambda: DomainClaim.objects.filter(state=State.VERIFIED).count() == 200)

    for done in (
        Counter(DomainCheck.objects.values_list("claim_id", flat=True)),
        Counter(AuditEvent.objects.values_list("target_id", flat=True)),
    ):
        assert len(done) == 200
        assert set(done.values()) == {1}


def wait_until(done):
    give_up_at = time.monotonic() + PATIENCE
    while time.monotonic() < give_up_at:
        try:
            if done():
                return
        except OperationalError:
            connection.close()
        time.sleep(0.05)
    pytest.fail("waited too long")
