"""A domain's own name servers: asked to see a fresh record sooner, never to decide (DOM-3).

Whoever claims a domain names these servers, so an address that isn't public would let a tenant
send our questions into the installation's own network.
"""

import ipaddress
from dataclasses import dataclass

from django.conf import settings

from domains.names import registrable
from domains.resolver import Panel, Resolver
from domains.states import Verdict

MAX_SERVERS = 2
MAX_NAMES_KEPT = 6


@dataclass(frozen=True, slots=True)
class Zone:
    """The zone a domain is in, by its NS records; empty where none were found."""

    name: str = ""
    servers: tuple[str, ...] = ()


async def zone_of(panel: Panel, domain: str) -> Zone:
    """Walk up from ``domain`` to the first name with NS records."""
    top = registrable(domain)
    name = domain
    while name.endswith(top):
        servers = await panel.names(name, "NS")
        if servers:
            return Zone(name, tuple(sorted(servers)[:MAX_NAMES_KEPT]))
        name = name.partition(".")[2]
    return Zone()


async def is_published(panel: Panel, zone: Zone, domain: str, value: bytes) -> bool:
    """Whether one of the zone's own servers gives the record. It may only hurry the next look."""
    for server in await _askable(panel, zone):
        look = await server.look(domain, tries=1)
        if look.is_answer:
            return look.verdict(value) == Verdict.PRESENT
    return False


def may_be_asked(address: str) -> bool:
    """Whether ``address`` is public; loopback too while DEBUG, where demo and tests live."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        # Addresses that carry an IPv4 address are judged by it; 64:ff9b::/96 is NAT64.
        inner = ip.ipv4_mapped or ip.sixtofour or _nat64(ip)
        if inner is not None:
            return may_be_asked(str(inner))
    if ip.is_loopback:
        return settings.DEBUG
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _nat64(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if ip in ipaddress.ip_network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return None


async def _askable(panel: Panel, zone: Zone) -> list[Resolver]:
    port = settings.DNS_AUTHORITATIVE_PORT
    servers: list[Resolver] = []
    for name in zone.servers[:MAX_SERVERS]:
        addresses = await panel.names(name, "A") or await panel.names(name, "AAAA")
        public = [address for address in addresses if may_be_asked(address)]
        servers += [Resolver(address, port, recursive=False) for address in public[:1]]
    return servers
