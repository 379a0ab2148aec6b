"""Mail: rendered and queued with the change that causes it, sent by beat, retried (A7, A8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from post_office import mail

from accounts.audit.record import CONTROL
from accounts.models import Membership, Organization, User

if TYPE_CHECKING:
    from collections.abc import Iterable


def queue_mail(
    template: str,
    to: User | str | Iterable[User | str],
    *,
    organization: Organization | None = None,
    pretend: bool = False,
    **values: Any,
) -> None:
    """Queue one mail for each recipient, as rows in the caller's transaction (ACC-5).

    ``pretend`` does the same work and takes the row back, so that an address without an account
    costs as much as one with (S3).

    ``template`` names ``templates/emails/<template>.subject.txt``, ``.txt`` and ``.html``, which
    see ``values``, ``organization``, ``recipient`` (User or None) and the product's name and URL.
    """
    recipients = [to] if isinstance(to, User | str) else list(to)
    for recipient in recipients:
        address = recipient.email if isinstance(recipient, User) else recipient
        context = {
            **values,
            "organization": organization,
            "recipient": recipient if isinstance(recipient, User) else None,
            "address": address,
            "PRODUCT_NAME": settings.PRODUCT_NAME,
            "BASE_URL": settings.BASE_URL,
            "SUPPORT_EMAIL": settings.SUPPORT_EMAIL,
        }
        folder = f"emails/{template}"
        subject = render_to_string(f"{folder}.subject.txt", context).strip()
        context["subject"] = subject
        with transaction.atomic():
            mail.send(
                recipients=[address],
                sender=settings.DEFAULT_FROM_EMAIL,
                # A name with a line break must not write a header of its own (A6).
                subject=CONTROL.sub(" ", subject)[:200],
                message=render_to_string(f"{folder}.txt", context).strip(),
                html_message=render_to_string(f"{folder}.html", context),
            )
            transaction.set_rollback(pretend)


def mail_admins(template: str, organization: Organization, **values: Any) -> None:
    """Queue a mail to every active owner and admin of the organization."""
    admins = Membership.objects.filter(organization=organization).admins().select_related("user")
    queue_mail(template, [m.user for m in admins], organization=organization, **values)
