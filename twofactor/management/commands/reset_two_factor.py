"""Take a second factor away from somebody who lost it, at once (TFA-12)."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from accounts.management.command import OperatorCommand, user_of
from twofactor.services.reset import reset_at_once


class Command(OperatorCommand):
    """reset_two_factor EMAIL."""

    help = "Removes every method, code and remembered browser; the person and admins are told."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the address."""
        parser.add_argument("email", metavar="EMAIL")
        super().add_arguments(parser)

    def run(self, **options: Any) -> dict[str, Any]:
        """Reset it."""
        user = user_of(options["email"])
        reset_at_once(user, actor=self.actor)
        return {"user": user.email}
