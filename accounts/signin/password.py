"""Forms that ask for a password, and count the guesses."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import limits

if TYPE_CHECKING:
    from accounts.models import User

GUESSES, WINDOW = 10, datetime.timedelta(minutes=15)


def wait_in_words(delta: datetime.timedelta) -> str:
    """Return how long to wait, in whole minutes."""
    minutes = max(1, -(-int(delta.total_seconds()) // 60))
    return _("1 minute") if minutes == 1 else _("%(count)d minutes") % {"count": minutes}


class PasswordField(forms.CharField):
    """A password as it was typed: no space trimmed, NUL refused by Django."""

    def __init__(self, **kwargs: Any) -> None:
        autocomplete = kwargs.pop("autocomplete", "current-password")
        kwargs.setdefault("label", gettext_lazy("Password"))
        kwargs.setdefault("max_length", 4096)
        widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
        super().__init__(strip=False, widget=widget, **kwargs)


class ConfirmPasswordForm(forms.Form):
    """"Verify your password", before a change is applied (TFA-1). Subclass it for more fields."""

    password = PasswordField(label=gettext_lazy("Your password"))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    @property
    def has_password(self) -> bool:
        """Whether the person has one; otherwise the page links to "Set a password" (TFA-2)."""
        return self.user.has_usable_password()

    def clean_password(self) -> str:
        """Check the password; too many wrong ones must wait."""
        password: str = self.cleaned_data["password"]
        key = f"password-confirm:{self.user.pk}"
        verdict = limits.hit(key, limit=GUESSES, per=WINDOW)
        if not verdict:
            raise ValidationError(
                _("Too many tries. Wait %(wait)s.") % {"wait": wait_in_words(verdict.retry_after)},
                code="throttled",
            )
        if not self.user.check_password(password):
            raise ValidationError(_("That isn't your password. Nothing was changed."), code="wrong")
        limits.forget(key)
        return password
