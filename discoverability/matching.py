"""Who sees which organization: judged anew at each page and each click, never remembered.

Only a *verified* address counts, by its exact domain. Where an organization has proven the domain
by TXT, only that one is shown for it, whoever else lists it (V3).
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q

from accounts.addresses import domain_of
from accounts.models import Discoverability, Membership, Organization, User
from discoverability.models import JoinRequest, WorkDomain
from domains.names import is_public_mail_domain
from domains.services import owner_of

# RFC 2142 and what help desks use: read by many, and by ticket systems that show mails around.
ROLE_MAILBOXES = frozenset(
    {
        "abuse", "accounting", "accounts", "admin", "administrator", "all", "billing", "careers",
        "contact", "do-not-reply", "donotreply", "everyone", "feedback", "finance", "hello", "help",
        "helpdesk", "hostmaster", "hr", "info", "it", "jobs", "legal", "mail", "mailer-daemon",
        "marketing", "media", "news", "newsletter", "no-reply", "noc", "noreply", "notifications",
        "office", "postmaster", "press", "privacy", "root", "sales", "security", "service",
        "support", "team", "test", "tickets", "webmaster",
    }
)  # fmt: skip
INITIALS = 5


def is_role_mailbox(address: str) -> bool:
    """Return whether an address names a function, not a person; ``+tags`` are looked through."""
    local = address.rpartition("@")[0].partition("+")[0].lower()
    return local in ROLE_MAILBOXES


@dataclass(frozen=True)
class Match:
    """An organization as a newcomer sees it: name, number of members, initials; nothing else."""

    organization: Organization
    members: int
    initials: list[str]
    # Joins with one click, or asks.
    open: bool
    # The newcomer's own open request, if there is one.
    request: JoinRequest | None = None
    # Until when a declined person may not ask again; shown as a day.
    declined: JoinRequest | None = None


def proven_address(user: User) -> str | None:
    """Return the address by which the person may find organizations, or None."""
    if not user.has_verified_email or is_public_mail_domain(domain_of(user.email)):
        return None
    return user.email


def visible(user: User) -> list[Organization]:
    """Return the organizations that the person may find now.

    Never one that the person is or was a member of: who was deactivated stays out (C9).
    """
    address = proven_address(user)
    if address is None:
        return []
    domain = domain_of(address)
    owner = owner_of(domain)
    found = (
        Organization.objects.filter(
            Exists(WorkDomain.objects.filter(organization=OuterRef("pk"), domain=domain)),
            policy__discoverability__in=(Discoverability.OPEN, Discoverability.APPROVAL),
        )
        .exclude(Exists(Membership.objects.filter(organization=OuterRef("pk"), user=user)))
        .select_related("policy")
        .order_by("name", "pk")
    )
    if owner is not None:
        found = found.filter(pk=owner.pk)
    return list(found)


def joins_at_once(user: User, organization: Organization) -> bool:
    """Return whether one click suffices: open, and no role mailbox on either side (V2)."""
    if organization.policy.discoverability != Discoverability.OPEN or is_role_mailbox(user.email):
        return False
    return WorkDomain.objects.filter(
        organization=organization, domain=domain_of(user.email), by_role_mailbox=False
    ).exists()


def matches(user: User) -> list[Match]:
    """Return what the person's page shows."""
    found = visible(user)
    if not found:
        return []
    counts: dict[int, int] = dict(
        Membership.objects.filter(organization__in=found)
        .active()
        .values_list("organization")
        .annotate(Count("pk"))
    )
    requests = JoinRequest.objects.filter(user=user, organization__in=found)
    opened = {r.organization_id: r for r in requests.open()}
    declined = {r.organization_id: r for r in requests.filter(declined_lately())}
    return [
        Match(
            organization,
            counts.get(organization.pk, 0),
            initials_of(organization),
            joins_at_once(user, organization),
            opened.get(organization.pk),
            declined.get(organization.pk),
        )
        for organization in found
    ]


def declined_lately() -> Q:
    """Return the condition of requests whose decline still holds (DISC-5)."""
    from discoverability.services import declined_since  # noqa: PLC0415  # services import this

    return Q(state=JoinRequest.State.DECLINED, decided_at__gt=declined_since())


def initials_of(organization: Organization) -> list[str]:
    """Return the initials of the first members: enough to recognise a team, no names (DISC-4)."""
    first = (
        Membership.objects.filter(organization=organization)
        .active()
        .select_related("user")
        .order_by("joined_at", "pk")[:INITIALS]
    )
    return [initials(member.name) for member in first]


def initials(name: str) -> str:
    """Return ``AL`` for ``Ann Lee``; one letter where only an address is known."""
    if "@" in name:
        return name[:1].upper()
    words = name.split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()
