"""One question of DNS on its way: its bytes, its socket, its plain answer (threats D1, D6).

dnspython makes the questions and decides about answers. To read one whole costs it eight tenths of
a check, so the answer that nearly every check of a sweep gets, TXT records and nothing else, is
read here; whatever is shaped otherwise, wrong or hostile is left to dnspython.
"""

import asyncio
import secrets
import socket
import struct
from dataclasses import dataclass
from functools import cache
from typing import Any

import dns.asyncbackend
import dns.flags
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype

PAYLOAD = 1232  # bytes: what passes every path unfragmented (DNS flag day 2020)

HEADER = struct.Struct("!2sHHHHH")  # id, flags, how many questions, answers, others, others
RECORD = struct.Struct("!HHHIH")  # name, type, class, time to live, length
NAME_AT = HEADER.size
SAME_NAME = 0xC000 | NAME_AT  # a pointer to the name of the question
# An answer (QR) to a query (opcode 0), not cut off (TC), without an error (rcode 0).
TOLD, TOLD_BITS = 0x8000, 0xFA0F


@dataclass(frozen=True, slots=True)
class Question:
    """A question as it is sent, under a random id of its own."""

    wire: bytes
    name_ends: int

    @classmethod
    def about(cls, domain: str, kind: str, *, recursive: bool = True) -> "Question":
        """Raises dns.exception.DNSException for a name that can't be asked, too long a one."""
        before, behind = _around_the_name(kind, recursive)
        name = dns.name.from_text(domain).to_wire() or b""
        return cls(secrets.token_bytes(2) + before + name + behind, NAME_AT + len(name))

    @property
    def message(self) -> dns.message.Message:
        return dns.message.from_wire(self.wire)

    def plain_answer(self, datagram: bytes) -> tuple[bytes, ...]:
        """The TXT records of an answer that tells of these alone, each with its strings joined.

        Empty for every other answer, which then is dnspython's to read.
        """
        try:
            return self._plain_answer(datagram)
        except (struct.error, IndexError):  # it ends too early
            return ()

    def _plain_answer(self, datagram: bytes) -> tuple[bytes, ...]:
        id_, flags, questions, answers, _, _ = HEADER.unpack_from(datagram)
        at = self.name_ends + 4  # type and class
        if (
            id_ != self.wire[:2]
            or flags & TOLD_BITS != TOLD
            or questions != 1
            or datagram[NAME_AT:at] != self.wire[NAME_AT:at]
        ):
            return ()
        records: dict[bytes, bytes] = {}
        for _ in range(answers):
            name, type_, class_, _, length = RECORD.unpack_from(datagram, at)
            if (name, type_, class_) != (SAME_NAME, dns.rdatatype.TXT, dns.rdataclass.IN):
                return ()
            at += RECORD.size
            record = datagram[at : at + length]
            at += length
            if not record or len(record) < length:
                return ()
            records[record] = b"".join(_strings(record))
        return tuple(records.values())


def _strings(record: bytes) -> list[bytes]:
    """The strings of a TXT record, a byte of length before each; IndexError where one is short."""
    strings, at = [], 0
    while at < len(record):
        end = at + 1 + record[at]
        if end > len(record):
            raise IndexError
        strings.append(record[at + 1 : end])
        at = end
    return strings


@cache
def _around_the_name(kind: str, recursive: bool) -> tuple[bytes, bytes]:
    """What dnspython puts between id and name, and behind the name."""
    query = dns.message.make_query(dns.name.root, kind, use_edns=0, payload=PAYLOAD)
    if not recursive:
        query.flags &= ~dns.flags.RD
    wire = query.to_wire()
    return wire[2:NAME_AT], wire[NAME_AT + len(dns.name.root.to_wire() or b"") :]


class Datagrams(dns.asyncbackend.DatagramSocket):  # type: ignore[name-defined]  # its own import
    """The socket of one question, so its port is its own; a transport would cost twice as much."""

    def __init__(self, family: int) -> None:
        super().__init__(family, socket.SOCK_DGRAM)
        self._socket = socket.socket(family, self.type | socket.SOCK_NONBLOCK)
        self._put_back: list[tuple[bytes, Any]] = []

    async def sendto(self, what: bytes, destination: Any, _timeout: float | None) -> int:
        return self._socket.sendto(what, destination)

    async def recvfrom(self, size: int, _timeout: float | None) -> tuple[bytes, Any]:
        """A datagram and who sent it; who calls bounds the wait."""
        if self._put_back:
            return self._put_back.pop()
        return await asyncio.get_running_loop().sock_recvfrom(self._socket, size)

    def put_back(self, datagram: bytes, sender: Any) -> None:
        """Receive ``datagram`` once more."""
        self._put_back.append((datagram, sender))

    async def close(self) -> None:
        self._socket.close()
