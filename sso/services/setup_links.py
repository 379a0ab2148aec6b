"""Set-up links: the customer's IT admin, who has no account here, enters what they know (SSO-13).

A link shows one organization's set-up and takes proposals; nothing of them counts before an admin
says yes (O1).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.mail import mail_admins
from accounts.models import Organization, User
from domains.services import claim
from sso.hashing import hash_of
from sso.models import Connection, Proposal, SetUpLink
from sso.saml.certificates import PinnedCertificate, read_upload
from sso.services.connections import add_certificates, set_values

MOST_PROPOSALS = 20  # that wait at once, of one link


class TooManyProposals(Exception):
    """So many are waiting that an admin should decide first."""


class AlreadyDecided(Exception):
    """Another admin was faster."""


@transaction.atomic
def create(
    organization: Organization, *, name: str, user: User, actor: Actor
) -> tuple[SetUpLink, str]:
    """Make a link; its token is returned once and stored as a hash."""
    token = secrets.token_urlsafe(32)
    link = SetUpLink.objects.create(
        organization=organization,
        name=name,
        token_hash=hash_of(token),
        created_by=user,
        expires_at=timezone.now() + SetUpLink.LIFETIME,
    )
    record_event(Event.SSO_LINK_CREATED, organization=organization, actor=actor, target=link)
    return link, token


@transaction.atomic
def revoke(link: SetUpLink, *, actor: Actor) -> None:
    """End a link now. Idempotent."""
    changed = SetUpLink.objects.filter(pk=link.pk, revoked_at=None).update(
        revoked_at=timezone.now()
    )
    if changed:
        record_event(
            Event.SSO_LINK_REVOKED, organization=link.organization, actor=actor, target=link
        )


def live_link(token: str) -> SetUpLink | None:
    """The live link of a token. Looking at it changes nothing (O1: links are unfurled)."""
    link = (
        SetUpLink.objects.filter(token_hash=hash_of(token))
        .select_related("organization__policy")
        .first()
    )
    return link if link is not None and link.is_live else None


def propose_values(
    link: SetUpLink,
    *,
    issuer: str,
    sign_in_url: str,
    certificates: Iterable[PinnedCertificate],
    actor: Actor,
    binding: str = Connection.Binding.REDIRECT,
) -> Proposal:
    """Keep what came in for an admin to decide, and tell the admins. Raises TooManyProposals."""
    return _propose(
        link,
        actor,
        issuer=issuer,
        sign_in_url=sign_in_url,
        binding=str(binding),
        certificates=[certificate.pem for certificate in certificates],
    )


def propose_domain(link: SetUpLink, *, domain: str, actor: Actor) -> Proposal:
    """Keep a domain to be claimed, for an admin to decide. Raises TooManyProposals."""
    return _propose(link, actor, domain=domain)


@transaction.atomic
def _propose(link: SetUpLink, actor: Actor, **columns: object) -> Proposal:
    SetUpLink.objects.select_for_update().get(pk=link.pk)
    if link.proposals.filter(decision="").count() >= MOST_PROPOSALS:
        raise TooManyProposals
    proposal = Proposal.objects.create(link=link, **columns)
    record_event(
        Event.SSO_LINK_SUBMITTED,
        organization=link.organization,
        actor=actor,
        target=link,
        data={"issuer": proposal.issuer, "domain": proposal.domain},
    )
    mail_admins("sso_proposal", link.organization, link=link, proposal=proposal)
    return proposal


@transaction.atomic
def decide(proposal: Proposal, *, accept: bool, user: User, actor: Actor) -> None:
    """Take over a proposal, or decline it; judged anew, for days may have passed.

    Raises AlreadyDecided, UrlRefused, CertificateRefused, and what claiming a domain raises.
    """
    proposal = (
        Proposal.objects.select_for_update(of=("self",))
        .select_related("link__organization")
        .get(pk=proposal.pk)
    )
    if proposal.decision:
        raise AlreadyDecided
    organization = proposal.link.organization
    if accept:
        _take_over(proposal, organization, actor)
    proposal.decision = Proposal.Decision.ACCEPTED if accept else Proposal.Decision.DECLINED
    proposal.decided_at, proposal.decided_by = timezone.now(), user
    proposal.save(update_fields=["decision", "decided_at", "decided_by"])
    record_event(
        Event.SSO_LINK_DECIDED,
        organization=organization,
        actor=actor,
        target=proposal.link,
        data={"decision": str(proposal.decision), "proposal": proposal.public_id},
    )


def _take_over(proposal: Proposal, organization: Organization, actor: Actor) -> None:
    if proposal.domain:
        claim(organization, proposal.domain, actor=actor)
    if not proposal.issuer:
        return
    connection = set_values(
        organization,
        issuer=proposal.issuer,
        sign_in_url=proposal.sign_in_url,
        binding=proposal.binding or Connection.Binding.REDIRECT,
        actor=actor,
    )
    if not proposal.certificates:
        return
    known = {certificate.fingerprint for certificate in connection.pinned}
    given = read_upload("".join(proposal.certificates).encode(), at=timezone.now())
    add_certificates(connection, [c for c in given if c.fingerprint not in known], actor=actor)
