"""Forms that ask for a password, and count the guesses."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from allauth.core import context
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import limits

if TYPE_CHECKING:
    from django.http import HttpRequest

    from accounts.models import User

STASH = "confirmation_input"
SECRET = frozenset({"csrfmiddlewaretoken", "password", "new_password", "code"})
LONGEST_KEPT = 5000
SET_ONE_FIRST = gettext_lazy("Set a password first. Nothing was changed.")
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
        kwargs.setdefault("error_messages", {"required": gettext_lazy("Enter the password.")})
        kwargs.setdefault("max_length", 4096)
        widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
        super().__init__(strip=False, widget=widget, **kwargs)


class SetPasswordFirst(forms.Widget):
    """In place of the password of somebody who has none: the button that leads to setting one.

    It sends the whole form, so that what was typed is there again afterwards (SET-2).
    """

    template_name = "signin/set_password_first.html"
    use_fieldset = False

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Add where to come back to: this page."""
        values = super().get_context(name, value, attrs)
        values["back"] = context.request.get_full_path()
        return values


class ConfirmPasswordForm(forms.Form):
    """The box "Verify your password", before a change (TFA-1). Subclass it for more fields.

    Somebody without a password gets the way to one, and finds the input again on coming back.
    """

    password = PasswordField(label=gettext_lazy("Your password"))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)
        if not self.has_password:
            self.fields["password"].widget = SetPasswordFirst()
            self.fields["password"].error_messages["required"] = SET_ONE_FIRST
        elif not self.is_bound:
            self.initial.update(stashed_input())

    @property
    def has_password(self) -> bool:
        """Whether the person has one; otherwise the page leads to "Set a password" (TFA-2)."""
        return self.user.has_usable_password()

    def clean_password(self) -> str:
        """Check the password; too many wrong ones must wait."""
        if not self.has_password:
            raise ValidationError(SET_ONE_FIRST, code="none")
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


def stash_input(request: HttpRequest, path: str) -> None:
    """Keep what was typed into the confirmation at ``path``, while a password is set."""
    typed = {
        name: value
        for name, value in request.POST.items()
        if name not in SECRET and isinstance(value, str) and len(value) <= LONGEST_KEPT
    }
    request.session[STASH] = {"path": path, "input": typed}


def stashed_path(request: HttpRequest) -> str:
    """Return the confirmation that waits for a password, or nothing."""
    return str(request.session.get(STASH, {}).get("path", ""))


def stashed_input() -> dict[str, str]:
    """Return, once, what was typed into the confirmation that this request shows."""
    request = context.request
    session = getattr(request, "session", None)
    if session is None or STASH not in session:
        return {}
    if session[STASH]["path"] != request.get_full_path():
        return {}
    typed: dict[str, str] = session.pop(STASH)["input"]
    return typed
