"""What single sign-on puts into the ground floor's registries."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.audit.events import Event
from accounts.models import Organization, Plan
from accounts.organizations import menu, overview
from accounts.organizations.context import OrganizationContext
from accounts.organizations.permissions import Permission
from accounts.policy import Switch, register_switch
from sso.services import requirement

PLANS = frozenset({Plan.ENTERPRISE.value})


def _state(context: OrganizationContext) -> str:
    if context.policy.sso_required:
        return str(_("Required"))
    return str(_("On")) if context.policy.sso_enabled else str(_("Off"))


def _managed_state(context: OrganizationContext) -> str:
    return str(_("On")) if context.policy.idp_managed_access else str(_("Off"))


def _judge_sso(context: OrganizationContext) -> overview.Standing | None:
    policy = context.policy
    if policy.plan not in PLANS:
        state, why = _("Not in your plan"), _("Single sign-on comes with the Enterprise plan.")
        return overview.Standing("neutral", state, why, _("See what it does"))
    if policy.sso_required:
        return overview.Standing("good", _("Required"), _("One place decides who gets in."))
    if policy.sso_enabled:
        why = _("Passwords still work beside it.")
        return overview.Standing("warn", _("On, not required"), why, _("Require single sign-on"))
    why = _("A leaver's account is closed in one place, not in each product.")
    return overview.Standing("bad", _("Off"), why, _("Set up single sign-on"))


def _judge_managed(context: OrganizationContext) -> overview.Standing | None:
    if not context.policy.sso_enabled:
        return None
    if context.policy.idp_managed_access:
        return overview.Standing("good", _("On"), _("Newcomers of your domains go to your IdP."))
    why = _("People of your domains may sign up past your identity provider.")
    return overview.Standing("warn", _("Off"), why, _("Turn on IDP Managed Access"))


def _consequence_of_disabling(organization: Organization) -> str:
    count = organization.memberships.active().count()
    return ngettext(
        "Single sign-on, for %(count)d member", "Single sign-on, for %(count)d members", count
    ) % {"count": count}


register_switch(
    Switch(
        column="sso_enabled",
        label=gettext_lazy("Single sign-on"),
        event_on=Event.SSO_ENABLED,
        event_off=Event.SSO_DISABLED,
        plans=PLANS,
        excludes=("two_factor_required", "discoverability"),
        check=requirement.check_enabled,
        turned_off=requirement.after_disabled,
        consequence=_consequence_of_disabling,
    )
)
register_switch(
    Switch(
        column="sso_required",
        label=gettext_lazy("Require single sign-on"),
        event_on=Event.SSO_REQUIRED_ON,
        event_off=Event.SSO_REQUIRED_OFF,
        requires=("sso_enabled",),
        details={"sso_required_grace_until": None, "sso_required_grace_user_id": None},
        check=requirement.check_required,
    )
)
register_switch(
    Switch(
        column="idp_managed_access",
        label=gettext_lazy("IDP Managed Access"),
        event_on=Event.SSO_MANAGED_ON,
        event_off=Event.SSO_MANAGED_OFF,
        requires=("sso_enabled",),
    )
)
menu.register(
    menu.MenuItem(
        "security",
        20,
        gettext_lazy("Single Sign-On"),
        "sso:settings",
        Permission.MANAGE_SECURITY,
        state=_state,
        always=True,
    )
)
menu.register(
    menu.MenuItem(
        "security",
        90,
        gettext_lazy("IDP Managed Access"),
        "sso:managed",
        Permission.MANAGE_SECURITY,
        state=_managed_state,
        always=True,
    )
)
overview.register(
    overview.Protection(30, gettext_lazy("Single sign-on"), 4, "sso:settings", _judge_sso)
)
overview.register(
    overview.Protection(35, gettext_lazy("IDP Managed Access"), 2, "sso:managed", _judge_managed)
)
