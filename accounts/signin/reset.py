"""Password reset: a link to the account's own address; it signs nobody in (S1, S10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account import forms as allauth_forms
from allauth.account import views as allauth_views
from allauth.account.models import EmailAddress
from django.contrib.auth import password_validation
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.mail import queue_mail
from accounts.models import User
from accounts.profile.forms import new_password_field
from accounts.profile.services import circumstances
from accounts.signin.accounts import claim_account
from accounts.signin.forms import AddressField

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


class ResetForm(allauth_forms.ResetPasswordForm):
    """The address of the account.

    allauth looks at every address that the account knows, pending ones too: an organization's
    SCIM may have put one there. Only the sign-in address counts (O7).
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"] = AddressField()

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Mail the link; for an address without an account do as much work (S3)."""
        address: str = super().save(request, **kwargs)
        if not self.users:
            # What the token of somebody costs: two questions, a hash.
            for _question in range(2):
                EmailAddress.objects.filter(email=address, user=None).exists()
            salted_hmac(address, address, algorithm="sha256")
            queue_mail("password_reset_key", address, button_url=address, pretend=True)
        return address

    def clean_email(self) -> str:
        """Find whose address it is."""
        address: str = self.cleaned_data["email"]
        user = User.objects.with_address(address)
        self.users = [user] if user is not None and user.is_active else []
        return address


class NewPasswordForm(allauth_forms.ResetPasswordKeyForm):
    """The new password, typed once: it can be shown."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"] = new_password_field()
        del self.fields["password2"]

    def clean_password1(self) -> str:
        """Judge it."""
        password: str = self.cleaned_data["password1"]
        password_validation.validate_password(password, self.user)
        return password


class ResetView(allauth_views.PasswordResetView):
    """Asks for the address; the answer is the same for all of them (S3)."""

    form_class = ResetForm
    template_name = "account/password_reset.html"


class NewPasswordView(allauth_views.PasswordResetFromKeyView):
    """Takes the new password; whoever holds the link reads mail at the address."""

    form_class = NewPasswordForm
    template_name = "account/password_reset_from_key.html"

    def form_valid(self, form: NewPasswordForm) -> HttpResponse:
        """Set it; all sessions are over, and a stranger's traces of an unverified account, too."""
        user = self.reset_user
        actor = Actor.of(self.request, user)
        with transaction.atomic():
            # A stranger may have made the account: the link proves whose address it is (S11).
            claim_account(user, actor=actor)
            user.refresh_from_db()
            form.user = user
            user.sessions_valid_from = timezone.now()
            user.save(update_fields=["sessions_valid_from"])
            answer: HttpResponse = super().form_valid(form)
            record_event(Event.PASSWORD_RESET, actor=actor, target=user)
            queue_mail("password_reset", user, **circumstances(actor))
        return answer
