"""What the operators' commands share: ``--json``, and failures in one line."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actor import Actor
from accounts.addresses import InvalidAddress, normalize_address
from accounts.models import Organization, User

if TYPE_CHECKING:
    from argparse import ArgumentParser


class OperatorCommand(BaseCommand):
    """A command for the installation's operator; write ``run()``.

    With ``--json`` it prints one JSON object to stdout and nothing else; failing, it exits 1
    with ``{"error": …}`` on stderr.
    """

    def run_from_argv(self, argv: list[str]) -> None:
        """Answer wrong arguments as JSON too, where JSON was asked for."""
        self._arguments_as_json = "--json" in argv
        try:
            super().run_from_argv(argv)
        except CommandError as problem:
            self._fail(str(problem).removeprefix("Error: "))

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Let wrong arguments raise instead of printing how to use it, where JSON was asked for."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        if getattr(self, "_arguments_as_json", False):
            parser.called_from_command_line = False
        return parser

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add ``--json``; call it from subclasses."""
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout")

    def run(self, **options: Any) -> dict[str, Any]:
        """Do it; return what is printed. Raise CommandError with a sentence."""
        raise NotImplementedError

    @property
    def actor(self) -> Actor:
        """The operator, as the audit log names them."""
        return Actor.operator(type(self).__module__.rpartition(".")[2])

    def handle(self, *args: Any, **options: Any) -> None:
        """Run and print."""
        as_json = options.pop("json")
        try:
            answer = self.run(**options)
        except (CommandError, ValidationError, InvalidAddress) as problem:
            words = problem.messages[0] if isinstance(problem, ValidationError) else str(problem)
            if not as_json:
                raise CommandError(words) from problem
            self._fail(words)
        if as_json:
            self.stdout.write(json.dumps(answer))
            return
        for key, value in answer.items():
            self.stdout.write(f"{key}: {value}")

    def _fail(self, words: str) -> NoReturn:
        self.stderr.write(json.dumps({"error": words}), self.style.NOTICE)
        sys.exit(1)


def organization_of(public_id: str) -> Organization:
    """Return the organization with this public id, or fail with a sentence."""
    found = Organization.objects.select_related("policy").filter(public_id=public_id).first()
    if found is None:
        raise CommandError(f"There is no organization {public_id}.")
    return found


def user_of(email: str) -> User:
    """Return the account with this address, or fail with a sentence."""
    found = User.objects.with_address(normalize_address(email))
    if found is None:
        raise CommandError(f"There is no account {email}.")
    return found
