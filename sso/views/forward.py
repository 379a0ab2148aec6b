"""The step from us to the identity provider."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlsplit

from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from sso.models import Connection
from sso.saml.service_provider import Request


def send_to_identity_provider(
    request: HttpRequest, connection: Connection, started: Request
) -> HttpResponse:
    """A redirect; by the POST binding a page whose form goes there, and names its target."""
    if connection.binding != Connection.Binding.POST:
        return HttpResponseRedirect(started.url)
    parts = urlsplit(connection.sign_in_url)
    origin = f"{parts.scheme}://{parts.netloc}"

    @csp_update({"form-action": [origin]})  # type: ignore[untyped-decorator, unused-ignore]
    def page(request: HttpRequest) -> HttpResponse:
        return render(
            request,
            "sso/post_request.html",
            {
                "action": connection.sign_in_url,
                "saml_request": started.encoded,
                "relay_state": started.relay_state,
                "organization": connection.organization,
            },
        )

    return cast("HttpResponse", page(request))
