"""What the ground floor puts into its own registries."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accounts.organizations.menu import MenuItem, register
from accounts.organizations.permissions import Permission

for item in (
    MenuItem("main", 10, _("Overview"), "organizations:overview"),
    MenuItem("main", 20, _("Users & Teams"), "organizations:members"),
    MenuItem("main", 30, _("Projects"), "organizations:projects"),
    MenuItem(
        "main",
        40,
        _("Access Security"),
        "organizations:security",
        Permission.MANAGE_SECURITY,
        always=True,
    ),
    MenuItem("main", 50, _("Audit Log"), "organizations:audit", Permission.VIEW_AUDIT, always=True),
    MenuItem(
        "main",
        60,
        _("Plan & Billing"),
        "organizations:plan",
        Permission.MANAGE_BILLING,
        always=True,
    ),
    MenuItem("users", 10, _("People"), "organizations:members"),
    MenuItem("users", 20, _("Invitations"), "organizations:invitations", Permission.INVITE_MEMBERS),
    MenuItem("users", 30, _("Teams"), "organizations:teams"),
    MenuItem("users", 90, _("What each role may do"), "organizations:roles"),
):
    register(item)
