"""The switches of single sign-on, and what guards them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import Membership, Organization, SecurityPolicy, User
from accounts.policy import PolicyRefused, change
from sso.services.connections import connection_of, is_complete, void_sessions

# How long the admin who turned Require on stays in without the identity provider (SSO-12).
GRACE = timedelta(hours=1)


def enable(organization: Organization, *, actor: Actor) -> SecurityPolicy:
    """Turn single sign-on on (SSO-1). Raises PolicyRefused."""
    return change(organization, actor=actor, sso_enabled=True)


def disable(organization: Organization, *, actor: Actor) -> SecurityPolicy:
    """Turn it off: sessions made by the identity provider end with their next request."""
    return change(organization, actor=actor, sso_enabled=False)


def set_required(
    organization: Organization, required: bool, *, actor: Actor, user: User | None = None
) -> SecurityPolicy:
    """Turn *Require* on or off; `user` is the admin who stays in for an hour at most (SSO-12)."""
    columns: dict[str, Any] = {"sso_required": required}
    if required:
        columns["sso_required_grace_until"] = timezone.now() + GRACE if user else None
        columns["sso_required_grace_user_id"] = user.pk if user else None
    return change(organization, actor=actor, **columns)


def set_managed(organization: Organization, managed: bool, *, actor: Actor) -> SecurityPolicy:
    """Turn IDP Managed Access on or off (IDP-1)."""
    return change(organization, actor=actor, idp_managed_access=managed)


def owners_with_password(organization: Organization) -> QuerySet[Membership]:
    """The owners who could get in if the identity provider failed."""
    owners = Membership.objects.filter(organization=organization).owners()
    return owners.exclude(user__password__startswith=UNUSABLE_PASSWORD_PREFIX).exclude(
        user__password=""
    )


# ── What the registry of switches asks


def check_enabled(organization: Organization, policy: SecurityPolicy, value: Any) -> None:
    if not is_complete(connection_of(organization)):
        raise PolicyRefused(
            "incomplete",
            _("Enter the Issuer URL, the sign-in URL and a valid certificate first."),
        )


def check_required(organization: Organization, policy: SecurityPolicy, value: Any) -> None:
    """SSO-4: a broken identity provider must lock nobody out for good (O4)."""
    if not owners_with_password(organization).exists():
        raise PolicyRefused(
            "no_break_glass",
            _(
                "No owner could get in if your identity provider failed. Let an owner set a "
                "password in their profile first."
            ),
        )


def after_disabled(organization: Organization, actor: Actor) -> None:
    void_sessions(organization)
