"""What single sign-on does when somebody signs in past it (SSO-4)."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.mail import mail_admins
from accounts.models import Membership, User
from accounts.prepared import Prepared
from accounts.signin.evidence import Evidence
from sso.access import BREAK_GLASS_ROLES

# Asked at every sign-in by password.
_MAY_OPEN = Prepared(
    "break_glass",
    """
    SELECT EXISTS (SELECT FROM accounts_membership member JOIN accounts_securitypolicy policy
        ON policy.organization_id = member.organization_id
        WHERE member.user_id = %s AND policy.sso_required)
    """,
)


@receiver(user_logged_in)
def tell_of_break_glass(
    sender: type[User], request: HttpRequest, user: User, **_kwargs: Any
) -> None:
    """Audit and mail each sign-in that opens an organization past its identity provider."""
    evidence = getattr(request, "fresh_evidence", None)
    if not isinstance(evidence, Evidence):
        return
    if not any(proof.method == "password" for proof in evidence.account_level):
        return
    if not _MAY_OPEN.rows([user.pk])[0][0]:  # as for nearly everybody
        return
    opened = Membership.objects.filter(
        user=user, role__in=BREAK_GLASS_ROLES, organization__policy__sso_required=True
    ).active()
    for membership in opened.select_related("organization"):
        actor = Actor.of(request, user)
        with transaction.atomic():
            record_event(
                Event.BREAK_GLASS,
                organization=membership.organization,
                actor=actor,
                target=membership,
                data={"evidence": evidence.labels()},
            )
            mail_admins(
                "break_glass",
                membership.organization,
                person=membership,
                at=timezone.now(),
                ip=actor.ip,
                user_agent=actor.user_agent,
            )
