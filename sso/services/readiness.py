"""How far an organization's single sign-on is: what its settings and the guides tick off.

One statement by hand, for five small questions: the settings page asks all of them, every five
seconds while a test runs, and through the ORM the asking took as long as drawing the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.utils import timezone

from accounts.models import Membership, Organization, Role
from accounts.prepared import Prepared
from accounts.rows import columns, instances
from domains.states import HOLDING
from sso.models import Certificate, Connection, Proposal, SsoRequest


@dataclass(frozen=True, slots=True)
class Readiness:
    """What is there of all that single sign-on needs; certificates by their end."""

    connection: Connection | None
    certificates: tuple[Certificate, ...]
    domains: list[str]
    owner_has_password: bool
    test_awaited: bool
    open_proposals: int

    @property
    def valid_until(self) -> datetime | None:
        """When the last of the certificates that verify something today ends."""
        return max((c.not_after for c in self.certificates if c.is_usable), default=None)


# The domains are those of domains.services.verified_domains, the owners those of
# requirement.owners_with_password: a test compares.
_HOLDING = ", ".join(f"'{state}'" for state in sorted(HOLDING))
_READINESS = Prepared(
    "sso_readiness",
    f"""
    SELECT {columns(Connection, Certificate)},
        ARRAY(SELECT domain::text FROM domains_domainclaim
            WHERE organization_id = %(organization)s AND state IN ({_HOLDING})),
        EXISTS (SELECT FROM accounts_membership member
            JOIN accounts_user person ON person.id = member.user_id AND person.is_active
            WHERE member.organization_id = %(organization)s
                AND member.status = '{Membership.Status.ACTIVE}' AND member.role = '{Role.OWNER}'
                AND person.password <> ''
                AND NOT starts_with(person.password, '{UNUSABLE_PASSWORD_PREFIX}')),
        EXISTS (SELECT FROM sso_ssorequest
            WHERE organization_id = %(organization)s AND test AND used_at IS NULL
                AND created_at > %(sent_since)s),
        (SELECT count(*) FROM sso_proposal proposal
            JOIN sso_setuplink link ON link.id = proposal.link_id
            WHERE link.organization_id = %(organization)s
                AND proposal.decision = '{Proposal.Decision.OPEN}')
    FROM accounts_organization
    LEFT JOIN sso_connection ON sso_connection.organization_id = accounts_organization.id
    LEFT JOIN sso_certificate ON sso_certificate.connection_id = sso_connection.id
    WHERE accounts_organization.id = %(organization)s
    ORDER BY sso_certificate.not_after, sso_certificate.id
    """,  # noqa: S608  # names of our own tables and values of our enums, no input
)


def readiness_of(organization: Organization) -> Readiness:
    """Ask all of it at once; a test is awaited while it is sent, not answered, and not over."""
    rows = _READINESS.rows(
        {
            "organization": organization.pk,
            "sent_since": timezone.now() - SsoRequest.LIFETIME,
        }
    )
    found = [instances(row, Connection, Certificate) for row in rows]
    connection = found[0][0]
    if connection is not None:
        connection.organization = organization
    domains, owner_has_password, test_awaited, open_proposals = rows[0][-4:]
    return Readiness(
        connection=connection,
        certificates=tuple(certificate for _, certificate in found if certificate is not None),
        domains=sorted(domains),
        owner_has_password=owner_has_password,
        test_awaited=test_awaited,
        open_proposals=open_proposals,
    )
