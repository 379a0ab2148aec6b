"""A name server on loopback, UDP and TCP, edited over HTTP.

    python -m tests.servers.name_server --port 0 [--control-port 0] [--state FILE]

It stands in for a resolver as well as for the authoritative server of any domain.
"""

import argparse
import asyncio
import errno
import logging
import socket
import threading
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import cast

from dnslib import EDNS0, QTYPE, RCODE, RR, DNSHeader, DNSRecord

from tests.servers.name_server.faults import STRIKES, Case, Fault, Faults, Packet, truncated
from tests.servers.name_server.zone import BadRecord, Zone, asked, normal_name, record_from
from tests.servers.serving import (
    LOOPBACK,
    HttpFront,
    Refused,
    Request,
    Response,
    announce_and_wait,
    not_found,
    options,
)

PLAIN_UDP_LIMIT = 512  # bytes, without EDNS (RFC 1035, 4.2.1)
TCP_IDLE_SECONDS = 30
RECEIVE_BUFFER = 4 * 1024 * 1024
Address = tuple[str, int]
log = logging.getLogger(__name__)


@dataclass
class Answering:
    """From question bytes to packets: the zone's truth, or the fault that its name has."""

    zone: Zone
    faults: Faults = field(default_factory=Faults)
    questions: Counter[str] = field(default_factory=Counter)
    _packed: dict[bytes, tuple[str, str, bytes]] = field(default_factory=dict)
    _packed_of: int = -1

    def packets(self, message: bytes, *, udp: bool) -> list[Packet]:
        if self._packed_of != self.zone.version:
            self._packed, self._packed_of = {}, self.zone.version
        key = message[2:] if udp else b""
        if known := self._packed.get(key):
            name, type_, rest = known
            if not self.faults.strike(name, udp=udp):
                self.questions[f"{name} {type_}"] += 1
                return [Packet(message[:2] + rest)]
        try:
            question = DNSRecord.parse(message)
            name, type_ = asked(question)
        except Exception:  # noqa: BLE001  dnslib raises whatever the bytes provoke
            return [Packet(_not_understood(message))] if len(message) >= 12 else []
        self.questions[f"{name} {type_}"] += 1
        honest = self._honest(question)
        if fault := self.faults.strike(name, udp=udp):
            return STRIKES[fault.fault](Case(fault, question, honest, udp))
        packed = honest.pack()
        if udp:
            if len(packed) > _udp_limit(question):
                packed = truncated(question)
            self._packed[key] = name, type_, packed[2:]
        return [Packet(packed)]

    def _honest(self, question: DNSRecord) -> DNSRecord:
        reply = self.zone.answer(question)
        if any(
            rr.rtype == 41 for rr in question.ar
        ):  # OPT: a client that speaks EDNS hears it back
            reply.add_ar(EDNS0(udp_len=4096))
        return reply


def _not_understood(message: bytes) -> bytes:
    header = DNSHeader(id=int.from_bytes(message[:2], "big"), qr=1, rcode=RCODE.FORMERR)
    return bytes(DNSRecord(header).pack())


def _udp_limit(question: DNSRecord) -> int:
    edns = _edns(question)
    return max(PLAIN_UDP_LIMIT, edns.rclass) if edns else PLAIN_UDP_LIMIT


def _edns(question: DNSRecord) -> RR | None:
    return next((rr for rr in question.ar if rr.rtype == QTYPE.OPT), None)


class UdpSide(asyncio.DatagramProtocol):
    """Questions by UDP; a second socket is there to answer from the wrong port."""

    def __init__(self, answering: Answering, other: asyncio.DatagramTransport) -> None:
        self._answering, self._other = answering, other
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The selector loop's transport is one by duck, not by class.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        for packet in self._answering.packets(data, udp=True):
            sender = self._other if packet.from_other_port else self._transport
            if packet.after:
                loop = asyncio.get_running_loop()
                loop.call_later(packet.after, sender.sendto, packet.data, addr)
            else:
                sender.sendto(packet.data, addr)


async def answer_by_tcp(
    answering: Answering, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Answer questions on one connection until it is idle, closed, or a fault hangs up."""
    try:
        while True:
            async with asyncio.timeout(TCP_IDLE_SECONDS):
                length = int.from_bytes(await reader.readexactly(2), "big")
                message = await reader.readexactly(length)
            for packet in answering.packets(message, udp=False):
                if packet.hang_up:
                    return
                await asyncio.sleep(packet.after)
                writer.write(len(packet.data).to_bytes(2, "big") + packet.data)
                await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
        return
    finally:
        writer.close()


class Control:
    """The HTTP side: records, faults, and what was asked."""

    def __init__(self, zone: Zone, answering: Answering) -> None:
        self._zone, self._answering = zone, answering

    def answer(self, request: Request) -> Response:
        try:
            return self._answer(request)
        except (BadRecord, ValueError, TypeError) as problem:
            raise Refused(HTTPStatus.BAD_REQUEST, {"error": str(problem)}) from problem

    def _answer(self, request: Request) -> Response:
        match request.method, request.path:
            case "GET", "/records":
                wanted = {k: v for k, v in request.query.items() if k in {"name", "type"}}
                if "name" in wanted:
                    wanted["name"] = normal_name(wanted["name"])
                listed = [record.as_json() for record in self._zone]
                return Response(
                    [r for r in listed if all(r[key] == value for key, value in wanted.items())]
                )
            case "POST", "/records":
                content = (
                    request.parameters if request.is_form or not request.body else request.json()
                )
                given = content if isinstance(content, list) else [content]
                records = [record_from(values) for values in given]
                self._zone.add(records)
                return Response([record.as_json() for record in records], HTTPStatus.CREATED)
            case "DELETE", "/records":
                return Response({"removed": self._remove(request)})
            case "GET", "/faults":
                return Response({"set": self._answering.faults.listed(), "known": list(STRIKES)})
            case "POST", "/faults":
                self._answering.faults.set(_fault_from(request))
                return Response(self._answering.faults.listed(), HTTPStatus.CREATED)
            case "DELETE", "/faults":
                name = request.parameters.get("name")
                self._answering.faults.clear(name if name in {None, "*"} else normal_name(name))
                return Response(self._answering.faults.listed())
            case "GET", "/questions":
                counted = dict(self._answering.questions)
                return Response({"total": sum(counted.values()), "asked": counted})
            case "DELETE", "/questions":
                self._answering.questions.clear()
                return Response({"total": 0, "asked": {}})
        raise not_found(request)

    def _remove(self, request: Request) -> int:
        """Remove what matches; with nothing given at all, everything."""
        parameters = request.parameters
        name, type_, value = (parameters.get(key) for key in ("name", "type", "value"))
        return self._zone.remove(
            name=None if name is None else normal_name(name),
            kind=None if type_ is None else str(type_).upper(),
            value=tuple(value) if isinstance(value, list) else value,
        )


def _given(request: Request) -> list[dict[str, object]]:
    """Return the described records: one of a query, form or JSON object, or a JSON list."""
    if request.is_form or not request.body:
        return [request.parameters]
    content = request.json()
    return content if isinstance(content, list) else [content]


def _fault_from(request: Request) -> Fault:
    values = dict(request.parameters)
    for key, kind in (("times", int), ("seconds", float)):
        if values.get(key) is not None:
            values[key] = kind(values[key])
    return Fault(**values)


def _sockets(port: int) -> tuple[socket.socket, socket.socket]:
    """Return a UDP and a TCP socket on the same loopback port."""
    while True:
        tcp = socket.create_server((LOOPBACK, port), backlog=256)
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        try:
            udp.bind(tcp.getsockname())
        except OSError as problem:
            tcp.close()
            udp.close()
            if port or problem.errno != errno.EADDRINUSE:
                raise
            continue
        return udp, tcp


async def _serve(answering: Answering, udp: socket.socket, tcp: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    other, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, local_addr=(LOOPBACK, 0)
    )
    await loop.create_datagram_endpoint(lambda: UdpSide(answering, other), sock=udp)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answer_by_tcp(answering, reader, writer)

    await (await asyncio.start_server(connected, sock=tcp)).serve_forever()


def _arguments() -> argparse.Namespace:
    parser = options(__doc__)
    parser.add_argument("--control-port", type=int, default=0, help="of the HTTP side")
    parser.add_argument("--state", type=Path, help="file that keeps the records over restarts")
    return parser.parse_args()


def main() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(name)s %(levelname)s %(message)s")
    arguments = _arguments()
    zone = Zone(arguments.state)
    answering = Answering(zone)
    udp, tcp = _sockets(arguments.port)
    port = udp.getsockname()[1]
    control = HttpFront(arguments.control_port)
    control.start(Control(zone, answering).answer)
    threading.Thread(target=lambda: asyncio.run(_serve(answering, udp, tcp)), daemon=True).start()
    announce_and_wait(
        port,
        exit_with_parent=arguments.exit_with_parent,
        control_port=control.port,
        control_url=f"http://{LOOPBACK}:{control.port}",
    )
    control.close()


if __name__ == "__main__":
    main()
