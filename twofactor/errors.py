"""What can go wrong with a second factor, a class each; ``sentence`` is for the person."""

from __future__ import annotations

import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


class TwoFactorError(Exception):
    """Something that the person is told, with the way on."""

    @property
    def sentence(self) -> str:
        """What the person reads."""
        raise NotImplementedError


class NotSixDigits(TwoFactorError):
    """What was typed is no code."""

    @property
    def sentence(self) -> str:
        """Say what a code looks like."""
        return _("Enter the 6 digits of the code, like 123 456.")


class WrongCode(TwoFactorError):
    """Not the code; perhaps an old one, or a phone's clock that is off (F3)."""

    @property
    def sentence(self) -> str:
        """Name the usual cause."""
        return _("Not the current code. Is your phone’s clock set automatically?")


class UsedCode(TwoFactorError):
    """A code works once, also in parallel (F1)."""

    @property
    def sentence(self) -> str:
        """Say when there is another."""
        return _("That code has been used. Wait for the next one.")


class WrongTextCode(TwoFactorError):
    """Not the code that was sent."""

    @property
    def sentence(self) -> str:
        """Name the usual cause."""
        return _("Not the code we sent. Check the newest message, or ask for another code.")


class CodeExpired(TwoFactorError):
    """No code is on its way for this sign-in."""

    @property
    def sentence(self) -> str:
        """Say how to get one."""
        return _("That code is no longer valid. Ask for a new one.")


class BeingChecked(TwoFactorError):
    """The same code is just being checked in another tab."""

    @property
    def sentence(self) -> str:
        """Ask for patience."""
        return _("Your code is being checked already. Wait a moment, then reload the page.")


class WrongRecoveryCode(TwoFactorError):
    """No unused recovery code of this account."""

    @property
    def sentence(self) -> str:
        """Say what may be the matter."""
        return _("That isn’t one of your unused recovery codes. Each works once.")


class TooManyGuesses(TwoFactorError):
    """Codes were guessed wrong too often; ``wait`` is how long until the next try."""

    def __init__(self, wait: datetime.timedelta) -> None:
        super().__init__(str(wait))
        self.wait = wait

    @property
    def sentence(self) -> str:
        """Say how long, and what helps until then."""
        return _("Too many tries. Wait %(wait)s or use a recovery code.") % {
            "wait": in_words(self.wait)
        }


class TooManyRecoveryGuesses(TooManyGuesses):
    """Ten recovery codes an hour (F2)."""

    @property
    def sentence(self) -> str:
        """Say how long."""
        return _("Too many tries. Wait %(wait)s.") % {"wait": in_words(self.wait)}


class GuessingClosed(TwoFactorError):
    """A hundred wrong codes: somebody has the password. Only a recovery code or a reset helps."""

    @property
    def sentence(self) -> str:
        """Say what still works."""
        return _(
            "Too many wrong codes were tried, so codes are off for this account. Use a recovery "
            "code, or contact support."
        )


class TooManyTexts(TwoFactorError):
    """A cap on messages is reached (F9)."""

    def __init__(self, wait: datetime.timedelta) -> None:
        super().__init__(str(wait))
        self.wait = wait

    @property
    def sentence(self) -> str:
        """Say how long, and what helps until then."""
        return _("We can’t send another code for %(wait)s. Use another method until then.") % {
            "wait": in_words(self.wait)
        }


class TextRefused(TwoFactorError):
    """The provider won't or can't send; its reason in people's words."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self._sentence = sentence

    @property
    def sentence(self) -> str:
        """Pass on the provider's reason."""
        return self._sentence


class SetUpExpired(TwoFactorError):
    """The set-up is not this session's, was finished in another tab, or is too old (F6)."""

    @property
    def sentence(self) -> str:
        """Say what stands."""
        return _("That set-up was finished or started anew in another tab. Nothing was changed.")


class LastMethod(TwoFactorError):
    """The only method can be changed, not removed."""

    @property
    def sentence(self) -> str:
        """Say what can be done instead."""
        return _("This is your only method. Use Change Method to replace it.")


class ResetNotAllowed(TwoFactorError):
    """An admin may not reset this person's second factor (TFA-12, F14)."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self._sentence = sentence

    @property
    def sentence(self) -> str:
        """Say who can."""
        return self._sentence


def in_words(wait: datetime.timedelta) -> str:
    """Return a wait as people say it, rounded up."""
    seconds = max(1, -(-wait // datetime.timedelta(seconds=1)))
    if seconds < 60:
        return ngettext("%(n)d second", "%(n)d seconds", seconds) % {"n": seconds}
    minutes = -(-seconds // 60)
    return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
