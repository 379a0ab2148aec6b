"""Addresses that exist while DEBUG is on, and never otherwise."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import path

from orgsecurity.development import components, dns, outbox

if not settings.DEBUG:
    raise ImproperlyConfigured("The development pages must not be reachable without DEBUG.")

app_name = "development"
urlpatterns = [
    path("dev/components/", components.components, name="components"),
    path("dev/outbox", outbox.outbox, name="outbox"),
    path("dev/outbox/<int:mail_id>/html", outbox.mail_html, name="mail_html"),
    path("dev/dns", dns.dns, name="dns"),
    path("dev/dns/remove", dns.remove_record, name="remove_record"),
]
