"""The ways in which the name server can be wrong, chosen per name while it runs.

A fault turns a question into packets: what is sent, after how long, from which port. An empty
list is silence.
"""

import secrets
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple

from dnslib import CNAME, QTYPE, RCODE, RR, TXT, DNSHeader, DNSQuestion, DNSRecord

from tests.servers.name_server.zone import STRING_LIMIT, normal_name

HUGE_BYTES = 60_000
DEFAULT_DELAY = 1.0


@dataclass(frozen=True)
class Packet:
    """One thing to send. `hang_up`: close the TCP connection instead."""

    data: bytes
    after: float = 0.0  # seconds
    from_other_port: bool = False
    hang_up: bool = False


@dataclass(frozen=True)
class Fault:
    """What goes wrong for a name ("*": for every name), and how often.

    times: how many questions it strikes, None for all. seconds: for `delay`, and how far the
    truth lags behind a forged packet. value: the TXT value that a liar claims.
    """

    name: str
    fault: str
    times: int | None = None
    seconds: float = DEFAULT_DELAY
    value: str = "forged"
    transport: str = "both"  # or "udp", "tcp"


class Case(NamedTuple):
    """A question that meets a fault; `honest` is what it would have heard."""

    fault: Fault
    question: DNSRecord
    honest: DNSRecord
    udp: bool


Strike = Callable[[Case], list[Packet]]


def _silent(case: Case) -> list[Packet]:
    return []


def _delay(case: Case) -> list[Packet]:
    return [Packet(case.honest.pack(), after=case.fault.seconds)]


def _code(rcode: int) -> Strike:
    def strike(case: Case) -> list[Packet]:
        reply = case.question.reply(ra=1, aa=0)
        reply.header.rcode = rcode
        return [Packet(reply.pack())]

    return strike


def _truncate(case: Case) -> list[Packet]:
    return [Packet(truncated(case.question) if case.udp else case.honest.pack())]


def _truncate_dead(case: Case) -> list[Packet]:
    return [Packet(truncated(case.question))] if case.udp else [Packet(b"", hang_up=True)]


def _wrong_id(case: Case) -> list[Packet]:
    return [Packet(_with_other_id(case.honest))]


def _wrong_port(case: Case) -> list[Packet]:
    return [Packet(case.honest.pack(), from_other_port=True)]


def _wrong_question(case: Case) -> list[Packet]:
    lie = _claim(case.question, f"other-{case.question.q.qname}", [case.fault.value.encode()])
    return [Packet(lie.pack())]


def _forged_first(case: Case) -> list[Packet]:
    """Send a guesser's packets (wrong id; wrong port; wrong question), then the truth."""
    lie = _claim(case.question, case.question.q.qname, [case.fault.value.encode()])
    return [
        Packet(_with_other_id(lie)),
        Packet(lie.pack(), from_other_port=True),
        *_wrong_question(case),
        Packet(case.honest.pack(), after=min(case.fault.seconds, 0.05)),
    ]


def _garbage(case: Case) -> list[Packet]:
    return [Packet(secrets.token_bytes(97))]


def _garbage_after_id(case: Case) -> list[Packet]:
    """Send the right header and question, then noise where the records should be."""
    packed = bytearray(case.question.reply(ra=1, aa=1).pack())
    packed[6:8] = (3).to_bytes(2, "big")  # three answers are said to follow
    return [Packet(bytes(packed) + secrets.token_bytes(60))]


def _huge_txt(case: Case) -> list[Packet]:
    """Add 60 kB of TXT records to the honest ones; over UDP only the truncation bit."""
    if case.udp:
        return [Packet(truncated(case.question))]
    for number in range(HUGE_BYTES // 4048):
        filler = [f"{number:06d}".encode() * 42] * 16  # 16 strings of 252 bytes: 4 kB a record
        case.honest.add_answer(RR(case.question.q.qname, QTYPE.TXT, ttl=1, rdata=TXT(filler)))
    case.honest.header.rcode = RCODE.NOERROR
    return [Packet(case.honest.pack())]


def _cname_loop(case: Case) -> list[Packet]:
    reply = case.question.reply(ra=1, aa=1)
    here, there = case.question.q.qname, f"loop.{case.question.q.qname}"
    reply.add_answer(
        RR(here, QTYPE.CNAME, ttl=1, rdata=CNAME(there)),
        RR(there, QTYPE.CNAME, ttl=1, rdata=CNAME(here)),
    )
    return [Packet(reply.pack())]


def _random_txt(case: Case) -> list[Packet]:
    return [Packet(_claim(case.question, case.question.q.qname, [secrets.token_bytes(200)]).pack())]


def truncated(question: DNSRecord) -> bytes:
    """Return an empty answer with the truncation bit: ask again by TCP."""
    reply = question.reply(ra=1, aa=1)
    reply.header.tc = 1
    return bytes(reply.pack())


def _claim(question: DNSRecord, name: object, strings: list[bytes]) -> DNSRecord:
    header = DNSHeader(id=question.header.id, qr=1, aa=1, ra=1, rd=question.header.rd)
    reply = DNSRecord(header, q=DNSQuestion(name, question.q.qtype))
    pieces = [s[i : i + STRING_LIMIT] for s in strings for i in range(0, len(s), STRING_LIMIT)]
    reply.add_answer(RR(name, QTYPE.TXT, ttl=1, rdata=TXT(pieces)))
    return reply


def _with_other_id(reply: DNSRecord) -> bytes:
    packed = bytearray(reply.pack())
    packed[1] ^= 0x55
    return bytes(packed)


STRIKES: dict[str, Strike] = {
    "silent": _silent,
    "delay": _delay,
    "servfail": _code(RCODE.SERVFAIL),
    "refused": _code(RCODE.REFUSED),
    "formerr": _code(RCODE.FORMERR),
    "nxdomain": _code(RCODE.NXDOMAIN),
    "truncate": _truncate,
    "truncate_dead": _truncate_dead,
    "wrong_id": _wrong_id,
    "wrong_port": _wrong_port,
    "wrong_question": _wrong_question,
    "forged_first": _forged_first,
    "garbage": _garbage,
    "garbage_after_id": _garbage_after_id,
    "huge_txt": _huge_txt,
    "cname_loop": _cname_loop,
    "random_txt": _random_txt,
    "lost_first": _silent,  # once, unless `times` says otherwise
}


class Faults:
    """Which name is answered wrongly, and how often still."""

    def __init__(self) -> None:
        self._faults: dict[str, Fault] = {}
        self._lock = threading.Lock()

    def set(self, fault: Fault) -> None:
        """Set the fault of a name, in place of one it had; raises ValueError if unknown."""
        if fault.fault not in STRIKES:
            raise ValueError(f"no such fault; there are {', '.join(STRIKES)}")
        if fault.fault == "lost_first" and fault.times is None:
            fault = replace(fault, times=1)
        name = fault.name if fault.name == "*" else normal_name(fault.name)
        with self._lock:
            self._faults[name] = replace(fault, name=name)

    def clear(self, name: str | None = None) -> None:
        with self._lock:
            if name is None:
                self._faults.clear()
            else:
                self._faults.pop(name, None)

    def listed(self) -> list[dict[str, object]]:
        with self._lock:
            return [asdict(fault) for fault in self._faults.values()]

    def strike(self, name: str, *, udp: bool) -> Fault | None:
        """Return the fault that this question meets, counting it down."""
        if not self._faults:
            return None
        with self._lock:
            fault = self._faults.get(name) or self._faults.get("*")
            if fault is None or fault.transport not in {"both", "udp" if udp else "tcp"}:
                return None
            if fault.times is not None:
                if fault.times <= 1:
                    del self._faults[fault.name]
                else:
                    self._faults[fault.name] = replace(fault, times=fault.times - 1)
            return fault
