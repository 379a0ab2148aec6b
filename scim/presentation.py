"""What menus and the overview say of SCIM."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Membership, Organization, Plan
from accounts.organizations.context import OrganizationContext
from accounts.organizations.overview import Standing
from domains.services import verified_domains
from scim.models import NeedsAttention


def menu_state(context: OrganizationContext) -> str:
    """Say the state beside the menu's entry."""
    if not context.policy.scim_enabled:
        return _("Off")
    waiting = NeedsAttention.objects.filter(
        organization=context.organization, resolved_at=None
    ).count()
    if waiting:
        return ngettext("%(n)d waiting", "%(n)d waiting", waiting) % {"n": waiting}
    return _("On")


def protection(context: OrganizationContext) -> Standing | None:
    """Judge SCIM for the overview; plans without it do not hear of it there."""
    if context.policy.plan != Plan.ENTERPRISE:
        return None
    if not context.policy.scim_enabled:
        return Standing(
            "warn",
            _("Off"),
            _("People who leave the company keep their access here until somebody removes them."),
            _("Set up SCIM"),
        )
    if not verified_domains(context.organization):
        return Standing(
            "bad",
            _("No verified domain"),
            _("SCIM acts on addresses of verified domains only."),
            _("Claim a domain"),
        )
    return Standing(
        "good", _("On"), _("Your identity provider gives access and takes it away at once.")
    )


def consequence(organization: Organization) -> str:
    """Say what turning SCIM off means, for a rehearsal."""
    count = Membership.objects.filter(
        organization=organization, source=Membership.Source.SCIM
    ).count()
    return ngettext(
        "SCIM stops: its token is revoked, and %(n)d provisioned member is managed here.",
        "SCIM stops: its token is revoked, and %(n)d provisioned members are managed here.",
        count,
    ) % {"n": count}
