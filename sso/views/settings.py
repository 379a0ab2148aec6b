"""Access Security → Single Sign-On: the connection, its certificates, its switches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.actor import Actor
from accounts.links import link
from accounts.models import Organization
from accounts.organizations.context import OrganizationContext, organization_page
from accounts.organizations.permissions import Permission
from accounts.policy import PolicyRefused, rehearse
from accounts.signin.password import ConfirmPasswordForm
from domains.services import verified_domains
from sso import contract
from sso.forms import (
    AddCertificateForm,
    ChangeConnectionForm,
    ConnectionForm,
    ImportForm,
    MetadataForm,
    OptionsForm,
    RemoveCertificateForm,
    initial_of,
)
from sso.models import Certificate, Connection, LogEntry
from sso.registrations import PLANS
from sso.saml.certificates import MOST_CERTIFICATES, CertificateRefused
from sso.saml.metadata import ImportedProvider
from sso.saml.urls import UrlRefused
from sso.services import connections, requirement
from sso.services.connections import LastCertificate, connection_of
from sso.services.readiness import Readiness, readiness_of
from sso.views.guides import choices

manages_security = organization_page(Permission.MANAGE_SECURITY)


@dataclass(frozen=True)
class Item:
    """A line of the checklist: whether it is done, and its cure."""

    done: bool
    text: str
    cure_url: str = ""
    cure_label: str = ""


@manages_security
@require_GET
def settings(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Show the whole of single sign-on: checklist, values, certificates, switches (SSO-2)."""
    if context.policy.plan not in PLANS:
        return render(request, "sso/upgrade.html", {"context": context})
    organization = context.organization
    ready = readiness_of(organization)
    return render(
        request,
        "sso/settings.html",
        {
            "context": context,
            "connection": ready.connection,
            "checklist": _checklist(organization.public_id, ready),
            "test_awaited": ready.test_awaited,
            "values": values_to_copy(organization.public_id),
            "certificates": ready.certificates,
            "most_certificates": MOST_CERTIFICATES,
            "log": _latest(organization),
            "proposals": ready.open_proposals,
            "guides": choices(),
            "grace_until": _own_grace(context),
        },
    )


def _latest(organization: Organization) -> QuerySet[LogEntry]:
    """The end of the log, without the messages: a refused one may be as long as the page."""
    shown = LogEntry.objects.only("reference", "at", "outcome", "code", "address")
    return shown.filter(organization=organization).order_by("-id")[:5]


def _own_grace(context: OrganizationContext) -> datetime | None:
    """Until when this admin stays in without single sign-on (SSO-12)."""
    policy = context.policy
    mine = policy.sso_required_grace_user_id == context.user.pk
    return policy.sso_required_grace_until if mine else None


def values_to_copy(organization_id: str) -> list[dict[str, str]]:
    """Our values, as every identity provider wants them in some field (SSO-2)."""
    return [
        {
            "id": "postback-url",
            "label": _("Postback URL"),
            "value": contract.postback_url(organization_id),
            "hint": _("Your people start here; also called Sign on URL or Start URL."),
        },
        {
            "id": "entity-id",
            "label": _("Entity ID"),
            "value": contract.entity_id(),
            "hint": _("Also called Audience, Identifier or SP Entity ID."),
        },
        {
            "id": "reply-url",
            "label": _("Reply URL"),
            "value": contract.reply_url(),
            "hint": _("Also called Recipient, Destination or Assertion Consumer Service URL."),
        },
    ]


def _checklist(organization_id: str, ready: Readiness) -> list[Item]:
    connection, until = ready.connection, ready.valid_until
    return [
        Item(
            bool(ready.domains),
            _("Domain verified: %(domains)s") % {"domains": ", ".join(ready.domains[:5])}
            if ready.domains
            else _("No domain is verified: single sign-on works for addresses of yours only."),
            link("domains:settings", organization_id),
            _("Claim a domain"),
        ),
        Item(
            connection is not None,
            _("Issuer and sign-in URL entered")
            if connection
            else _("Issuer and sign-in URL are missing."),
            link("sso:connection", organization_id),
            _("Enter them"),
        ),
        Item(
            until is not None,
            _("Certificate valid until %(date)s") % {"date": f"{until:%d %B %Y}"}
            if until
            else _("There is no valid certificate."),
            link("sso:add_certificate" if connection else "sso:connection", organization_id),
            _("Upload it"),
        ),
        Item(
            bool(connection and connection.test_passed_at),
            _("Test passed")
            if connection and connection.test_passed_at
            else _("The connection was not tested yet."),
            link("sso:test", organization_id) if connection else "",
            _("Test connection"),
        ),
        Item(
            ready.owner_has_password,
            _("An owner can get in without single sign-on")
            if ready.owner_has_password
            else _("No owner could get in if your identity provider failed."),
            link("profile:home"),
            _("Set a password"),
        ),
    ]


@manages_security
@require_http_methods(["GET", "POST"])
def connection(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Enter or change issuer, sign-in URL and certificate (SSO-3)."""
    found = connection_of(context.organization)
    form = _connection_form(request, context, found)
    if request.method == "POST" and form.is_valid():
        saved = connections.set_values(
            context.organization,
            issuer=form.cleaned_data["issuer"],
            sign_in_url=form.cleaned_data["sign_in_url"],
            binding=found.binding if found else Connection.Binding.REDIRECT,
            actor=Actor.of(request),
        )
        if _add(request, saved, form):
            messages.success(request, _("Your identity provider is saved."))
            return redirect("sso:settings", context.organization.public_id)
    return render(
        request,
        "sso/connection.html",
        {
            "context": context,
            "form": form,
            "connection": found,
            "offered": offered(form.metadata, context),
        },
    )


def _connection_form(
    request: HttpRequest, context: OrganizationContext, found: Connection | None
) -> ConnectionForm:
    data, files = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    initial, needed = initial_of(found), not (found and found.pinned)
    if context.policy.sso_enabled:
        return ChangeConnectionForm(
            data, files, initial=initial, needs_certificate=needed, user=context.user
        )
    return ConnectionForm(data, files, initial=initial, needs_certificate=needed)


def _add(request: HttpRequest, saved: Connection, form: ConnectionForm) -> bool:
    found = form.cleaned_data["certificates"]
    if not found:
        return True
    try:
        connections.add_certificates(saved, found, actor=Actor.of(request))
    except CertificateRefused as refusal:
        form.add_error("certificate", refusal.sentence)
        return False
    return True


@manages_security
@require_http_methods(["GET", "POST"])
def import_metadata(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Read a metadata file and show what it says; nothing is saved before that was confirmed."""
    form = MetadataForm()
    found: list[tuple[ImportedProvider | None, ImportForm]] = []
    if request.method == "POST" and "pems" in request.POST:
        confirmed = ImportForm(request.POST, user=context.user)
        if confirmed.is_valid() and _import(request, context, confirmed):
            messages.success(request, _("Your identity provider is saved."))
            return redirect("sso:settings", context.organization.public_id)
        found = [(None, confirmed)]
    elif request.method == "POST":
        form = MetadataForm(request.POST, request.FILES)
        if form.is_valid():
            found = offered(form.cleaned_data["metadata"], context)
    return render(request, "sso/import.html", {"context": context, "form": form, "offered": found})


def offered(
    providers: list[ImportedProvider], context: OrganizationContext
) -> list[tuple[ImportedProvider | None, ImportForm]]:
    """Each identity provider of a metadata file with the form that saves it."""
    return [(provider, ImportForm.of(provider, context.user)) for provider in providers[:20]]


def _import(request: HttpRequest, context: OrganizationContext, form: ImportForm) -> bool:
    actor = Actor.of(request)
    try:
        with transaction.atomic():
            saved = connections.set_values(
                context.organization,
                issuer=form.cleaned_data["issuer"],
                sign_in_url=form.cleaned_data["sign_in_url"],
                binding=form.cleaned_data["binding"],
                actor=actor,
            )
            known = {certificate.fingerprint for certificate in saved.pinned}
            new = [c for c in form.cleaned_data["pems"] if c.fingerprint not in known]
            connections.add_certificates(saved, new, actor=actor)
    except (CertificateRefused, UrlRefused) as refusal:
        form.add_error(None, refusal.sentence)
        return False
    return True


@manages_security
@require_http_methods(["GET", "POST"])
def add_certificate(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Add a certificate beside the others: rotation without down time (SSO-8)."""
    found = connection_of(context.organization)
    if found is None:
        return redirect("sso:connection", context.organization.public_id)
    form = AddCertificateForm(request.POST or None, request.FILES or None, user=context.user)
    if request.method == "POST" and form.is_valid():
        try:
            connections.add_certificates(
                found, form.cleaned_data["certificate"], actor=Actor.of(request)
            )
        except CertificateRefused as refusal:
            form.add_error("certificate", refusal.sentence)
        else:
            messages.success(
                request, _("The certificate is added. Both work until you remove the old one.")
            )
            return redirect("sso:settings", context.organization.public_id)
    return render(request, "sso/add_certificate.html", {"context": context, "form": form})


@manages_security
@require_http_methods(["GET", "POST"])
def remove_certificate(
    request: HttpRequest, context: OrganizationContext, certificate_id: str
) -> HttpResponse:
    """Remove a certificate; the last usable one only with a second confirmation."""
    certificate = (
        Certificate.objects.filter(
            connection__organization=context.organization, public_id=certificate_id
        )
        .select_related("connection__organization")
        .first()
    )
    if certificate is None:
        raise Http404
    form = RemoveCertificateForm(request.POST or None, user=context.user)
    if request.method == "POST" and form.is_valid():
        try:
            connections.remove_certificate(
                certificate,
                actor=Actor.of(request),
                although_last=form.cleaned_data["although_last"],
            )
        except LastCertificate:
            form.add_error(
                "although_last",
                _("It is the last one that works, and single sign-on is on. Confirm it."),
            )
        else:
            messages.success(request, _("The certificate is removed."))
            return redirect("sso:settings", context.organization.public_id)
    return render(
        request,
        "sso/remove_certificate.html",
        {"context": context, "form": form, "certificate": certificate},
    )


@manages_security
@require_http_methods(["GET", "POST"])
def options(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Choose the guide's words, and signed requests."""
    found = connection_of(context.organization)
    if found is None:
        return redirect("sso:connection", context.organization.public_id)
    initial = {"kind": found.kind, "sign_requests": found.sign_requests}
    form = OptionsForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        connections.set_options(found, actor=Actor.of(request), **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("sso:settings", context.organization.public_id)
    return render(request, "sso/options.html", {"context": context, "form": form})


# ── Switches: each its own page, with who is affected and the password


@manages_security
@require_http_methods(["GET", "POST"])
def switch(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Turn single sign-on on or off."""
    turn_on = not context.policy.sso_enabled
    found = connection_of(context.organization)
    return _confirm(
        request,
        context,
        column="sso_enabled",
        value=turn_on,
        template="sso/switch.html",
        done=_("Single sign-on is on.") if turn_on else _("Single sign-on is off."),
        extra={"turn_on": turn_on, "tested": bool(found and found.test_passed_at)},
    )


@manages_security
@require_http_methods(["GET", "POST"])
def require(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Turn *Require Users to Log In using SSO* on or off (SSO-4)."""
    turn_on = not context.policy.sso_required
    owners = requirement.owners_with_password(context.organization).select_related("user")
    return _confirm(
        request,
        context,
        column="sso_required",
        value=turn_on,
        template="sso/require.html",
        done=_("Single sign-on is required now.") if turn_on else _("It is optional now."),
        extra={"turn_on": turn_on, "owners": owners},
    )


@manages_security
@require_GET
def managed(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Access Security → IDP Managed Access (IDP-5)."""
    return render(
        request,
        "sso/managed.html",
        {"context": context, "domains": sorted(verified_domains(context.organization))},
    )


@manages_security
@require_http_methods(["GET", "POST"])
def switch_managed(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Turn IDP Managed Access on or off."""
    turn_on = not context.policy.idp_managed_access
    return _confirm(
        request,
        context,
        column="idp_managed_access",
        value=turn_on,
        template="sso/switch_managed.html",
        done=_("IDP Managed Access is on.") if turn_on else _("IDP Managed Access is off."),
        extra={"turn_on": turn_on},
        back="sso:managed",
    )


def _confirm(
    request: HttpRequest,
    context: OrganizationContext,
    *,
    column: str,
    value: bool,
    template: str,
    done: str,
    extra: dict[str, object],
    back: str = "sso:settings",
) -> HttpResponse:
    """Show whom a switch touches, ask for the password, and turn it."""
    form = ConfirmPasswordForm(request.POST or None, user=context.user)
    if request.method == "POST" and form.is_valid():
        try:
            _turn(request, context, column, value)
        except PolicyRefused as refusal:
            form.add_error(None, refusal.sentence)
        else:
            messages.success(request, done)
            return redirect(back, context.organization.public_id)
    return render(
        request,
        template,
        {
            "context": context,
            "form": form,
            "rehearsal": rehearse(context.organization, **{column: value}),
            "cancel_url": reverse(back, args=[context.organization.public_id]),
            "set_password_url": reverse("profile:home"),
            **extra,
        },
    )


def _turn(request: HttpRequest, context: OrganizationContext, column: str, value: bool) -> None:
    organization, actor = context.organization, Actor.of(request)
    if column == "sso_required":
        requirement.set_required(organization, value, actor=actor, user=context.user)
    elif column == "idp_managed_access":
        requirement.set_managed(organization, value, actor=actor)
    elif value:
        requirement.enable(organization, actor=actor)
    else:
        requirement.disable(organization, actor=actor)
