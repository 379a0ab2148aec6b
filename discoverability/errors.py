"""What can stand in the way; each carries its sentence for the person."""

from __future__ import annotations


class Refused(Exception):
    """Not possible; ``sentence`` says why, ``code`` is its kind."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class Gone(Exception):
    """The organization can't be joined this way (any more): it looks as if it did not exist."""


class AlreadyDecided(Exception):
    """Somebody else answered the request first."""
