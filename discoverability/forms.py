"""The forms of discoverability."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Discoverability, Role
from accounts.models.organization import UNSAFE_CHARACTERS


class LevelForm(forms.Form):
    """The level, as three radios."""

    level = forms.ChoiceField(
        label=_("Who finds the organization"),
        choices=Discoverability.choices,
        widget=forms.RadioSelect,
    )


class DomainForm(forms.Form):
    """A work domain."""

    domain = forms.CharField(
        label=_("Work email domain"),
        help_text=_("Like acme.com: people whose verified address is of it find you."),
        max_length=400,
        widget=forms.TextInput(attrs={"autocapitalize": "off", "spellcheck": "false"}),
    )


class ApproveForm(forms.Form):
    """The role that the asker gets."""

    role = forms.ChoiceField(label=_("Role"), initial=Role.MEMBER)

    def __init__(self, *args: Any, roles: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = roles  # type: ignore[attr-defined]  # a ChoiceField


class DeclineForm(forms.Form):
    """An optional word for the asker."""

    word = forms.CharField(
        label=_("A word for them"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean_word(self) -> str:
        """Keep it to plain text on its lines."""
        word: str = self.cleaned_data["word"].replace("\r\n", " ").replace("\n", " ")
        return UNSAFE_CHARACTERS.sub("", word)
