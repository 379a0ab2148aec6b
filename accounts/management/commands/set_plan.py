"""Put an organization on a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accounts.management.command import OperatorCommand, organization_of
from accounts.models import Plan
from accounts.policy import change_plan

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(OperatorCommand):
    """set_plan ORG PLAN."""

    help = "Changes the plan; what the new plan does not give goes off with it, audited."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take organization and plan."""
        parser.add_argument("organization", metavar="ORG")
        parser.add_argument("plan", choices=Plan.values)
        super().add_arguments(parser)

    def run(self, **options: Any) -> dict[str, Any]:
        """Change it."""
        organization = organization_of(options["organization"])
        policy = change_plan(organization, Plan(options["plan"]), actor=self.actor)
        return {"organization": organization.public_id, "plan": policy.plan}
