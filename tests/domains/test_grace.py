"""DOM-4: a missing record, day by day, by the sweep itself. The clock is moved, never slept."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from post_office.models import Email

from accounts.audit.events import Event
from accounts.models import AuditEvent
from domains import services
from domains.models import DomainClaim
from domains.moves import SYSTEM
from domains.states import State
from domains.sweep import sweep
from tests.domains.factories import ClaimFactory

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("DOM-4")]
MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def clock():
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def verified(acme, clock):
    """A claim verified by DNS in the past, and due."""
    return ClaimFactory(
        organization=acme, domain="corp.example", state=State.VERIFIED, next_check_at=MONDAY
    )


def look(claim, clock, at):
    """Let the sweep look at ``at``, and return the claim as it then stands."""
    clock.move_to(at)
    DomainClaim.objects.filter(pk=claim.pk).update(next_check_at=at)
    sweep()
    claim.refresh_from_db()
    return claim


def subjects():
    return list(Email.objects.order_by("pk").values_list("subject", flat=True))


def test_a_missing_record_starts_a_grace_of_seven_days(dns, clock, verified, acme):
    claim = look(verified, clock, MONDAY)

    assert claim.state == State.GRACE
    assert claim.grace.ends_at == MONDAY + 7 * DAY
    assert services.is_verified_for(acme, "bob@corp.example")
    assert subjects() == ["The record of corp.example is missing"]
    assert timedelta(minutes=57) <= claim.next_check_at - MONDAY <= timedelta(minutes=63)


def test_admins_are_told_at_the_start_on_day_three_and_six_and_at_the_end(
    dns, clock, verified, acme
):
    for hours in range(0, 7 * 24 + 1, 6):
        look(verified, clock, MONDAY + timedelta(hours=hours))

    assert verified.state == State.UNVERIFIED
    assert not services.is_verified_for(acme, "bob@corp.example")
    assert subjects() == [
        "The record of corp.example is missing",
        "The record of corp.example is still missing: verified until 30 November",
        "The record of corp.example is still missing: verified until 30 November",
        "corp.example is no longer verified",
    ]
    assert list(AuditEvent.objects.order_by("pk").values_list("event", flat=True)) == [
        Event.DOMAIN_RECORD_MISSING,
        Event.DOMAIN_UNVERIFIED,
    ]


def test_the_mail_says_until_when_and_what_will_stop(dns, clock, verified, acme):
    acme.policy.sso_enabled = acme.policy.scim_enabled = True
    acme.policy.save()

    look(verified, clock, MONDAY)

    mail = Email.objects.get()
    for text in (mail.message, mail.html_message):
        assert "30 November 2026" in text
        assert "Single sign-on stops for 1 person at corp.example" in text
        assert "SCIM no longer sees or changes 1 person" in text
        assert verified.txt_value in text
        assert f"/security/domains/{verified.public_id}/" in text


def test_the_record_back_in_the_grace_stops_nothing(dns, clock, verified, acme):
    look(verified, clock, MONDAY)
    dns.publish("corp.example", verified.txt_value)

    claim = look(verified, clock, MONDAY + 6 * DAY)

    assert (claim.state, claim.grace) == (State.VERIFIED, None)
    assert subjects()[-1] == "The record of corp.example is back"


@pytest.mark.parametrize("fault", ["servfail", "refused", "silent", "garbage"])
@pytest.mark.threat("D7")
def test_no_answer_starts_no_grace(dns, clock, verified, fault):
    dns.fail("corp.example", fault)

    claim = look(verified, clock, MONDAY)

    assert claim.state == State.VERIFIED
    assert claim.last_verdict == "no_answer"
    assert claim.next_check_at - MONDAY < timedelta(hours=2)
    assert subjects() == []


@pytest.mark.threat("D7")
def test_eight_days_of_outage_end_no_grace_and_answers_on_five_days_do(dns, clock, verified):
    look(verified, clock, MONDAY)
    dns.fail("corp.example", "servfail")
    for day in range(1, 9):
        assert look(verified, clock, MONDAY + day * DAY).state == State.GRACE
    dns.heal()

    states = [look(verified, clock, MONDAY + day * DAY).state for day in range(9, 13)]

    assert states == [State.GRACE] * 3 + [State.UNVERIFIED]


@pytest.mark.threat("D10")
def test_a_domain_that_changes_hands_goes_through_the_grace_and_hands_nothing_on(
    dns, clock, verified, acme
):
    buyer = services.claim(ClaimFactory().organization, "corp.example", actor=SYSTEM)
    dns.publish("corp.example", buyer.txt_value)
    assert look(buyer, clock, MONDAY).last_finding == "elsewhere"

    for day in range(8):
        look(verified, clock, MONDAY + day * DAY)
    look(buyer, clock, MONDAY + 7 * DAY)

    assert services.owner_of("corp.example") == buyer.organization
    assert services.verified_domains(acme) == set()
    assert buyer.token != verified.token
