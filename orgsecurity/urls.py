"""Every address of the product. Apps name their paths whole, from the root."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from accounts.organizations import views as organizations
from accounts.signin import views as signin
from orgsecurity import health, start

urlpatterns = [
    path("", start.start, name="start"),
    path("home/", organizations.home, name="home"),
    path("me", signin.me, name="me"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    # Asked before the others: providers call far more often than people click.
    path("", include("scim.urls")),
    path("", include("accounts.signin.allauth_urls")),
    path("", include("accounts.signin.urls")),
    path("", include("accounts.organizations.urls")),
    path("", include("accounts.profile.urls")),
    path("", include("domains.urls")),
    path("", include("twofactor.urls")),
    path("", include("sso.urls")),
    path("", include("discoverability.urls")),
    path("operators/", admin.site.urls),
]

if settings.DEBUG:
    from orgsecurity.development import urls as development

    urlpatterns.append(path("", include(development)))

handler400 = "orgsecurity.errors.bad_request"
handler403 = "orgsecurity.errors.permission_denied"
handler404 = "orgsecurity.errors.not_found"
handler500 = "orgsecurity.errors.server_error"
