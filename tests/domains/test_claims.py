"""Claims as rows: made, proved, held by one, removed."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from post_office.models import Email

from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.models import AuditEvent, Membership
from domains import consequences, moves, services
from domains.doctor import Finding
from domains.errors import BeingChecked, DomainRefused, TooManyChecks, TooManyClaims
from domains.examination import examine
from domains.models import DomainClaim
from domains.resolver import run
from domains.states import State
from tests.domains.factories import ClaimFactory
from tests.factories import MembershipFactory, OrganizationFactory

pytestmark = pytest.mark.django_db
OPERATOR = Actor.operator("tests")


def events(claim):
    return [
        AuditEvent.objects.get(pk=pk).event
        for pk in AuditEvent.objects.filter(target_id=claim.public_id)
        .order_by("pk")
        .values_list("pk", flat=True)
    ]


def subjects():
    return [mail.subject for mail in Email.objects.order_by("pk")]


@pytest.fixture
def rival():
    """Another organization with an admin who reads mail."""
    organization = OrganizationFactory(name="Rival")
    MembershipFactory(organization=organization, role="admin", user__email="rita@rival.example")
    return organization


@pytest.mark.requirement("DOM-1", "DOM-2")
def test_a_claim_is_pending_with_a_record_of_its_own(acme):
    claim = services.claim(acme, "Corp.Example.", actor=Actor.person(acme.owner))

    assert (claim.domain, claim.state) == ("corp.example", State.PENDING)
    assert claim.txt_value == f"orgsecurity-domain-verify={claim.token}"
    assert len(bytes.fromhex(claim.token)) == 16
    assert claim.next_check_at - claim.claimed_at == timedelta(seconds=10)
    assert events(claim) == [Event.DOMAIN_CLAIMED]


@pytest.mark.requirement("DOM-8")
def test_claiming_again_gives_the_same_claim_and_the_same_token(acme):
    first = services.claim(acme, "corp.example", actor=OPERATOR)

    again = services.claim(acme, "CORP.example", actor=OPERATOR)

    assert (again.pk, again.token) == (first.pk, first.token)
    assert events(first) == [Event.DOMAIN_CLAIMED]


@pytest.mark.requirement("DOM-3")
def test_any_plan_may_claim():
    free = OrganizationFactory(plan="free")

    assert services.claim(free, "corp.example", actor=OPERATOR).state == State.PENDING


@pytest.mark.requirement("DOM-7")
def test_a_refused_domain_leaves_no_row(acme):
    with pytest.raises(DomainRefused):
        services.claim(acme, "gmail.com", actor=OPERATOR)

    assert not DomainClaim.objects.exists()


@pytest.mark.requirement("DOM-7")
def test_a_sub_domain_is_a_claim_of_its_own(acme):
    ClaimFactory(organization=acme, domain="corp.example", state=State.VERIFIED)

    assert not services.is_verified_for(acme, "ann@it.corp.example")
    assert services.claim(acme, "it.corp.example", actor=OPERATOR).state == State.PENDING


@pytest.mark.requirement("DOM-3")
def test_check_now_verifies_at_once_and_tells_the_admins(acme, dns):
    claim = services.claim(acme, "corp.example", actor=OPERATOR)
    dns.publish("corp.example", claim.txt_value)

    claim = services.check_now(claim)

    assert claim.state == State.VERIFIED
    assert events(claim) == [Event.DOMAIN_CLAIMED, Event.DOMAIN_VERIFIED]
    assert subjects() == ["corp.example is verified"]
    assert claim.lease is None


@pytest.mark.requirement("DOM-8")
def test_each_look_leaves_a_row_to_read(acme, dns):
    claim = services.claim(acme, "corp.example", actor=OPERATOR)
    services.check_now(claim)
    dns.publish("corp.example", "v=spf1 -all")
    claim = services.check_now(claim)

    newest, oldest = claim.checks.all()
    assert (oldest.finding, newest.finding) == (Finding.NO_SUCH_DOMAIN, Finding.NO_RECORD)
    assert newest.details["looks"] == [
        {
            "resolver": dns.address,
            "reply": "records",
            "records": ["v=spf1 -all"],
            "more": 0,
        }
    ]
    assert newest.next_check_at == claim.next_check_at


@pytest.mark.requirement("DOM-3")
@pytest.mark.threat("D9")
def test_check_now_is_limited_by_claim_organization_and_domain(acme, dns, monkeypatch):
    monkeypatch.setattr(services, "CHECKS_BY_CLAIM", (2, timedelta(minutes=1)))
    claim = services.claim(acme, "corp.example", actor=OPERATOR)
    services.check_now(claim)
    services.check_now(claim)

    with pytest.raises(TooManyChecks) as refused:
        services.check_now(claim)

    assert timedelta(0) < refused.value.retry_after <= timedelta(minutes=1)
    assert claim.checks.count() == 2


@pytest.mark.threat("D9")
def test_many_tenants_can_not_press_check_now_at_one_victim(dns, monkeypatch):
    monkeypatch.setattr(services, "CHECKS_BY_DOMAIN", (3, timedelta(hours=1)))
    claims = [ClaimFactory(domain="victim.example") for _ in range(5)]

    for claim in claims[:3]:
        services.check_now(claim)
    for claim in claims[3:]:
        with pytest.raises(TooManyChecks):
            services.check_now(claim)

    assert dns.questions()["victim.example TXT"] == 3


@pytest.mark.threat("D9")
def test_claims_are_limited_by_day_and_in_all(acme, monkeypatch):
    monkeypatch.setattr(services, "MAX_UNPROVED_CLAIMS", 2)
    ann = Actor.person(acme.owner)
    for number in range(2):
        services.claim(acme, f"corp{number}.example", actor=ann)

    with pytest.raises(TooManyClaims):
        services.claim(acme, "corp9.example", actor=ann)
    assert services.claim(acme, "corp9.example", actor=OPERATOR).pk


def test_a_claim_that_a_worker_looks_at_is_not_looked_at_twice(acme, dns):
    claim = ClaimFactory(organization=acme, leased_until=timezone.now() + timedelta(minutes=1))

    with pytest.raises(BeingChecked):
        services.check_now(claim)


# ── One holder


@pytest.mark.requirement("DOM-5")
@pytest.mark.parametrize("state", [State.VERIFIED, State.GRACE])
def test_a_second_organization_waits_while_the_first_holds_the_domain(rival, acme, dns, state):
    ClaimFactory(organization=acme, domain="corp.example", state=state)
    second = services.claim(rival, "corp.example", actor=OPERATOR)
    dns.publish("corp.example", second.txt_value)

    second = services.check_now(second)

    assert (second.state, second.last_finding) == (State.PENDING, Finding.ELSEWHERE)
    assert services.owner_of("corp.example") == acme
    [look] = second.checks.get().details["looks"]
    assert look["records"] == [second.txt_value]
    assert second.last_facts == {}
    assert Event.DOMAIN_VERIFIED not in events(second)


@pytest.mark.requirement("DOM-5")
def test_two_holders_are_refused_by_the_database():
    ClaimFactory(domain="corp.example", state=State.VERIFIED)

    with pytest.raises(IntegrityError, match="claim_one_holder"), transaction.atomic():
        ClaimFactory(domain="corp.example", state=State.GRACE)


@pytest.mark.requirement("DOM-5")
@pytest.mark.threat("D10")
def test_the_former_holder_is_told_when_another_proves_the_domain(rival, acme, dns):
    ClaimFactory(organization=acme, domain="corp.example", state=State.UNVERIFIED)
    second = services.claim(rival, "corp.example", actor=OPERATOR)
    dns.publish("corp.example", second.txt_value)

    services.check_now(second)

    assert services.owner_of("corp.example") == rival
    told = Email.objects.get(subject="Another organization has proved corp.example")
    assert told.to == ["ann@corp.example"]
    assert "Rival" not in told.message + told.html_message


@pytest.mark.requirement("DOM-3")
def test_an_unverified_claim_verifies_again_when_the_record_is_back(acme, dns):
    claim = ClaimFactory(organization=acme, domain="corp.example", state=State.UNVERIFIED)
    dns.publish("corp.example", claim.txt_value)

    assert services.check_now(claim).state == State.VERIFIED


@pytest.mark.requirement("DOM-5")
def test_who_waits_for_a_domain_is_looked_at_as_soon_as_it_is_free(rival, acme):
    held = ClaimFactory(organization=acme, domain="corp.example", state=State.VERIFIED)
    waiting = ClaimFactory(
        organization=rival,
        domain="corp.example",
        next_check_at=timezone.now() + timedelta(hours=6),
    )

    services.remove(held, actor=OPERATOR)

    waiting.refresh_from_db()
    assert waiting.next_check_at <= timezone.now()


# ── What others ask


@pytest.mark.requirement("DOM-6")
@pytest.mark.parametrize(
    ("state", "verified"),
    [
        (State.PENDING, False),
        (State.VERIFIED, True),
        (State.GRACE, True),
        (State.UNVERIFIED, False),
        (State.REMOVED, False),
    ],
)
def test_verified_and_grace_count_and_nothing_else(acme, state, verified):
    ClaimFactory(organization=acme, domain="corp.example", state=state)

    assert services.is_verified_for(acme, "Bob@Corp.Example") == verified
    assert services.verified_domains(acme) == ({"corp.example"} if verified else set())
    assert services.owner_of("corp.example") == (acme if verified else None)
    assert not services.is_verified_for(acme, "bob@corp.example.evil.example")
    assert not services.is_verified_for(OrganizationFactory(), "bob@corp.example")


# ── Removal


@pytest.mark.requirement("DOM-6")
def test_removal_says_what_stops_and_for_whom(acme):
    acme.policy.sso_enabled = acme.policy.sso_required = acme.policy.scim_enabled = True
    acme.policy.save()
    MembershipFactory(organization=acme, user__email="bob@corp.example")
    MembershipFactory(organization=acme, user__email="x@else.example", email="eve@corp.example")
    MembershipFactory(organization=acme, user__email="gil@sub.corp.example")
    claim = ClaimFactory(organization=acme, domain="corp.example", state=State.VERIFIED)

    losing = consequences.of_losing(claim)

    assert losing.count == 3
    assert {person.address for person in losing.sample} == {
        "ann@corp.example",
        "bob@corp.example",
        "eve@corp.example",
    }
    assert losing.sentences[0].startswith("3 people at corp.example can’t enter any more")
    assert losing.sentences[1] == "Owners and admins among them still can, by password."
    assert any("SCIM" in sentence for sentence in losing.sentences)


@pytest.mark.requirement("DOM-6")
def test_losing_the_domain_ends_the_single_sign_on_of_its_people_and_of_nobody_else(acme):
    acme.policy.sso_enabled = True
    acme.policy.save()
    long_ago = timezone.now() - timedelta(days=1)
    bob = MembershipFactory(organization=acme, user__email="bob@corp.example")
    out = MembershipFactory(organization=acme, user__email="out@other.example")
    elsewhere = MembershipFactory(user=bob.user)
    Membership.objects.update(access_valid_from=long_ago)
    claim = ClaimFactory(organization=acme, domain="corp.example", state=State.VERIFIED)

    services.remove(claim, actor=OPERATOR)

    valid_from = {m.pk: m.access_valid_from for m in Membership.objects.all()}
    assert valid_from[bob.pk] > long_ago
    assert valid_from[out.pk] == valid_from[elsewhere.pk] == long_ago


@pytest.mark.requirement("DOM-6")
def test_a_removed_claim_is_audited_once_and_its_token_is_never_valid_again(acme, dns):
    claim = ClaimFactory(organization=acme, domain="corp.example", state=State.VERIFIED)
    dns.publish("corp.example", claim.txt_value)

    services.remove(claim, actor=OPERATOR)
    services.remove(claim, actor=OPERATOR)
    anew = services.claim(acme, "corp.example", actor=OPERATOR)
    anew = services.check_now(anew)

    assert events(claim) == [Event.DOMAIN_REMOVED]
    assert (anew.state, anew.last_finding) == (State.PENDING, Finding.OLD_TOKEN)
    assert subjects() == ["corp.example was removed"]


@pytest.mark.requirement("DOM-3")
def test_an_operator_vouches_and_the_sweep_goes_on_looking(acme):
    claim = services.claim(acme, "corp.example", actor=OPERATOR)

    services.vouch(claim, actor=OPERATOR)

    assert claim.state == State.VERIFIED
    assert timedelta(hours=22) < claim.next_check_at - timezone.now() < timedelta(hours=26)


def test_a_verdict_that_comes_after_the_removal_changes_nothing(acme, dns, panel):
    claim = ClaimFactory(organization=acme, domain="corp.example")
    dns.publish("corp.example", claim.txt_value)
    lease = uuid.uuid4()
    subject = services._lease_one(claim, lease)
    assert subject
    examination = run(examine(panel, subject))

    services.remove(claim, actor=OPERATOR)

    assert not moves.settle(examination, lease=lease)
    claim.refresh_from_db()
    assert claim.state == State.REMOVED
