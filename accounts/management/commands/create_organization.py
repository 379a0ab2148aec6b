"""Create an organization with its owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError
from django.db import transaction

from accounts.management.command import OperatorCommand
from accounts.models import Organization, Plan
from accounts.organizations.members import create_organization
from accounts.signin.accounts import verified_account

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(OperatorCommand):
    """create_organization NAME --owner EMAIL [--plan P] [--password-stdin]."""

    help = "Creates an organization. The owner's account is made, verified, where there is none."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the name, the owner, the plan."""
        parser.add_argument("organization_name", metavar="NAME")
        parser.add_argument("--owner", required=True, metavar="EMAIL")
        parser.add_argument("--plan", choices=Plan.values, default=Plan.FREE.value)
        parser.add_argument(
            "--password-stdin", action="store_true", help="the owner's password, one line on stdin"
        )
        super().add_arguments(parser)

    def run(self, **options: Any) -> dict[str, Any]:
        """Create it, all or nothing."""
        name = options["organization_name"].strip()
        if not name:
            raise CommandError("An organization needs a name.")
        with transaction.atomic():
            Organization(name=name).full_clean(exclude=["public_id"])
            owner = verified_account(
                options["owner"], self.actor, password_stdin=options["password_stdin"]
            )
            organization = create_organization(
                name, owner=owner, actor=self.actor, plan=options["plan"]
            )
        return {
            "id": organization.public_id,
            "name": organization.name,
            "plan": organization.plan,
            "owner": owner.email,
        }
