"""Generate a SCIM token for an organization."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from accounts.management.command import OperatorCommand, organization_of
from accounts.policy import PolicyRefused
from scim.rendering import base_url
from scim.tokens import issue_token


class Command(OperatorCommand):
    """create_scim_token ORG."""

    help = "Generates a SCIM token, shown once; the organization's token before it dies."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the organization."""
        parser.add_argument("organization", metavar="ORG")
        super().add_arguments(parser)

    def run(self, **options: Any) -> dict[str, Any]:
        """Generate it."""
        try:
            _, secret = issue_token(organization_of(options["organization"]), actor=self.actor)
        except PolicyRefused as refused:
            raise CommandError(refused.sentence) from refused
        return {"token": secret, "base_url": base_url()}
