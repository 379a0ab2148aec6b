"""DOM-9: what is wrong, by a real look at a real name server each time."""

import pytest

from domains import authorities, services
from domains.doctor import Finding, places_one_level_off, printable, tokens_in
from domains.examination import examine
from domains.moves import diagnosis_of
from domains.resolver import Look, Reply, run
from domains.states import State
from tests.domains.factories import ClaimFactory

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("DOM-9")]


@pytest.fixture
def claim(acme):
    return ClaimFactory(organization=acme, domain="corp.example")


def checked(claim):
    claim = services.check_now(claim)
    return claim.last_finding, Finding(claim.last_finding).sentence(claim.domain, claim.last_facts)


def test_no_such_domain(claim, dns):
    finding, sentence = checked(claim)

    assert finding == Finding.NO_SUCH_DOMAIN
    assert "DNS knows no domain corp.example" in sentence


def test_no_txt_record_at_all(claim, dns):
    dns.publish("corp.example", "192.0.2.1", kind="A")

    assert checked(claim)[0] == Finding.NO_TXT


def test_txt_records_of_others_only(claim, dns):
    dns.publish("corp.example", "v=spf1 -all", "google-site-verification=abc")

    finding, sentence = checked(claim)

    assert finding == Finding.NO_RECORD
    assert "no TXT record starts with our prefix" in sentence


@pytest.mark.parametrize(
    "place",
    [
        "_orgsecurity-domain-verify.corp.example",
        "orgsecurity-domain-verify.corp.example",
        "corp.example.corp.example",
        "www.corp.example",
        "@.corp.example",
        "_x.corp.example",
    ],
)
def test_a_record_one_level_off_is_named(claim, dns, place):
    dns.publish(place, claim.txt_value)

    finding, sentence = checked(claim)

    assert finding == Finding.ONE_LEVEL_OFF
    assert f"stands at {place} instead of corp.example" in sentence


def test_a_record_one_level_up_is_named(acme, dns):
    claim = ClaimFactory(organization=acme, domain="it.corp.example")
    dns.publish("corp.example", claim.txt_value)

    assert "stands at corp.example instead of it.corp.example" in checked(claim)[1]


@pytest.mark.parametrize(
    ("spoiled", "finding"),
    [
        ("{token}", Finding.BARE_TOKEN),
        ('"{token}"', Finding.BARE_TOKEN),
        ('"{value}"', Finding.QUOTED),
        ("“{value}”", Finding.QUOTED),
        ("{prefix}='{token}'", Finding.QUOTED),
        (" {value} ", Finding.ALTERED),
        ("{prefix} = {token}", Finding.ALTERED),
        ("{upper}", Finding.ALTERED),
        ("{value};", Finding.ALTERED),
        ("{prefix}=0123456789abcdef0123456789abcdef", Finding.UNKNOWN_TOKEN),
        ("{prefix}=", Finding.UNKNOWN_TOKEN),
    ],
)
def test_a_spoiled_value_is_named_and_proves_nothing(claim, dns, spoiled, finding):
    value = claim.txt_value
    words = {"token": claim.token, "value": value, "upper": value.upper()}
    dns.publish("corp.example", spoiled.format(prefix="orgsecurity-domain-verify", **words))

    assert checked(claim)[0] == finding
    assert services.owner_of("corp.example") is None


def test_an_older_claims_token(claim, acme, dns):
    older = ClaimFactory(organization=acme, domain="corp.example", state=State.REMOVED)
    dns.publish("corp.example", older.txt_value)

    assert checked(claim)[0] == Finding.OLD_TOKEN


@pytest.mark.threat("T4")
def test_another_organizations_token_is_named_without_a_name(claim, dns):
    other = ClaimFactory(domain="corp.example", organization__name="Rival Incorporated")
    dns.publish("corp.example", other.txt_value)

    finding, sentence = checked(claim)

    assert finding == Finding.FOREIGN_TOKEN
    assert "another organization" in sentence
    assert "Rival" not in sentence


@pytest.mark.requirement("DOM-2")
def test_an_alias_is_named_with_its_target(claim, dns):
    dns.publish("corp.example", "parked.other.example", kind="CNAME")
    dns.publish("parked.other.example", claim.txt_value)

    finding, sentence = checked(claim)

    assert finding == Finding.ALIAS
    assert "alias (CNAME) of parked.other.example" in sentence


def test_resolvers_that_disagree(claim, three_dns, settings):
    settings.DNS_RESOLVERS = [dns.address for dns in three_dns]
    three_dns[0].publish("corp.example", claim.txt_value)
    three_dns[1].fail("corp.example", "servfail")

    assert checked(claim)[0] == Finding.DISAGREE


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("silent", "no answer in time"),
        ("servfail", "SERVFAIL"),
        ("refused", "refused"),
        ("garbage", "no answer in time"),
        ("truncate_dead", "can’t be read"),
    ],
)
def test_no_answer_says_why_and_that_nothing_changes(claim, dns, fault, words):
    dns.fail("corp.example", fault)

    finding, sentence = checked(claim)

    assert finding == Finding.NO_ANSWER
    assert words in sentence
    assert "nothing changes" in sentence


def test_every_finding_has_a_sentence():
    facts = {"place": "a.example", "target": "b.example", "reply": "timeout"}

    sentences = {finding.sentence("corp.example", facts) for finding in Finding}

    assert len(sentences) == len(Finding)
    assert not any("%(" in sentence for sentence in sentences)


# ── The domain's own servers


@pytest.fixture
def own_server(three_dns, settings):
    """corp.example's own name server, beside the resolver that everybody asks."""
    resolver, own = three_dns[0], three_dns[1]
    settings.DEBUG = True
    settings.DNS_RESOLVERS = [resolver.address]
    settings.DNS_AUTHORITATIVE_PORT = own.server.port
    resolver.publish("corp.example", "ns1.corp.example", kind="NS")
    resolver.publish("ns1.corp.example", "127.0.0.1", kind="A")
    return own


@pytest.mark.requirement("DOM-3")
def test_a_record_that_the_domains_own_servers_publish_is_only_looked_at_sooner(claim, own_server):
    own_server.publish("corp.example", claim.txt_value)

    finding, sentence = checked(claim)

    claim.refresh_from_db()
    assert finding == Finding.PUBLISHED
    assert "Your name servers publish the record" in sentence
    assert claim.state == State.PENDING
    assert (claim.next_check_at - claim.last_checked_at).total_seconds() <= 30
    assert (claim.zone, claim.name_servers) == ("corp.example", ["ns1.corp.example"])


@pytest.mark.threat("D3")
@pytest.mark.parametrize("address", ["10.0.0.1", "169.254.169.254", "192.168.1.1"])
def test_an_own_server_at_a_private_address_is_never_asked(
    claim, own_server, three_dns, panel, address
):
    three_dns[0].withdraw("ns1.corp.example")
    three_dns[0].publish("ns1.corp.example", address, kind="A")
    zone = authorities.Zone("corp.example", ("ns1.corp.example",))

    assert run(authorities._askable(panel, zone)) == []


@pytest.mark.threat("D3")
@pytest.mark.parametrize(
    ("address", "debug", "allowed"),
    [
        ("192.0.2.1", True, False),
        ("8.8.8.8", False, True),
        ("2001:4860:4860::8888", False, True),
        ("127.0.0.1", True, True),
        ("127.0.0.1", False, False),
        ("::1", False, False),
        ("::ffff:127.0.0.1", False, False),
        ("::ffff:10.0.0.1", True, False),
        ("64:ff9b::a00:1", True, False),
        ("2002:a00:1::", True, False),
        ("100.64.0.1", True, False),
        ("fd00::1", True, False),
        ("fe80::1", True, False),
        ("224.0.0.1", True, False),
        ("0.0.0.0", True, False),
        ("255.255.255.255", True, False),
        ("not an address", True, False),
    ],
)
def test_only_public_addresses_may_be_asked_and_loopback_while_debug(
    settings, address, debug, allowed
):
    settings.DEBUG = debug

    assert authorities.may_be_asked(address) == allowed


# ── Pure parts


@pytest.mark.threat("D8")
def test_what_dns_says_is_shown_bounded_and_without_control_characters():
    assert printable("a\x1b[0m\u202e\x00b") == "a\\u001b[0m\\u202e\\u0000b"
    assert len(printable("\x00" * 10_000)) <= 260


@pytest.mark.threat("D8")
def test_a_hundred_long_records_are_kept_as_a_few_short_ones(claim, panel):
    look = Look("192.0.2.1:53", Reply.RECORDS, tuple(b"\xff" * 60_000 for _ in range(100)))
    examination = run(examine(panel, claim.as_subject()))
    flooded = type(examination.answer)(examination.answer.verdict, (look,))

    details = diagnosis_of(
        type(examination)(examination.subject, examination.at, flooded), {}
    ).details

    assert details["looks"][0]["more"] == 92
    assert sum(len(record) for record in details["looks"][0]["records"]) < 8 * 300


def test_tokens_are_looked_up_only_where_a_token_would_stand():
    looks = [Look("r", Reply.RECORDS, (b"p=abc", b"q=def", b"x" * 32, b"p=" + b"y" * 500))]

    assert tokens_in(looks, "p") == {"abc", "x" * 32, "y" * 32}


def test_names_too_long_for_dns_are_not_asked():
    long = ".".join(["a" * 60] * 4)

    assert all(len(place) <= 253 for place in places_one_level_off(long, "prefix"))
