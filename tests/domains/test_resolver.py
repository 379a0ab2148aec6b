"""Real questions to a real name server that fails in every way it can."""

import asyncio
import socket

import pytest

from domains import resolver
from domains.resolver import Panel, Reply, Resolver, run
from domains.states import Verdict

VALUE = b"orgsecurity-domain-verify=abc"
TEXT = VALUE.decode()
STARTING = frozenset({Verdict.PRESENT})


def look(dns, name="corp.example"):
    return run(Resolver.parse(dns.address).look(name))


def ask(servers, *, matters=STARTING, everyone=False, name="corp.example"):
    panel = Panel([Resolver.parse(server.address) for server in servers])
    return run(panel.ask(name, VALUE, matters=matters, everyone=everyone))


@pytest.mark.requirement("DOM-2")
def test_the_record_is_found_among_others(dns):
    dns.publish("corp.example", "v=spf1 -all", TEXT, "other=1")

    assert look(dns).verdict(VALUE) == Verdict.PRESENT


@pytest.mark.requirement("DOM-2")
def test_the_strings_of_one_record_are_joined(dns):
    dns.publish("corp.example", [TEXT[:20], TEXT[20:]])

    assert look(dns).records == (VALUE,)


@pytest.mark.requirement("DOM-2")
def test_the_strings_of_two_records_are_not(dns):
    dns.publish("corp.example", TEXT[:20], TEXT[20:])

    assert look(dns).verdict(VALUE) == Verdict.ABSENT


@pytest.mark.requirement("DOM-2")
def test_an_answer_too_big_for_a_datagram_comes_by_tcp(dns):
    dns.publish("corp.example", *(f"{number:03d}" * 80 for number in range(12)), TEXT)

    assert look(dns).verdict(VALUE) == Verdict.PRESENT


@pytest.mark.parametrize(
    ("fault", "reply", "verdict"),
    [
        ("silent", Reply.TIMEOUT, Verdict.NO_ANSWER),
        ("servfail", Reply.SERVER_FAILURE, Verdict.NO_ANSWER),
        ("refused", Reply.REFUSED, Verdict.NO_ANSWER),
        ("formerr", Reply.UNUSABLE, Verdict.NO_ANSWER),
        ("nxdomain", Reply.NO_SUCH_DOMAIN, Verdict.ABSENT),
        ("truncate", Reply.RECORDS, Verdict.PRESENT),
        ("truncate_dead", Reply.UNUSABLE, Verdict.NO_ANSWER),
        ("wrong_id", Reply.TIMEOUT, Verdict.NO_ANSWER),
        ("wrong_port", Reply.TIMEOUT, Verdict.NO_ANSWER),
        ("wrong_question", Reply.TIMEOUT, Verdict.NO_ANSWER),
        ("forged_first", Reply.RECORDS, Verdict.PRESENT),
        ("garbage", Reply.TIMEOUT, Verdict.NO_ANSWER),
        ("garbage_after_id", Reply.TIMEOUT, Verdict.NO_ANSWER),
        ("huge_txt", Reply.RECORDS, Verdict.PRESENT),
        ("cname_loop", Reply.ALIAS, Verdict.ABSENT),
        ("random_txt", Reply.RECORDS, Verdict.ABSENT),
        ("lost_first", Reply.RECORDS, Verdict.PRESENT),
    ],
)
@pytest.mark.requirement("DOM-4")
@pytest.mark.threat("D6")
def test_every_fault_of_dns_has_its_own_name_and_verdict(dns, fault, reply, verdict):
    dns.publish("corp.example", TEXT)
    dns.fail("corp.example", fault)

    seen = look(dns)

    assert (seen.reply, seen.verdict(VALUE)) == (reply, verdict)


def test_a_slow_answer_in_time_counts_and_a_late_one_does_not(dns):
    dns.publish("corp.example", TEXT)
    dns.fail("corp.example", "delay", seconds=0.05)
    assert look(dns).verdict(VALUE) == Verdict.PRESENT

    dns.fail("corp.example", "delay", seconds=0.6)
    assert look(dns).reply == Reply.TIMEOUT


def test_tcp_that_never_answers_is_given_up(impatient):
    listener = socket.create_server(("127.0.0.1", 0))
    with listener, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(listener.getsockname())

        async def truncating() -> Reply:
            server = Resolver("127.0.0.1", listener.getsockname()[1])
            looking = asyncio.create_task(server.look("corp.example"))
            udp.setblocking(False)
            question, peer = await asyncio.get_running_loop().sock_recvfrom(udp, 4096)
            answer = question[:2] + b"\x87\x80" + question[4:]  # QR AA TC RD RA
            await asyncio.get_running_loop().sock_sendto(udp, answer, peer)
            return (await looking).reply

        assert run(truncating()) == Reply.TIMEOUT


@pytest.mark.requirement("DOM-9")
def test_no_such_domain_and_no_txt_at_all_are_told_apart(dns):
    dns.publish("corp.example", "192.0.2.1", kind="A")

    assert look(dns).reply == Reply.NO_RECORDS
    assert look(dns, "other.example").reply == Reply.NO_SUCH_DOMAIN


@pytest.mark.requirement("DOM-2")
@pytest.mark.threat("D2")
def test_a_record_at_the_end_of_an_alias_proves_nothing(dns):
    dns.publish("corp.example", "parked.elsewhere.example", kind="CNAME")
    dns.publish("parked.elsewhere.example", TEXT)

    seen = look(dns)

    assert (seen.reply, seen.alias) == (Reply.ALIAS, "parked.elsewhere.example")
    assert seen.verdict(VALUE) == Verdict.ABSENT
    assert look(dns, "parked.elsewhere.example").verdict(VALUE) == Verdict.PRESENT


@pytest.mark.threat("D1")
@pytest.mark.parametrize(
    "published", [TEXT.upper(), TEXT[:-1], f"{TEXT}x", f" {TEXT}", f'"{TEXT}"', TEXT[5:]]
)
def test_only_the_exact_value_counts(dns, published):
    dns.publish("corp.example", published)
    assert look(dns).verdict(VALUE) == Verdict.ABSENT

    dns.publish("corp.example", TEXT)
    assert look(dns).verdict(VALUE) == Verdict.PRESENT


def test_each_question_has_a_port_of_its_own(impatient):
    ports = set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        udp.settimeout(2)
        server = Resolver("127.0.0.1", udp.getsockname()[1])

        async def many() -> None:
            await asyncio.gather(*(server.look("corp.example", tries=1) for _ in range(20)))

        run(many())
        for _ in range(20):
            ports.add(udp.recvfrom(4096)[1][1])

    assert len(ports) == 20


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("192.0.2.1:5353", "192.0.2.1", 5353),
        ("192.0.2.1", "192.0.2.1", 53),
        ("[2001:db8::1]:5353", "2001:db8::1", 5353),
        ("[2001:db8::1]", "2001:db8::1", 53),
        ("2001:db8::1", "2001:db8::1", 53),
    ],
)
def test_resolvers_are_written_as_addresses_are(text, host, port):
    assert Resolver.parse(text) == Resolver(host, port)


# ── Several resolvers


@pytest.mark.threat("D6")
def test_one_poisoned_resolver_of_three_changes_nothing(three_dns):
    three_dns[0].publish("corp.example", TEXT)
    assert ask(three_dns, everyone=True).verdict == Verdict.ABSENT

    three_dns[1].publish("corp.example", TEXT)
    assert ask(three_dns, everyone=True).verdict == Verdict.PRESENT


@pytest.mark.threat("D6")
def test_one_resolver_that_denies_the_domain_takes_nothing_away(three_dns):
    three_dns[1].publish("corp.example", TEXT)
    three_dns[2].publish("corp.example", TEXT)

    answer = ask(three_dns, matters={Verdict.ABSENT}, everyone=True)

    assert answer.verdict == Verdict.PRESENT
    assert answer.disagree


def test_without_a_majority_there_is_no_answer(three_dns):
    three_dns[0].publish("corp.example", TEXT)
    three_dns[1].fail("corp.example", "servfail")

    answer = ask(three_dns, everyone=True)

    assert answer.verdict == Verdict.NO_ANSWER
    assert answer.disagree


def test_a_dead_resolver_is_no_vote_and_no_obstacle(three_dns):
    three_dns[0].fail("corp.example", "silent")
    for dns in three_dns[1:]:
        dns.publish("corp.example", TEXT)

    assert {ask(three_dns).verdict for _ in range(4)} == {Verdict.PRESENT}


def test_only_one_is_asked_where_nothing_would_change(three_dns):
    for dns in three_dns:
        dns.publish("corp.example", TEXT)

    answer = ask(three_dns, matters={Verdict.ABSENT})

    assert answer.verdict == Verdict.PRESENT
    assert len(answer.looks) == 1
    assert sum(sum(dns.questions().values()) for dns in three_dns) == 1


def test_a_panel_serves_one_batch_after_another_each_with_more_than_it_keeps_in_flight(dns):
    panel = Panel([Resolver.parse(dns.address)], in_flight=5)
    names = [f"corp{number}.example" for number in range(20)]

    for _batch in range(2):
        assert len(run(panel.look_at(names))) == 20


def test_a_silent_name_makes_room_for_others_and_every_place_is_given_back(dns, monkeypatch):
    monkeypatch.setattr(resolver, "AT_ONCE", 2)
    monkeypatch.setattr(resolver, "MAKES_ROOM_AFTER", 0.02)
    for number in range(4):
        dns.fail(f"dead{number}.example", "silent")
    panel = Panel([Resolver.parse(dns.address)])
    names = [f"dead{number}.example" for number in range(4)]

    looks = run(panel.look_at([*names, *(f"live{number}.example" for number in range(6))]))

    assert [look.reply for look in looks.values()] == [Reply.TIMEOUT] * 4 + [
        Reply.NO_SUCH_DOMAIN
    ] * 6
    assert panel._room._value == 2
