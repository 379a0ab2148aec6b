"""The forms of organizations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Organization, Plan, Project, Role, Team
from accounts.models.organization import validate_name
from accounts.organizations.addresses import MOST, Addresses, read_addresses
from accounts.organizations.permissions import offered_roles
from accounts.signin.forms import AddressField

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from accounts.organizations.context import OrganizationContext


class OrganizationForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when run
    """A new organization; the demo lets one choose the plan, in production operators do."""

    plan = forms.ChoiceField(
        label=gettext_lazy("Plan"),
        choices=Plan.choices,
        initial=Plan.ENTERPRISE,
        help_text=gettext_lazy("Only in the demo: elsewhere an operator sets the plan."),
    )

    class Meta:
        model = Organization
        fields = ("name",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = gettext_lazy("Organization name")
        self.fields["name"].widget.attrs["autofocus"] = True
        if not settings.DEBUG:
            del self.fields["plan"]


class EmptyForm(forms.Form):
    """A yes."""


class RoleForm(forms.Form):
    """A role among those that the acting member may give (V6)."""

    role = forms.ChoiceField(label=gettext_lazy("Role"))

    def __init__(self, *args: Any, context: OrganizationContext, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["role"]
        field.choices = offered_roles(context.role)  # type: ignore[attr-defined]  # a ChoiceField
        field.error_messages["invalid_choice"] = _("Choose a role that isn't above your own.")


class DescriptionForm(forms.Form):
    """Who a member is to this organization, once SCIM no longer says it (SCIM-12)."""

    first_name = forms.CharField(
        label=gettext_lazy("First name"), max_length=100, required=False, validators=[validate_name]
    )
    last_name = forms.CharField(
        label=gettext_lazy("Last name"), max_length=100, required=False, validators=[validate_name]
    )
    email = AddressField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["autocomplete"] = "off"  # another person's
        self.fields["first_name"].widget.attrs["autofocus"] = True


class AddressesForm(forms.Form):
    """Several addresses at once; what is refused stays in the field, what was done does not."""

    addresses = forms.CharField(
        label=gettext_lazy("Email addresses"),
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false", "autocomplete": "off"}),
        max_length=60_000,
        help_text=gettext_lazy("One a line, or separated by commas; 200 at most."),
    )

    def clean_addresses(self) -> Addresses:
        """Read them; an address that is none is answered beside those that are."""
        found = read_addresses(self.cleaned_data["addresses"])
        count = len(found.good) + len(found.bad)
        if count > MOST:
            raise ValidationError(
                _("These are %(count)d addresses; enter at most %(most)d at once.")
                % {"count": count, "most": MOST}
            )
        return found

    def refuse(self, refused: list[tuple[str, str]]) -> None:
        """Put the reason of each refused address on the field, and keep only those in it."""
        for address, reason in refused:
            self.add_error("addresses", f"{address}: {reason}")
        left = "\n".join(address for address, _reason in refused)
        self.data = {**{name: self.data.get(name) for name in self.fields}, "addresses": left}


class InviteForm(AddressesForm, RoleForm):
    """People to invite, and as what."""

    field_order = ("addresses", "role")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].initial = Role.MEMBER.value


class NameForm(forms.Form):
    """A name that is there once in the organization, whatever its case."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80, validators=[validate_name])
    model: type[Team | Project]
    taken: _StrPromise

    def __init__(
        self, *args: Any, organization: Organization, instance: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.organization = organization
        self.instance = instance
        self.fields["name"].widget.attrs["autofocus"] = True
        if instance is not None:
            self.initial.setdefault("name", instance.name)

    def clean_name(self) -> str:
        """Refuse a name that is taken."""
        name: str = self.cleaned_data["name"]
        same = self.model.objects.filter(organization=self.organization, name__iexact=name)
        if self.instance is not None:
            same = same.exclude(pk=self.instance.pk)
        if same.exists():
            raise ValidationError(self.taken, code="taken")
        return name


class TeamForm(NameForm):
    """A team's name."""

    model = Team
    taken = gettext_lazy("There is a team with this name already.")


class ProjectForm(NameForm):
    """A project's name."""

    model = Project
    taken = gettext_lazy("There is a project with this name already.")


def people_in_words(count: int) -> str:
    """Return "1 person", "12 people"."""
    return ngettext("%(count)d person", "%(count)d people", count) % {"count": count}
