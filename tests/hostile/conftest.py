"""Fixtures of the rooms whose threats are tried here."""

from tests.domains.fixtures import dns, dns_servers, impatient, panel, three_dns

__all__ = ["dns", "dns_servers", "impatient", "panel", "three_dns"]
