"""What the app adds to the house: the switch, the menu item, tasks that beat wakes."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.audit.events import Event
from accounts.models import Organization, SecurityPolicy, User
from accounts.organizations import menu, overview
from accounts.organizations.context import OrganizationContext
from accounts.organizations.permissions import Permission
from accounts.policy import PolicyRefused, Switch, register_switch
from accounts.profile import cards
from accounts.signin import ways
from accounts.signin.accounts import on_claimed
from twofactor.passkeys import passkeys_work
from twofactor.services.reset import remove_everything
from twofactor.views.profile import card


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
    overview.register(
        overview.Protection(
            order=10,
            label=gettext_lazy("Two-factor required"),
            weight=4,
            url_name="twofactor:settings",
            judge=standing,
        )
    )
    cards.register(cards.Card(30, "twofactor/profile_card.html", card))
    ways.register(
        ways.Way(gettext_lazy("Use a passkey"), "twofactor:passkey_sign_in", passkeys_work)
    )
    on_claimed(forget_stranger)


def standing(context: OrganizationContext) -> overview.Standing | None:
    """Say how the requirement stands, for the overview."""
    if context.policy.sso_enabled:
        why = _("Your identity provider asks for the second factor.")
        return overview.Standing("neutral", _("Through single sign-on"), why)
    people = context.people
    state = _("%(done)d of %(all)d set up") % {"done": people.enrolled, "all": people.members}
    if not context.policy.two_factor_required:
        why = _("A stolen password opens the accounts of members without a second factor.")
        return overview.Standing("bad", _("Off"), why, _("Require two-factor"))
    if people.missing:
        why = _("Some members haven’t set up a method yet.")
        return overview.Standing("warn", state, why, _("Remind them"))
    return overview.Standing("good", state, _("A stolen password opens nobody’s account."))


def forget_stranger(user: User) -> None:
    """Remove the methods of whoever had the account before its address was proven (S11)."""
    remove_everything(user)


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
