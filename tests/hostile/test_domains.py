"""Threats D of the product: what is tried on domains, each beside its positive control."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from accounts.actor import Actor
from domains import services
from domains.doctor import Finding
from domains.errors import DomainRefused, TooManyChecks, TooManyClaims
from domains.models import DomainClaim
from domains.names import parse_domain
from domains.resolver import Panel, Resolver, run
from domains.states import State, Verdict
from domains.sweep import sweep
from tests.domains.factories import ClaimFactory
from tests.factories import OrganizationFactory

pytestmark = pytest.mark.django_db
OPERATOR = Actor.operator("tests")


def state_after_a_look(claim):
    return services.check_now(claim).state


@pytest.mark.threat("D1")
@pytest.mark.parametrize(
    "published",
    [
        "{others}",
        "{tenants}",
        "{value}x",
        "x{value}",
        "{shorter}",
        "{upper}",
        "{prefix}=",
        "{token}",
        " {value}",
    ],
)
def test_only_the_claims_own_value_whole_and_exact_proves_a_domain(acme, dns, published):
    claim = ClaimFactory(organization=acme, domain="corp.example")
    other = ClaimFactory(organization=acme, domain="other.example")
    tenant = ClaimFactory(domain="corp.example")
    value = claim.txt_value
    dns.publish(
        "corp.example",
        published.format(
            value=value,
            others=other.txt_value,
            tenants=tenant.txt_value,
            shorter=value[:-1],
            upper=value.upper(),
            token=claim.token,
            prefix=value.partition("=")[0],
        ),
    )
    assert state_after_a_look(claim) == State.PENDING

    dns.publish("corp.example", value)
    assert state_after_a_look(claim) == State.VERIFIED


@pytest.mark.threat("D1")
def test_a_record_left_behind_proves_nothing_for_the_claim_made_after_removal(acme, dns):
    first = ClaimFactory(organization=acme, domain="corp.example", state=State.VERIFIED)
    dns.publish("corp.example", first.txt_value)
    services.remove(first, actor=OPERATOR)

    second = services.claim(acme, "corp.example", actor=OPERATOR)

    assert second.token != first.token
    assert state_after_a_look(second) == State.PENDING
    dns.publish("corp.example", second.txt_value)
    assert state_after_a_look(second) == State.VERIFIED


@pytest.mark.threat("D1")
def test_tokens_have_128_bits_and_differ():
    organization = OrganizationFactory()
    tokens = {ClaimFactory(organization=organization).token for _ in range(50)}

    assert len(tokens) == 50
    assert all(len(bytes.fromhex(token)) == 16 for token in tokens)


@pytest.mark.threat("D2")
def test_a_dangling_alias_proves_nothing_and_the_page_says_so(acme, dns):
    claim: DomainClaim = ClaimFactory(organization=acme, domain="shop.corp.example")
    dns.publish("shop.corp.example", "freed.hosting.example", kind="CNAME")
    dns.publish("freed.hosting.example", claim.txt_value)

    claim = services.check_now(claim)

    assert (claim.state, claim.last_finding) == (State.PENDING, Finding.ALIAS)
    dns.withdraw("shop.corp.example")
    dns.publish("shop.corp.example", claim.txt_value)
    assert state_after_a_look(claim) == State.VERIFIED


@pytest.mark.threat("D3")
@pytest.mark.parametrize(
    "shared",
    [
        "com",
        "co.uk",
        "github.io",
        "s3.amazonaws.com",
        "corp.local",
        "db.internal",
        "localhost",
        "router.lan",
        "10.0.0.1",
        "1.0.0.10.in-addr.arpa",
        "xn--p1ai",
    ],
)
def test_shared_and_internal_names_are_refused_before_dns_is_asked(acme, dns, shared):
    with pytest.raises(DomainRefused):
        services.claim(acme, shared, actor=OPERATOR)

    assert not DomainClaim.objects.exists()
    assert services.claim(acme, "acme.co.uk", actor=OPERATOR).domain == "acme.co.uk"


@pytest.mark.threat("D4")
@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("\uff43\uff4f\uff52\uff50.example", "corp.example"),
        ("corp\u3002example", "corp.example"),
        ("co\u00adrp.example", "corp.example"),
        ("corp\u200b.example", "corp.example"),
        ("fa\u00df.example", "xn--fa-hia.example"),
        ("\u0441orp.example", "xn--orp-3ed.example"),
        ("\u212aorp.example", "korp.example"),
    ],
)
def test_look_alikes_become_the_a_label_that_is_shown(client, acme, sign_in, typed, stored):
    claim = services.claim(acme, typed, actor=OPERATOR)
    page = reverse("domains:claim", args=[acme.public_id, claim.public_id])

    assert claim.domain == stored
    assert parse_domain(claim.domain) == stored
    assert stored in sign_in(client, acme.owner).get(page).content.decode()


@pytest.mark.threat("D4")
@pytest.mark.parametrize(
    "typed", ["co\u200drp.example", "corp\u2024example", "c\u0338orp\u2026.example"]
)
def test_what_uts46_does_not_allow_is_refused(typed):
    with pytest.raises(DomainRefused):
        parse_domain(typed)


@pytest.mark.threat("D5")
def test_who_comes_second_reads_verified_elsewhere_and_no_name(client, acme, sign_in, dns):
    holder = ClaimFactory(
        organization__name="Secret Holding", domain="corp.example", state=State.VERIFIED
    )
    claim = ClaimFactory(organization=acme, domain="corp.example")
    dns.publish("corp.example", claim.txt_value)

    services.check_now(claim)
    page = reverse("domains:claim", args=[acme.public_id, claim.public_id])
    text = sign_in(client, acme.owner).get(page).content.decode()

    assert "verified for another organization" in text
    assert "Secret Holding" not in text
    services.remove(holder, actor=OPERATOR)
    assert state_after_a_look(claim) == State.VERIFIED


@pytest.fixture
def three(three_dns, settings):
    """Three resolvers, all of them asked."""
    settings.DNS_RESOLVERS = [dns.address for dns in three_dns]
    return three_dns


@pytest.mark.threat("D6")
def test_one_poisoned_resolver_proves_nothing_and_two_honest_ones_do(acme, three):
    claim = ClaimFactory(organization=acme, domain="corp.example")
    three[0].publish("corp.example", claim.txt_value)
    assert {state_after_a_look(claim) for _ in range(4)} == {State.PENDING}

    three[1].publish("corp.example", claim.txt_value)
    assert state_after_a_look(claim) == State.VERIFIED


@pytest.mark.threat("D6")
@pytest.mark.parametrize("fault", ["nxdomain", "servfail", "silent", "random_txt", "cname_loop"])
def test_one_failing_resolver_takes_no_domain_away_and_a_majority_does(acme, three, fault):
    claim = ClaimFactory(organization=acme, domain="corp.example", state=State.VERIFIED)
    for dns in three:
        dns.publish("corp.example", claim.txt_value)
    three[0].fail("corp.example", fault)
    assert {state_after_a_look(claim) for _ in range(3)} == {State.VERIFIED}

    for dns in three[1:]:
        dns.withdraw("corp.example")
    assert state_after_a_look(claim) == State.GRACE


@pytest.mark.threat("D6")
def test_a_guessers_packets_are_passed_over_and_a_cut_answer_comes_by_tcp(dns):
    resolver = Resolver.parse(dns.address)
    dns.publish("corp.example", "v=true")
    for fault in ("forged_first", "truncate"):
        dns.fail("corp.example", fault, value="v=forged")
        look = run(resolver.look("corp.example"))
        assert look.records == (b"v=true",)

    dns.fail("corp.example", "truncate_dead")
    assert run(resolver.look("corp.example")).verdict(b"v=true") == Verdict.NO_ANSWER


@pytest.mark.threat("D6")
def test_bogus_dnssec_is_no_answer(acme, dns):
    claim: DomainClaim = ClaimFactory(
        organization=acme, domain="corp.example", state=State.VERIFIED
    )
    dns.fail("corp.example", "servfail")  # what a validating resolver says of a bogus signature

    claim = services.check_now(claim)

    assert (claim.state, claim.last_verdict) == (State.VERIFIED, Verdict.NO_ANSWER)


@pytest.mark.threat("D7")
def test_an_outage_or_a_jump_of_the_clock_takes_nothing_and_five_days_of_answers_do(acme, dns):
    monday = datetime(2026, 11, 23, 9, tzinfo=UTC)
    claim = ClaimFactory(
        organization=acme, domain="corp.example", state=State.VERIFIED, next_check_at=monday
    )

    def state_on(day):
        clock.move_to(monday + timedelta(days=day))
        DomainClaim.objects.update(next_check_at=monday)
        sweep()
        claim.refresh_from_db()
        return claim.state

    with time_machine.travel(monday, tick=False) as clock:
        assert state_on(0) == State.GRACE
        dns.fail("corp.example", "servfail")
        assert {state_on(day) for day in range(1, 9)} == {State.GRACE}
        dns.heal()
        assert state_on(40) == State.GRACE
        assert state_on(39) == State.GRACE
        assert [state_on(day) for day in (41, 42, 43)] == [
            State.GRACE,
            State.GRACE,
            State.UNVERIFIED,
        ]


@pytest.mark.threat("D8")
@pytest.mark.parametrize("fault", ["huge_txt", "random_txt"])
def test_what_dns_sends_is_bounded_and_escaped(client, acme, sign_in, dns, fault):
    claim = ClaimFactory(organization=acme, domain="corp.example")
    dns.publish("corp.example", "<script>x</script>\x1b]0;own\x07\u202egnp.exe")
    dns.fail("corp.example", fault)

    services.check_now(claim)
    page = reverse("domains:claim", args=[acme.public_id, claim.public_id])
    text = sign_in(client, acme.owner).get(page).content.decode()

    details = claim.checks.get().details
    assert len(str(details)) < 8_000
    assert not {"\x1b", "\x07", "\u202e", "\x00"} & set(text)
    assert "<script>x" not in text


@pytest.mark.threat("D8")
def test_the_record_is_found_among_sixty_kilobytes_of_others(acme, dns):
    claim = ClaimFactory(organization=acme, domain="corp.example")
    dns.publish("corp.example", claim.txt_value)
    dns.fail("corp.example", "huge_txt")

    assert state_after_a_look(claim) == State.VERIFIED


@pytest.mark.threat("D9")
def test_claims_and_checks_are_limited_by_tenant_and_domain(acme, dns, monkeypatch):
    monkeypatch.setattr(services, "MAX_CLAIMS_A_DAY", 3)
    monkeypatch.setattr(services, "CHECKS_BY_DOMAIN", (2, timedelta(hours=1)))
    ann = Actor.person(acme.owner)
    for number in range(3):
        services.claim(acme, f"corp{number}.example", actor=ann)
    with pytest.raises(TooManyClaims):
        services.claim(acme, "corp4.example", actor=ann)

    tenants = [ClaimFactory(domain="victim.example") for _ in range(3)]
    services.check_now(tenants[0])
    services.check_now(tenants[1])
    with pytest.raises(TooManyChecks):
        services.check_now(tenants[2])
    assert services.claim(OrganizationFactory(), "corp4.example", actor=ann).pk


@pytest.mark.threat("D10")
def test_the_new_owner_of_a_domain_inherits_nothing(acme, dns):
    former = ClaimFactory(organization=acme, domain="corp.example", state=State.UNVERIFIED)
    dns.publish("corp.example", former.txt_value)
    buyer = OrganizationFactory()
    claim = services.claim(buyer, "corp.example", actor=OPERATOR)

    assert claim.token != former.token
    assert state_after_a_look(claim) == State.PENDING
    dns.withdraw("corp.example")
    dns.publish("corp.example", claim.txt_value)
    assert state_after_a_look(claim) == State.VERIFIED
    assert services.verified_domains(acme) == set()
    assert services.verified_domains(buyer) == {"corp.example"}
    assert state_after_a_look(former) == State.UNVERIFIED


def test_a_panel_needs_somebody_to_ask():
    with pytest.raises(ValueError, match="at least one"):
        Panel([])
