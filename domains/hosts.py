"""Instructions per DNS host, in that host's own field names; found from the NS records. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from domains.names import registrable


@dataclass(frozen=True, slots=True)
class Host:
    """A DNS host: how its page calls the three fields, and what it wants in them."""

    slug: str
    name: str
    where: str | Promise
    type_field: str
    name_field: str
    value_field: str
    type_value: str = "TXT"
    apex: str = "@"  # how the page calls the zone itself; empty: leave the field empty
    quoted: bool = False  # the page wants the value in double quotes
    hint: str | Promise = ""
    servers: tuple[str, ...] = ()  # parts of the names of its name servers


HOSTS = (
    Host(
        "cloudflare",
        "Cloudflare",
        _("Choose the domain, then DNS → Records → Add record."),
        "Type",
        "Name",
        "Content",
        servers=(".ns.cloudflare.com",),
    ),
    Host(
        "route53",
        "Amazon Route 53",
        _("Hosted zones → the domain → Create record."),
        "Record type",
        "Record name",
        "Value",
        type_value="TXT – Used to verify email senders and for application-specific values",
        apex="",
        quoted=True,
        hint=_("If the zone has a TXT record already, edit it and add the value as a new line."),
        servers=(".awsdns-",),
    ),
    Host(
        "godaddy",
        "GoDaddy",
        _("Domain Portfolio → the domain → DNS → Add New Record."),
        "Type",
        "Name",
        "Value",
        servers=(".domaincontrol.com",),
    ),
    Host(
        "namecheap",
        "Namecheap",
        _("Domain List → Manage → Advanced DNS → Add New Record."),
        "Type",
        "Host",
        "Value",
        type_value="TXT Record",
        servers=(".registrar-servers.com",),
    ),
    Host(
        "squarespace",
        "Google / Squarespace Domains",
        _("Domains → the domain → DNS → Custom records → Add record."),
        "Type",
        "Host",
        "Data",
        servers=(".googledomains.com", ".squarespacedns.com"),
    ),
    Host(
        "azure",
        "Azure DNS",
        _("DNS zones → the domain → Record sets → Add."),
        "Type",
        "Name",
        "Value",
        servers=(".azure-dns.",),
    ),
)
OTHER = Host(
    "other",
    _("Other DNS host"),  # type: ignore[arg-type]  # a lazy text is shown as text
    _("Open the DNS settings of the domain and add a record."),
    "Type",
    "Host",
    "Value",
    hint=_("Some hosts want the name left empty, or the whole domain, instead of @."),
)
ALL = (*HOSTS, OTHER)


@dataclass(frozen=True, slots=True)
class Instructions:
    """The three fields, filled for one claim."""

    host: Host
    record_name: str
    record_value: str


def host_of(name_servers: Iterable[str]) -> Host:
    """The host that serves the domain, by the names of its servers."""
    for server in name_servers:
        for host in HOSTS:
            if any(part in f".{server}." for part in host.servers):
                return host
    return OTHER


def host_called(slug: str) -> Host | None:
    return next((host for host in ALL if host.slug == slug), None)


def instructions(host: Host, *, domain: str, zone: str, value: str) -> Instructions:
    """What goes into ``host``'s fields; ``zone`` is where the NS records are, if known."""
    zone = zone or registrable(domain)
    below = domain.removesuffix(zone).rstrip(".") if domain.endswith(zone) else ""
    return Instructions(
        host, record_name=below or host.apex, record_value=f'"{value}"' if host.quoted else value
    )
