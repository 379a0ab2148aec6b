"""Plain answers are read as dnspython reads them, and whatever is not plain is left to it."""

import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from dns.rdtypes.ANY.TXT import TXT
from hypothesis import given
from hypothesis import strategies as st

from domains.questions import Question

NAME = "corp.example."
OURS = "orgsecurity-domain-verify=abc"
RECORDS = st.lists(st.lists(st.binary(max_size=255), min_size=1, max_size=4), min_size=1)


def answer(question, *texts, kind="TXT", name=NAME):
    """What an honest server says."""
    message = dns.message.make_response(question.message)
    message.flags |= dns.flags.RA
    if texts:
        message.answer.append(dns.rrset.from_text(name, 300, "IN", kind, *texts))
    return message


def as_dnspython_reads(datagram):
    """The TXT records at the name asked; None where dnspython takes no such message."""
    try:
        message = dns.message.from_wire(datagram)
    except Exception:  # noqa: BLE001  whatever rubbish provokes
        return None
    return tuple(
        b"".join(record.strings)
        for rrset in message.answer
        if rrset.rdtype == dns.rdatatype.TXT
        for record in rrset
    )


@pytest.mark.requirement("DOM-2")
@given(RECORDS)
def test_txt_records_of_any_bytes_are_read_as_dnspython_reads_them(records):
    question = Question.about(NAME, "TXT")
    message = answer(question)
    data = [TXT(dns.rdataclass.IN, dns.rdatatype.TXT, strings) for strings in records]
    message.answer.append(dns.rrset.from_rdata_list(NAME, 300, data))
    datagram = message.to_wire()

    assert question.plain_answer(datagram) == as_dnspython_reads(datagram)


@pytest.mark.threat("D6")
@given(st.integers(0, 120), st.integers(1, 255), st.integers(0, 30))
def test_a_spoiled_answer_is_never_read_otherwise(at, flipped, cut):
    question = Question.about(NAME, "TXT")
    honest = answer(question, '"v=spf1 -all"', f'"{OURS[:9]}" "{OURS[9:]}"').to_wire()
    spoiled = bytearray(honest)
    spoiled[at % len(spoiled)] ^= flipped

    for datagram in (bytes(spoiled), honest[: len(honest) - cut]):
        records = question.plain_answer(datagram)
        if records:
            assert as_dnspython_reads(datagram) in (records, None)
            assert datagram[:2] == question.wire[:2]
            assert dns.message.from_wire(datagram, question_only=True).question == (
                question.message.question
            )


@given(st.binary(max_size=200))
def test_no_rubbish_behind_the_right_question_is_more_than_not_plain(rubbish):
    question = Question.about(NAME, "TXT")
    start = answer(question).to_wire()[: question.name_ends + 4]
    start = start[:6] + b"\0\x02" + start[8:]  # two answers

    question.plain_answer(start + rubbish)
    question.plain_answer(rubbish)


def nothing(question):
    return answer(question)


def alias(question):
    return answer(question, "elsewhere.example.", kind="CNAME")


def record_of_another_name(question):
    return answer(question, OURS, name="other.example.")


def cut_off(question):
    message = answer(question, OURS)
    message.flags |= dns.flags.TC
    return message


def failure(question):
    message = answer(question, OURS)
    message.set_rcode(dns.rcode.SERVFAIL)
    return message


def another_id(question):
    message = answer(question, OURS)
    message.id ^= 1
    return message


def another_question(question):
    return answer(Question.about("other.example", "TXT"), OURS, name="other.example.")


def no_answer_but_a_question(question):
    message = answer(question, OURS)
    message.flags &= ~dns.flags.QR
    return message


@pytest.mark.threat("D2")
@pytest.mark.threat("D6")
@pytest.mark.parametrize(
    "made",
    [
        nothing,
        alias,
        record_of_another_name,
        cut_off,
        failure,
        another_id,
        another_question,
        no_answer_but_a_question,
    ],
)
def test_what_is_not_plain_is_left_to_dnspython(made):
    question = Question.about(NAME, "TXT")
    assert question.plain_answer(answer(question, OURS).to_wire()) == (OURS.encode(),)

    assert question.plain_answer(made(question).to_wire()) == ()


def test_a_question_is_what_dnspython_would_send():
    recursive = Question.about(NAME, "NS").message
    assert (str(recursive.question[0]), recursive.flags) == (f"{NAME} IN NS", dns.flags.RD)
    assert (recursive.edns, recursive.payload) == (0, 1232)

    assert Question.about(NAME, "TXT", recursive=False).message.flags == 0


@pytest.mark.threat("D6")
def test_every_question_has_a_random_id():
    ids = {Question.about(NAME, "TXT").wire[:2] for _ in range(50)}

    assert len(ids) > 45
