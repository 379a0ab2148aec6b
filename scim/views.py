"""The SCIM tab: token, needs attention, deactivations, guides, request log."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actor import Actor
from accounts.models import Plan, Role
from accounts.organizations import invitations
from accounts.organizations.context import OrganizationContext, organization_page
from accounts.organizations.members import AlreadyMember, NotAllowed
from accounts.organizations.permissions import Permission
from accounts.policy import PolicyRefused
from domains.services import verified_domains
from scim import attention, batches, tokens
from scim.guides import GUIDES
from scim.models import NeedsAttention, RequestRecord, Token
from scim.rendering import base_url

LINES_ON_TAB = 8
LINES_A_PAGE = 50
NAMES_SHOWN = 50
# The page renews itself while the identity provider is being set up, and not for the rest of a day.
AWAITED_FOR = timedelta(minutes=30)


@organization_page(Permission.MANAGE_SECURITY)
@require_safe
def settings(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Show how SCIM stands, what waits for somebody first."""
    organization = context.organization
    if context.policy.plan != Plan.ENTERPRISE:
        return render(request, "scim/upgrade.html", {"context": context})
    lines = RequestRecord.objects.filter(organization=organization).order_by("-pk")
    token, last = tokens.live_token(organization), lines.first()
    return render(
        request,
        "scim/settings.html",
        {
            "context": context,
            "token": token,
            "base_url": base_url(),
            "domains": sorted(verified_domains(organization)),
            "waiting": attention.waiting(organization),
            "batches": batches.recent_batches(organization),
            "lines": lines[:LINES_ON_TAB],
            "last": last,
            "call_awaited": _is_call_awaited(token, last),
            "guides": GUIDES.values(),
        },
    )


def _is_call_awaited(token: Token | None, last: RequestRecord | None) -> bool:
    """Whether somebody may sit before the page until the provider's first call with the token."""
    if token is None or timezone.now() - token.created_at > AWAITED_FOR:
        return False
    return last is None or last.at < token.created_at


@organization_page(Permission.MANAGE_SECURITY)
@require_http_methods(["GET", "HEAD", "POST"])
def generate(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Generate a token and show it, this once; the answer is not kept by any cache (SCIM-1)."""
    if request.method != "POST":
        token = tokens.live_token(context.organization)
        return render(request, "scim/generate.html", {"context": context, "token": token})
    try:
        token, secret = tokens.issue_token(context.organization, actor=Actor.of(request))
    except PolicyRefused as refused:
        messages.error(request, refused.sentence)
        return redirect("scim:settings", context.organization.public_id)
    context.policy.refresh_from_db()  # the menu beside it says On
    return render(
        request,
        "scim/token.html",
        {"context": context, "token": token, "secret": secret, "base_url": base_url()},
    )


@organization_page(Permission.MANAGE_SECURITY)
@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Drop the token without a new one: SCIM is off."""
    if request.method != "POST":
        token = tokens.live_token(context.organization)
        return render(request, "scim/revoke.html", {"context": context, "token": token})
    tokens.revoke_token(context.organization, actor=Actor.of(request))
    messages.success(request, _("SCIM is off. The token works no more."))
    return redirect("scim:settings", context.organization.public_id)


@organization_page(Permission.MANAGE_SECURITY)
@require_safe
def requests(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Show the request log, the newest first, by outcome (SCIM-11)."""
    lines = RequestRecord.objects.filter(organization=context.organization).order_by("-pk")
    outcome = request.GET.get("outcome", "")
    if outcome in RequestRecord.Outcome.values:
        lines = lines.filter(outcome=outcome)
    before = request.GET.get("before", "")
    # A log grows by the second: pages are counted from a line, not from the top.
    if before.isdecimal() and len(before) < 19:
        lines = lines.filter(pk__lt=int(before))
    page = list(lines[: LINES_A_PAGE + 1])
    return render(
        request,
        "scim/requests.html",
        {
            "context": context,
            "lines": page[:LINES_A_PAGE],
            "older": page[LINES_A_PAGE - 1].pk if len(page) > LINES_A_PAGE else None,
            "outcome": outcome,
            "outcomes": RequestRecord.Outcome.choices,
        },
    )


@organization_page(Permission.MANAGE_SECURITY)
@require_safe
def guide(request: HttpRequest, context: OrganizationContext, provider: str) -> HttpResponse:
    """Say what a provider's screen should hold, with this organization's values."""
    if provider not in GUIDES:
        raise Http404
    return render(
        request,
        "scim/guide.html",
        {
            "context": context,
            "guide": GUIDES[provider],
            "guides": GUIDES.values(),
            "base_url": base_url(),
            "domains": sorted(verified_domains(context.organization)),
        },
    )


@organization_page(Permission.MANAGE_SECURITY)
@require_POST
def invite(request: HttpRequest, context: OrganizationContext, row: int) -> HttpResponse:
    """Invite somebody who needs attention: the one button that cures it (SCIM-12)."""
    waiting = get_object_or_404(
        NeedsAttention, pk=row, organization=context.organization, resolved_at=None
    )
    actor = Actor.of(request)
    try:
        invitations.invite(context.organization, waiting.address, role=Role.MEMBER, actor=actor)
    except AlreadyMember:
        messages.success(request, _("%(email)s is a member already.") % {"email": waiting.address})
    except NotAllowed:
        messages.error(request, _("Your role can't invite people any more. Nothing was sent."))
        return redirect("scim:settings", context.organization.public_id)
    else:
        messages.success(
            request,
            _("%(email)s is invited. Once they have joined, provisioning goes on by itself.")
            % {"email": waiting.address},
        )
    attention.dismiss(context.organization, waiting.address)
    return redirect("scim:settings", context.organization.public_id)


@organization_page(Permission.MANAGE_SECURITY)
@require_POST
def dismiss(request: HttpRequest, context: OrganizationContext, row: int) -> HttpResponse:
    """Let a row go without inviting anybody."""
    waiting = get_object_or_404(NeedsAttention, pk=row, organization=context.organization)
    attention.dismiss(context.organization, waiting.address)
    messages.success(request, _("%(email)s was left out.") % {"email": waiting.address})
    return redirect("scim:settings", context.organization.public_id)


@organization_page(Permission.MANAGE_SECURITY)
@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: HttpRequest, context: OrganizationContext, key: str) -> HttpResponse:
    """Reactivate everybody of a batch at once (SCIM-12)."""
    if request.method != "POST":
        found = batches.recent_batches(context.organization)
        batch = next((one for one in found if one.key == key), None)
        if batch is None:
            raise Http404
        return render(
            request,
            "scim/undo.html",
            {"context": context, "batch": batch, "shown": batch.memberships[:NAMES_SHOWN]},
        )
    count = batches.undo_batch(context.organization, key, actor=Actor.of(request))
    sentence = ngettext("%(n)d member is back.", "%(n)d members are back.", count) % {"n": count}
    if count:
        messages.success(request, sentence)
    else:
        messages.info(request, _("There was nothing left to undo."))
    return redirect("scim:settings", context.organization.public_id)
