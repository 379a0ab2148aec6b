"""How people get in: an organization's sign-ins by method and outcome, as a chart."""

from __future__ import annotations

import datetime
from collections import Counter

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import charts
from accounts.audit.events import Event
from accounts.models import AuditEvent, Organization
from accounts.signin.evidence import SAML, SECOND_FACTOR

SHOWN = datetime.timedelta(days=30)
# The newest of each kind, by its index: as quick among ten million events as among ten.
MOST = 1000

# What opened the organization, the strongest first: a session may hold several.
METHODS = {
    SAML: gettext_lazy("Single sign-on"),
    "passkey": gettext_lazy("Passkey"),
    "google": gettext_lazy("Google"),
    "magic_link": gettext_lazy("Link by email"),
    "password": gettext_lazy("Password"),
}
OUTCOMES = {
    "proven": (gettext_lazy("With a second factor"), "good"),
    "elsewhere": (gettext_lazy("Second factor left to your identity provider"), "ink"),
    "single": (gettext_lazy("Without a second factor"), "warn"),
    "refused": (gettext_lazy("Refused"), "bad"),
}


def chart(organization: Organization) -> charts.Bars | None:
    """Return the sign-ins of the last 30 days, 1,000 at most; None where there were none."""
    entered, first = _newest(organization, Event.ORGANIZATION_ENTERED, "data__evidence")
    failed, _first = _newest(organization, Event.TWO_FACTOR_FAILED, "pk")
    if not entered and not failed:
        return None
    counts = Counter(_kind_of(evidence or []) for evidence in entered)
    rows = [
        (str(label), [counts[method, outcome] for outcome in OUTCOMES])
        for method, label in METHODS.items()
    ]
    rows.append((_("Wrong second factor"), [0, 0, 0, len(failed)]))
    return charts.bars(
        "",
        _in_words(len(entered), first),
        [(str(label), tone) for label, tone in OUTCOMES.values()],
        [(label, row) for label, row in rows if any(row)],
    )


def _newest(
    organization: Organization, event: Event, column: str
) -> tuple[list[list[str]], datetime.datetime | None]:
    """Return ``column`` of the newest events of this kind, and when the oldest of them was.

    Events older than the window are left out here, not by the query: looking for more of them
    it would walk the whole log.
    """
    rows = AuditEvent.objects.filter(organization_id=organization.public_id, event=event.value)
    since = timezone.now() - SHOWN
    found = rows.order_by("-id").values_list(column, "occurred_at")[:MOST]
    shown = [(value, at) for value, at in found if at >= since]
    return [value for value, _at in shown], shown[-1][1] if shown else None


def _kind_of(evidence: list[str]) -> tuple[str, str]:
    """Return method and outcome of a sign-in by what was shown."""
    shown = {label.partition(":")[0] for label in evidence}
    method = next((method for method in METHODS if method in shown), "password")
    if SECOND_FACTOR in shown:
        return method, "proven"
    return method, "elsewhere" if method == SAML else "single"


def _in_words(count: int, first: datetime.datetime | None) -> str:
    if count == MOST and first is not None:
        day = charts.in_words(timezone.localtime(first).date())
        return _("The newest %(count)d sign-ins, since %(day)s.") % {"count": count, "day": day}
    return ngettext("%(count)d sign-in.", "%(count)d sign-ins.", count) % {"count": count}
