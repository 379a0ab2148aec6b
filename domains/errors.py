"""What can go wrong with a claim; each carries its sentence for the person."""

from datetime import timedelta

from django.utils.translation import gettext as _

from domains.names import DomainRefused

__all__ = ["BeingChecked", "DomainRefused", "TooManyChecks", "TooManyClaims", "VerifiedElsewhere"]


class TooManyClaims(Exception):
    """The organization has claimed more than it may in a day, or holds too many unproved claims."""

    def __str__(self) -> str:
        return _("That’s a lot of domains. Prove or remove some, or come back tomorrow.")


class TooManyChecks(Exception):
    """Somebody pressed "Check now" more often than its limits allow."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


class BeingChecked(Exception):
    """A worker is looking at this very moment."""

    def __str__(self) -> str:
        return _("We’re looking at this moment. The answer appears below.")


class VerifiedElsewhere(Exception):
    """Another organization holds the domain (DOM-5)."""

    def __str__(self) -> str:
        return _("The domain is verified for another organization.")
