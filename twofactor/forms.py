"""What people type, as clean values."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.signin.password import ConfirmPasswordForm
from twofactor import phone
from twofactor.models import Method
from twofactor.phone import UnusableNumber

LONGEST_DEADLINE = 30  # days (TFA-4)


class CodeForm(forms.Form):
    """A six-digit code. What it is worth is judged by the services, which count the tries."""

    code = forms.CharField(
        label=_("Security code"),
        max_length=64,
        error_messages={"required": _("Enter the 6 digits of the code, like 123 456.")},
    )
    remember = forms.BooleanField(
        label=_("Don’t ask again in this browser for 30 days"), required=False
    )

    def __init__(self, *args: Any, may_remember: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_remember:
            del self.fields["remember"]


class PasskeyForm(forms.Form):
    """What the browser answered, as JSON; the script puts it there."""

    credential = forms.CharField(
        widget=forms.HiddenInput,
        max_length=20_000,
        error_messages={"required": _("Your browser gave no passkey. Try again.")},
    )


class RecoveryCodeForm(forms.Form):
    """A recovery code."""

    code = forms.CharField(
        label=_("Recovery code"),
        max_length=64,
        error_messages={"required": _("Enter one of your recovery codes.")},
    )


class MethodForm(forms.Form):
    """Which method to set up."""

    method = forms.ChoiceField(
        label=_("How do you want to prove it’s you?"),
        choices=Method.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a method.")},
    )

    def __init__(self, *args: Any, offered: list[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["method"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  # for the type checker
        field.choices = offered


class PhoneForm(forms.Form):
    """A mobile number, kept as E.164."""

    country = forms.ChoiceField(label=_("Country"))
    number = forms.CharField(
        label=_("Mobile phone number"),
        max_length=phone.LONGEST_INPUT,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
        error_messages={"required": _("Enter your mobile number.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        allowed = settings.TWOFACTOR_SMS_COUNTRIES
        field = self.fields["country"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  # for the type checker
        field.choices = phone.choices(allowed)
        first = allowed[0] if allowed and "US" not in allowed else "US"
        self.initial.setdefault("country", first)

    def clean(self) -> dict[str, Any]:
        """Replace number and country by the E.164 number."""
        cleaned: dict[str, Any] = super().clean() or {}
        if "number" in cleaned and "country" in cleaned:
            try:
                cleaned["number"] = phone.clean_number(
                    cleaned["number"],
                    cleaned["country"],
                    allowed=settings.TWOFACTOR_SMS_COUNTRIES,
                )
            except UnusableNumber as error:
                self.add_error("number", ValidationError(str(error), code="unusable"))
        return cleaned


class SavedForm(forms.Form):
    """The person kept the recovery codes."""

    saved = forms.BooleanField(
        label=_("I’ve saved these codes"),
        error_messages={"required": _("Save the codes, then tick the box to go on.")},
    )


class RequireForm(ConfirmPasswordForm):
    """Turning the requirement on: an optional deadline and the password (TFA-1, TFA-4)."""

    deadline_days = forms.IntegerField(
        label=_("Days until everybody must have a method"),
        help_text=_(
            "From 1 to 30. Empty: people are asked at their next sign-in, and open sessions go on."
        ),
        min_value=1,
        max_value=LONGEST_DEADLINE,
        required=False,
    )
    field_order = ["deadline_days", "password"]


class ResetForm(ConfirmPasswordForm):
    """Why an admin resets a member's second factor (TFA-12)."""

    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("The member and the audit log read it."),
        max_length=300,
        error_messages={"required": _("Say why, in a few words.")},
    )
    field_order = ["reason", "password"]


class PasswordAndCodeForm(ConfirmPasswordForm):
    """Password and second factor, before codes are shown anew (TFA-6, F7)."""

    code = forms.CharField(
        label=_("Security code"),
        max_length=64,
        error_messages={"required": _("Enter the 6 digits of the code, like 123 456.")},
    )
    field_order = ["password", "code"]


class BackupNameForm(forms.Form):
    """A code of the second app, and what to call it."""

    name = forms.CharField(
        label=_("Name"), help_text=_("For example “Work phone”."), max_length=40, required=False
    )
    code = forms.CharField(label=_("Security code"), max_length=64)
