"""Claim a domain for an organization."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction

from accounts.management.command import OperatorCommand, organization_of
from domains import services
from domains.errors import DomainRefused, TooManyClaims, VerifiedElsewhere


class Command(OperatorCommand):
    """claim_domain ORG DOMAIN [--verified]."""

    help = "Claims a domain. --verified vouches for it; the sweep still looks for its record."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take organization and domain."""
        parser.add_argument("organization", metavar="ORG")
        parser.add_argument("domain", metavar="DOMAIN")
        parser.add_argument("--verified", action="store_true")
        super().add_arguments(parser)

    def run(self, **options: Any) -> dict[str, Any]:
        """Claim it."""
        organization = organization_of(options["organization"])
        try:
            with transaction.atomic():
                claim = services.claim(organization, options["domain"], actor=self.actor)
                if options["verified"]:
                    services.vouch(claim, actor=self.actor)
        except (DomainRefused, TooManyClaims, VerifiedElsewhere) as refusal:
            raise CommandError(str(refusal)) from refusal
        return {
            "domain": claim.domain,
            "state": claim.state,
            "txt_name": claim.domain,
            "txt_value": claim.txt_value,
        }
