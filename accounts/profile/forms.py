"""The forms of personal settings."""

from __future__ import annotations

import zoneinfo
from functools import cache
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models.organization import validate_name
from accounts.signin.forms import AddressField
from accounts.signin.password import ConfirmPasswordForm, PasswordField

if TYPE_CHECKING:
    from accounts.models import User


class NameForm(forms.Form):
    """What the person is called."""

    first_name = forms.CharField(
        label=gettext_lazy("First name"),
        max_length=100,
        required=False,
        validators=[validate_name],
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
    )
    last_name = forms.CharField(
        label=gettext_lazy("Last name"),
        max_length=100,
        required=False,
        validators=[validate_name],
        widget=forms.TextInput(attrs={"autocomplete": "family-name"}),
    )


@cache
def zones() -> list[tuple[str, str]]:
    """Return the time zones of places, as form choices."""
    names = sorted(name for name in zoneinfo.available_timezones() if "/" in name)
    places = [(n, n.replace("_", " ")) for n in names if not n.startswith(("Etc/", "SystemV/"))]
    return [("", _("As my browser says")), ("UTC", "UTC"), *places]


class TimeZoneForm(forms.Form):
    """In which zone times are shown."""

    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].choices = zones()  # type: ignore[attr-defined]  # a ChoiceField


def new_password_field() -> PasswordField:
    """Return the field of a password to be set."""
    return PasswordField(
        label=gettext_lazy("New password"),
        autocomplete="new-password",
        help_text=gettext_lazy("At least 10 characters; a phrase is fine."),
    )


class NewPasswordForm(forms.Form):
    """A first password."""

    new_password = new_password_field()

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_new_password(self) -> str:
        """Judge it: length, common and leaked ones, likeness to name and address."""
        password: str = self.cleaned_data["new_password"]
        password_validation.validate_password(password, self.user)
        return password


class ChangePasswordForm(ConfirmPasswordForm):
    """Another password, confirmed by the present one."""

    new_password = new_password_field()

    def clean_new_password(self) -> str:
        """Judge it, and refuse the present one: nothing would change."""
        password: str = self.cleaned_data["new_password"]
        password_validation.validate_password(password, self.user)
        if password == self.cleaned_data.get("password"):
            raise ValidationError(_("That is your present password."), code="same")
        return password


class EmailForm(forms.Form):
    """A new address."""

    email = AddressField(
        label=gettext_lazy("New email address"),
        help_text=gettext_lazy("We send a link there. Until you open it nothing changes."),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)
        self.fields["email"].widget.attrs["autocomplete"] = "email"

    def clean_email(self) -> str:
        """Refuse the present one."""
        address: str = self.cleaned_data["email"]
        if address == self.user.email.lower():
            raise ValidationError(_("That is your address already."), code="same")
        return address


class CodeForm(forms.Form):
    """The code of a mail."""

    code = forms.CharField(label=gettext_lazy("Code from the mail"), max_length=20)
