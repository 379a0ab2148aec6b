"""The list of an organization's people: what can be asked of it, and the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import Value
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Role

if TYPE_CHECKING:
    from accounts.models import Organization
    from accounts.models.membership import MembershipQuerySet

ANY = [("", _("Any"))]


class DirectoryForm(forms.Form):
    """Search and filters, as GET parameters; values that are not offered filter nothing."""

    q = forms.CharField(label=_("Name or address"), required=False, max_length=254)
    role = forms.ChoiceField(label=_("Role"), required=False, choices=ANY + list(Role.choices))
    status = forms.ChoiceField(
        label=_("Status"),
        required=False,
        choices=[
            *ANY,
            ("active", _("Active")),
            ("invited", _("Invited")),
            ("deactivated", _("Deactivated")),
        ],
    )
    source = forms.ChoiceField(
        label=_("Got in by"), required=False, choices=ANY + list(Membership.Source.choices)
    )
    two_factor = forms.ChoiceField(
        label=_("Second factor"),
        required=False,
        choices=[*ANY, ("set", _("Set up")), ("missing", _("Not set up"))],
    )

    def __init__(self, *args: Any, details: bool, **kwargs: Any) -> None:
        """``details``: whether the reader manages members and sees their second factors."""
        super().__init__(*args, **kwargs)
        if not details:
            del self.fields["two_factor"]
            del self.fields["source"]

    def asked(self) -> dict[str, str]:
        """Return what is asked, the empty and the impossible left out."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


def people(organization: Organization, asked: dict[str, str]) -> MembershipQuerySet:
    """Return the memberships that ``asked`` (DirectoryForm.asked) selects, with their people."""
    rows = organization.memberships.select_related("user")
    for name in ("role", "status", "source"):
        if name in asked:
            rows = rows.filter(**{name: asked[name]})
    if "two_factor" in asked:
        rows = rows.filter(user__two_factor_set_at__isnull=asked["two_factor"] == "missing")
    for word in asked.get("q", "").split()[:4]:
        rows = rows.filter(words__contains=Lower(Value(word)))
    return rows
