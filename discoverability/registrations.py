"""What discoverability puts into the registries of the ground floor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.audit.events import Event
from accounts.models import Discoverability, Organization, Plan
from accounts.organizations import newcomers
from accounts.organizations.members import on_access_lost
from accounts.organizations.menu import MenuItem, register
from accounts.organizations.permissions import Permission
from accounts.policy import Switch, register_switch
from accounts.prepared import Prepared
from discoverability import services
from discoverability.matching import visible
from discoverability.models import JoinRequest

if TYPE_CHECKING:
    from accounts.organizations.context import OrganizationContext


def level_in_words(context: OrganizationContext) -> str:
    """Return the level beside the menu entry."""
    return str(Discoverability(context.policy.discoverability).label)


# Beside every page of Users & Teams.
_WAITING = Prepared(
    "requests_waiting",
    f"""
    SELECT count(*) FROM discoverability_joinrequest
    WHERE organization_id = %s AND state = '{JoinRequest.State.OPEN}' AND expires_at > %s
    """,  # noqa: S608  # a value of our own enum, no input
)


def waiting_in_words(context: OrganizationContext) -> str:
    """Return how many requests wait."""
    [(count,)] = _WAITING.rows([context.organization.pk, timezone.now()])
    return str(count) if count else ""


def consequence(organization: Organization) -> str:
    """Say what ends with discoverability, for rehearsals of SSO and of the Enterprise plan."""
    waiting = JoinRequest.objects.filter(organization=organization).open().count()
    if waiting:
        return ngettext(
            "Organization Discoverability: newcomers no longer find you, %(n)d request closes",
            "Organization Discoverability: newcomers no longer find you, %(n)d requests close",
            waiting,
        ) % {"n": waiting}
    return _("Organization Discoverability: newcomers no longer find you")


register_switch(
    Switch(
        column="discoverability",
        label=gettext_lazy("Organization Discoverability"),
        event_on=Event.DISCOVERABILITY_ON,
        event_off=Event.DISCOVERABILITY_OFF,
        off=Discoverability.INVITE_ONLY.value,
        plans=frozenset({Plan.FREE.value, Plan.GROWTH.value}),
        check=services.check_level,
        turned_off=services.close_requests,
        consequence=consequence,
    )
)
register(
    MenuItem(
        "users",
        40,
        gettext_lazy("Organization Discoverability"),
        "discoverability:settings",
        Permission.MANAGE_DISCOVERABILITY,
        level_in_words,
    )
)
register(
    MenuItem(
        "users",
        50,
        gettext_lazy("Requests"),
        "discoverability:requests",
        Permission.DECIDE_REQUESTS,
        waiting_in_words,
    )
)
on_access_lost(
    services.forget_leaver,
    concerns="EXISTS (SELECT 1 FROM discoverability_joinrequest j WHERE j.user_id = m.user_id"
    " AND j.organization_id = m.organization_id AND j.state = 'open')",
)
newcomers.register("discoverability:join", lambda user: bool(visible(user)))
