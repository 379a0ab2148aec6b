"""Objects of single sign-on for the access table: one of each, in a given organization."""

from datetime import timedelta

from django.utils import timezone

from sso.models import Certificate, Connection, Link, LogEntry, Proposal, SetUpLink
from sso.saml.certificates import pin
from tests.factories import UserFactory
from tests.sso import signer


def connection(organization):
    return Connection.objects.get_or_create(
        organization=organization,
        defaults={"issuer": "https://idp.example/", "sign_in_url": "https://idp.example/sso"},
    )[0]


def certificate_id(organization):
    pinned = pin(signer.key().certificate)
    return Certificate.objects.create(
        connection=connection(organization),
        pem=pinned.pem,
        fingerprint=pinned.fingerprint,
        not_before=pinned.not_before,
        not_after=pinned.not_after,
    ).public_id


def pin_id(organization):
    return Link.objects.create(
        connection=connection(organization),
        name_id="u-1",
        name_id_format=signer.PERSISTENT,
        user=UserFactory(),
    ).pk


def _link(organization):
    return SetUpLink.objects.create(
        organization=organization,
        name="Jon in IT",
        token_hash=f"{organization.pk:064d}",
        expires_at=timezone.now() + timedelta(days=1),
    )


def set_up_link_id(organization):
    return _link(organization).public_id


def proposal_id(organization):
    return Proposal.objects.create(link=_link(organization), domain="corp.example").public_id


def reference(organization):
    return LogEntry.objects.create(
        organization=organization, outcome="refused", code="replayed", xml="<x/>"
    ).reference
