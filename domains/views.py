"""Domain Claiming: list, claim, one claim, check now, remove."""

import json
import time
from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.actor import Actor
from accounts.organizations.context import OrganizationContext, organization_page
from accounts.organizations.menu import ShownItem
from accounts.organizations.permissions import Permission
from accounts.signin.password import ConfirmPasswordForm, wait_in_words
from domains import consequences, hosts, services
from domains.doctor import Finding
from domains.errors import BeingChecked, TooManyChecks, TooManyClaims
from domains.forms import ClaimForm, RemoveForm
from domains.models import DomainClaim
from domains.presentation import ShownCheck, ShownClaim, history_strip
from domains.states import State

PASSWORD_GOOD_FOR = 10 * 60  # seconds, between the password's box and the domain's
CHECKS_SHOWN = 40
# The page renews itself only while a look is near; else it would ask for hours and learn nothing.
POLLED_BEFORE = timedelta(minutes=3)
CLAIMS_SHOWN = 500


@organization_page(Permission.MANAGE_SECURITY)
@require_safe
def settings(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """The organization's claims, those that need somebody first."""
    order = [State.GRACE, State.UNVERIFIED, State.PENDING, State.VERIFIED]
    claims = DomainClaim.objects.live().filter(organization=context.organization)
    shown = sorted(
        (ShownClaim(claim) for claim in claims.order_by("domain")[:CLAIMS_SHOWN]),
        key=lambda shown: order.index(State(shown.claim.state)),
    )
    soon = timezone.now() + POLLED_BEFORE
    awaited = any(row.claim.is_awaited and row.claim.next_check_at < soon for row in shown)
    return render(
        request,
        "domains/settings.html",
        {"context": context, "claims": shown, "polling": awaited},
    )


@organization_page(Permission.MANAGE_SECURITY)
def add(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Ask for the password first (DOM-1)."""
    form = ConfirmPasswordForm(request.POST or None, user=context.user)
    if form.is_valid():
        request.session[_password_key(context)] = int(time.time())
        return _next_step(request, reverse("domains:submit", args=[context.organization.public_id]))
    return render(request, "domains/add.html", {"context": context, "form": form})


@organization_page(Permission.MANAGE_SECURITY)
def submit(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """The domain itself, after the password; a second click finds the same claim (T6)."""
    if not _password_given(request, context):
        return redirect("domains:add", context.organization.public_id)
    form = ClaimForm(request.POST or None)
    if form.is_valid():
        try:
            claim = services.claim(
                context.organization, form.cleaned_data["domain"], actor=Actor.of(request)
            )
        except TooManyClaims as refusal:
            form.add_error("domain", str(refusal))
        else:
            words = _("%(domain)s is claimed. Publish the record below to prove it.")
            messages.success(request, words % {"domain": claim.domain})
            return redirect("domains:claim", context.organization.public_id, claim.public_id)
    return render(request, "domains/submit.html", {"context": context, "form": form})


@organization_page(Permission.MANAGE_SECURITY)
@require_safe
def claim(request: HttpRequest, context: OrganizationContext, claim_id: str) -> HttpResponse:
    """One claim: its state, what the doctor says, the record to publish, its history."""
    found = _claim_of(context, claim_id)
    host = hosts.host_called(request.GET.get("host", "")) or hosts.host_of(found.name_servers)
    checks = [ShownCheck(check, found.domain) for check in found.checks.all()[:CHECKS_SHOWN]]
    losing = consequences.of_losing(found) if found.state == State.GRACE else None
    return render(
        request,
        "domains/claim.html",
        {
            "context": context,
            "shown": ShownClaim(found),
            "claim": found,
            "checks": checks,
            "strip": history_strip(checks),
            "host_items": [
                ShownItem(str(one.name), f"?host={one.slug}#record-title", "", one is host)
                for one in hosts.ALL
            ],
            "instructions": hosts.instructions(
                host, domain=found.domain, zone=found.zone, value=found.txt_value
            ),
            "losing": losing,
            "polling": found.is_awaited and found.next_check_at < timezone.now() + POLLED_BEFORE,
        },
    )


@organization_page(Permission.MANAGE_SECURITY)
@require_POST
def check(request: HttpRequest, context: OrganizationContext, claim_id: str) -> HttpResponse:
    """Check now (DOM-3)."""
    found = _claim_of(context, claim_id)
    try:
        found = services.check_now(found)
    except TooManyChecks as refusal:
        words = _("That was checked often enough. Wait %(wait)s; we look by ourselves, too.")
        messages.warning(request, words % {"wait": wait_in_words(refusal.retry_after)})
    except BeingChecked as refusal:
        messages.info(request, str(refusal))
    else:
        _say_verdict(request, found)
    return redirect("domains:claim", context.organization.public_id, found.public_id)


@organization_page(Permission.MANAGE_SECURITY)
def remove(request: HttpRequest, context: OrganizationContext, claim_id: str) -> HttpResponse:
    """Remove a domain: what stops is said first; password and name are asked (DOM-6)."""
    found = _claim_of(context, claim_id)
    form = RemoveForm(request.POST or None, user=context.user, claim=found)
    if form.is_valid():
        services.remove(found, actor=Actor.of(request))
        words = _("%(domain)s is removed. Its TXT record can be deleted.")
        messages.success(request, words % {"domain": found.domain})
        return redirect("domains:settings", context.organization.public_id)
    return render(
        request,
        "domains/remove.html",
        {
            "context": context,
            "form": form,
            "claim": found,
            "losing": consequences.of_losing(found),
        },
    )


def _next_step(request: HttpRequest, url: str) -> HttpResponse:
    """The second box of two: in the open dialog, or as a page."""
    if request.headers.get("HX-Target") == "dialog":
        # The address stays the page's behind the dialog: Cancel and reload lead nowhere strange.
        step = {"path": url, "target": "#dialog", "select": "[data-confirm]", "push": "false"}
        return HttpResponse(headers={"HX-Location": json.dumps(step)})
    return redirect(url)


def _say_verdict(request: HttpRequest, claim: DomainClaim) -> None:
    if claim.last_finding == Finding.FOUND:
        messages.success(request, _("Checked just now: the record is there."))
    else:
        words = _("Checked just now: %(finding)s. Read below what to do.")
        messages.warning(request, words % {"finding": Finding(claim.last_finding).label})


def _claim_of(context: OrganizationContext, claim_id: str) -> DomainClaim:
    claims = DomainClaim.objects.live().filter(organization=context.organization)
    found = get_object_or_404(claims, public_id=claim_id)
    found.organization = context.organization
    return found


def _password_key(context: OrganizationContext) -> str:
    return f"domains:password:{context.organization.public_id}"


def _password_given(request: HttpRequest, context: OrganizationContext) -> bool:
    given: int = request.session.get(_password_key(context), 0)
    return 0 <= time.time() - given < PASSWORD_GOOD_FOR
