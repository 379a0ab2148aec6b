"""Connect an organization's identity provider."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from accounts.management.command import OperatorCommand, organization_of
from accounts.models import Organization
from accounts.policy import PolicyRefused, change
from sso import contract
from sso.saml.certificates import CertificateRefused, PinnedCertificate, read_upload
from sso.saml.urls import UrlRefused
from sso.services.connections import add_certificates, set_values


class Command(OperatorCommand):
    """connect_idp ORG --issuer I --sign-in-url U --certificate FILE [--enable]."""

    help = "Sets issuer, sign-in URL and certificate of an organization; all of it, or nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the three values and the switches."""
        parser.add_argument("organization", metavar="ORG")
        parser.add_argument("--issuer", required=True)
        parser.add_argument("--sign-in-url", required=True)
        parser.add_argument("--certificate", required=True, metavar="FILE", help="- reads stdin")
        parser.add_argument("--enable", action="store_true")
        parser.add_argument("--require", action="store_true", help="implies --enable")
        parser.add_argument("--managed", action="store_true", help="implies --enable")
        super().add_arguments(parser)

    def run(self, **options: Any) -> dict[str, Any]:
        """Connect it, and turn on what was asked for."""
        organization = organization_of(options["organization"])
        data = _read(options["certificate"])
        try:
            with transaction.atomic():
                self._connect(organization, options, read_upload(data, at=timezone.now()))
                self._turn_on(organization, options)
        except (UrlRefused, CertificateRefused, PolicyRefused) as refusal:
            raise CommandError(refusal.sentence) from refusal
        return {
            "postback_url": contract.postback_url(organization.public_id),
            "entity_id": contract.entity_id(),
            "acs_url": contract.reply_url(),
        }

    def _connect(
        self, organization: Organization, options: dict[str, Any], found: list[PinnedCertificate]
    ) -> None:
        connection = set_values(
            organization,
            issuer=options["issuer"],
            sign_in_url=options["sign_in_url"],
            actor=self.actor,
        )
        known = set(connection.certificates.values_list("fingerprint", flat=True))
        new = [certificate for certificate in found if certificate.fingerprint not in known]
        add_certificates(connection, new, actor=self.actor)

    def _turn_on(self, organization: Organization, options: dict[str, Any]) -> None:
        columns = {"sso_required": options["require"], "idp_managed_access": options["managed"]}
        wanted = {name: True for name, asked in columns.items() if asked}
        if wanted or options["enable"]:
            change(organization, actor=self.actor, sso_enabled=True, **wanted)


def _read(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as problem:
        raise CommandError(f"{name} can't be read: {problem.strerror}.") from problem
