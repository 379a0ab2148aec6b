"""The forms of organizations."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, Plan


class OrganizationForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when run
    """A new organization; the demo lets one choose the plan, in production operators do."""

    plan = forms.ChoiceField(
        label=_("Plan"),
        choices=Plan.choices,
        initial=Plan.ENTERPRISE,
        help_text=_("Only in the demo: elsewhere an operator sets the plan."),
    )

    class Meta:
        model = Organization
        fields = ("name",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Organization name")
        self.fields["name"].widget.attrs["autofocus"] = True
        if not settings.DEBUG:
            del self.fields["plan"]
