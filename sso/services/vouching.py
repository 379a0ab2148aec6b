"""The connections that may vouch for an answer, with all that judging needs, in one statement.

By hand: it stands in the way of every sign-in, and through the ORM the same join of four tables
costs as much as checking the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from accounts.models import Organization, SecurityPolicy
from accounts.prepared import Prepared
from accounts.rows import columns, instances
from sso.models import Certificate, Connection, last_used_first

_MODELS = (Connection, Organization, SecurityPolicy, Certificate)


def _enabled(name: str, condition: str) -> Prepared:
    return Prepared(
        f"candidates_{name}",
        f"""
        SELECT {columns(*_MODELS)} FROM sso_connection
        JOIN accounts_organization ON accounts_organization.id = sso_connection.organization_id
        JOIN accounts_securitypolicy
            ON accounts_securitypolicy.organization_id = sso_connection.organization_id
        LEFT JOIN sso_certificate ON sso_certificate.connection_id = sso_connection.id
        WHERE accounts_securitypolicy.sso_enabled AND {condition}
        ORDER BY sso_connection.id, sso_certificate.id
        """,  # noqa: S608  # names of our own tables, no input
    )


_SAME_ISSUER = """sso_connection.id IN (
    SELECT other.id FROM sso_connection other
    JOIN accounts_securitypolicy policy ON policy.organization_id = other.organization_id
    WHERE policy.sso_enabled AND other.issuer = %s {able} ORDER BY other.id LIMIT %s
)"""
_ABLE = "AND EXISTS (SELECT FROM sso_certificate own WHERE own.connection_id = other.id)"

_OF_ORGANIZATION = _enabled("of_organization", "sso_connection.organization_id = %s")
_ABLE_OF_ISSUER = _enabled("able_of_issuer", _SAME_ISSUER.format(able=_ABLE))
_OF_ISSUER = _enabled("of_issuer", _SAME_ISSUER.format(able=""))


def of_organization(organization: Organization) -> Connection | None:
    """The enabled connection of ``organization``, whatever its issuer."""
    return next(iter(_connections(_OF_ORGANIZATION.rows([organization.pk]))), None)


def of_issuer(issuer: str, *, most: int) -> list[Connection]:
    """Enabled connections with this issuer, the oldest first, ``most`` of them.

    Those without a certificate vouch for nothing: they are given where there are no others.
    """
    return _connections(_ABLE_OF_ISSUER.rows([issuer, most])) or _connections(
        _OF_ISSUER.rows([issuer, most])
    )


def _connections(rows: Sequence[Sequence[Any]]) -> list[Connection]:
    found: dict[int, Connection] = {}
    pinned: dict[int, list[Certificate]] = {}
    for row in rows:
        connection, organization, policy, certificate = instances(row, *_MODELS)
        if connection.pk not in found:
            connection.organization, organization.policy = organization, policy
            policy.organization = organization
            found[connection.pk] = connection
        if certificate is not None:
            pinned.setdefault(connection.pk, []).append(certificate)
    for pk, connection in found.items():
        connection.__dict__["pinned"] = last_used_first(pinned.get(pk, ()))
    return list(found.values())
