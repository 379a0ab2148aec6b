"""Who may do what: one table, shown in the product as "What each role may do"."""

from __future__ import annotations

from enum import Enum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Role


class Permission(Enum):
    """Something a role may do in its organization."""

    VIEW = "view"
    MANAGE_SECURITY = "manage_security"
    MANAGE_MEMBERS = "manage_members"
    INVITE_MEMBERS = "invite_members"
    MANAGE_PROJECTS = "manage_projects"
    VIEW_AUDIT = "view_audit"
    MANAGE_BILLING = "manage_billing"
    MANAGE_DISCOVERABILITY = "manage_discoverability"
    DECIDE_REQUESTS = "decide_requests"
    MANAGE_OWNERS = "manage_owners"


WORDS: dict[Permission, Promise] = {
    Permission.VIEW: _("See the organization, its members and projects they have access to"),
    Permission.INVITE_MEMBERS: _("Invite people to roles not above their own"),
    Permission.MANAGE_MEMBERS: _("Change roles, end sessions, deactivate and remove members"),
    Permission.MANAGE_PROJECTS: _("Create projects and give access to them"),
    Permission.MANAGE_SECURITY: _("Change everything under Access Security"),
    Permission.VIEW_AUDIT: _("Read and export the audit log"),
    Permission.MANAGE_BILLING: _("See and change the plan"),
    Permission.MANAGE_DISCOVERABILITY: _("Choose how discoverable the organization is"),
    Permission.DECIDE_REQUESTS: _("Answer requests to join"),
    Permission.MANAGE_OWNERS: _("Make owners, change them, and transfer ownership"),
}

IN_PLURAL: dict[str, Promise] = {
    Role.OWNER: _("owners"),
    Role.ADMIN: _("admins"),
    Role.BILLING_ADMIN: _("billing admins"),
    Role.MEMBER: _("members"),
}

_MEMBER = frozenset({Permission.VIEW})
_BILLING = _MEMBER | {
    Permission.INVITE_MEMBERS,
    Permission.MANAGE_BILLING,
    Permission.MANAGE_DISCOVERABILITY,
}
_ADMIN = _MEMBER | {
    Permission.INVITE_MEMBERS,
    Permission.MANAGE_MEMBERS,
    Permission.MANAGE_PROJECTS,
    Permission.MANAGE_SECURITY,
    Permission.VIEW_AUDIT,
    Permission.DECIDE_REQUESTS,
}
TABLE: dict[str, frozenset[Permission]] = {
    Role.OWNER: frozenset(Permission),
    Role.ADMIN: _ADMIN,
    Role.BILLING_ADMIN: _BILLING,
    Role.MEMBER: _MEMBER,
}

# Owner above admin above member; billing admin above member only.
_BELOW: dict[str, frozenset[str]] = {
    Role.OWNER: frozenset(Role.values),
    Role.ADMIN: frozenset({Role.ADMIN, Role.BILLING_ADMIN, Role.MEMBER}),
    Role.BILLING_ADMIN: frozenset({Role.BILLING_ADMIN, Role.MEMBER}),
    Role.MEMBER: frozenset({Role.MEMBER}),
}


def may(role: str, permission: Permission) -> bool:
    """Return whether ``role`` may do this."""
    return permission in TABLE[role]


def may_act_on(actor: str, target: str) -> bool:
    """Return whether ``target`` is not above ``actor``: to invite, change, remove, end sessions."""
    return target in _BELOW[actor]


def offered_roles(actor: str) -> list[tuple[str, str]]:
    """Return the roles that ``actor`` may give, as form choices."""
    return [(role.value, str(role.label)) for role in Role if may_act_on(actor, role)]
