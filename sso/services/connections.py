"""The connection of an organization: its values, its certificates, its keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.models import Organization, SecurityPolicy, Team
from sso.models import Certificate, Connection, Link, TeamMapping
from sso.saml.certificates import MOST_CERTIFICATES, CertificateRefused, PinnedCertificate
from sso.saml.urls import check_issuer, check_sign_in_url
from sso.services import keys

MOST_MAPPINGS = 100


class LastCertificate(Exception):
    """While single sign-on is on, its last usable certificate goes only when that is confirmed."""


def connection_of(organization: Organization) -> Connection | None:
    return Connection.objects.filter(organization=organization).first()


def is_complete(connection: Connection | None) -> bool:
    """Whether a sign-in could work: values entered, and a certificate that verifies."""
    return connection is not None and any(c.is_usable for c in connection.pinned)


@transaction.atomic
def set_values(
    organization: Organization,
    *,
    issuer: str,
    sign_in_url: str,
    actor: Actor,
    binding: str = Connection.Binding.REDIRECT,
) -> Connection:
    """Enter or change the issuer and the sign-in URL.

    Another issuer is another identity provider: sessions made by the old one end with their next
    request, and its identifiers (pins) are forgotten. Raises UrlRefused. Idempotent.
    """
    issuer = check_issuer(issuer)
    sign_in_url = check_sign_in_url(sign_in_url, allow_loopback=settings.DEBUG)
    _lock(organization)
    connection = connection_of(organization)
    new = {"issuer": issuer, "sign_in_url": sign_in_url, "binding": str(binding)}
    before = {name: getattr(connection, name) for name in new} if connection else {}
    if connection is not None and before == new:
        return connection
    if connection is None:
        connection = Connection.objects.create(organization=organization, **new)
    else:
        _change(connection, **new)
    if before and before["issuer"] != issuer:
        Link.objects.filter(connection=connection).delete()
        void_sessions(organization)
    _record(Event.SSO_CHANGED, connection, actor, before=before, after=new)
    return connection


@transaction.atomic
def add_certificates(
    connection: Connection, found: Iterable[PinnedCertificate], *, actor: Actor
) -> list[Certificate]:
    """Add certificates; those that are there already are left. Raises CertificateRefused."""
    _lock(connection.organization)
    known = set(connection.certificates.values_list("fingerprint", flat=True))
    given = list(found)
    new = [certificate for certificate in given if certificate.fingerprint not in known]
    if given and not new:
        raise CertificateRefused(_("This certificate is there already."))
    if len(known) + len(new) > MOST_CERTIFICATES:
        raise CertificateRefused(_("At most five certificates are kept. Remove an old one first."))
    added = []
    for pinned in new:
        certificate = Certificate.objects.create(
            connection=connection,
            pem=pinned.pem,
            fingerprint=pinned.fingerprint,
            subject=pinned.subject,
            not_before=pinned.not_before,
            not_after=pinned.not_after,
        )
        added.append(certificate)
        _record(
            Event.SSO_CERTIFICATE_ADDED,
            connection,
            actor,
            fingerprint=pinned.fingerprint,
            not_after=pinned.not_after.isoformat(),
        )
    _change(connection)
    return added


@transaction.atomic
def remove_certificate(
    certificate: Certificate, *, actor: Actor, although_last: bool = False
) -> None:
    """Remove a certificate. Raises LastCertificate where nobody could sign in any more."""
    connection = certificate.connection
    policy = _lock(connection.organization)
    others = [c for c in connection.certificates.exclude(pk=certificate.pk) if c.is_usable]
    if policy.sso_enabled and certificate.is_usable and not others and not although_last:
        raise LastCertificate
    certificate.delete()
    _change(connection)
    _record(
        Event.SSO_CERTIFICATE_REMOVED,
        connection,
        actor,
        fingerprint=certificate.fingerprint,
        not_after=certificate.not_after.isoformat(),
    )


@transaction.atomic
def set_options(connection: Connection, *, actor: Actor, kind: str, sign_requests: bool) -> None:
    """Choose the guide whose words are shown, and whether requests are signed."""
    _lock(connection.organization)
    if (connection.kind, connection.sign_requests) == (kind, sign_requests):
        return
    if sign_requests:
        keys.signing_key()  # in the metadata before the first request is signed
    before = {"kind": connection.kind, "sign_requests": connection.sign_requests}
    _change(connection, kind=kind, sign_requests=sign_requests)
    after = {"kind": kind, "sign_requests": sign_requests}
    _record(Event.SSO_CHANGED, connection, actor, before=before, after=after)


@transaction.atomic
def set_provisioning(
    connection: Connection,
    *,
    actor: Actor,
    default_team: Team | None,
    groups_attribute: str,
    mappings: Iterable[tuple[str, Team]],
) -> None:
    """Choose the team of new members, and which values of an attribute mean which teams.

    Teams only: roles stay with invitations and admins, an identity provider gives none.
    """
    _lock(connection.organization)
    wanted = list(dict.fromkeys(mappings))[:MOST_MAPPINGS]
    teams = {team for _value, team in wanted} | ({default_team} if default_team else set())
    if any(team.organization_id != connection.organization_id for team in teams):
        raise ValueError("A team of another organization")
    _change(connection, default_team=default_team, groups_attribute=groups_attribute)
    TeamMapping.objects.filter(connection=connection).delete()
    TeamMapping.objects.bulk_create(
        TeamMapping(connection=connection, value=value, team=team) for value, team in wanted
    )
    _record(
        Event.SSO_PROVISIONING_CHANGED,
        connection,
        actor,
        default_team=default_team.public_id if default_team else "",
        groups_attribute=groups_attribute,
        mappings=[[value, team.public_id] for value, team in wanted],
    )


@transaction.atomic
def clear_pin(link: Link, *, actor: Actor) -> None:
    """Forget which identifier belongs to a person: the next sign-in pins a new one."""
    _record(
        Event.SSO_PIN_CLEARED,
        link.connection,
        actor,
        target=link.user,
        name_id=link.name_id[:200],
    )
    link.delete()


def void_sessions(organization: Organization) -> None:
    """End, with their next request, all sessions made by the organization's identity provider."""
    SecurityPolicy.objects.filter(organization=organization).update(sso_valid_from=timezone.now())


def _lock(organization: Organization) -> SecurityPolicy:
    """Two admins at once, one order; the row is the one that the switches lock, too."""
    return SecurityPolicy.objects.select_for_update().get(organization=organization)


def _change(connection: Connection, **columns: Any) -> None:
    for name, value in columns.items():
        setattr(connection, name, value)
    connection.changed_at = timezone.now()
    connection.save(update_fields=[*columns, "changed_at"])
    connection.__dict__.pop("pinned", None)


def _record(
    event: Event, connection: Connection, actor: Actor, *, target: Any = None, **data: Any
) -> None:
    record_event(
        event,
        organization=connection.organization,
        actor=actor,
        target=target or connection,
        data=data,
    )
