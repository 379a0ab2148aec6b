"""Make somebody a member."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError
from django.db import transaction

from accounts.management.command import OperatorCommand, organization_of
from accounts.models import Membership, Role
from accounts.organizations.members import AlreadyMember, add_member
from accounts.signin.accounts import verified_account

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(OperatorCommand):
    """add_member ORG EMAIL [--role R] [--password-stdin]."""

    help = "Makes somebody a member. The account is made, verified, where there is none."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take organization, address, role."""
        parser.add_argument("organization", metavar="ORG")
        parser.add_argument("email", metavar="EMAIL")
        parser.add_argument("--role", choices=Role.values, default=Role.MEMBER.value)
        parser.add_argument("--password-stdin", action="store_true")
        super().add_arguments(parser)

    def run(self, **options: Any) -> dict[str, Any]:
        """Add them."""
        organization = organization_of(options["organization"])
        with transaction.atomic():
            user = verified_account(
                options["email"], self.actor, password_stdin=options["password_stdin"]
            )
            try:
                add_member(
                    organization,
                    user,
                    role=options["role"],
                    source=Membership.Source.OPERATOR,
                    actor=self.actor,
                )
            except AlreadyMember:
                raise CommandError(f"{user.email} is a member already.") from None
        return {
            "user": user.email,
            "organization": organization.public_id,
            "role": options["role"],
        }
