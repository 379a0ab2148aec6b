"""The name servers of tests/domains/fixtures.py; tests/hostile has them as a plugin."""

from tests.domains.fixtures import dns, dns_servers, impatient, panel, three_dns

__all__ = ["dns", "dns_servers", "impatient", "panel", "three_dns"]
