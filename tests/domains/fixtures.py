"""Fixtures of everything that asks DNS: real name servers, started once a worker."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from domains import resolver
from domains.resolver import Panel, Resolver
from tests.domains.dns import Dns
from tests.servers.launch import running


@pytest.fixture(scope="session")
def dns_servers() -> Iterator[list[Dns]]:
    with ExitStack() as stack:
        yield [Dns(stack.enter_context(running("name_server"))) for _ in range(3)]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A silent server is given up after a blink: tests last milliseconds."""
    monkeypatch.setattr(resolver, "TRY_FOR", 0.3)
    monkeypatch.setattr(resolver, "TCP_FOR", 0.6)


@pytest.fixture
def three_dns(dns_servers: list[Dns], impatient: None) -> list[Dns]:
    """Three resolvers that may tell different things."""
    for dns in dns_servers:
        dns.clean()
    return dns_servers


@pytest.fixture
def dns(three_dns: list[Dns], settings) -> Dns:
    """One resolver, and the only one that the product asks."""
    settings.DNS_RESOLVERS = [three_dns[0].address]
    return three_dns[0]


@pytest.fixture
def panel(dns: Dns) -> Panel:
    return Panel([Resolver.parse(dns.address)])
