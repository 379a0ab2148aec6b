"""/dev/dns: the zone of the demo's name server, to read and to edit. DEBUG only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from orgsecurity.development.guard import only_while_debugging
from orgsecurity.development.loopback import ServerAway, ServerRefused, ask

if TYPE_CHECKING:
    from django.http import HttpRequest

TYPES = ["TXT", "CNAME", "NS", "A", "AAAA", "MX", "SOA"]


class RecordForm(forms.Form):
    """One record of the zone."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        help_text=gettext_lazy("The whole name, like corp.example"),
        max_length=253,
    )
    type = forms.ChoiceField(
        label=gettext_lazy("Type"), choices=[(each, each) for each in TYPES], initial="TXT"
    )
    value = forms.CharField(label=gettext_lazy("Value"), max_length=4000, strip=False)


# Exempt from CSRF, so that curl and testers' programs need no token. Acceptable only because this
# URL exists under DEBUG, DEBUG starts on loopback only, what changes is a demo's zone, and
# only_while_debugging turns away what another site's page sends.
@csrf_exempt
@only_while_debugging
@never_cache
@require_http_methods(["GET", "HEAD", "POST", "DELETE"])
def dns(request: HttpRequest) -> HttpResponse:
    """Show the zone; POST adds a record (name, type, value), DELETE removes what matches.

    Fields may come as form, query or JSON. Programs get JSON, browsers a page.
    """
    try:
        if request.method == "POST":
            return _add(request)
        if request.method == "DELETE":
            return _remove(request)
        return _show(request, RecordForm())
    except ServerAway:
        sentence = _("The demo's name server does not answer. It runs with “make run”.")
        if _wants_json(request):
            return JsonResponse({"error": sentence}, status=503)
        return render(request, "development/dns.html", {"away": sentence}, status=503)
    except ServerRefused as refusal:
        return JsonResponse({"error": str(refusal)}, status=400)


@only_while_debugging
@require_POST
def remove_record(request: HttpRequest) -> HttpResponse:
    """Remove one record: the page's button, as browsers' forms know no DELETE."""
    try:
        _delete(request.POST.dict())
    except (ServerAway, ServerRefused) as problem:
        messages.error(request, str(problem))
    else:
        name = request.POST.get("name", "")
        messages.success(request, _("The record of %(name)s is gone.") % {"name": name})
    return redirect("development:dns")


def _show(request: HttpRequest, form: RecordForm, status: int = 200) -> HttpResponse:
    records = ask("GET", f"{_server()}/records")
    if request.GET.get("format") == "json":
        return JsonResponse(records, safe=False)
    for record in records:
        if isinstance(record["value"], list):
            record["value"] = "".join(record["value"])
    values = {"records": records, "form": form}
    return render(request, "development/dns.html", values, status=status)


def _add(request: HttpRequest) -> HttpResponse:
    values = {"type": "TXT", **_fields(request)}
    form = RecordForm(values)
    if not form.is_valid():
        if _wants_json(request):
            return JsonResponse({"error": form.errors}, status=400)
        return _show(request, form, status=400)
    try:
        added = ask("POST", f"{_server()}/records", form.cleaned_data)
    except ServerRefused as refusal:
        if _wants_json(request):
            raise
        form.add_error(None, str(refusal))
        return _show(request, form, status=400)
    if _wants_json(request):
        return JsonResponse(added[0], status=201)
    name = form.cleaned_data["name"]
    messages.success(request, _("The record of %(name)s is published.") % {"name": name})
    return redirect("development:dns")


def _remove(request: HttpRequest) -> HttpResponse:
    fields = _fields(request)
    if not fields.get("name"):
        return JsonResponse({"error": _("Say which name.")}, status=400)
    return JsonResponse(_delete(fields))


def _delete(fields: dict[str, Any]) -> Any:
    matching = {key: fields[key] for key in ("name", "type", "value") if fields.get(key)}
    return ask("DELETE", f"{_server()}/records?{urlencode(matching)}")


def _fields(request: HttpRequest) -> dict[str, Any]:
    """Return the fields of query and body. Django reads forms of POST only, so not those here."""
    fields: dict[str, Any] = request.GET.dict()
    if request.content_type == "application/json":
        try:
            body = json.loads(request.body or b"{}")
        except ValueError:
            return fields
        return fields | body if isinstance(body, dict) else fields
    if request.method == "POST":
        return fields | request.POST.dict()
    return fields | QueryDict(request.body).dict()


def _wants_json(request: HttpRequest) -> bool:
    """Whether a program asks: browsers name text/html, curl takes anything."""
    return "text/html" not in request.headers.get("Accept", "")


def _server() -> str:
    if not settings.NAME_SERVER_CONTROL_URL:
        raise ServerAway
    return settings.NAME_SERVER_CONTROL_URL
