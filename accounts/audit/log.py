"""What can be asked of an organization's audit log."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.audit.events import Event
from accounts.models import AuditEvent

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import Organization


class LogForm(forms.Form):
    """Search and filters, as GET parameters."""

    q = forms.CharField(label=_("Search"), required=False, max_length=200)
    actor = forms.CharField(label=_("Who"), required=False, max_length=200)
    event = forms.ChoiceField(label=_("What"), required=False)
    since = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = sorted(Event, key=lambda event: event.label)
        self.fields["event"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            ("", _("Anything")),
            *((event.value, event.label[:1].upper() + event.label[1:]) for event in kinds),
        ]

    def asked(self) -> dict[str, Any]:
        """Return what is asked, the empty and the impossible left out."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


def events(organization: Organization, asked: dict[str, Any]) -> QuerySet[AuditEvent]:
    """Return the organization's events that ``asked`` (LogForm.asked) selects.

    Days begin and end in the reader's time zone.
    """
    rows = AuditEvent.objects.filter(organization_id=organization.public_id)
    if "event" in asked:
        rows = rows.filter(event=asked["event"])
    for word in str(asked.get("actor", "")).split()[:4]:
        rows = rows.filter(Q(actor_name__icontains=word) | Q(actor_email__icontains=word))
    for word in str(asked.get("q", "")).split()[:4]:
        rows = rows.filter(
            Q(target_name__icontains=word)
            | Q(actor_name__icontains=word)
            | Q(actor_email__icontains=word)
            | Q(event__icontains=word)
            | Q(ip__startswith=word)
            | Q(request_id=word)
        )
    if "since" in asked:
        rows = rows.filter(occurred_at__gte=midnight(asked["since"]))
    if "until" in asked:
        rows = rows.filter(occurred_at__lt=midnight(asked["until"] + datetime.timedelta(days=1)))
    return rows


def midnight(day: datetime.date) -> datetime.datetime:
    """Return when ``day`` begins for the reader."""
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time.min))
