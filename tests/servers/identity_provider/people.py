"""The people who can sign in here: those of users.toml, and those added while it runs."""

import json
import tomllib
import uuid
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self


class UnknownPerson(LookupError):
    """Nobody here has this address."""


@dataclass
class Person:
    """A person as a directory keeps them.

    name_id: makes a persistent NameID of its own. attributes: replaces, as {name: [values]}, what
    the flavour would send.
    """

    email: str
    first_name: str = ""
    last_name: str = ""
    upn: str = ""
    groups: list[str] = field(default_factory=list)
    name_id: str | None = None
    object_id: str = ""
    attributes: dict[str, list[str]] | None = None

    def __post_init__(self) -> None:
        self.upn = self.upn or self.email
        self.object_id = self.object_id or str(uuid.uuid5(uuid.NAMESPACE_URL, self.email))

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> Self:
        """Return the person described; raises ValueError, naming what is unknown or missing."""
        if unknown := set(values) - {each.name for each in fields(cls)}:
            raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
        if not values.get("email"):
            raise ValueError("email is missing")
        return cls(**values)

    @property
    def display_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email

    @property
    def initials(self) -> str:
        return (self.first_name[:1] + self.last_name[:1]).upper() or self.email[:1].upper()

    def value(self, name: str) -> str | list[str]:
        """Return a field, or the display name, for an attribute or the NameID."""
        value: str | list[str] = getattr(self, name)
        return value

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Directory:
    """All people by address; `added` is the file that keeps those who came later."""

    def __init__(self, users: Path, added: Path) -> None:
        self._people: dict[str, Person] = {}
        self._added = added
        for values in [*tomllib.loads(users.read_text())["user"], *self._saved()]:
            person = Person.from_values(values)
            self._people[person.email] = person

    def __iter__(self) -> Any:
        return iter(list(self._people.values()))

    def __getitem__(self, email: str) -> Person:
        try:
            return self._people[email]
        except KeyError:
            raise UnknownPerson(email) from None

    def put(self, person: Person) -> None:
        """Add a person, or replace the one with this address."""
        self._people[person.email] = person
        others = [saved for saved in self._saved() if saved["email"] != person.email]
        self._added.write_text(json.dumps([*others, person.as_json()], indent=1))

    def _saved(self) -> list[dict[str, Any]]:
        return json.loads(self._added.read_text()) if self._added.exists() else []
