"""What a provider of codes has to do, and how it may fail."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _


class Channel(StrEnum):
    """How a code travels."""

    SMS = "sms"
    CALL = "call"


@dataclass(frozen=True)
class Sent:
    """A code is on its way; ``reference`` is the provider's name for it."""

    reference: str


class SmsRefused(Exception):
    """The provider won't serve this number or this code. ``sentence`` is for the person."""

    def __init__(self, sentence: str, code: str) -> None:
        super().__init__(code)
        self.sentence = sentence
        self.code = code


class SmsUnavailable(Exception):
    """The provider didn't answer in time, or answered nonsense. Nothing is known."""

    @property
    def sentence(self) -> str:
        """What the person reads: what happened, and the way on."""
        return _(
            "Our text message provider isn’t answering. Wait a minute and try again, or use "
            "another method."
        )


class SmsBackend(Protocol):
    """Sends codes and judges them. Called outside any transaction (A7)."""

    def send(self, number: str, channel: Channel) -> Sent:
        """Send a new code to ``number`` (E.164). Raises ``SmsRefused``, ``SmsUnavailable``."""

    def check(self, reference: str, code: str) -> bool:
        """Return whether ``code`` is the one sent under ``reference``; true at most once."""

    def cancel(self, reference: str) -> None:
        """Make the code sent under ``reference`` worthless. Never raises: it may be gone."""


def backend() -> SmsBackend:
    """Return the backend of TWOFACTOR_SMS_BACKEND."""
    return cast("SmsBackend", import_string(settings.TWOFACTOR_SMS_BACKEND)())
