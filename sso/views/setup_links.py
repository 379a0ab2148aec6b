"""Set-up links: made and decided by admins, used by the customer's IT admin (SSO-13)."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import limits
from accounts.actor import Actor
from accounts.organizations.context import OrganizationContext, organization_page
from accounts.organizations.permissions import Permission
from accounts.signin.password import ConfirmPasswordForm
from domains.errors import DomainRefused, TooManyClaims
from domains.models import DomainClaim
from domains.names import parse_domain
from sso.forms import ProposedDomainForm, ProposedValuesForm, SetUpLinkForm
from sso.models import Proposal, SetUpLink
from sso.saml.certificates import CertificateRefused
from sso.saml.guides import GUIDES
from sso.saml.identity_providers import NAMES, Kind
from sso.saml.urls import UrlRefused
from sso.services import setup_links
from sso.views.guides import choices, shown, ticks
from sso.views.settings import values_to_copy

manages_security = organization_page(Permission.MANAGE_SECURITY)
SENT, SENT_PER = 20, timedelta(hours=1)


@manages_security
@require_http_methods(["GET", "POST"])
def links(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Show the links and what came in by them; make a link, whose address is shown once."""
    form = SetUpLinkForm(request.POST or None)
    address = ""
    if request.method == "POST" and form.is_valid():
        _link, token = setup_links.create(
            context.organization,
            name=form.cleaned_data["name"],
            user=context.user,
            actor=Actor.of(request),
        )
        address = f"{settings.BASE_URL}{reverse('sso:set_up', args=[token])}"
        form = SetUpLinkForm()
    made = SetUpLink.objects.filter(organization=context.organization).order_by("-id")
    waiting = Proposal.objects.filter(link__organization=context.organization)
    return render(
        request,
        "sso/set_up_links.html",
        {
            "context": context,
            "form": form,
            "address": address,
            "links": made[:50],
            "proposals": waiting.select_related("link").order_by("-id")[:50],
        },
    )


@manages_security
@require_http_methods(["POST"])
def revoke(request: HttpRequest, context: OrganizationContext, set_up_link_id: str) -> HttpResponse:
    """End a link now."""
    links = SetUpLink.objects.filter(organization=context.organization)
    link = links.filter(public_id=set_up_link_id).first()
    if link is None:
        raise Http404
    setup_links.revoke(link, actor=Actor.of(request))
    messages.success(request, _("The link no longer works."))
    return redirect("sso:set_up_links", context.organization.public_id)


@manages_security
@require_http_methods(["GET", "POST"])
def decide(request: HttpRequest, context: OrganizationContext, proposal_id: str) -> HttpResponse:
    """Show what came in, and take it over or decline it."""
    proposal = (
        Proposal.objects.filter(link__organization=context.organization, public_id=proposal_id)
        .select_related("link")
        .first()
    )
    if proposal is None:
        raise Http404
    form = ConfirmPasswordForm(request.POST or None, user=context.user)
    if request.method == "POST" and form.is_valid():
        try:
            setup_links.decide(
                proposal,
                accept="accept" in request.POST,
                user=context.user,
                actor=Actor.of(request),
            )
        except setup_links.AlreadyDecided:
            form.add_error(None, _("Somebody decided this already."))
        except (UrlRefused, CertificateRefused) as refusal:
            form.add_error(None, refusal.sentence)
        except (DomainRefused, TooManyClaims) as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Decided."))
            return redirect("sso:set_up_links", context.organization.public_id)
    return render(
        request, "sso/decide.html", {"context": context, "form": form, "proposal": proposal}
    )


@never_cache
@require_http_methods(["GET", "POST"])
def set_up(request: HttpRequest, token: str) -> HttpResponse:
    """Show the customer's IT admin what to do, and take what they bring back.

    Looking changes nothing: links are forwarded, and unfurled by chats (O1).
    """
    link = setup_links.live_link(token)
    if link is None:
        return render(request, "sso/set_up_over.html", status=404)
    what = request.POST.get("what", "") if request.method == "POST" else ""
    values = ProposedValuesForm(
        *((request.POST, request.FILES) if what == "values" else (None, None))
    )
    domain = ProposedDomainForm(request.POST if what == "domain" else None)
    sent = False
    if what:
        limit = limits.hit(f"sso-setup:{link.pk}", limit=SENT, per=SENT_PER)
        if not limit:
            return _too_many(request, limit.retry_after)
        sent = _send(request, link, what, values, domain)
        if sent:
            messages.success(request, _("Sent. An admin has to say yes before it counts."))
            return redirect("sso:set_up", token)
    kind = Kind(request.GET["guide"]) if request.GET.get("guide") in GUIDES else Kind.OTHER
    organization = link.organization
    return render(
        request,
        "sso/set_up.html",
        {
            "link": link,
            "organization": organization,
            "values_form": values,
            "domain_form": domain,
            "values": values_to_copy(organization.public_id),
            "kind": kind.value,
            "name": NAMES[kind],
            "guides": choices(),
            "guide": GUIDES[kind],
            "steps": shown(kind, organization.public_id),
            "ticks": ticks(organization),
            "claims": DomainClaim.objects.filter(organization=organization).live(),
            "scim_base_url": f"{settings.BASE_URL}/api/app/scim/v2",
            "proposals": link.proposals.order_by("-id")[:20],
        },
    )


def _send(
    request: HttpRequest,
    link: SetUpLink,
    what: str,
    values: ProposedValuesForm,
    domain: ProposedDomainForm,
) -> bool:
    actor = Actor.acting(request, "setup_link", link.name, link.public_id)
    form = values if what == "values" else domain
    if not form.is_valid():
        return False
    try:
        if form is values:
            setup_links.propose_values(
                link,
                issuer=values.cleaned_data["issuer"],
                sign_in_url=values.cleaned_data["sign_in_url"],
                certificates=values.cleaned_data["certificates"],
                actor=actor,
            )
        else:
            wanted = parse_domain(domain.cleaned_data["domain"])
            setup_links.propose_domain(link, domain=wanted, actor=actor)
    except DomainRefused as refusal:
        domain.add_error("domain", str(refusal))
        return False
    except setup_links.TooManyProposals:
        form.add_error(None, _("Many values are waiting already. Ask an admin to look at them."))
        return False
    return True


def _too_many(request: HttpRequest, retry_after: timedelta) -> HttpResponse:
    return render(request, "errors/429.html", {"retry_after": retry_after}, status=429)
