"""Instructions in the words of the DNS host that serves the domain."""

import pytest
from django.urls import reverse

from domains import services
from domains.hosts import ALL, OTHER, host_called, host_of, instructions
from domains.models import DomainClaim
from tests.domains.factories import ClaimFactory

VALUE = "orgsecurity-domain-verify=abc"


@pytest.mark.requirement("DOM-2")
@pytest.mark.parametrize(
    ("server", "slug"),
    [
        ("ada.ns.cloudflare.com", "cloudflare"),
        ("ns-1.awsdns-01.co.uk", "route53"),
        ("ns01.domaincontrol.com", "godaddy"),
        ("dns1.registrar-servers.com", "namecheap"),
        ("ns-cloud-a1.googledomains.com", "squarespace"),
        ("ns1-07.azure-dns.info", "azure"),
        ("ns1.cloudflare.com.evil.example", "other"),
        ("ns1.corp.example", "other"),
    ],
)
def test_the_host_is_known_by_its_name_servers(server, slug):
    assert host_of(["ns9.unknown.example", server]).slug == slug


@pytest.mark.requirement("DOM-2", "DOM-7")
@pytest.mark.parametrize(
    ("domain", "zone", "slug", "name"),
    [
        ("corp.example", "corp.example", "cloudflare", "@"),
        ("corp.example", "", "other", "@"),
        ("corp.example", "corp.example", "route53", ""),
        ("it.corp.example", "corp.example", "cloudflare", "it"),
        ("it.corp.example", "", "route53", "it"),
        ("it.corp.example", "it.corp.example", "azure", "@"),
        ("a.b.corp.co.uk", "corp.co.uk", "godaddy", "a.b"),
    ],
)
def test_the_name_field_holds_what_stands_below_the_zone(domain, zone, slug, name):
    host = host_called(slug)
    assert host

    assert instructions(host, domain=domain, zone=zone, value=VALUE).record_name == name


def test_only_route_53_wants_quotes_around_the_value():
    values = {
        host.slug: instructions(host, domain="corp.example", zone="", value=VALUE).record_value
        for host in ALL
    }

    assert values.pop("route53") == f'"{VALUE}"'
    assert set(values.values()) == {VALUE}
    assert OTHER.slug in values


@pytest.mark.django_db
@pytest.mark.requirement("DOM-2")
def test_the_page_chooses_the_host_that_the_ns_records_name(client, acme, sign_in, dns):
    claim: DomainClaim = ClaimFactory(organization=acme, domain="it.corp.example")
    dns.publish("corp.example", "ns-1.awsdns-01.com", "ns-2.awsdns-02.net", kind="NS")

    claim = services.check_now(claim)
    page = reverse("domains:claim", args=[acme.public_id, claim.public_id])
    text = sign_in(client, acme.owner).get(page).content.decode()

    assert claim.zone == "corp.example"
    assert "Hosted zones → the domain → Create record." in text
    assert ">it</textarea>" in text
