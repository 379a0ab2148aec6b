"""The forms of signing in and up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.forms import SignupForm
from django import forms
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.addresses import InvalidAddress, normalize_address
from accounts.signin.password import PasswordField

if TYPE_CHECKING:
    from django.http import HttpRequest


class AddressField(forms.EmailField):
    """A work email: normalised, and refused where it only looks like one (S21)."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Work email"))
        kwargs.setdefault(
            "error_messages", {"required": _("Enter an email address like name@company.com.")}
        )
        super().__init__(max_length=254, **kwargs)
        self.widget.attrs.setdefault("autocomplete", "username")
        # Unicode look-alikes get our own sentence, not the widget's.
        self.validators = []

    def clean(self, value: Any) -> str:
        """Return the address in its one spelling."""
        text = super().clean(value)
        if not text:
            return ""
        try:
            return normalize_address(text)
        except InvalidAddress as problem:
            raise ValidationError(str(problem), code="invalid") from problem


class AddressForm(forms.Form):
    """The first step: the address, and nothing else."""

    email = AddressField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].widget.attrs["autofocus"] = True


class SignInPasswordForm(forms.Form):
    """The password for an address typed before."""

    password = PasswordField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].widget.attrs["autofocus"] = True


class SignUpForm(SignupForm):
    """allauth's sign-up: the same answer whether or not the address has an account (S3).

    With a password, or by the mailed link alone (``by=link``).
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by_link = self.data.get("by") == "link"
        self.fields["email"] = AddressField()
        self.fields["password1"].label = _("Password")
        self.fields["password1"].widget = forms.PasswordInput(
            attrs={"autocomplete": "new-password"}
        )
        self.fields["password1"].strip = False
        self.fields["password1"].error_messages["required"] = _("Choose a password.")
        self.fields["password1"].help_text = _("At least 10 characters; a phrase is fine.")
        self.fields["password1"].required = not self.by_link
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)

    def clean_password1(self) -> str:
        """Return the password; what stands in the field counts for nothing beside a link."""
        return "" if self.by_link else str(self.cleaned_data["password1"])

    def try_save(self, request: HttpRequest) -> tuple[Any, Any]:
        """Make the account; where there is one, hash all the same: it is what takes time (S3).

        Two requests with one address in the same instant: the second finds the account.
        """
        try:
            with transaction.atomic():
                user, response = super().try_save(request)
        except IntegrityError:
            self.account_already_exists = True
            user, response = super().try_save(request)
        if user is None and not self.by_link:
            make_password(self.cleaned_data["password1"])
        return user, response
