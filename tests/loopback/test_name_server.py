"""The name server tells the truth it was given, and lies only as it was asked to."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from tests.loopback.clients import call
from tests.servers.launch import Server, running

PATIENCE = 0.25  # seconds


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running("name_server") as server:
        yield server


@pytest.fixture(autouse=True)
def _clean(server: Server) -> None:
    for what in ("records", "faults", "questions"):
        call("DELETE", f"{server['control_url']}/{what}")


def tell(server: Server, what: str, **values: object) -> None:
    assert call("POST", f"{server['control_url']}/{what}", values).status == 201


def publish(server: Server, name: str, value: object, kind: str = "TXT") -> None:
    tell(server, "records", name=name, type=kind, value=value)


def ask(server: Server, name: str, kind: str = "TXT") -> dns.message.Message:
    """Ask as the product does: UDP with strangers' packets ignored, TCP on truncation."""
    question = dns.message.make_query(name, kind)
    answer, _ = dns.query.udp_with_fallback(
        question,
        "127.0.0.1",
        port=server.port,
        timeout=PATIENCE,
        ignore_errors=True,
        ignore_unexpected=True,
    )
    return answer


def texts(answer: dns.message.Message) -> list[bytes]:
    return [
        b"".join(record.strings)
        for rrset in answer.answer
        if rrset.rdtype == dns.rdatatype.TXT
        for record in rrset
    ]


def test_a_published_record_is_answered_with_authority(server):
    publish(server, "Corp.Example.", "token=abc")

    answer = ask(server, "corp.EXAMPLE")

    assert texts(answer) == [b"token=abc"]
    assert answer.flags & dns.flags.AA


@pytest.mark.parametrize("value", ["x" * 700, ["a" * 200, "b" * 200, "c" * 200]])
def test_a_long_text_arrives_whole_by_tcp(server, value):
    publish(server, "corp.example", value)

    assert texts(ask(server, "corp.example")) == ["".join(value).encode()]


def test_a_record_posted_twice_is_there_once_and_removal_takes_one_value(server):
    for value in ("one", "two", "two"):
        publish(server, "corp.example", value)

    removed = call(
        "DELETE", f"{server['control_url']}/records?name=corp.example&type=TXT&value=two"
    ).json

    assert removed == {"removed": 1}
    assert texts(ask(server, "corp.example")) == [b"one"]


def test_forms_and_lists_are_understood_too(server):
    url = f"{server['control_url']}/records"
    call("POST", url, form={"name": "a.example", "type": "TXT", "value": "1"})
    call("POST", url, [{"name": "b.example", "value": "2"}, {"name": "c.example", "value": "3"}])

    listed = call("GET", url).json

    assert [(r["name"], r["value"]) for r in listed] == [
        ("a.example", "1"),
        ("b.example", "2"),
        ("c.example", "3"),
    ]


def test_an_alias_is_followed_and_shown(server):
    publish(server, "www.corp.example", "elsewhere.example", "CNAME")
    publish(server, "elsewhere.example", "token=abc")

    answer = ask(server, "www.corp.example")

    assert [rrset.rdtype for rrset in answer.answer] == [dns.rdatatype.CNAME, dns.rdatatype.TXT]


@pytest.mark.parametrize(
    ("name", "kind", "code", "owner"),
    [
        ("corp.example", "A", dns.rcode.NOERROR, "corp.example."),
        ("nothing.corp.example", "TXT", dns.rcode.NXDOMAIN, "corp.example."),
        ("inner.corp.example", "TXT", dns.rcode.NOERROR, "corp.example."),
        ("stranger.test", "TXT", dns.rcode.NXDOMAIN, "test."),
    ],
)
def test_a_negative_answer_carries_the_start_of_authority(server, name, kind, code, owner):
    publish(server, "corp.example", "token=abc")
    publish(server, "deep.inner.corp.example", "token=abc")

    answer = ask(server, name, kind)

    assert (answer.rcode(), answer.answer) == (code, [])
    assert [(str(r.name), r.rdtype) for r in answer.authority] == [(owner, dns.rdatatype.SOA)]


def test_name_servers_and_addresses_are_served(server):
    publish(server, "corp.example", "ns1.host.example", "NS")
    publish(server, "ns1.host.example", "127.0.0.1", "A")

    assert str(ask(server, "corp.example", "NS").answer[0][0]) == "ns1.host.example."
    assert str(ask(server, "ns1.host.example", "A").answer[0][0]) == "127.0.0.1"


def test_a_wildcard_answers_for_names_that_are_not_there(server):
    publish(server, "*.many.example", "token=abc")

    assert texts(ask(server, "n1.many.example")) == [b"token=abc"]


@pytest.mark.parametrize(
    "record",
    [
        {"type": "TXT", "value": "x"},
        {"name": "a..example", "value": "x"},
        {"name": "a.example", "type": "A", "value": "no address"},
        {"name": "a.example", "type": "SRV", "value": "x"},
        {"name": "a.example", "type": "TXT", "value": 7},
    ],
)
def test_a_record_that_cannot_be_served_is_refused(server, record):
    refusal = call("POST", f"{server['control_url']}/records", record)

    assert refusal.status == 400
    assert refusal.json["error"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("servfail", dns.rcode.SERVFAIL),
        ("refused", dns.rcode.REFUSED),
        ("formerr", dns.rcode.FORMERR),
        ("nxdomain", dns.rcode.NXDOMAIN),
    ],
)
def test_a_name_can_be_answered_with_an_error(server, fault, code):
    publish(server, "corp.example", "token=abc")
    tell(server, "faults", name="corp.example", fault=fault)

    assert ask(server, "corp.example").rcode() == code


@pytest.mark.threat("D6")
@pytest.mark.parametrize(
    "fault", ["silent", "wrong_id", "wrong_port", "wrong_question", "garbage", "garbage_after_id"]
)
def test_what_must_not_be_believed_ends_as_no_answer(server, fault):
    publish(server, "corp.example", "token=abc")
    tell(server, "faults", name="corp.example", fault=fault)

    with pytest.raises(dns.exception.Timeout):
        ask(server, "corp.example")


def test_a_truncated_answer_is_whole_by_tcp_unless_tcp_is_dead(server):
    publish(server, "corp.example", "token=abc")

    tell(server, "faults", name="corp.example", fault="truncate")
    assert texts(ask(server, "corp.example")) == [b"token=abc"]

    tell(server, "faults", name="corp.example", fault="truncate_dead")
    with pytest.raises(EOFError):
        ask(server, "corp.example")


@pytest.mark.threat("D6")
def test_the_truth_comes_after_the_forgeries(server):
    publish(server, "corp.example", "token=abc")
    tell(server, "faults", name="corp.example", fault="forged_first", seconds=0.01, value="lie")

    assert texts(ask(server, "corp.example")) == [b"token=abc"]


@pytest.mark.threat("D8")
def test_a_huge_answer_is_sixty_kilobytes(server):
    publish(server, "corp.example", "token=abc")
    tell(server, "faults", name="corp.example", fault="huge_txt")

    answer = texts(ask(server, "corp.example"))

    assert b"token=abc" in answer
    assert sum(map(len, answer)) > 55_000


def test_random_bytes_and_alias_loops_are_served(server):
    tell(server, "faults", name="bytes.example", fault="random_txt")
    tell(server, "faults", name="loop.example", fault="cname_loop")

    assert len(texts(ask(server, "bytes.example"))[0]) == 200
    assert {r.rdtype for r in ask(server, "loop.example").answer} == {dns.rdatatype.CNAME}


def test_a_fault_strikes_as_often_as_was_asked(server):
    publish(server, "corp.example", "token=abc")
    tell(server, "faults", name="corp.example", fault="servfail", times=2)

    codes = [ask(server, "corp.example").rcode() for _ in range(3)]

    assert codes == [dns.rcode.SERVFAIL, dns.rcode.SERVFAIL, dns.rcode.NOERROR]


def test_the_first_packet_can_be_lost(server):
    publish(server, "corp.example", "token=abc")
    tell(server, "faults", name="corp.example", fault="lost_first")

    with pytest.raises(dns.exception.Timeout):
        ask(server, "corp.example")
    assert texts(ask(server, "corp.example")) == [b"token=abc"]


def test_every_name_can_be_slow(server):
    publish(server, "corp.example", "token=abc")
    tell(server, "faults", name="*", fault="delay", seconds=0.05)

    assert texts(ask(server, "corp.example")) == [b"token=abc"]


def test_a_cleared_fault_is_gone_and_an_unknown_one_refused(server):
    tell(server, "faults", name="corp.example", fault="silent")
    call("DELETE", f"{server['control_url']}/faults?name=corp.example")
    unknown = call("POST", f"{server['control_url']}/faults", {"name": "a.example", "fault": "x"})

    assert ask(server, "corp.example").rcode() == dns.rcode.NXDOMAIN
    assert unknown.status == 400


def test_questions_are_counted_answered_or_not(server):
    tell(server, "faults", name="a.example", fault="servfail")
    for name in ("a.example", "a.example", "b.example"):
        ask(server, name)

    assert call("GET", f"{server['control_url']}/questions").json == {
        "total": 3,
        "asked": {"a.example TXT": 2, "b.example TXT": 1},
    }


def test_bytes_that_are_no_question_do_not_stop_it(server):
    publish(server, "corp.example", "token=abc")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for rubbish in (b"", b"x", b"\xff" * 40, bytes(12)):
            sender.sendto(rubbish, ("127.0.0.1", server.port))

    assert texts(ask(server, "corp.example")) == [b"token=abc"]


def test_records_outlive_the_process_where_a_file_keeps_them(tmp_path: Path):
    state = tmp_path / "zone.json"
    with running("name_server", "--state", str(state)) as first:
        publish(first, "corp.example", ["token=", "abc"])
    with running("name_server", "--state", str(state)) as second:
        assert texts(ask(second, "corp.example")) == [b"token=abc"]

    assert json.loads(state.read_text())[0]["value"] == ["token=", "abc"]


def test_it_ends_cleanly_when_told():
    with running("name_server") as server:
        assert server.stop() == 0
