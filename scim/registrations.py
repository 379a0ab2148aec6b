"""What this app puts into the ground floor's registries."""

from django.utils.translation import gettext_lazy as _

from accounts import policy
from accounts.audit.events import Event
from accounts.models import Plan
from accounts.organizations import overview
from accounts.organizations.menu import MenuItem, register
from accounts.organizations.permissions import Permission
from scim import presentation, tokens

policy.register_switch(
    policy.Switch(
        column="scim_enabled",
        label=_("SCIM"),
        event_on=Event.SCIM_ON,
        event_off=Event.SCIM_OFF,
        plans=frozenset({Plan.ENTERPRISE}),
        turned_off=tokens.turned_off,
        consequence=presentation.consequence,
    )
)
register(
    MenuItem(
        section="security",
        order=40,
        label=_("SCIM"),
        url_name="scim:settings",
        permission=Permission.MANAGE_SECURITY,
        state=presentation.menu_state,
    )
)
overview.register(
    overview.Protection(
        order=40,
        label=_("Automatic deprovisioning"),
        weight=2,
        url_name="scim:settings",
        judge=presentation.protection,
    )
)
