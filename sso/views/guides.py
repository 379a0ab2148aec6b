"""Set-up pages of identity providers, with the organization's own values (SSO-9)."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.models import Organization
from accounts.organizations.context import OrganizationContext, organization_page
from accounts.organizations.permissions import Permission
from sso import contract
from sso.saml.guides import ENTITY, GUIDES, POSTBACK, REPLY
from sso.saml.identity_providers import NAMES, Kind
from sso.services.readiness import readiness_of


@dataclass(frozen=True)
class ShownField:
    """A field of the identity provider as the page shows it."""

    id: str
    name: str
    value: str
    copied: bool


@dataclass(frozen=True)
class Tick:
    """A step that ticks itself off when its evidence arrives."""

    text: str
    done: bool


def choices() -> list[tuple[str, str]]:
    """The guides, as links."""
    return [(kind.value, str(NAMES[kind])) for kind in GUIDES]


def shown(kind: Kind, organization_id: str) -> list[tuple[str, list[ShownField]]]:
    """The steps of a guide with this organization's values in them."""
    values = {
        POSTBACK: contract.postback_url(organization_id),
        ENTITY: contract.entity_id(),
        REPLY: contract.reply_url(),
    }
    return [
        (
            str(step.text),
            [
                ShownField(
                    id=f"field-{number}-{position}",
                    name=field.name,
                    value=values.get(field.value, field.value),
                    copied=field.value in values,
                )
                for position, field in enumerate(step.fields)
            ],
        )
        for number, step in enumerate(GUIDES[kind].steps)
    ]


def ticks(organization: Organization) -> list[Tick]:
    """How far the set-up is, by what arrived here."""
    ready = readiness_of(organization)
    connection = ready.connection
    return [
        Tick(_("Domain verified"), bool(ready.domains)),
        Tick(_("Values entered"), connection is not None),
        Tick(_("Certificate in"), ready.valid_until is not None),
        Tick(_("Test passed"), bool(connection and connection.test_passed_at)),
        Tick(_("First sign-in"), bool(connection and connection.first_sign_in_at)),
    ]


@organization_page(Permission.MANAGE_SECURITY)
@require_GET
def guide(request: HttpRequest, context: OrganizationContext, kind: str) -> HttpResponse:
    """Show one identity provider's steps."""
    if kind not in GUIDES:
        raise Http404
    chosen = Kind(kind)
    return render(
        request,
        "sso/guide.html",
        {
            "context": context,
            "kind": chosen.value,
            "name": NAMES[chosen],
            "guide": GUIDES[chosen],
            "steps": shown(chosen, context.organization.public_id),
            "guides": choices(),
            "ticks": ticks(context.organization),
        },
    )
