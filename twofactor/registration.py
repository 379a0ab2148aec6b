"""What the app adds to the house: the switch, the menu item, tasks that beat wakes."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.audit.events import Event
from accounts.models import Organization, SecurityPolicy
from accounts.organizations import menu
from accounts.organizations.context import OrganizationContext
from accounts.organizations.permissions import Permission
from accounts.policy import PolicyRefused, Switch, register_switch


def register() -> None:
    """Register everything; called once, when the apps are ready."""
    register_switch(
        Switch(
            column="two_factor_required",
            label=gettext_lazy("Require two-factor"),
            event_on=Event.TWO_FACTOR_REQUIRED_ON,
            event_off=Event.TWO_FACTOR_REQUIRED_OFF,
            details={"two_factor_required_at": None, "two_factor_deadline_at": None},
            check=refuse_beside_sso,
            consequence=no_longer_required,
        )
    )
    register_switch(
        Switch(
            column="two_factor_remember_allowed",
            label=gettext_lazy("Remember browsers"),
            event_on=Event.TWO_FACTOR_SETTINGS_CHANGED,
            event_off=Event.TWO_FACTOR_SETTINGS_CHANGED,
        )
    )
    menu.register(
        menu.MenuItem(
            section="security",
            order=10,
            label=gettext_lazy("Two Factor Authentication"),
            url_name="twofactor:settings",
            permission=Permission.MANAGE_SECURITY,
            state=state_in_words,
        )
    )


def refuse_beside_sso(organization: Organization, policy: SecurityPolicy, required: bool) -> None:
    """Refuse the requirement where members sign in by SSO (TFA-3)."""
    if required and policy.sso_enabled:
        raise PolicyRefused(
            "sso_enabled",
            _(
                "While single sign-on is on, your identity provider asks for the second factor. "
                "Turn single sign-on off first."
            ),
        )


def no_longer_required(organization: Organization) -> str:
    """Say what goes when something else turns the requirement off."""
    return _("Require two-factor. Members keep the methods they have set up.")


def state_in_words(context: OrganizationContext) -> str:
    """Return the state shown beside the menu item."""
    return _("On") if context.policy.two_factor_required else _("Off")
