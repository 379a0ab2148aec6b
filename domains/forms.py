"""Input of the domain pages."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.signin.password import ConfirmPasswordForm
from domains.models import DomainClaim
from domains.names import DomainRefused, parse_domain


class ClaimForm(forms.Form):
    """The domain to claim; what it may be is said by domains.names."""

    domain = forms.CharField(
        label=gettext_lazy("Domain"),
        max_length=1000,
        strip=False,
        help_text=gettext_lazy("What stands after the @ in your people’s addresses: acme.com."),
        error_messages={"required": gettext_lazy("Enter a domain, like acme.com.")},
        widget=forms.TextInput(
            attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}
        ),
    )

    def clean_domain(self) -> str:
        try:
            return parse_domain(self.cleaned_data["domain"])
        except DomainRefused as refusal:
            raise ValidationError(str(refusal), code=refusal.code) from refusal


class RemoveForm(ConfirmPasswordForm):
    """Password and the domain's name, typed: what stops can't be clicked by mistake."""

    field_order = ("domain", "password")

    domain = forms.CharField(
        label=gettext_lazy("The domain’s name"),
        widget=forms.TextInput(
            attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}
        ),
    )

    def __init__(self, *args: Any, claim: DomainClaim, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.claim = claim
        self.fields["domain"].help_text = _("Type %(domain)s.") % {"domain": claim.domain}

    def clean_domain(self) -> str:
        typed: str = self.cleaned_data["domain"].strip().lower().removesuffix(".")
        if typed not in {self.claim.domain, self.claim.readable_domain}:
            raise ValidationError(
                _("That isn’t %(domain)s. Nothing was removed.") % {"domain": self.claim.domain},
                code="other_name",
            )
        return typed
